// SPDX-License-Identifier: MIT
//
// POSIX timers, timer_create(2): any number for a process, each by a clock and
// with a signal of its own. A timer that expires again while its signal still
// waits to be taken adds to that one's overrun count.

#include <abi/errno.h>
#include <abi/signal.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

#include "clock.h"
#include "timespec.h"

enum {
    SIGEV_SIGNAL,
    SIGEV_NONE,
    SIGEV_THREAD_ID = 4
};

struct abi_sigevent {
    uint64_t value;
    int32_t signal, notify, tid;
    int32_t rest[11];
};
_Static_assert(sizeof(struct abi_sigevent) == 64, "struct sigevent");

struct abi_itimerspec {
    struct abi_timespec interval, value;
};

// The mutex guards the list and all fields but what the tags say.
struct posix_timer {
    struct list_node node;
    struct process *process;  // (i) whose it is; a reference
    struct task *target;      // (i) SIGEV_THREAD_ID: a reference; or NULL
    int id, clock;            // (i)
    int notify;               // (i) SIGEV_*
    struct abi_siginfo info;  // (i) what is sent
    struct timer timer;
    nsec_t interval;  // (a) read as it expires
    int overrun;      // (a) of the signal sent last
};

static struct mutex timers_lock = MUTEX_INIT(timers_lock, RANK_LEAF_MUTEX);
static struct list_node timers = LIST_INIT(timers);

// ---- life of a timer ----

static bool has_ended(struct process *process)
{
    bool ended = false;
    WITH_LOCK(&process_tree_lock)
        ended = process->zombie;
    return ended;
}

// In interrupt context. What a process that has ended is sent goes nowhere.
static void notify(struct posix_timer *t)
{
    int overrun = signal_count_overrun(t->process, t->target, &t->info);
    WRITE_ONCE(t->overrun, overrun);
    if (overrun)
        return;
    if (t->target)
        signal_task(t->target, t->info.signo, &t->info);
    else
        signal_process(t->process, t->info.signo, &t->info);
}

static void expired(struct timer *timer)
{
    struct posix_timer *t = container_of(timer, struct posix_timer, timer);
    if (t->notify != SIGEV_NONE)
        notify(t);
    nsec_t interval = READ_ONCE(t->interval);
    if (interval && !READ_ONCE(t->process->zombie))
        timer_set(timer, MAX(timer->expires + interval, clock_monotonic()));
}

// Disarm a timer and move it from the list to another, of timers to be freed;
// that is done without the lock, since the last reference to a task or process
// may go with it. The lock is held.
static void unlink_timer(struct posix_timer *t, struct list_node *dead)
{
    list_remove(&t->node);
    WRITE_ONCE(t->interval, 0);  // so that it does not arm itself again
    timer_cancel_sync(&t->timer);
    list_push_back(dead, &t->node);
}

static void free_timers(struct list_node *dead)
{
    struct posix_timer *t;
    while ((t = list_pop_front(dead, struct posix_timer, node))) {
        if (t->target)
            task_put(t->target);
        process_put(t->process);
        kfree(t);
    }
}

// A new program starts without timers.
static void delete_own_timers(struct task *task)
{
    struct list_node dead = LIST_INIT(dead);
    struct posix_timer *t, *next;
    WITH_MUTEX(&timers_lock)
        list_for_each_safe(t, next, &timers, node)
            if (t->process == task->process)
                unlink_timer(t, &dead);
    free_timers(&dead);
}

// Timers of processes that have ended go as the next thread ends, whosever it
// is: a thread that ends does not know whether it is its process's last.
static void sweep(struct task *task)
{
    struct list_node dead = LIST_INIT(dead);
    struct posix_timer *t, *next;
    (void)task;
    if (list_empty(&timers))
        return;
    WITH_MUTEX(&timers_lock)
        list_for_each_safe(t, next, &timers, node)
            if (has_ended(t->process))
                unlink_timer(t, &dead);
    free_timers(&dead);
}
TASK_RESOURCE(timers) = {.exec = delete_own_timers, .exit = sweep};

// ---- the calls ----

// The running process's timer of that number, or NULL. The lock is held.
static struct posix_timer *find_timer(int id)
{
    struct posix_timer *t;
    list_for_each(t, &timers, node)
        if (t->process == current_process() && t->id == id)
            return t;
    return NULL;
}

static bool clock_has_timers(int clock)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM:
    case CLOCK_TAI:
        return true;
    default:
        return false;
    }
}

// What the event asks for, checked. 0 or -EINVAL.
static int set_event(struct posix_timer *t, const struct abi_sigevent *event)
{
    t->notify = event->notify;
    t->info = (struct abi_siginfo){
        .signo = event->signal,
        .code = SI_TIMER,
        .timer = {.id = t->id, .value = event->value},
    };
    if (event->notify == SIGEV_NONE)
        return 0;
    if (event->notify != SIGEV_SIGNAL &&
        event->notify != (SIGEV_SIGNAL | SIGEV_THREAD_ID))
        return -EINVAL;
    if (event->signal < 1 || event->signal > SIGNAL_COUNT)
        return -EINVAL;
    if (event->notify == SIGEV_SIGNAL)
        return 0;
    t->target = task_find(event->tid);
    return t->target && t->target->process == t->process ? 0 : -EINVAL;
}

static struct posix_timer *create_timer(int clock)
{
    struct posix_timer *t = kzalloc(sizeof(*t));
    if (!t)
        return NULL;
    while (find_timer(t->id))
        t->id++;
    t->clock = clock;
    t->process = current_process();
    process_get(t->process);
    timer_init(&t->timer, expired);
    list_push_back(&timers, &t->node);
    return t;
}

// A new timer of the running process; its number, or -errno.
static int add_timer(int clock, const struct abi_sigevent *wanted)
{
    struct abi_sigevent event = {.signal = SIGALRM};
    struct list_node dead = LIST_INIT(dead);
    int result = -EAGAIN;
    WITH_MUTEX(&timers_lock) {
        struct posix_timer *t = create_timer(clock);
        if (!t)
            break;
        event.value = t->id;
        int error = set_event(t, wanted ? wanted : &event);
        if (error)
            unlink_timer(t, &dead);
        result = error ? error : t->id;
    }
    free_timers(&dead);
    return result;
}

static int remove_timer(int id)
{
    struct list_node dead = LIST_INIT(dead);
    int result = -EINVAL;
    WITH_MUTEX(&timers_lock) {
        struct posix_timer *t = find_timer(id);
        if (!t)
            break;
        unlink_timer(t, &dead);
        result = 0;
    }
    free_timers(&dead);
    return result;
}

long sys_timer_create(long clock, uaddr event_at, uaddr id_to)
{
    struct abi_sigevent event;
    nsec_t now;
    if (clock_read(clock, &now))
        return -EINVAL;
    if (!clock_has_timers(clock))
        return -EOPNOTSUPP;
    if (event_at && GET_USER(&event, event_at))
        return -EFAULT;
    int id = add_timer(clock, event_at ? &event : NULL);
    if (id < 0)
        return id;
    if (PUT_USER(id_to, id)) {
        remove_timer(id);
        return -EFAULT;
    }
    return 0;
}

long sys_timer_delete(long id)
{
    return remove_timer(id);
}

long sys_timer_getoverrun(long id)
{
    WITH_MUTEX(&timers_lock) {
        const struct posix_timer *t = find_timer(id);
        return t ? READ_ONCE(t->overrun) : -EINVAL;
    }
    return 0;
}

// The lock is held.
static struct abi_itimerspec read_timer(const struct posix_timer *t)
{
    nsec_t now = clock_monotonic();
    bool armed = READ_ONCE(t->timer.hart);
    nsec_t expires = READ_ONCE(t->timer.expires);
    // An armed timer never reads as 0, which would say that it is not.
    nsec_t left = !armed ? 0 : expires > now ? expires - now : 1;
    return (struct abi_itimerspec){to_timespec(t->interval), to_timespec(left)};
}

long sys_timer_gettime(long id, uaddr to)
{
    struct abi_itimerspec value;
    WITH_MUTEX(&timers_lock) {
        const struct posix_timer *t = find_timer(id);
        if (!t)
            return -EINVAL;
        value = read_timer(t);
    }
    return PUT_USER(to, value);
}

static nsec_t expiry(const struct posix_timer *t, nsec_t value, bool absolute)
{
    if (!absolute)
        return deadline_after(value);
    nsec_t offset = clock_is_wall(t->clock) ? clock_realtime_offset() : 0;
    return value > offset ? value - offset : 0;
}

long sys_timer_settime(long id, long flags, uaddr new_at, uaddr old_at)
{
    struct abi_itimerspec new, old;
    nsec_t value, interval;
    if (!new_at)
        return -EINVAL;
    if (GET_USER(&new, new_at))
        return -EFAULT;
    if (from_timespec(&new.value, &value) ||
        from_timespec(&new.interval, &interval))
        return -EINVAL;
    WITH_MUTEX(&timers_lock) {
        struct posix_timer *t = find_timer(id);
        if (!t)
            return -EINVAL;
        old = read_timer(t);
        WRITE_ONCE(t->interval, 0);  // so that it does not arm itself again
        timer_cancel_sync(&t->timer);
        WRITE_ONCE(t->interval, interval);
        if (value)
            timer_set(&t->timer, expiry(t, value, flags & TIMER_ABSTIME));
    }
    return old_at ? PUT_USER(old_at, old) : 0;
}
