// SPDX-License-Identifier: MIT
//
// Sleeping, clock_nanosleep(2), and alarms, setitimer(2).

#include <abi/errno.h>
#include <abi/process.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

#include "clock.h"
#include "timespec.h"

// ---- sleeping ----

static int sleep_until(nsec_t deadline)
{
    struct wait_queue nobody = WAIT_QUEUE_INIT(nobody);
    int error = wait_event_interruptible_until(&nobody, false, deadline);
    return error == -ETIMEDOUT ? 0 : error;
}

// A relative sleep that a signal without a handler interrupted goes on to the
// same end (restart_syscall), and one that a handler ended reports what was
// left. restart_data: the deadline, and where to report.
static long sleep_relative(struct task *task)
{
    nsec_t deadline = task->restart_data[0];
    uaddr remaining = task->restart_data[1];
    if (!sleep_until(deadline))
        return 0;
    nsec_t now = clock_monotonic();
    struct abi_timespec left = to_timespec(deadline > now ? deadline - now : 0);
    if (remaining && PUT_USER(remaining, left))
        return -EFAULT;
    task->restart = sleep_relative;
    return -ERESTART_RESTARTBLOCK;
}

static long sleep_for(nsec_t duration, uaddr remaining)
{
    struct task *task = current;
    task->restart_data[0] = deadline_after(duration);
    task->restart_data[1] = remaining;
    return sleep_relative(task);
}

// Until the wall clock shows the time; setting it moves the end.
static int sleep_until_wall(nsec_t time)
{
    for (;;) {
        nsec_t offset = clock_realtime_offset();
        nsec_t deadline = time > offset ? time - offset : 0;
        int error = wait_event_interruptible_until(
            &clock_set_wait, clock_realtime_offset() != offset, deadline);
        if (error)
            return error == -ETIMEDOUT ? 0 : error;
    }
}

long sys_clock_nanosleep(long number, long flags, uaddr request,
                         uaddr remaining)
{
    nsec_t time, now;
    int clock = number;
    if (clock_read(clock, &now))
        return -EINVAL;
    if (clock == CLOCK_THREAD_CPUTIME_ID)
        return -EINVAL;
    bool wall = clock_is_wall(clock);
    if (!wall && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME &&
        clock != CLOCK_BOOTTIME_ALARM)
        return -EOPNOTSUPP;
    int error = get_timespec(request, &time);
    if (error)
        return error;
    if (!(flags & TIMER_ABSTIME))
        return sleep_for(time, remaining);
    error = wall ? sleep_until_wall(time) : sleep_until(time);
    return error ? -ERESTARTNOHAND : 0;
}

long sys_nanosleep(uaddr request, uaddr remaining)
{
    nsec_t duration;
    int error = get_timespec(request, &duration);
    return error ? error : sleep_for(duration, remaining);
}

// ---- alarms ----

enum {
    ITIMER_REAL,
    ITIMER_VIRTUAL,
    ITIMER_PROF
};

struct abi_itimerval {
    struct abi_timeval interval, value;
};

// In interrupt context. The process lives: its end waits for the timer.
static void alarm_expired(struct timer *timer)
{
    struct process *process = container_of(timer, struct process, real_timer);
    signal_process(process, SIGALRM, NULL);
    nsec_t interval = READ_ONCE(process->real_interval);
    if (interval)
        timer_set(timer, MAX(timer->expires + interval, clock_monotonic()));
}

static int from_timeval(const struct abi_timeval *t, nsec_t *time)
{
    if (t->sec < 0 || t->usec < 0 || t->usec >= 1000000)
        return -EINVAL;
    struct abi_timespec in = {t->sec, t->usec * 1000};
    return from_timespec(&in, time);
}

// Rounded up, since 0 would say that the alarm is off.
static struct abi_timeval to_timeval(nsec_t time)
{
    uint64_t usec = (time + NSEC_PER_USEC - 1) / NSEC_PER_USEC;
    return (struct abi_timeval){usec / 1000000, usec % 1000000};
}

static struct abi_itimerval read_alarm(const struct process *process)
{
    nsec_t now = clock_monotonic();
    bool armed = READ_ONCE(process->real_timer.hart);
    nsec_t expires = READ_ONCE(process->real_timer.expires);
    nsec_t left = !armed ? 0 : expires > now ? expires - now : 1;
    return (struct abi_itimerval){to_timeval(process->real_interval),
                                  to_timeval(left)};
}

static void set_alarm(struct process *process, nsec_t value, nsec_t interval)
{
    timer_cancel_sync(&process->real_timer);
    WRITE_ONCE(process->real_interval, interval);
    timer_init(&process->real_timer, alarm_expired);
    if (value)
        timer_set(&process->real_timer, deadline_after(value));
}

// Alarms by CPU time (ITIMER_VIRTUAL, ITIMER_PROF) are not there.
static int check_which(long which)
{
    return (int)which == ITIMER_REAL ? 0 : -EINVAL;
}

long sys_getitimer(long which, uaddr to)
{
    int error = check_which(which);
    return error ? error : PUT_USER(to, read_alarm(current_process()));
}

long sys_setitimer(long which, uaddr new_at, uaddr old_at)
{
    struct process *process = current_process();
    struct abi_itimerval new = {0};
    nsec_t value, interval;
    if (new_at && GET_USER(&new, new_at))
        return -EFAULT;
    if (from_timeval(&new.value, &value) ||
        from_timeval(&new.interval, &interval))
        return -EINVAL;
    int error = check_which(which);
    if (error)
        return error;
    struct abi_itimerval old = read_alarm(process);
    set_alarm(process, value, interval);
    return old_at ? PUT_USER(old_at, old) : 0;
}
