// SPDX-License-Identifier: MIT
//
// The DEBUG build's check that mutexes are taken in the order of
// <lib/lock_order.h>, and none with a spinlock held.

#include <lib/log.h>
#include <lib/mutex_order.h>
#include <proc/task.h>

void mutex_order_check(const struct mutex *m)
{
    const struct task *task = current;

    if (this_hart()->lock_depth || this_hart()->in_interrupt)
        panic("mutex %s taken where nothing may sleep", m->lock.name);
    if (m->owner == task)
        panic("mutex %s taken twice", m->lock.name);
    for (unsigned i = 0; i < ARRAY_SIZE(task->held_mutex_ranks); i++)
        if (task->held_mutex_ranks[i] >= m->rank && m->rank)
            panic("lock order: mutex %s (rank %u) taken under rank %u",
                  m->lock.name, m->rank, task->held_mutex_ranks[i]);
}

void mutex_order_taken(const struct mutex *m)
{
    struct task *task = current;

    for (unsigned i = 0; i < ARRAY_SIZE(task->held_mutex_ranks); i++) {
        if (!task->held_mutex_ranks[i]) {
            task->held_mutex_ranks[i] = m->rank;
            return;
        }
    }
    panic("more than %zu mutexes held", ARRAY_SIZE(task->held_mutex_ranks));
}

void mutex_order_released(const struct mutex *m)
{
    struct task *task = current;

    for (unsigned i = 0; i < ARRAY_SIZE(task->held_mutex_ranks); i++) {
        if (task->held_mutex_ranks[i] == m->rank) {
            task->held_mutex_ranks[i] = 0;
            return;
        }
    }
}
