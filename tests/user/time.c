// SPDX-License-Identifier: MIT
//
// Clocks and sleeping.
#include <time.h>

#include "harness.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>

static long long nanoseconds(clockid_t clock)
{
    struct timespec time;
    CHECK_OK(clock_gettime(clock, &time));
    CHECK_BETWEEN(time.tv_nsec, 0, 999999999);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

TEST(monotonic_goes_forward)
{
    long long last = nanoseconds(CLOCK_MONOTONIC);
    for (int i = 0; i < 2000; i++) {
        long long now = nanoseconds(CLOCK_MONOTONIC);
        CHECK(now >= last);
        last = now;
    }
}

TEST(clock_is_fine)
{
    long long start = nanoseconds(CLOCK_MONOTONIC), now;
    while ((now = nanoseconds(CLOCK_MONOTONIC)) == start)
        ;
    CHECK_BETWEEN(now - start, 1, 1000000);
}

TEST(wall_clock_is_set)
{
    time_t now = time(NULL);
    CHECK(now > 1700000000);  // not 1970
    struct timeval time;
    CHECK_OK(gettimeofday(&time, NULL));
    CHECK_BETWEEN(time.tv_sec - now, 0, 2);
    CHECK_BETWEEN(nanoseconds(CLOCK_REALTIME) / 1000000000 - now, 0, 2);
}

TEST(clocks_agree)
{
    long long monotonic = nanoseconds(CLOCK_MONOTONIC);
    long long real = nanoseconds(CLOCK_REALTIME);
    pause_ms(200);
    monotonic = nanoseconds(CLOCK_MONOTONIC) - monotonic;
    real = nanoseconds(CLOCK_REALTIME) - real;
    CHECK_BETWEEN(monotonic - real, -50000000, 50000000);
    CHECK_BETWEEN(nanoseconds(CLOCK_BOOTTIME) - nanoseconds(CLOCK_MONOTONIC),
                  -1000000000, 1LL << 60);
}

TEST(every_clock)
{
    static const clockid_t clocks[] = {
        CLOCK_REALTIME,          CLOCK_MONOTONIC,     CLOCK_PROCESS_CPUTIME_ID,
        CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
        CLOCK_MONOTONIC_COARSE,  CLOCK_BOOTTIME};
    for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
        struct timespec resolution;
        nanoseconds(clocks[i]);
        CHECK_OK(clock_getres(clocks[i], &resolution));
        CHECK(resolution.tv_nsec > 0 && resolution.tv_sec == 0);
    }
}

TEST(unknown_clock)
{
    struct timespec time;
    CHECK_ERRNO(syscall(SYS_clock_gettime, 99, &time), EINVAL);
    CHECK_ERRNO(syscall(SYS_clock_getres, 99, &time), EINVAL);
}

TEST(processor_time_of_work_and_of_sleep)
{
    long long start = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    pause_ms(300);
    long long slept = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - start;
    CHECK_BETWEEN(slept, 0, 150000000);
    long long until = nanoseconds(CLOCK_MONOTONIC) + 300000000;
    while (nanoseconds(CLOCK_MONOTONIC) < until)
        ;
    long long worked = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - start - slept;
    CHECK_BETWEEN(worked, 30000000, 2000000000);
    struct rusage usage;
    CHECK_OK(getrusage(RUSAGE_SELF, &usage));
    CHECK(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec > 0 ||
          usage.ru_utime.tv_usec + usage.ru_stime.tv_usec > 20000);
    CHECK_ERRNO(getrusage(99, &usage), EINVAL);
    struct tms process;
    CHECK(times(&process) != (clock_t)-1);
    CHECK(process.tms_utime + process.tms_stime > 0);
}

TEST(sleep_takes_its_time)
{
    struct timespec time = {0, 120000000};
    long long start = now_ms();
    CHECK_OK(nanosleep(&time, NULL));
    CHECK_BETWEEN(now_ms() - start, 119, 5000);
}

TEST(sleep_until)
{
    struct timespec until;
    CHECK_OK(clock_gettime(CLOCK_MONOTONIC, &until));
    long long start = until.tv_sec * 1000LL + until.tv_nsec / 1000000;
    until.tv_nsec += 100000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0);
    CHECK_BETWEEN(now_ms() - start, 99, 5000);
    // In the past: at once.
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0);
    CHECK_OK(clock_gettime(CLOCK_REALTIME, &until));
    CHECK_EQ(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL), 0);
}

TEST(bad_sleep)
{
    struct timespec wrong = {0, 1000000000}, negative = {-1, 0};
    CHECK_ERRNO(nanosleep(&wrong, NULL), EINVAL);
    CHECK_ERRNO(nanosleep(&negative, NULL), EINVAL);
    CHECK_EQ(clock_nanosleep(99, 0, &(struct timespec){0, 1}, NULL), EINVAL);
}

TEST(many_sleepers)
{
    pid_t children[20];
    long long start = now_ms();
    for (int i = 0; i < 20; i++) {
        children[i] = fork_child();
        if (children[i] == 0) {
            pause_ms(100 + i * 5);
            _exit(0);
        }
    }
    for (int i = 0; i < 20; i++)
        wait_child(children[i]);
    CHECK_BETWEEN(now_ms() - start, 190, 8000);  // side by side
}

TEST(yield)
{
    for (int i = 0; i < 100; i++)
        CHECK_OK(syscall(SYS_sched_yield));
}

TEST(clock_that_is_set_ends_a_sleep)
{
    struct timespec old, end;
    if (!on_wharf())
        skip("would set this machine's clock");
    CHECK_OK(clock_gettime(CLOCK_REALTIME, &old));
    end = (struct timespec){old.tv_sec + 1000, 0};
    pid_t child = fork_child();
    if (child == 0)
        _exit(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &end, NULL));
    wait_asleep(child);
    end.tv_sec++;
    CHECK_OK(clock_settime(CLOCK_REALTIME, &end));
    wait_child(child);
    CHECK_OK(clock_settime(CLOCK_REALTIME, &old));
}
