// SPDX-License-Identifier: MIT
//
// What the files of futex(2) share: futex.c has the waiters, waits and wakes,
// futex_requeue.c and futex_wake_op.c the calls on two words, robust_list.c
// wakes for threads that end.

#pragma once

#include <lib/list.h>
#include <lib/lock.h>
#include <lib/types.h>
#include <lib/wait.h>

#define FUTEX_ALL_BITS UINT32_MAX

// What a word is known by: a place in a page cache if others may share it by
// mapping the same pages, else a place in an address space.
struct futex_key {
    const void *owner;  // struct page_cache or struct mm; only compared
    uint64_t offset;
};

struct futex_bucket {
    struct spinlock lock;  // RANK_FUTEX
    struct list_node
        waiters;        // (lock) struct futex_waiter, in order of arrival
    uint64_t arrivals;  // (lock) waiters that ever came
};

struct futex_waiter {
    struct list_node node;        // (bucket's lock)
    struct futex_bucket *bucket;  // (its lock) changes with a requeue
    struct futex_key key;         // (bucket's lock)
    uint32_t bits;                // of FUTEX_WAIT_BITSET
    bool woken;                   // (bucket's lock)
    struct wait_queue queue;      // the waiting task
};

// The key of a word of the running task's memory. 0, -EINVAL (not aligned),
// -EFAULT.
int futex_find_key(uaddr at, bool shared, struct futex_key *key);
bool futex_same_key(const struct futex_key *a, const struct futex_key *b);
struct futex_bucket *futex_bucket_of(const struct futex_key *key);

// Both want the lock of the bucket that they work on held.
void futex_enqueue(struct futex_waiter *waiter, struct futex_bucket *bucket,
                   const struct futex_key *key);
void futex_wake_waiter(struct futex_waiter *waiter);

// Wake up to n waiters of the key that wait for one of the bits. How many.
int futex_wake_key(const struct futex_key *key, int n, uint32_t bits);
// The same for a word of the running task's memory, all bits.
void futex_wake_address(uaddr at, bool shared, int n);

// Wake wake_count waiters of the word at `at`, move move_count others to the
// one at `to`. expected: NULL, or what the first has to be, else -EAGAIN.
long futex_requeue(uaddr at, uaddr to, bool shared, int wake_count,
                   int move_count, const uint32_t *expected);
long futex_wake_op(uaddr at, uaddr at2, bool shared, int n, int n2,
                   uint32_t packed);
