// SPDX-License-Identifier: MIT
//
// Sleeping locks. The lock is free between unlock and the first waiter's
// waking, and whoever runs may take it: handing it to a task that is not
// running yet would make all others wait for that. A waiter that comes too late
// so insists, and is handed it the next time, so nobody starves.
//
// A waiter sleeps at once and does not spin while the owner runs: where the
// machine has more harts than the host has processors to spare, spinning takes
// the time that the owner needs (tests/host/test_soak.py on a busy host: less
// than half of the throughput).

#include <lib/lock.h>
#include <lib/log.h>
#include <lib/mutex_order.h>
#include <lib/wait.h>

void mutex_init(struct mutex *m, enum lock_rank rank, const char *name)
{
    spin_init(&m->lock, RANK_MUTEX_INTERNAL, name);
    m->owner = NULL;
    m->rank = rank;
    list_init(&m->waiters);
}

bool mutex_held(const struct mutex *m)
{
    return READ_ONCE(m->owner) == current;
}

bool mutex_trylock(struct mutex *m)
{
    spin_lock(&m->lock);
    bool taken = !m->owner;
    if (taken)
        m->owner = current;
    spin_unlock(&m->lock);
    if (DEBUG && taken)
        mutex_order_taken(m);
    return taken;
}

// A waiter's entry; on the mutex's list until it is the owner.
struct mutex_waiter {
    struct list_node node;
    struct task *task;
    bool insists;  // (m->lock) was woken once and found the mutex taken again
};

// Called with m->lock held; returns with it released.
static int wait_for_turn(struct mutex *m, bool interruptible)
{
    struct mutex_waiter waiter = {.task = current};
    int error = 0;

    list_push_back(&m->waiters, &waiter.node);
    while (m->owner != current) {  // else it was handed over
        if (!m->owner) {
            m->owner = current;
        } else if (interruptible && signal_pending()) {
            error = -ERESTARTSYS;
            break;
        } else {
            sched_prepare_sleep(interruptible);
            spin_unlock(&m->lock);
            schedule_until(NSEC_FOREVER);
            spin_lock(&m->lock);
            waiter.insists = true;
        }
    }
    list_remove(&waiter.node);
    sched_cancel_sleep();
    spin_unlock(&m->lock);
    return error;
}

static int acquire(struct mutex *m, bool interruptible)
{
    int error = 0;

    if (DEBUG)
        mutex_order_check(m);
    spin_lock(&m->lock);
    if (!m->owner) {
        m->owner = current;
        spin_unlock(&m->lock);
    } else {
        error = wait_for_turn(m, interruptible);
    }
    if (DEBUG && !error)
        mutex_order_taken(m);
    return error;
}

void mutex_lock(struct mutex *m)
{
    acquire(m, false);
}

int mutex_lock_interruptible(struct mutex *m)
{
    return acquire(m, true);
}

void mutex_unlock(struct mutex *m)
{
    assert_debug(mutex_held(m));
    if (DEBUG)
        mutex_order_released(m);
    spin_lock(&m->lock);
    m->owner = NULL;
    if (!list_empty(&m->waiters)) {
        struct mutex_waiter *first =
            list_first(&m->waiters, struct mutex_waiter, node);
        if (first->insists)
            m->owner = first->task;
        wake_task(first->task);
    }
    spin_unlock(&m->lock);
}
