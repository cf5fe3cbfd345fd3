// SPDX-License-Identifier: MIT
//
// futex(2): sleeping until a word of user memory changes, the base of all locks
// between threads.
//
// A waiter enters its queue first and reads the word afterwards. So a waker,
// who changes the word first and looks at the queue afterwards, either finds
// the waiter or has changed the word in time for it to see: no wake-up is lost,
// and user memory, which may fault, is never touched under a spinlock.

#include <abi/errno.h>
#include <mm/mm.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

#include "futex.h"
#include "timespec.h"

enum {
    FUTEX_WAIT,
    FUTEX_WAKE,
    FUTEX_REQUEUE = 3,
    FUTEX_CMP_REQUEUE,
    FUTEX_WAKE_OP,
    FUTEX_WAIT_BITSET = 9,
    FUTEX_WAKE_BITSET,
};
#define FUTEX_PRIVATE_FLAG   128
#define FUTEX_CLOCK_REALTIME 256
#define FUTEX_COMMAND_MASK   ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME)
#define ALL_BITS             UINT32_MAX

#define BUCKETS 256  // a power of two

// What a word is known by: a place in a page cache if others may share it by
// mapping the same pages, else a place in an address space.
struct futex_key {
    const void *owner;  // struct page_cache or struct mm; only compared
    uint64_t offset;
};

struct bucket {
    struct spinlock lock;      // RANK_FUTEX
    struct list_node waiters;  // (lock) struct waiter, in order of arrival
    uint64_t arrivals;         // (lock) waiters that ever came
};

struct waiter {
    struct list_node node;    // (bucket's lock)
    struct bucket *bucket;    // (its lock) changes with a requeue
    struct futex_key key;     // (bucket's lock)
    uint32_t bits;            // of FUTEX_WAIT_BITSET
    bool woken;               // (bucket's lock)
    struct wait_queue queue;  // the waiting task
};

static struct bucket buckets[BUCKETS];

static int futex_init(void)
{
    for (unsigned i = 0; i < BUCKETS; i++) {
        spin_init(&buckets[i].lock, RANK_FUTEX, "futex");
        list_init(&buckets[i].waiters);
    }
    return 0;
}
INITCALL(INIT_CORE, futex_init);

// ---- keys ----

static int find_key(uaddr at, bool shared, struct futex_key *key)
{
    struct mm *mm = current->mm;
    if (at % sizeof(uint32_t) != 0)
        return -EINVAL;
    if (!user_range_ok(at, sizeof(uint32_t)))
        return -EFAULT;
    *key = (struct futex_key){mm, at};
    if (!shared)
        return 0;
    WITH_MUTEX(&mm->lock) {
        const struct vma *vma = vma_find(mm, at);
        if (!vma || vma->start > at)
            return -EFAULT;
        if (vma->flags & VMA_SHARED && vma->cache) {
            key->owner = vma->cache;
            key->offset = (vma->cache_index << PAGE_SHIFT) + at - vma->start;
        }
    }
    return 0;
}

static struct bucket *bucket_of(const struct futex_key *key)
{
    uint64_t hash = (uint64_t)key->owner / 16 + key->offset / 4;
    hash *= 0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio
    return &buckets[hash >> 56];
}

static bool same_key(const struct futex_key *a, const struct futex_key *b)
{
    return a->owner == b->owner && a->offset == b->offset;
}

// ---- waiters ----

static void enqueue(struct waiter *waiter, struct bucket *bucket,
                    const struct futex_key *key)
{
    waiter->key = *key;
    WRITE_ONCE(waiter->bucket, bucket);
    list_push_back(&bucket->waiters, &waiter->node);
    bucket->arrivals++;
}

// The bucket's lock is held, and the waiter stays on its stack until it can
// take that lock too.
static void wake_waiter(struct waiter *waiter)
{
    list_remove(&waiter->node);
    waiter->woken = true;
    wake_up(&waiter->queue);
}

// Take the waiter off its queue, wherever it is now. Was it woken?
static bool leave(struct waiter *waiter)
{
    for (;;) {
        struct bucket *bucket = READ_ONCE(waiter->bucket);
        WITH_LOCK(&bucket->lock) {
            if (waiter->bucket != bucket)
                break;  // it was moved meanwhile
            list_remove(&waiter->node);
            return waiter->woken;
        }
    }
}

// Wake up to n waiters of the key that wait for one of the bits.
static int wake(const struct futex_key *key, int n, uint32_t bits)
{
    struct bucket *bucket = bucket_of(key);
    struct waiter *waiter, *next;
    int woken = 0;
    WITH_LOCK(&bucket->lock) {
        list_for_each_safe(waiter, next, &bucket->waiters, node) {
            if (woken >= n)
                break;
            if (!same_key(&waiter->key, key) || !(waiter->bits & bits))
                continue;
            wake_waiter(waiter);
            woken++;
        }
    }
    return woken;
}

void futex_wake_address(uaddr at, bool shared, int n)
{
    struct futex_key key;
    if (!find_key(at, shared, &key))
        wake(&key, n, ALL_BITS);
}

// ---- FUTEX_WAIT ----

struct wait_request {
    uaddr at;
    bool shared;
    uint32_t value, bits;
    nsec_t deadline;
};

// 0 when woken, -EAGAIN if the word is not the value, -ETIMEDOUT, -EFAULT,
// -ERESTARTSYS.
static int wait(const struct wait_request *request)
{
    struct waiter waiter = {.bits = request->bits};
    struct futex_key key;
    uint32_t found;
    int error = find_key(request->at, request->shared, &key);
    if (error)
        return error;
    wait_queue_init(&waiter.queue);
    struct bucket *bucket = bucket_of(&key);
    WITH_LOCK(&bucket->lock)
        enqueue(&waiter, bucket, &key);
    error = user_load_u32(request->at, &found);
    if (!error && found != request->value)
        error = -EAGAIN;
    if (!error)
        error = wait_event_interruptible_until(
            &waiter.queue, READ_ONCE(waiter.woken), request->deadline);
    // Whoever was woken has taken the wake-up away from others, so it counts.
    return leave(&waiter) ? 0 : error;
}

static long restart_wait(struct task *task);

// The deadline of a wait that goes on after a signal is the one it had.
static long wait_with_deadline(const struct wait_request *request)
{
    struct task *task = current;
    int error = wait(request);
    if (error != -ERESTARTSYS || request->deadline == NSEC_FOREVER)
        return error;
    task->restart = restart_wait;
    task->restart_data[0] = request->at;
    task->restart_data[1] = (uint64_t)request->value << 32 | request->bits;
    task->restart_data[2] = request->deadline;
    task->restart_data[3] = request->shared;
    return -ERESTART_RESTARTBLOCK;
}

static long restart_wait(struct task *task)
{
    const struct wait_request request = {
        .at = task->restart_data[0],
        .value = task->restart_data[1] >> 32,
        .bits = task->restart_data[1],
        .deadline = task->restart_data[2],
        .shared = task->restart_data[3],
    };
    return wait_with_deadline(&request);
}

// FUTEX_WAIT's timeout is relative, FUTEX_WAIT_BITSET's absolute, by the
// monotonic clock or the wall clock.
static int wait_deadline(uaddr timeout_at, bool relative, bool wall,
                         nsec_t *deadline)
{
    nsec_t time;
    if (!timeout_at || relative)
        return deadline_from_user(timeout_at, deadline);
    int error = get_timespec(timeout_at, &time);
    if (error)
        return error;
    nsec_t offset = wall ? clock_realtime_offset() : 0;
    *deadline = time > offset ? time - offset : 0;
    return 0;
}

// ---- FUTEX_REQUEUE ----

// Wake up to wake_count waiters of from, and move up to move_count others to
// to. expected: NULL, or what the word has to be, else -EAGAIN.
struct requeue {
    uaddr at;
    struct futex_key from, to;
    int wake_count, move_count;
    const uint32_t *expected;
};

static int requeue_locked(const struct requeue *r, struct bucket *from,
                          struct bucket *to)
{
    struct waiter *waiter, *next;
    struct list_node moved = LIST_INIT(moved);
    int woken = 0, count = 0;
    list_for_each_safe(waiter, next, &from->waiters, node) {
        if (!same_key(&waiter->key, &r->from))
            continue;
        if (woken < r->wake_count) {
            wake_waiter(waiter);
            woken++;
        } else if (count < r->move_count) {
            list_remove(&waiter->node);
            list_push_back(&moved, &waiter->node);
            count++;
        } else {
            break;
        }
    }
    while ((waiter = list_pop_front(&moved, struct waiter, node)))
        enqueue(waiter, to, &r->to);
    return woken + count;
}

static void lock_two(struct bucket *a, struct bucket *b)
{
    struct bucket *first = a < b ? a : b, *second = a < b ? b : a;
    spin_lock(&first->lock);
    if (first != second)
        spin_lock_nested(&second->lock);
}

static void unlock_two(struct bucket *a, struct bucket *b)
{
    if (a != b)
        spin_unlock(a < b ? &b->lock : &a->lock);
    spin_unlock(a < b ? &a->lock : &b->lock);
}

// The word is read without a lock. If no waiter has come since, then that is as
// good as reading it now: there is nobody to whom the difference matters.
static int requeue(const struct requeue *r)
{
    struct bucket *from = bucket_of(&r->from), *to = bucket_of(&r->to);
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

static long futex_requeue(uaddr at, uaddr to, bool shared, int wake_count,
                          int move_count, const uint32_t *expected)
{
    struct requeue r = {.at = at,
                        .wake_count = wake_count,
                        .move_count = move_count,
                        .expected = expected};
    if (wake_count < 0 || move_count < 0)
        return -EINVAL;
    int error = find_key(at, shared, &r.from);
    if (!error)
        error = find_key(to, shared, &r.to);
    return error ? error : requeue(&r);
}

// ---- FUTEX_WAKE_OP ----

// The operation is packed: 4 bits what to do, 4 bits how to compare the old
// value, 12 bits each for the two operands, futex(2).
static int sign_extend_12(uint32_t x)
{
    return (int32_t)(x << 20) >> 20;
}

static int apply(unsigned operation, uint32_t old, uint32_t operand,
                 uint32_t *new)
{
    switch (operation) {
    case 0:
        *new = operand;
        return 0;
    case 1:
        *new = old + operand;
        return 0;
    case 2:
        *new = old | operand;
        return 0;
    case 3:
        *new = old & ~operand;
        return 0;
    case 4:
        *new = old ^ operand;
        return 0;
    default:
        return -ENOSYS;
    }
}

static int compare(unsigned comparison, int old, int operand)
{
    switch (comparison) {
    case 0:
        return old == operand;
    case 1:
        return old != operand;
    case 2:
        return old < operand;
    case 3:
        return old <= operand;
    case 4:
        return old > operand;
    case 5:
        return old >= operand;
    default:
        return -ENOSYS;
    }
}

// Change the word at `at`; 1 or 0 as the comparison of its old value says.
static int change_word(uaddr at, uint32_t packed)
{
    unsigned operation = packed >> 28 & 7;
    uint32_t operand = sign_extend_12(packed >> 12 & 0xfff), old, new;
    if (packed >> 31)  // the operand is a number of bits to shift 1 by
        operand = 1u << (operand & 31);
    int error = user_load_u32(at, &old);
    while (!error) {
        uint32_t found;
        error = apply(operation, old, operand, &new);
        if (!error)
            error = user_cmpxchg_u32(at, old, new, &found);
        if (!error && found == old)
            return compare(packed >> 24 & 15, old, sign_extend_12(packed));
        old = found;
    }
    return error;
}

static long futex_wake_op(uaddr at, uaddr at2, bool shared, int n, int n2,
                          uint32_t packed)
{
    struct futex_key key, key2;
    int error = find_key(at, shared, &key);
    if (!error)
        error = find_key(at2, shared, &key2);
    if (error)
        return error;
    int matches = change_word(at2, packed);
    if (matches < 0)
        return matches;
    int woken = wake(&key, n, ALL_BITS);
    return matches ? woken + wake(&key2, n2, ALL_BITS) : woken;
}

// ---- the call ----

static long futex_wake(uaddr at, bool shared, int n, uint32_t bits)
{
    struct futex_key key;
    if (!bits)
        return -EINVAL;
    int error = find_key(at, shared, &key);
    // As Linux: at least one, whatever is asked.
    return error ? error : wake(&key, MAX(n, 1), bits);
}

static long futex_wait(uaddr at, bool shared, uint32_t value, uint32_t bits,
                       nsec_t deadline)
{
    if (!bits)
        return -EINVAL;
    const struct wait_request request = {at, shared, value, bits, deadline};
    return wait_with_deadline(&request);
}

// fourth: a timeout, or a second count.
long sys_futex(uaddr at, long operation, unsigned long value, uaddr fourth,
               uaddr at2, unsigned long value3)
{
    int command = operation & FUTEX_COMMAND_MASK;
    bool shared = !(operation & FUTEX_PRIVATE_FLAG);
    bool wall = operation & FUTEX_CLOCK_REALTIME;
    uint32_t expected = value3;
    nsec_t deadline = NSEC_FOREVER;
    if (wall && command != FUTEX_WAIT_BITSET)
        return -ENOSYS;
    if (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET) {
        int error =
            wait_deadline(fourth, command == FUTEX_WAIT, wall, &deadline);
        if (error)
            return error;
    }
    switch (command) {
    case FUTEX_WAIT:
        return futex_wait(at, shared, value, ALL_BITS, deadline);
    case FUTEX_WAIT_BITSET:
        return futex_wait(at, shared, value, value3, deadline);
    case FUTEX_WAKE:
        return futex_wake(at, shared, value, ALL_BITS);
    case FUTEX_WAKE_BITSET:
        return futex_wake(at, shared, value, value3);
    case FUTEX_REQUEUE:
        return futex_requeue(at, at2, shared, value, fourth, NULL);
    case FUTEX_CMP_REQUEUE:
        return futex_requeue(at, at2, shared, value, fourth, &expected);
    case FUTEX_WAKE_OP:
        return futex_wake_op(at, at2, shared, value, fourth, value3);
    default:
        return -ENOSYS;
    }
}
