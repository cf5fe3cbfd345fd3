// SPDX-License-Identifier: MIT
//
// timerfd_create(2): a timer behind a descriptor. Nothing is counted as it
// runs: when it is read, the time tells how often it has expired, and only then
// is an interval's next expiry armed. So an interval of a nanosecond costs
// nobody anything.

#include <abi/fcntl.h>
#include <abi/poll.h>
#include <fs/file.h>
#include <fs/proc.h>
#include <mm/kmalloc.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

#include "clock.h"
#include "timespec.h"

#define TFD_TIMER_ABSTIME       1u
#define TFD_TIMER_CANCEL_ON_SET 2u

struct abi_itimerspec {
    struct abi_timespec interval, value;
};

struct timerfd {
    struct spinlock lock;          // RANK_WAKE
    struct timer timer;            // (lock) wakes the queue at `expires`
    int clock;                     // (i) CLOCK_*, as it was asked for
    bool wall_clock;               // (i) CLOCK_REALTIME
    unsigned flags;                // (lock) of timerfd_settime
    bool wall;                     // (lock) `expires` is time of day
    nsec_t expires;                // (lock) next expiry, 0: disarmed
    nsec_t interval;               // (lock) 0: once
    bool cancel_on_set;            // (lock) a set clock is an error to report
    bool cancelled;                // (lock) and has not been reported
    struct wait_entry clock_wait;  // on clock_set_wait
    struct wait_queue wait;
};

// ---- the timer; its lock is held ----

static nsec_t now_of(const struct timerfd *t)
{
    return t->wall ? clock_realtime() : clock_monotonic();
}

static void arm(struct timerfd *t)
{
    nsec_t offset = t->wall ? clock_realtime_offset() : 0;

    if (t->expires)
        timer_set(&t->timer, t->expires > offset ? t->expires - offset : 0);
    else
        timer_cancel(&t->timer);
}

// How often it has expired and was not read.
static uint64_t expirations(const struct timerfd *t)
{
    nsec_t now = now_of(t);

    if (!t->expires || now < t->expires)
        return 0;
    return t->interval ? 1 + (now - t->expires) / t->interval : 1;
}

// What there is to read, taken: a count, 0, or -ECANCELED.
static int64_t take_locked(struct timerfd *t)
{
    if (t->cancelled) {
        t->cancelled = false;
        return -ECANCELED;
    }
    uint64_t n = expirations(t);
    if (n) {
        t->expires = t->interval ? t->expires + n * t->interval : 0;
        arm(t);
    }
    return (int64_t)n;
}

static int64_t take(struct timerfd *t)
{
    int64_t n = 0;

    WITH_LOCK(&t->lock)
        n = take_locked(t);
    return n;
}

static struct abi_itimerspec state(const struct timerfd *t)
{
    nsec_t now = now_of(t), left = 0;

    if (t->expires > now)
        left = t->expires - now;
    else if (t->expires && t->interval)
        left = t->interval - (now - t->expires) % t->interval;
    return (struct abi_itimerspec){to_timespec(t->interval), to_timespec(left)};
}

// ---- events ----

// In interrupt context.
static void expired(struct timer *timer)
{
    struct timerfd *t = container_of(timer, struct timerfd, timer);

    wake_up_events(&t->wait, POLLIN);
}

// The time of day was set: what waits for one has another moment now.
static bool clock_was_set(struct wait_entry *entry, unsigned events)
{
    struct timerfd *t = container_of(entry, struct timerfd, clock_wait);

    (void)events;
    WITH_LOCK(&t->lock) {
        t->cancelled = t->cancel_on_set;
        if (t->wall)
            arm(t);
    }
    wake_up_events(&t->wait, POLLIN);
    return false;
}

// ---- operations ----

static ssize_t timerfd_read(struct file *file, struct uio *uio,
                            uint64_t *position, unsigned flags)
{
    struct timerfd *t = file->private;

    (void)position;
    if (uio->resid < sizeof(uint64_t))
        return -EINVAL;
    int64_t n = take(t);
    if (!n && (flags & O_NONBLOCK))
        return -EAGAIN;
    if (!n) {
        int error = wait_event_interruptible(&t->wait, (n = take(t)) != 0);
        if (error)
            return error;
    }
    if (n < 0)
        return n;
    return copy_to_uio(uio, &n, sizeof(n)) ? -EFAULT : (ssize_t)sizeof(n);
}

static unsigned timerfd_poll(struct file *file, struct poll_table *table)
{
    struct timerfd *t = file->private;
    bool ready = false;

    poll_wait(table, &t->wait);
    WITH_LOCK(&t->lock)
        ready = t->cancelled || expirations(t);
    return ready ? POLLIN : 0;
}

static void timerfd_info(struct file *file, struct text *text)
{
    struct timerfd *t = file->private;
    struct abi_itimerspec left = {0};
    uint64_t ticks = 0;
    unsigned flags = 0;

    WITH_LOCK(&t->lock) {
        left = state(t);
        ticks = expirations(t);
        flags = t->flags;
    }
    text_printf(text,
                "clockid: %d\nticks: %lu\nsettime flags: 0%o\n"
                "it_value: (%ld, %ld)\nit_interval: (%ld, %ld)\n",
                t->clock, (unsigned long)ticks, flags, (long)left.value.sec,
                (long)left.value.nsec, (long)left.interval.sec,
                (long)left.interval.nsec);
}

static void timerfd_release(struct file *file)
{
    struct timerfd *t = file->private;

    wait_queue_remove(&clock_set_wait, &t->clock_wait);
    timer_cancel_sync(&t->timer);
    kfree(t);
}

static const struct file_ops timerfd_ops = {
    .name = "timerfd",
    .read = timerfd_read,
    .poll = timerfd_poll,
    .info = timerfd_info,
    .release = timerfd_release,
};

// ---- system calls ----

static struct file *timerfd_create(int clock, bool wall_clock, unsigned flags)
{
    struct timerfd *t = kzalloc(sizeof(*t));

    if (!t)
        return NULL;
    spin_init(&t->lock, RANK_WAKE, "timerfd");
    timer_init(&t->timer, expired);
    wait_queue_init(&t->wait);
    t->clock = clock;
    t->wall_clock = wall_clock;
    wait_init(&t->clock_wait, false);
    t->clock_wait.wake = clock_was_set;
    struct file *file =
        file_create(&timerfd_ops, t, O_RDWR | (flags & O_NONBLOCK));
    if (!file)
        kfree(t);
    else
        wait_queue_add(&clock_set_wait, &t->clock_wait);
    return file;
}

long sys_timerfd_create(long number, long flags)
{
    int clock = (int)number;

    if ((unsigned)flags & ~(unsigned)(O_NONBLOCK | O_CLOEXEC))
        return -EINVAL;
    bool wall_clock = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM;
    // The machine never sleeps, so an alarm need not wake it up.
    bool alarm = clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
    if (!wall_clock && !alarm && clock != CLOCK_MONOTONIC &&
        clock != CLOCK_BOOTTIME)
        return -EINVAL;
    if (alarm && current_process()->euid)
        return -EPERM;
    struct file *file = timerfd_create(clock, wall_clock, (unsigned)flags);
    return file ? fd_add(file, flags & O_CLOEXEC) : -ENOMEM;
}

static int get_timerfd(long fd, struct file **file)
{
    *file = fd_get(fd);
    if (!*file)
        return -EBADF;
    if ((*file)->ops == &timerfd_ops)
        return 0;
    file_put(*file);
    return -EINVAL;
}

// Replace the setting; the one before.
static struct abi_itimerspec set(struct timerfd *t, unsigned flags,
                                 nsec_t value, nsec_t interval)
{
    struct abi_itimerspec old;

    spin_lock(&t->lock);
    old = state(t);
    t->flags = flags;
    t->wall = t->wall_clock && (flags & TFD_TIMER_ABSTIME);
    t->cancel_on_set = t->wall && (flags & TFD_TIMER_CANCEL_ON_SET);
    t->cancelled = false;
    t->interval = interval;
    t->expires =
        value && !(flags & TFD_TIMER_ABSTIME) ? deadline_after(value) : value;
    arm(t);
    spin_unlock(&t->lock);
    return old;
}

long sys_timerfd_settime(long fd, long number, uaddr new_at, uaddr old_at)
{
    unsigned flags = (unsigned)number;
    struct abi_itimerspec new, old;
    nsec_t value, interval;
    struct file *file;

    if (GET_USER(&new, new_at))
        return -EFAULT;
    if ((flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) ||
        from_timespec(&new.value, &value) ||
        from_timespec(&new.interval, &interval))
        return -EINVAL;
    int error = get_timerfd(fd, &file);
    if (error)
        return error;
    old = set(file->private, flags, value, interval);
    file_put(file);
    return old_at ? PUT_USER(old_at, old) : 0;
}

long sys_timerfd_gettime(long fd, uaddr to)
{
    struct abi_itimerspec now = {0};
    struct file *file;
    int error = get_timerfd(fd, &file);

    if (error)
        return error;
    struct timerfd *t = file->private;
    WITH_LOCK(&t->lock)
        now = state(t);
    file_put(file);
    return PUT_USER(to, now);
}
