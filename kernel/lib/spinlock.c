// SPDX-License-Identifier: MIT
//
// Ticket spinlocks that disable interrupts, and the DEBUG build's check of the
// order in which they are taken (<lib/lock_order.h>).

#include <lib/csr.h>
#include <lib/lock.h>
#include <lib/log.h>
#include <lib/wait.h>

void interrupts_push(void)
{
    bool enabled = interrupts_enabled();

    interrupts_off();
    struct hart *hart = this_hart();
    if (hart->lock_depth++ == 0)
        hart->saved_interrupts = enabled;
}

void interrupts_pop(void)
{
    struct hart *hart = this_hart();

    assert_debug(!interrupts_enabled() && hart->lock_depth > 0);
    if (--hart->lock_depth > 0)
        return;
    if (hart->wake_harts)
        sched_wake_harts();
    if (hart->saved_interrupts)
        interrupts_on();
}

void spin_init(struct spinlock *lock, enum lock_rank rank, const char *name)
{
    *lock = (struct spinlock){.name = name, .rank = rank};
}

// Held ranks are kept at the depth of interrupts_push, 0 where that was not for
// a spinlock.
static void check_order(const struct spinlock *lock, bool nested)
{
    const struct hart *hart = this_hart();

    for (int i = 0; i < hart->lock_depth - 1; i++) {
        unsigned held = hart->held_ranks[i];
        if (held > lock->rank || (held == lock->rank && held && !nested))
            panic("lock order: %s (rank %u) taken under rank %u", lock->name,
                  lock->rank, held);
    }
}

static void note_rank(unsigned rank)
{
    struct hart *hart = this_hart();
    unsigned slot = hart->lock_depth - 1;

    assert(slot < sizeof(hart->held_ranks));
    hart->held_ranks[slot] = rank;
}

static void acquire(struct spinlock *lock, bool nested)
{
    interrupts_push();
    if (DEBUG) {
        if (spin_held(lock))
            panic("spinlock %s taken twice", lock->name);
        check_order(lock, nested);
        note_rank(lock->rank);
    }
    uint32_t ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)
        ;
    lock->owner = this_hart();
}

void spin_lock(struct spinlock *lock)
{
    acquire(lock, false);
}

void spin_lock_nested(struct spinlock *lock)
{
    acquire(lock, true);
}

bool spin_trylock(struct spinlock *lock)
{
    interrupts_push();
    uint32_t ticket = __atomic_load_n(&lock->serving, __ATOMIC_RELAXED);
    if (!__atomic_compare_exchange_n(&lock->next, &ticket, ticket + 1, false,
                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        interrupts_pop();
        return false;
    }
    lock->owner = this_hart();
    if (DEBUG)
        note_rank(lock->rank);
    return true;
}

// Locks may be let go in another order than they were taken: find its slot.
static void forget_rank(unsigned rank)
{
    struct hart *hart = this_hart();
    int last = hart->lock_depth - 1;

    for (int i = last; i >= 0; i--) {
        if (hart->held_ranks[i] == rank) {
            hart->held_ranks[i] = hart->held_ranks[last];
            hart->held_ranks[last] = 0;
            return;
        }
    }
}

void spin_unlock(struct spinlock *lock)
{
    if (DEBUG) {
        if (!spin_held(lock))
            panic("spinlock %s released but not held", lock->name);
        forget_rank(lock->rank);
    }
    lock->owner = NULL;
    __atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
    interrupts_pop();
}

bool spin_held(const struct spinlock *lock)
{
    return READ_ONCE(lock->owner) == this_hart();
}
