// SPDX-License-Identifier: MIT
//
// Clocks: reading and setting, clock_gettime(2). Most programs read them in the
// vDSO and never get here.

#include <abi/errno.h>
#include <abi/process.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <proc/vdso.h>
#include <syscall/syscalls.h>

#include "clock.h"
#include "timespec.h"

// A negative clock number is the CPU clock of a process or thread:
// pthread_getcpuclockid(3). The complement of its number stands in the upper
// bits, then a bit for a thread, then what is counted: 2, all time on a hart.
#define CPU_CLOCK_THREAD 4
#define CPU_CLOCK_WHAT   3
#define CPU_CLOCK_SCHED  2

static nsec_t process_time(struct process *process)
{
    nsec_t user, system;
    process_cpu_time(process, &user, &system);
    return user + system;
}

static int read_thread_clock(int tid, nsec_t *time)
{
    struct task *task = tid ? task_find(tid) : NULL;
    if (tid && (!task || task->process != current_process())) {
        if (task)
            task_put(task);
        return -EINVAL;
    }
    *time = task_runtime(task ? task : current);
    if (task)
        task_put(task);
    return 0;
}

static int read_process_clock(int pid, nsec_t *time)
{
    struct process *process = pid ? process_find(pid) : NULL;
    if (pid && !process)
        return -EINVAL;
    *time = process_time(process ? process : current_process());
    if (process)
        process_put(process);
    return 0;
}

static int read_cpu_clock(int clock, nsec_t *time)
{
    int id = ~(clock >> 3);
    if ((clock & CPU_CLOCK_WHAT) != CPU_CLOCK_SCHED)
        return -EINVAL;
    return clock & CPU_CLOCK_THREAD ? read_thread_clock(id, time)
                                    : read_process_clock(id, time);
}

int clock_read(int clock, nsec_t *time)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        *time = clock_realtime();
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        *time = clock_monotonic();
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
        return read_process_clock(0, time);
    case CLOCK_THREAD_CPUTIME_ID:
        return read_thread_clock(0, time);
    default:
        return clock < 0 ? read_cpu_clock(clock, time) : -EINVAL;
    }
}

bool clock_is_wall(int clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM ||
           clock == CLOCK_TAI;
}

long sys_clock_gettime(long clock, uaddr to)
{
    nsec_t time;
    int error = clock_read(clock, &time);
    return error ? error : PUT_USER(to, to_timespec(time));
}

long sys_clock_getres(long clock, uaddr to)
{
    nsec_t time;
    struct abi_timespec resolution = {0, 1};
    int error = clock_read(clock, &time);
    if (error || !to)
        return error;
    return PUT_USER(to, resolution);
}

static int set_wall_clock(nsec_t time)
{
    if (current_process()->euid != 0)
        return -EPERM;
    // The kernel's counter of nanoseconds since 1970 has to hold it.
    if (time >= INT64_MAX || time < clock_monotonic())
        return -EINVAL;
    clock_set_realtime(time);
    vdso_update_clock();
    return 0;
}

long sys_clock_settime(long clock, uaddr from)
{
    nsec_t time;
    if ((int)clock != CLOCK_REALTIME)
        return -EINVAL;
    int error = get_timespec(from, &time);
    return error ? error : set_wall_clock(time);
}

struct abi_timezone {
    int32_t minutes_west, dst;
};

long sys_gettimeofday(uaddr to, uaddr zone)
{
    nsec_t now = clock_realtime();
    struct abi_timeval time = {now / NSEC_PER_SEC,
                               now % NSEC_PER_SEC / NSEC_PER_USEC};
    struct abi_timezone utc = {0, 0};
    if ((to && PUT_USER(to, time)) || (zone && PUT_USER(zone, utc)))
        return -EFAULT;
    return 0;
}

// The kernel's clock is UTC and knows no other zone.
long sys_settimeofday(uaddr from, uaddr zone_at)
{
    struct abi_timeval time;
    struct abi_timezone zone = {0, 0};
    if (from && GET_USER(&time, from))
        return -EFAULT;
    if (zone_at && GET_USER(&zone, zone_at))
        return -EFAULT;
    if (zone.minutes_west || zone.dst)
        return -EINVAL;
    if (!from)
        return 0;
    if (time.usec < 0 || time.usec >= 1000000)
        return -EINVAL;
    struct abi_timespec in = {time.sec, time.usec * 1000};
    nsec_t wanted;
    int error = from_timespec(&in, &wanted);
    return error ? error : set_wall_clock(wanted);
}
