// SPDX-License-Identifier: MIT
//
// Resource limits, usage, and how a process shares the machine.
#include <sched.h>

#include "harness.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <time.h>

TEST(limits_are_read_and_set)
{
    struct rlimit old, new, again;
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &old));
    new = (struct rlimit){old.rlim_cur - 1, old.rlim_max};
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &new));
    CHECK_OK(prlimit(getpid(), RLIMIT_NOFILE, NULL, &again));
    CHECK_EQ(again.rlim_cur, new.rlim_cur);
    CHECK_EQ(again.rlim_max, new.rlim_max);
    CHECK_OK(prlimit(0, RLIMIT_NOFILE, &old, &again));
    CHECK_EQ(again.rlim_cur, new.rlim_cur);
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &again));
    CHECK_EQ(again.rlim_cur, old.rlim_cur);
}

TEST(limit_errors)
{
    struct rlimit limit = {2, 1};
    CHECK_ERRNO(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, NULL), EINVAL);
    CHECK_ERRNO(syscall(SYS_prlimit64, 0, 16, NULL, &limit), EINVAL);
    CHECK_ERRNO(syscall(SYS_prlimit64, 0, -1, NULL, &limit), EINVAL);
    CHECK_ERRNO(syscall(SYS_prlimit64, 0, 0, bad_pointer(), NULL), EFAULT);
    CHECK_ERRNO(syscall(SYS_prlimit64, 0, 0, NULL, bad_pointer()), EFAULT);
    CHECK_ERRNO(syscall(SYS_prlimit64, 4194303, 0, NULL, &limit), ESRCH);
}

TEST(descriptor_limit_holds)
{
    struct rlimit limit = {8, 8};
    int last = lowest_free_fd();
    CHECK(last < 8);
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    for (; last < 8; last++)
        CHECK_EQ(dup(0), last);
    CHECK_ERRNO(dup(0), EMFILE);
    CHECK_ERRNO(open("/", O_RDONLY), EMFILE);
}

TEST(hard_limit_is_for_good)
{
    struct rlimit limit = {8, 8}, more = {8, 9};
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    if (getuid() == 0)
        CHECK_OK(syscall(SYS_setuid, 1000));
    CHECK_ERRNO(setrlimit(RLIMIT_NOFILE, &more), EPERM);
    more.rlim_max = 7;
    more.rlim_cur = 7;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &more));
}

TEST(limit_of_another_process)
{
    struct rlimit limit, new = {16, 32};
    pid_t child = fork_child();
    if (child == 0)
        for (;;)
            pause();
    CHECK_OK(prlimit(child, RLIMIT_NOFILE, &new, NULL));
    CHECK_OK(prlimit(child, RLIMIT_NOFILE, NULL, &limit));
    CHECK_EQ(limit.rlim_cur, 16);
    CHECK_OK(kill(child, SIGKILL));
    CHECK_EQ(waitpid(child, NULL, 0), child);
}

TEST(children_inherit_limits)
{
    struct rlimit limit, new = {12, 13};
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &new));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
        CHECK_EQ(limit.rlim_cur, 12);
        CHECK_EQ(limit.rlim_max, 13);
        _exit(0);
    }
    wait_child(child);
}

static void work_ms(long long milliseconds)
{
    long long end = cpu_ms() + milliseconds;
    while (cpu_ms() < end)
        ;
}

static long long usage_ms(int who)
{
    struct rusage usage;
    CHECK_OK(getrusage(who, &usage));
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000LL +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

TEST(usage_grows_with_work)
{
    struct tms before, after;
    long long start = usage_ms(RUSAGE_SELF);
    CHECK_OK(times(&before));
    work_ms(100);
    CHECK(usage_ms(RUSAGE_SELF) - start >= 80);
    CHECK(usage_ms(RUSAGE_THREAD) >= 80);
    CHECK_OK(times(&after));
    CHECK(after.tms_utime + after.tms_stime - before.tms_utime -
              before.tms_stime >=
          8);
    CHECK_ERRNO(syscall(SYS_getrusage, 5, &before), EINVAL);
    CHECK_ERRNO(syscall(SYS_getrusage, RUSAGE_SELF, bad_pointer()), EFAULT);
}

TEST(usage_of_children_counts_once_waited_for)
{
    pid_t child = fork_child();
    if (child == 0) {
        work_ms(100);
        _exit(0);
    }
    CHECK_EQ(usage_ms(RUSAGE_CHILDREN), 0);
    wait_child(child);
    CHECK(usage_ms(RUSAGE_CHILDREN) >= 80);
}

TEST(one_processor_only)
{
    cpu_set_t set, got;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    CHECK_OK(sched_setaffinity(0, sizeof(set), &set));
    CHECK_OK(sched_getaffinity(0, sizeof(got), &got));
    CHECK_EQ(CPU_COUNT(&got), 1);
    unsigned cpu = 99, node = 99;
    for (int i = 0; i < 100; i++) {
        CHECK_OK(syscall(SYS_getcpu, &cpu, &node, NULL));
        CHECK_EQ(cpu, 0);
        sched_yield();
    }
    CHECK_EQ(node, 0);
}

TEST(affinity_errors)
{
    unsigned long long none = 0, high = 1ULL << 63, mask;
    CHECK_ERRNO(syscall(SYS_sched_setaffinity, 0, 8, &none), EINVAL);
    CHECK_ERRNO(syscall(SYS_sched_setaffinity, 0, 8, &high), EINVAL);
    CHECK_ERRNO(syscall(SYS_sched_setaffinity, 0, 8, bad_pointer()), EFAULT);
    CHECK_ERRNO(syscall(SYS_sched_getaffinity, 0, 1, &mask), EINVAL);
    CHECK_ERRNO(syscall(SYS_sched_getaffinity, 0, 1024, bad_pointer()), EFAULT);
    CHECK_ERRNO(syscall(SYS_sched_getaffinity, 4194303, 1024, &mask), ESRCH);
}

TEST(policies)
{
    struct sched_param param = {0};
    CHECK_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER);
    CHECK_OK(syscall(SYS_sched_getparam, 0, &param));
    CHECK_EQ(param.sched_priority, 0);
    CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &param));
    param.sched_priority = 1;
    CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &param),
                EINVAL);
    CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, 77, &param), EINVAL);
    CHECK_ERRNO(syscall(SYS_sched_getscheduler, 4194303), ESRCH);
    CHECK_ERRNO(syscall(SYS_sched_getscheduler, -1), EINVAL);
    CHECK_EQ(sched_get_priority_max(SCHED_OTHER), 0);
    CHECK_EQ(sched_get_priority_min(SCHED_FIFO), 1);
    CHECK_ERRNO(sched_get_priority_max(77), EINVAL);
    struct timespec slice;
    CHECK_OK(syscall(SYS_sched_rr_get_interval, 0, &slice));
}

TEST(priorities)
{
    errno = 0;
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0);
    CHECK_EQ(errno, 0);
    CHECK_EQ(getpriority(PRIO_PGRP, 0), 0);
    CHECK_OK(setpriority(PRIO_PROCESS, 0, 0));
    CHECK_ERRNO(getpriority(3, 0), EINVAL);
    CHECK_ERRNO(getpriority(PRIO_PROCESS, 4194303), ESRCH);
}
