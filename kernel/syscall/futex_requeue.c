// SPDX-License-Identifier: MIT
//
// FUTEX_REQUEUE and FUTEX_CMP_REQUEUE: waiters of one word become waiters of
// another without waking, so that a broadcast does not make them all run for
// one lock.

#include <abi/errno.h>
#include <mm/uaccess.h>

#include "futex.h"

// Wake up to wake_count waiters of from, and move up to move_count others to
// to. expected: NULL, or what the word has to be, else -EAGAIN.
struct requeue {
    uaddr at;
    struct futex_key from, to;
    int wake_count, move_count;
    const uint32_t *expected;
};

static int requeue_locked(const struct requeue *r, struct futex_bucket *from,
                          struct futex_bucket *to)
{
    struct futex_waiter *waiter, *next;
    struct list_node moved = LIST_INIT(moved);
    int woken = 0, count = 0;
    list_for_each_safe(waiter, next, &from->waiters, node) {
        if (!futex_same_key(&waiter->key, &r->from))
            continue;
        if (woken < r->wake_count) {
            futex_wake_waiter(waiter);
            woken++;
        } else if (count < r->move_count) {
            list_remove(&waiter->node);
            list_push_back(&moved, &waiter->node);
            count++;
        } else {
            break;
        }
    }
    while ((waiter = list_pop_front(&moved, struct futex_waiter, node)))
        futex_enqueue(waiter, to, &r->to);
    return woken + count;
}

static void lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
    struct futex_bucket *first = a < b ? a : b, *second = a < b ? b : a;
    spin_lock(&first->lock);
    if (first != second)
        spin_lock_nested(&second->lock);
}

static void unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
    if (a != b)
        spin_unlock(a < b ? &b->lock : &a->lock);
    spin_unlock(a < b ? &a->lock : &b->lock);
}

// The word is read without a lock. If no waiter has come since, then that is as
// good as reading it now: there is nobody to whom the difference matters.
static int requeue(const struct requeue *r)
{
    struct futex_bucket *from = futex_bucket_of(&r->from),
                        *to = futex_bucket_of(&r->to);
    for (;;) {
        uint64_t arrivals = READ_ONCE(from->arrivals);
        uint32_t found;
        if (r->expected) {
            __atomic_thread_fence(__ATOMIC_SEQ_CST);
            if (user_load_u32(r->at, &found))
                return -EFAULT;
            if (found != *r->expected)
                return -EAGAIN;
        }
        lock_two(from, to);
        bool again = r->expected && from->arrivals != arrivals;
        int result = again ? 0 : requeue_locked(r, from, to);
        unlock_two(from, to);
        if (!again)
            return result;
    }
}

long futex_requeue(uaddr at, uaddr to, bool shared, int wake_count,
                   int move_count, const uint32_t *expected)
{
    struct requeue r = {.at = at,
                        .wake_count = wake_count,
                        .move_count = move_count,
                        .expected = expected};
    if (wake_count < 0 || move_count < 0)
        return -EINVAL;
    int error = futex_find_key(at, shared, &r.from);
    if (!error)
        error = futex_find_key(to, shared, &r.to);
    return error ? error : requeue(&r);
}
