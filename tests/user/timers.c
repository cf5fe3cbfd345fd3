// SPDX-License-Identifier: MIT
//
// POSIX timers, timer_create(2), by raw system calls.
#include <time.h>

#include "harness.h"

#include <sys/syscall.h>

static void create(clockid_t clock, int signal, int value, int *id)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL};
    event.sigev_signo = signal;
    event.sigev_value.sival_int = value;
    CHECK_OK(syscall(SYS_timer_create, clock, &event, id));
}

static void set(int id, int flags, long value_ms, long interval_ms)
{
    struct itimerspec new = {
        .it_value = {value_ms / 1000, value_ms % 1000 * 1000000},
        .it_interval = {interval_ms / 1000, interval_ms % 1000 * 1000000}};
    CHECK_OK(syscall(SYS_timer_settime, id, flags, &new, NULL));
}

static sigset_t block(int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
    return set;
}

TEST(signal_comes_with_its_value)
{
    siginfo_t info;
    int id;
    sigset_t set_of_one = block(SIGUSR1);
    create(CLOCK_MONOTONIC, SIGUSR1, 77, &id);
    long long start = now_ms();
    set(id, 0, 50, 0);
    CHECK_EQ(sigwaitinfo(&set_of_one, &info), SIGUSR1);
    CHECK_BETWEEN(now_ms() - start, 45, 5000);
    CHECK_EQ(info.si_code, SI_TIMER);
    CHECK_EQ(info.si_value.sival_int, 77);
    struct timespec none = {0, 200000000};
    CHECK_ERRNO(sigtimedwait(&set_of_one, &info, &none), EAGAIN);
}

TEST(comes_again)
{
    int id;
    catch_signal(SIGUSR1, 0);
    create(CLOCK_MONOTONIC, SIGUSR1, 0, &id);
    set(id, 0, 10, 10);
    while (signals_caught < 5)
        pause_ms(5);
    set(id, 0, 0, 0);
    int caught = signals_caught;
    pause_ms(50);
    CHECK_BETWEEN(signals_caught, caught, caught + 1);
}

TEST(missed_expirations_are_counted)
{
    siginfo_t info;
    int id;
    sigset_t set_of_one = block(SIGUSR1);
    create(CLOCK_MONOTONIC, SIGUSR1, 0, &id);
    set(id, 0, 10, 10);
    pause_ms(200);
    CHECK_EQ(sigwaitinfo(&set_of_one, &info), SIGUSR1);
    set(id, 0, 0, 0);
    CHECK_BETWEEN(info.si_overrun, 5, 100);
    CHECK(syscall(SYS_timer_getoverrun, id) >= 0);
}

TEST(absolute_time)
{
    struct timespec now;
    int id;
    static const clockid_t clocks[] = {CLOCK_MONOTONIC, CLOCK_REALTIME};
    catch_signal(SIGUSR1, 0);
    for (int i = 0; i < 2; i++) {
        create(clocks[i], SIGUSR1, 0, &id);
        CHECK_OK(clock_gettime(clocks[i], &now));
        set(id, TIMER_ABSTIME, now.tv_sec * 1000 + now.tv_nsec / 1000000 + 50,
            0);
        while (signals_caught <= i)
            pause_ms(5);
    }
}

TEST(time_left)
{
    struct itimerspec value, old;
    int id;
    create(CLOCK_MONOTONIC, SIGUSR1, 0, &id);
    CHECK_OK(syscall(SYS_timer_gettime, id, &value));
    CHECK_EQ(value.it_value.tv_sec, 0);
    CHECK_EQ(value.it_value.tv_nsec, 0);
    set(id, 0, 100000, 3000);
    CHECK_OK(syscall(SYS_timer_gettime, id, &value));
    CHECK_BETWEEN(value.it_value.tv_sec, 90, 100);
    CHECK_EQ(value.it_interval.tv_sec, 3);
    struct itimerspec off = {{0, 0}, {0, 0}};
    CHECK_OK(syscall(SYS_timer_settime, id, 0, &off, &old));
    CHECK_BETWEEN(old.it_value.tv_sec, 90, 100);
}

TEST(to_one_thread)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID};
    int id;
    siginfo_t info;
    sigset_t set_of_one = block(SIGUSR1);
    event.sigev_signo = SIGUSR1;
    // The field has no portable name.
    memcpy((char *)&event + 16, &(int){gettid()}, sizeof(int));
    CHECK_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
    set(id, 0, 10, 0);
    CHECK_EQ(sigwaitinfo(&set_of_one, &info), SIGUSR1);
    memcpy((char *)&event + 16, &(int){getppid()}, sizeof(int));
    CHECK_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id),
                EINVAL);
}

TEST(numbers_are_the_processs_own)
{
    int first, second, third;
    create(CLOCK_MONOTONIC, SIGUSR1, 0, &first);
    create(CLOCK_MONOTONIC, SIGUSR1, 0, &second);
    CHECK(first != second);
    CHECK_OK(syscall(SYS_timer_delete, first));
    CHECK_ERRNO(syscall(SYS_timer_delete, first), EINVAL);
    pid_t child = fork_child();
    if (child == 0) {  // timers are not inherited
        CHECK_ERRNO(syscall(SYS_timer_delete, second), EINVAL);
        create(CLOCK_MONOTONIC, SIGUSR1, 0, &third);
        _exit(0);
    }
    wait_child(child);
    CHECK_OK(syscall(SYS_timer_delete, second));
}

TEST(errors)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL};
    struct itimerspec bad = {.it_value = {0, 1000000000}};
    int id;
    event.sigev_signo = 65;
    CHECK_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id),
                EINVAL);
    event.sigev_signo = SIGUSR1;
    event.sigev_notify = 99;
    CHECK_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id),
                EINVAL);
    CHECK_ERRNO(syscall(SYS_timer_create, 99, NULL, &id), EINVAL);
    CHECK_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC, bad_pointer(), &id),
                EFAULT);
    CHECK_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, bad_pointer()),
                EFAULT);
    create(CLOCK_MONOTONIC, SIGUSR1, 0, &id);
    CHECK_ERRNO(syscall(SYS_timer_settime, id, 0, &bad, NULL), EINVAL);
    CHECK_ERRNO(syscall(SYS_timer_settime, id, 0, NULL, NULL), EINVAL);
    CHECK_ERRNO(syscall(SYS_timer_settime, id, 0, bad_pointer(), NULL), EFAULT);
    CHECK_ERRNO(syscall(SYS_timer_gettime, 12345, &bad), EINVAL);
    CHECK_ERRNO(syscall(SYS_timer_getoverrun, 12345), EINVAL);
}
