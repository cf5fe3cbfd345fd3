// SPDX-License-Identifier: MIT
//
// timerfd_create(2): expiry, intervals, absolute times, and its arguments.
#include "harness.h"

#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#define MS 1000000L

static const int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME};

static void set(int fd, int flags, struct timespec value, long interval_ns)
{
    struct itimerspec new = {{0, interval_ns}, value};
    CHECK_OK(timerfd_settime(fd, flags, &new, NULL));
}

static void set_ms(int fd, long value, long interval)
{
    set(fd, 0, (struct timespec){value / 1000, value % 1000 * MS},
        interval * MS);
}

static uint64_t take(int fd)
{
    uint64_t count;
    CHECK_EQ(read(fd, &count, sizeof(count)), 8);
    return count;
}

TEST(expires_once)
{
    for (int i = 0; i < 3; i++) {
        int fd = CHECK_OK(timerfd_create(clocks[i], 0));
        long long start = now_ms();
        set_ms(fd, 50, 0);
        CHECK_EQ(take(fd), 1);
        CHECK_BETWEEN(now_ms() - start, 49, 5000);
        CHECK_EQ(poll_events(fd, POLLIN, 60), 0);
    }
}

TEST(interval_counts)
{
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, 0));
    set_ms(fd, 20, 10);
    pause_ms(100);
    CHECK_BETWEEN(take(fd), 8, 500);
    CHECK_BETWEEN(take(fd), 1, 500);
    set_ms(fd, 1, 0);
    CHECK_EQ(take(fd), 1);
}

TEST(a_nanosecond_is_no_storm)
{
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, 0));
    long long before = cpu_ms();
    set(fd, 0, (struct timespec){0, 1}, 1);
    pause_ms(50);
    CHECK(take(fd) > 10 * (uint64_t)MS);
    CHECK_BETWEEN(cpu_ms() - before, 0, 40);
}

TEST(absolute)
{
    for (int i = 0; i < 3; i++) {
        int fd = CHECK_OK(timerfd_create(clocks[i], 0));
        struct timespec at;
        CHECK_OK(clock_gettime(clocks[i], &at));
        set(fd, TFD_TIMER_ABSTIME, at, 0);
        CHECK_EQ(take(fd), 1);
        long long start = now_ms();
        at.tv_sec++;
        set(fd, TFD_TIMER_ABSTIME, at, 0);
        CHECK_EQ(take(fd), 1);
        CHECK_BETWEEN(now_ms() - start, 500, 6000);
    }
}

TEST(gettime_and_the_old_setting)
{
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
    struct itimerspec now, old, off = {0};
    uint64_t count;
    CHECK_OK(timerfd_gettime(fd, &now));
    CHECK_EQ(now.it_value.tv_sec + now.it_value.tv_nsec, 0);
    set(fd, 0, (struct timespec){100, 0}, 5 * MS);
    CHECK_OK(timerfd_gettime(fd, &now));
    CHECK_BETWEEN(now.it_value.tv_sec, 80, 100);
    CHECK_EQ(now.it_interval.tv_nsec, 5 * MS);
    CHECK_OK(timerfd_settime(fd, 0, &off, &old));
    CHECK_BETWEEN(old.it_value.tv_sec, 80, 100);
    CHECK_ERRNO(read(fd, &count, 8), EAGAIN);
}

TEST(setting_forgets_what_expired)
{
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
    uint64_t count;
    set_ms(fd, 1, 0);
    CHECK_EQ(poll_events(fd, POLLIN, 5000), POLLIN);
    set_ms(fd, 100000, 0);
    CHECK_EQ(poll_events(fd, POLLIN, 0), 0);
    CHECK_ERRNO(read(fd, &count, 8), EAGAIN);
}

TEST(arguments)
{
    struct itimerspec wrong = {{0, 0}, {0, 1000000000}},
                      some = {{0, 0}, {9, 0}};
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
    int ends[2];
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_OK(pipe(ends));
    CHECK_ERRNO(timerfd_create(CLOCK_THREAD_CPUTIME_ID, 0), EINVAL);
    CHECK_ERRNO(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
    CHECK_ERRNO(timerfd_settime(fd, 0, &wrong, NULL), EINVAL);
    CHECK_ERRNO(timerfd_settime(fd, 8, &some, NULL), EINVAL);
    CHECK_ERRNO(timerfd_settime(ends[0], 0, &some, NULL), EINVAL);
    CHECK_ERRNO(timerfd_settime(999, 0, &some, NULL), EBADF);
    CHECK_ERRNO(timerfd_settime(fd, 0, bad_pointer(), NULL), EFAULT);
    CHECK_ERRNO(timerfd_gettime(ends[0], &some), EINVAL);
    char bytes[8];
    CHECK_ERRNO(read(fd, bytes, 7), EINVAL);
    CHECK_ERRNO(write(fd, bytes, 8), EINVAL);
}

// A set clock moves what waits for a time of day, and is an error to those who
// asked for that.
TEST(the_clock_is_set)
{
    int fd = CHECK_OK(timerfd_create(CLOCK_REALTIME, 0));
    int moved = CHECK_OK(timerfd_create(CLOCK_REALTIME, 0));
    struct timespec now, later;
    uint64_t count;
    if (!on_wharf())
        skip("the host's clock is not ours to set");
    CHECK_OK(clock_gettime(CLOCK_REALTIME, &now));
    later = now;
    later.tv_sec += 1000;
    set(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, later, 0);
    later.tv_sec -= 500;
    set(moved, TFD_TIMER_ABSTIME, later, 0);
    later.tv_sec++;
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(take(moved), 1);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(clock_settime(CLOCK_REALTIME, &later));
    wait_child(child);
    CHECK_EQ(poll_events(fd, POLLIN, 0), POLLIN);
    CHECK_ERRNO(read(fd, &count, 8), ECANCELED);
    CHECK_EQ(poll_events(fd, POLLIN, 0), 0);
    CHECK_OK(clock_settime(CLOCK_REALTIME, &now));
}

TEST(a_signal_interrupts)
{
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, 0));
    uint64_t count;
    interrupt_every_ms(20);
    CHECK_ERRNO(read(fd, &count, 8), EINTR);
}

TEST(alarm_clocks)
{
    struct itimerspec soon = {.it_value = {0, 1000000}};
    uint64_t count;
    int fd = CHECK_OK(timerfd_create(CLOCK_BOOTTIME_ALARM, 0));
    CHECK_OK(timerfd_settime(fd, 0, &soon, NULL));
    CHECK_EQ(read(fd, &count, sizeof(count)), sizeof(count));
    CHECK_EQ(count, 1);
    CHECK_OK(timerfd_create(CLOCK_REALTIME_ALARM, 0));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(setuid(1));
        CHECK_ERRNO(timerfd_create(CLOCK_REALTIME_ALARM, 0), EPERM);
        _exit(0);
    }
    wait_child(child);
}
