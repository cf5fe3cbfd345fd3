// SPDX-License-Identifier: MIT
//
// Wait queues: the one way to sleep, and the one way by which readiness
// travels. A task that waits uses no CPU; an entry's function decides what a
// wake-up does (wake the task, or pass the event on to an epoll item).
//
// The scheduler (proc/sched.c) provides the functions at the end; they are
// declared here since locks of every floor stand on them.

#pragma once

#include <abi/errno.h>
#include <lib/list.h>
#include <lib/lock.h>

struct wait_entry {
    struct list_node node;  // (queue's lock)
    struct task *task;      // who waits, for the default function
    // Called with the queue's lock held, possibly from an interrupt; may not
    // sleep. events: POLL* bits of what became ready, 0 if unspecified.
    // Returns true if an exclusive waiter has been served.
    bool (*wake)(struct wait_entry *entry, unsigned events);
    bool exclusive;  // at most one such is woken per wake_up
    bool woken;      // (queue's lock) set by the default function
};

struct wait_queue {
    struct spinlock lock;
    struct list_node entries;  // (lock) exclusive ones at the end
};

#define WAIT_QUEUE_INIT(q)                      \
    {                                           \
        .lock = SPINLOCK_INIT(RANK_WAIT_QUEUE), \
        .entries = LIST_INIT((q).entries),      \
    }

void wait_queue_init(struct wait_queue *q);

// Add and remove an entry of any kind. Entries with a function of their own
// stay on the queue until they are removed.
void wait_queue_add(struct wait_queue *q, struct wait_entry *entry);
void wait_queue_remove(struct wait_queue *q, struct wait_entry *entry);

// Wake all non-exclusive entries and one exclusive one. events: POLL* bits.
// Usable from interrupts. The caller has made the condition true before.
void wake_up_events(struct wait_queue *q, unsigned events);
void wake_up_all(struct wait_queue *q);  // exclusive ones too

static inline void wake_up(struct wait_queue *q)
{
    wake_up_events(q, 0);
}

// The pieces of wait_event below. wait_prepare puts the entry on the queue and
// marks the task as sleeping, so that a wake-up after it is not lost.
void wait_init(struct wait_entry *entry, bool exclusive);
void wait_prepare(struct wait_queue *q, struct wait_entry *entry,
                  bool interruptible);
void wait_finish(struct wait_queue *q, struct wait_entry *entry);

// Sleep until condition holds. The condition is evaluated again after each
// wake-up, by the waiting task, and may take spinlocks but may not sleep.
// deadline: absolute monotonic nanoseconds, NSEC_FOREVER for none.
// Result: 0 when the condition holds, -ERESTARTSYS when a signal is pending,
// -ETIMEDOUT past the deadline.
#define WAIT_EVENT(queue, condition, deadline, interruptible, exclusive) \
    ({                                                                   \
        struct wait_queue *wait_q = (queue);                             \
        struct wait_entry wait_e;                                        \
        int wait_result = 0;                                             \
        wait_init(&wait_e, exclusive);                                   \
        for (;;) {                                                       \
            wait_prepare(wait_q, &wait_e, interruptible);                \
            if (condition)                                               \
                break;                                                   \
            if ((interruptible) && signal_pending()) {                   \
                wait_result = -ERESTARTSYS;                              \
                break;                                                   \
            }                                                            \
            if (!schedule_until(deadline)) {                             \
                wait_result = (condition) ? 0 : -ETIMEDOUT;              \
                break;                                                   \
            }                                                            \
        }                                                                \
        wait_finish(wait_q, &wait_e);                                    \
        wait_result;                                                     \
    })

#define wait_event(queue, condition) \
    ((void)WAIT_EVENT(queue, condition, NSEC_FOREVER, false, false))
#define wait_event_interruptible(queue, condition) \
    WAIT_EVENT(queue, condition, NSEC_FOREVER, true, false)
#define wait_event_interruptible_until(queue, condition, deadline) \
    WAIT_EVENT(queue, condition, deadline, true, false)
// For queues where one event serves one waiter (accept): no thundering herd.
#define wait_event_exclusive_until(queue, condition, deadline) \
    WAIT_EVENT(queue, condition, deadline, true, true)

// Give up the hart until woken or until the deadline has passed (absolute
// monotonic nanoseconds). The caller has prepared a wait entry. Returns false
// if the deadline ended the sleep.
bool schedule_until(nsec_t deadline);

// Give up the hart to other runnable tasks; returns when it is this task's
// turn again.
void schedule(void);

// Make a sleeping task runnable; harmless if it is not asleep. Any context.
void wake_task(struct task *task);

// Interrupt the harts that wake_task has chosen. Put off until this hart holds
// no spinlock (interrupts_pop): a hart that is woken earlier only spins for it,
// for long where the host has fewer processors than the machine.
void sched_wake_harts(void);

// The two ends of a sleep: from the first on, wake_task ends the next
// schedule_until at once; the second takes it back.
void sched_prepare_sleep(bool interruptible);
void sched_cancel_sleep(void);

// Does the running task have a signal to act on?
bool signal_pending(void);

// At a safe point in a long kernel path: let others run if they should.
static inline void cond_resched(void)
{
    if (READ_ONCE(this_hart()->need_resched))
        schedule();
}
