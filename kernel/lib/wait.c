// SPDX-License-Identifier: MIT
//
// Wait queues, see <lib/wait.h>.

#include <lib/wait.h>

void wait_queue_init(struct wait_queue *q)
{
    spin_init(&q->lock, RANK_WAIT_QUEUE, "wait queue");
    list_init(&q->entries);
}

// Non-exclusive entries go in front, so that a wake-up reaches them all before
// the first exclusive one ends it.
static void enqueue(struct wait_queue *q, struct wait_entry *entry)
{
    if (entry->exclusive)
        list_push_back(&q->entries, &entry->node);
    else
        list_push_front(&q->entries, &entry->node);
}

void wait_queue_add(struct wait_queue *q, struct wait_entry *entry)
{
    spin_lock(&q->lock);
    enqueue(q, entry);
    spin_unlock(&q->lock);
}

void wait_queue_remove(struct wait_queue *q, struct wait_entry *entry)
{
    spin_lock(&q->lock);
    list_remove(&entry->node);
    spin_unlock(&q->lock);
}

// The default function. The entry leaves the queue: one event wakes a task
// once, and an exclusive event goes to the next waiter meanwhile.
static bool wake_waiter(struct wait_entry *entry, unsigned events)
{
    (void)events;
    list_remove(&entry->node);
    entry->woken = true;
    wake_task(entry->task);
    return true;
}

static void wake_entries(struct wait_queue *q, unsigned events, bool all)
{
    struct wait_entry *entry, *next;

    // An entry may pass the event on to the queue of an epoll file, and that to
    // the next one; epoll_ctl sees to it that they form no circle.
    spin_lock_nested(&q->lock);
    list_for_each_safe(entry, next, &q->entries, node) {
        bool exclusive = entry->exclusive;
        if (entry->wake(entry, events) && exclusive && !all)
            break;
    }
    spin_unlock(&q->lock);
}

void wake_up_events(struct wait_queue *q, unsigned events)
{
    // An entry is added before its condition is looked at, and the condition
    // is made true before this look: with a full barrier between the two on
    // both sides, one of them sees the other.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!list_empty(&q->entries))
        wake_entries(q, events, false);
}

void wake_up_all(struct wait_queue *q)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!list_empty(&q->entries))
        wake_entries(q, 0, true);
}

void wait_init(struct wait_entry *entry, bool exclusive)
{
    list_init(&entry->node);
    entry->task = current;
    entry->wake = wake_waiter;
    entry->exclusive = exclusive;
    entry->woken = false;
}

void wait_prepare(struct wait_queue *q, struct wait_entry *entry,
                  bool interruptible)
{
    spin_lock(&q->lock);
    entry->woken = false;
    if (list_empty(&entry->node))
        enqueue(q, entry);
    sched_prepare_sleep(interruptible);
    spin_unlock(&q->lock);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);  // see wake_up_events
}

void wait_finish(struct wait_queue *q, struct wait_entry *entry)
{
    sched_cancel_sleep();
    spin_lock(&q->lock);
    list_remove(&entry->node);
    spin_unlock(&q->lock);
}
