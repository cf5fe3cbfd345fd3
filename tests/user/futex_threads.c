// SPDX-License-Identifier: MIT
//
// Threads as the C library makes them, and futex(2) below them.
#include "harness.h"

#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <time.h>

// Linux's <linux/futex.h>, which is not part of the C library.
enum {
    FUTEX_WAIT = 0,
    FUTEX_WAKE = 1,
    FUTEX_WAIT_PRIVATE = 128,
    FUTEX_WAKE_PRIVATE = 129,
};

static long futex(volatile unsigned *word, int operation, unsigned value,
                  const struct timespec *time)
{
    return syscall(SYS_futex, word, operation, value, time, NULL, 0);
}

static pthread_t start(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, function, argument);
    if (error)
        FAIL("pthread_create: %s", strerror(error));
    return thread;
}

static void *join(pthread_t thread)
{
    void *result;
    CHECK_EQ(pthread_join(thread, &result), 0);
    return result;
}

static void *add_one(void *argument)
{
    return (char *)argument + 1;
}

TEST(argument_and_result)
{
    CHECK_EQ((long)join(start(add_one, (void *)41L)), 42);
}

TEST(many)
{
    pthread_t threads[40];
    for (int round = 0; round < 3; round++) {
        for (long i = 0; i < 40; i++)
            threads[i] = start(add_one, (void *)i);
        for (long i = 0; i < 40; i++)
            CHECK_EQ((long)join(threads[i]), i + 1);
    }
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long counter;

static void *count(void *argument)
{
    for (long i = 0; i < (long)argument; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

TEST_SECONDS(mutex, 60)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        threads[i] = start(count, (void *)20000L);
    for (int i = 0; i < 4; i++)
        join(threads[i]);
    CHECK_EQ(counter, 80000);
}

static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int turn;

static void *take_turns(void *argument)
{
    for (int i = 0; i < 500; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != (int)(long)argument)
            pthread_cond_wait(&changed, &mutex);
        turn = !turn;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

TEST_SECONDS(condition, 60)
{
    pthread_t other = start(take_turns, (void *)1L);
    take_turns((void *)0L);
    join(other);
}

TEST(condition_with_a_time_limit)
{
    struct timespec until;
    CHECK_OK(clock_gettime(CLOCK_REALTIME, &until));
    until.tv_nsec += 100000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    long long begin = now_ms();
    pthread_mutex_lock(&mutex);
    CHECK_EQ(pthread_cond_timedwait(&changed, &mutex, &until), ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
    CHECK_BETWEEN(now_ms() - begin, 95, 5000);
}

static sem_t semaphore;

static void *post(void *argument)
{
    (void)argument;
    sem_post(&semaphore);
    return NULL;
}

TEST(semaphore)
{
    CHECK_OK(sem_init(&semaphore, 0, 0));
    pthread_t thread = start(post, NULL);
    CHECK_OK(sem_wait(&semaphore));
    join(thread);
    CHECK_ERRNO(sem_trywait(&semaphore), EAGAIN);
}

static __thread int private_value = 5;

static void *change_private(void *argument)
{
    (void)argument;
    private_value++;
    return (void *)(long)private_value;
}

TEST(thread_local_storage)
{
    CHECK_EQ((long)join(start(change_private, NULL)), 6);
    CHECK_EQ((long)join(start(change_private, NULL)), 6);
    CHECK_EQ(private_value, 5);
}

static void *own_ids(void *argument)
{
    pid_t *ids = argument;
    ids[0] = getpid();
    ids[1] = syscall(SYS_gettid);
    return NULL;
}

TEST(ids)
{
    pid_t ids[2];
    join(start(own_ids, ids));
    CHECK_EQ(ids[0], getpid());
    CHECK(ids[1] != getpid());
    CHECK_EQ(syscall(SYS_gettid), getpid());
}

static void *open_file(void *argument)
{
    (void)argument;
    return (void *)(long)open("/dev/null", O_RDONLY);
}

TEST(descriptors_are_shared)
{
    int fd = (long)join(start(open_file, NULL));
    CHECK(fcntl(fd, F_GETFD) != -1);
}

static void *sleep_for_ever(void *argument)
{
    (void)argument;
    for (;;)
        pause();
    return NULL;
}

TEST(exit_ends_all_threads)
{
    int status;
    pid_t child = fork_child();
    if (child == 0) {
        for (int i = 0; i < 5; i++)
            start(sleep_for_ever, NULL);
        exit(4);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(WEXITSTATUS(status), 4);
}

static void *exit_from_here(void *argument)
{
    (void)argument;
    exit(6);
}

TEST(exit_from_a_thread)
{
    int status;
    pid_t child = fork_child();
    if (child == 0) {
        start(exit_from_here, NULL);
        for (;;)
            pause();
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(WEXITSTATUS(status), 6);
}

static void *crash(void *argument)
{
    (void)argument;
    *(volatile int *)bad_pointer() = 1;
    return NULL;
}

TEST(crash_ends_all_threads)
{
    int status;
    pid_t child = fork_child();
    if (child == 0) {
        start(crash, NULL);
        for (;;)
            pause();
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGSEGV);
}

static void *spin(void *argument)
{
    (void)argument;
    for (;;)
        ;
    return NULL;
}

TEST(kill_ends_spinning_threads)
{
    int status;
    pid_t child = fork_child();
    if (child == 0) {
        for (int i = 0; i < 3; i++)
            start(spin, NULL);
        spin(NULL);
    }
    pause_ms(50);
    CHECK_OK(kill(child, SIGKILL));
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(WTERMSIG(status), SIGKILL);
}

static void *execute(void *argument)
{
    (void)argument;
    exec_helper("exit", "8", NULL);
}

TEST(exec_from_a_thread)
{
    int status;
    pid_t child = fork_child();
    if (child == 0) {
        start(sleep_for_ever, NULL);
        start(execute, NULL);
        for (;;)
            pause();
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_EQ(WEXITSTATUS(status), 8);
}

static void *fork_here(void *argument)
{
    (void)argument;
    pid_t child = fork_child();
    if (child == 0)
        _exit(0);
    wait_child(child);
    return NULL;
}

TEST(fork_from_a_thread)
{
    join(start(fork_here, NULL));
}

static void *cancelled(void *argument)
{
    (void)argument;
    for (;;)
        pause_ms(1000);
    return NULL;
}

TEST(cancellation)
{
    pthread_t thread = start(cancelled, NULL);
    CHECK_EQ(pthread_cancel(thread), 0);
    CHECK(join(thread) == PTHREAD_CANCELED);
}

TEST(futex_value_changed)
{
    volatile unsigned word = 1;
    CHECK_ERRNO(futex(&word, FUTEX_WAIT, 2, NULL), EAGAIN);
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_PRIVATE, 2, NULL), EAGAIN);
}

TEST(futex_time_limit)
{
    volatile unsigned word = 1;
    struct timespec limit = {0, 80000000};
    long long begin = now_ms();
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_PRIVATE, 1, &limit), ETIMEDOUT);
    CHECK_BETWEEN(now_ms() - begin, 79, 5000);
}

TEST(futex_nobody_to_wake)
{
    volatile unsigned word = 1;
    CHECK_EQ(futex(&word, FUTEX_WAKE, 10, NULL), 0);
}

static volatile unsigned shared_word;
static volatile pid_t waiters[3];

static void *wait_on_word(void *argument)
{
    waiters[(long)argument] = syscall(SYS_gettid);
    return (void *)futex(&shared_word, FUTEX_WAIT_PRIVATE, 0, NULL);
}

TEST(futex_wakes_as_many_as_asked)
{
    pthread_t threads[3];
    for (long i = 0; i < 3; i++) {
        threads[i] = start(wait_on_word, (void *)i);
        while (waiters[i] == 0)
            pause_ms(1);
        wait_asleep(waiters[i]);
    }
    CHECK_EQ(futex(&shared_word, FUTEX_WAKE_PRIVATE, 1, NULL), 1);
    CHECK_EQ(futex(&shared_word, FUTEX_WAKE_PRIVATE, 100, NULL), 2);
    for (int i = 0; i < 3; i++)
        CHECK_EQ((long)join(threads[i]), 0);
}

TEST(futex_is_interrupted)
{
    volatile unsigned word = 0;
    interrupt_every_ms(50);
    CHECK_ERRNO(futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL), EINTR);
}

TEST(futex_errors)
{
    volatile unsigned word = 0;
    struct timespec wrong = {0, -1};
    CHECK_ERRNO(futex((void *)((char *)&word + 1), FUTEX_WAIT, 0, NULL),
                EINVAL);
    CHECK_ERRNO(futex(bad_pointer(), FUTEX_WAIT, 0, NULL), EFAULT);
    CHECK_ERRNO(futex(&word, FUTEX_WAIT, 0, &wrong), EINVAL);
    CHECK_ERRNO(futex(&word, 99, 0, NULL), ENOSYS);
}
