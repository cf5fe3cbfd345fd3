// SPDX-License-Identifier: MIT
//
// Sleeping locks. The holder hands the mutex to the first waiter, so nobody
// starves and a woken waiter never has to try again.

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

// The waiter's entry: on the mutex's list until it is given the lock.
struct mutex_waiter {
    struct list_node node;
    struct task *task;
};

// Called with m->lock held; returns with it released. The entry stands on the
// list whenever this task is not the owner.
static int wait_for_turn(struct mutex *m, bool interruptible)
{
    struct mutex_waiter waiter = {.task = current};
    int error = 0;

    list_push_back(&m->waiters, &waiter.node);
    while (m->owner != current) {
        if (interruptible && signal_pending()) {
            list_remove(&waiter.node);
            error = -ERESTARTSYS;
            break;
        }
        sched_prepare_sleep(interruptible);
        spin_unlock(&m->lock);
        schedule_until(NSEC_FOREVER);
        spin_lock(&m->lock);
    }
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
    struct mutex_waiter *next =
        list_pop_front(&m->waiters, struct mutex_waiter, node);
    m->owner = next ? next->task : NULL;
    struct task *task = m->owner;
    if (task)
        wake_task(task);
    spin_unlock(&m->lock);
}
