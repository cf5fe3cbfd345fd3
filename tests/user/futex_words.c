// SPDX-License-Identifier: MIT
//
// What futex(2) can do beyond what mutexes and conditions need: moving waiters,
// two words at once, words shared between processes, owners that die.
#include <pthread.h>
#include <time.h>

#include "harness.h"

#include <sys/mman.h>
#include <sys/syscall.h>

enum {
    FUTEX_WAIT,
    FUTEX_WAKE,
    FUTEX_REQUEUE = 3,
    FUTEX_CMP_REQUEUE,
    FUTEX_WAKE_OP,
    FUTEX_WAIT_BITSET = 9,
    FUTEX_WAKE_BITSET,
    FUTEX_CLOCK_REALTIME = 256,
};

// FUTEX_WAKE_OP's last argument, futex(2).
enum {
    OP_SET,
    OP_ADD,
    OP_OR,
    OP_ANDN,
    OP_XOR,
    OP_SHIFT = 8
};
enum {
    CMP_EQ,
    CMP_NE,
    CMP_LT,
    CMP_LE,
    CMP_GT,
    CMP_GE
};

static uint32_t wake_op(uint32_t operation, uint32_t operand,
                        uint32_t comparison, uint32_t compared)
{
    return operation << 28 | comparison << 24 | (operand & 0xfff) << 12 |
           (compared & 0xfff);
}

// Words that all processes of the test share.
struct shared {
    uint32_t first, second;
    pthread_mutex_t mutex;
};

static struct shared *shared_memory(void)
{
    struct shared *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(s != MAP_FAILED);
    return s;
}

static long futex(uint32_t *word, int operation, uint32_t value, void *fourth,
                  uint32_t *second, uint32_t value3)
{
    return syscall(SYS_futex, word, operation, value, fourth, second, value3);
}

// A child that waits for the word to change and ends with 0 once it is woken.
static pid_t waiting_child(uint32_t *word, uint32_t bits)
{
    pid_t child = fork_child();
    if (child == 0) {
        long result = futex(word, FUTEX_WAIT_BITSET, 0, NULL, NULL, bits);
        _exit(result != 0);
    }
    wait_asleep(child);
    return child;
}

TEST(shared_between_processes)
{
    struct shared *s = shared_memory();
    pid_t child = waiting_child(&s->first, ~0u);
    CHECK_EQ(futex(&s->second, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
    CHECK_EQ(futex(&s->first, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    wait_child(child);
}

TEST(shared_through_a_file)
{
    const char *path = temporary_name("words");
    char page[4096] = {0};
    int fd = CHECK_OK(open(path, O_RDWR | O_CREAT, 0600));
    write_all(fd, page, sizeof(page));
    uint32_t *one = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint32_t *two = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(one != MAP_FAILED && two != MAP_FAILED && one != two);
    unlink(path);
    pid_t child = waiting_child(&one[5], ~0u);
    CHECK_EQ(futex(&two[5], FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    wait_child(child);
}

TEST(private_words_of_two_processes_differ)
{
    static uint32_t word;
    pid_t child = waiting_child(&word, ~0u);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
    CHECK_OK(kill(child, SIGKILL));
    CHECK_EQ(waitpid(child, NULL, 0), child);
}

TEST(bits_choose_the_waiter)
{
    struct shared *s = shared_memory();
    pid_t one = waiting_child(&s->first, 1), two = waiting_child(&s->first, 2);
    CHECK_EQ(futex(&s->first, FUTEX_WAKE_BITSET, 10, NULL, NULL, 4), 0);
    CHECK_EQ(futex(&s->first, FUTEX_WAKE_BITSET, 10, NULL, NULL, 2), 1);
    wait_child(two);
    CHECK_EQ(futex(&s->first, FUTEX_WAKE_BITSET, 10, NULL, NULL, 3), 1);
    wait_child(one);
    CHECK_ERRNO(futex(&s->first, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0), EINVAL);
    CHECK_ERRNO(futex(&s->first, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), EINVAL);
}

TEST(requeue_moves_waiters)
{
    struct shared *s = shared_memory();
    pid_t children[3];
    for (int i = 0; i < 3; i++)
        children[i] = waiting_child(&s->first, ~0u);
    // One woken, one moved, one left.
    CHECK_EQ(futex(&s->first, FUTEX_CMP_REQUEUE, 1, (void *)1, &s->second, 0),
             2);
    wait_child(children[0]);
    CHECK_EQ(futex(&s->second, FUTEX_WAKE, 10, NULL, NULL, 0), 1);
    wait_child(children[1]);
    CHECK_EQ(futex(&s->first, FUTEX_WAKE, 10, NULL, NULL, 0), 1);
    wait_child(children[2]);
}

TEST(requeue_errors)
{
    struct shared *s = shared_memory();
    s->first = 5;
    CHECK_ERRNO(
        futex(&s->first, FUTEX_CMP_REQUEUE, 1, (void *)1, &s->second, 4),
        EAGAIN);
    CHECK_ERRNO(
        futex(&s->first, FUTEX_CMP_REQUEUE, -1, (void *)1, &s->second, 5),
        EINVAL);
    CHECK_EQ(futex(&s->first, FUTEX_CMP_REQUEUE, 1, (void *)1, &s->second, 5),
             0);
    CHECK_ERRNO(futex(bad_pointer(), FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT);
}

TEST(moved_waiter_can_be_interrupted)
{
    struct shared *s = shared_memory();
    pid_t child = waiting_child(&s->first, ~0u);
    CHECK_EQ(futex(&s->first, FUTEX_REQUEUE, 0, (void *)1, &s->second, 0), 1);
    CHECK_OK(kill(child, SIGKILL));
    CHECK_EQ(waitpid(child, NULL, 0), child);
    CHECK_EQ(futex(&s->second, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
}

TEST(wake_op_changes_and_compares)
{
    struct shared *s = shared_memory();
    pid_t one = waiting_child(&s->first, ~0u);
    s->second = 7;
    // Add 3 to the second word; wake its waiters if it was above 5: none wait.
    CHECK_EQ(futex(&s->first, FUTEX_WAKE_OP, 1, (void *)1, &s->second,
                   wake_op(OP_ADD, 3, CMP_GT, 5)),
             1);
    wait_child(one);
    CHECK_EQ(s->second, 10);
    s->second = 0;
    pid_t two = waiting_child(&s->second, ~0u);
    CHECK_EQ(futex(&s->first, FUTEX_WAKE_OP, 1, (void *)1, &s->second,
                   wake_op(OP_SET, 9, CMP_NE, 0)),
             0);
    CHECK_EQ(s->second, 9);
    CHECK_EQ(futex(&s->first, FUTEX_WAKE_OP, 1, (void *)1, &s->second,
                   wake_op(OP_ANDN, 1, CMP_EQ, 9)),
             1);
    CHECK_EQ(s->second, 8);
    wait_child(two);
    CHECK_EQ(futex(&s->first, FUTEX_WAKE_OP, 1, (void *)1, &s->second,
                   wake_op(OP_OR | OP_SHIFT, 4, CMP_LT, -1)),
             0);
    CHECK_EQ(s->second, 24);
}

TEST(absolute_time_limits)
{
    struct shared *s = shared_memory();
    static const struct {
        clockid_t clock;
        int flag;
    } kinds[] = {{CLOCK_MONOTONIC, 0}, {CLOCK_REALTIME, FUTEX_CLOCK_REALTIME}};
    for (int i = 0; i < 2; i++) {
        struct timespec end;
        CHECK_OK(clock_gettime(kinds[i].clock, &end));
        end.tv_nsec += 50000000;
        if (end.tv_nsec >= 1000000000) {
            end.tv_sec++;
            end.tv_nsec -= 1000000000;
        }
        long long start = now_ms();
        CHECK_ERRNO(futex(&s->first, FUTEX_WAIT_BITSET | kinds[i].flag, 0, &end,
                          NULL, ~0u),
                    ETIMEDOUT);
        CHECK_BETWEEN(now_ms() - start, 45, 2000);
    }
}

static void make_robust(struct shared *s)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    CHECK_EQ(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST), 0);
    CHECK_EQ(pthread_mutex_init(&s->mutex, &attributes), 0);
}

TEST(owner_that_dies_leaves_a_note)
{
    struct shared *s = shared_memory();
    make_robust(s);
    pid_t child = fork_child();
    if (child == 0) {
        pthread_mutex_lock(&s->mutex);
        _exit(0);
    }
    wait_child(child);
    CHECK_EQ(pthread_mutex_lock(&s->mutex), EOWNERDEAD);
    CHECK_EQ(pthread_mutex_consistent(&s->mutex), 0);
    CHECK_EQ(pthread_mutex_unlock(&s->mutex), 0);
    CHECK_EQ(pthread_mutex_lock(&s->mutex), 0);
}

TEST(owner_that_is_killed_wakes_a_waiter)
{
    struct shared *s = shared_memory();
    make_robust(s);
    pid_t owner = fork_child();
    if (owner == 0) {
        pthread_mutex_lock(&s->mutex);
        s->first = 1;
        for (;;)
            pause();
    }
    while (__atomic_load_n(&s->first, __ATOMIC_ACQUIRE) == 0)
        pause_ms(1);
    pid_t waiter = fork_child();
    if (waiter == 0)
        _exit(pthread_mutex_lock(&s->mutex) != EOWNERDEAD);
    wait_asleep(waiter);
    CHECK_OK(kill(owner, SIGKILL));
    CHECK_EQ(waitpid(owner, NULL, 0), owner);
    wait_child(waiter);
}
