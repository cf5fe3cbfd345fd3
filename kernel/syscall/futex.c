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

#define BUCKETS 256  // a power of two

static struct futex_bucket buckets[BUCKETS];

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

int futex_find_key(uaddr at, bool shared, struct futex_key *key)
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

struct futex_bucket *futex_bucket_of(const struct futex_key *key)
{
    uint64_t hash = (uint64_t)key->owner / 16 + key->offset / 4;
    hash *= 0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio
    return &buckets[hash >> 56];
}

bool futex_same_key(const struct futex_key *a, const struct futex_key *b)
{
    return a->owner == b->owner && a->offset == b->offset;
}

// ---- waiters ----

void futex_enqueue(struct futex_waiter *waiter, struct futex_bucket *bucket,
                   const struct futex_key *key)
{
    waiter->key = *key;
    WRITE_ONCE(waiter->bucket, bucket);
    list_push_back(&bucket->waiters, &waiter->node);
    bucket->arrivals++;
}

// The bucket's lock is held, and the waiter stays on its stack until it can
// take that lock too.
void futex_wake_waiter(struct futex_waiter *waiter)
{
    list_remove(&waiter->node);
    waiter->woken = true;
    wake_up(&waiter->queue);
}

// Take the waiter off its queue, wherever it is now. Was it woken?
static bool leave(struct futex_waiter *waiter)
{
    for (;;) {
        struct futex_bucket *bucket = READ_ONCE(waiter->bucket);
        WITH_LOCK(&bucket->lock) {
            if (waiter->bucket != bucket)
                break;  // it was moved meanwhile
            list_remove(&waiter->node);
            return waiter->woken;
        }
    }
}

// Wake up to n waiters of the key that wait for one of the bits.
int futex_wake_key(const struct futex_key *key, int n, uint32_t bits)
{
    struct futex_bucket *bucket = futex_bucket_of(key);
    struct futex_waiter *waiter, *next;
    int woken = 0;
    WITH_LOCK(&bucket->lock) {
        list_for_each_safe(waiter, next, &bucket->waiters, node) {
            if (woken >= n)
                break;
            if (!futex_same_key(&waiter->key, key) || !(waiter->bits & bits))
                continue;
            futex_wake_waiter(waiter);
            woken++;
        }
    }
    return woken;
}

void futex_wake_address(uaddr at, bool shared, int n)
{
    struct futex_key key;
    if (!futex_find_key(at, shared, &key))
        futex_wake_key(&key, n, FUTEX_ALL_BITS);
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
    struct futex_waiter waiter = {.bits = request->bits};
    struct futex_key key;
    uint32_t found;
    int error = futex_find_key(request->at, request->shared, &key);
    if (error)
        return error;
    wait_queue_init(&waiter.queue);
    struct futex_bucket *bucket = futex_bucket_of(&key);
    WITH_LOCK(&bucket->lock)
        futex_enqueue(&waiter, bucket, &key);
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

// ---- the call ----

static long futex_wake(uaddr at, bool shared, int n, uint32_t bits)
{
    struct futex_key key;
    if (!bits)
        return -EINVAL;
    int error = futex_find_key(at, shared, &key);
    // As Linux: at least one, whatever is asked.
    return error ? error : futex_wake_key(&key, MAX(n, 1), bits);
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
        return futex_wait(at, shared, value, FUTEX_ALL_BITS, deadline);
    case FUTEX_WAIT_BITSET:
        return futex_wait(at, shared, value, value3, deadline);
    case FUTEX_WAKE:
        return futex_wake(at, shared, value, FUTEX_ALL_BITS);
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
