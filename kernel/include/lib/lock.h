// SPDX-License-Identifier: MIT
//
// Spinlocks and sleeping mutexes.
//
// A spinlock disables interrupts on its hart while it is held, so the same
// lock serves interrupt handlers and tasks. Nothing may sleep under one. What
// may sleep is protected by a mutex. Both carry a rank from <lib/lock_order.h>;
// a DEBUG build panics when a lock is taken against that order, when a task
// sleeps with a spinlock held, and when a lock is released that is not held.

#pragma once

#include <lib/hart.h>
#include <lib/list.h>
#include <lib/lock_order.h>
#include <lib/types.h>

struct spinlock {
    uint32_t next;       // (a) ticket to draw
    uint32_t serving;    // (a) ticket being served
    struct hart *owner;  // the holder, for assertions
    const char *name;
    uint8_t rank;
};

#define SPINLOCK_INIT(lock_rank)                \
    {                                           \
        .name = #lock_rank, .rank = (lock_rank) \
    }

// rank: where the lock stands in the order. name: for reports; borrowed.
void spin_init(struct spinlock *lock, enum lock_rank rank, const char *name);
void spin_lock(struct spinlock *lock);
bool spin_trylock(struct spinlock *lock);  // outside the order: never waits
void spin_unlock(struct spinlock *lock);
bool spin_held(const struct spinlock *lock);  // by this hart?

// Like spin_lock for a second lock of the same rank, where the caller keeps an
// order of its own (two run queues, by address).
void spin_lock_nested(struct spinlock *lock);

// Disable interrupts, counting; restore them at the outermost end.
void interrupts_push(void);
void interrupts_pop(void);

// A sleeping lock; whoever waits long gets it in order of arrival. May not be
// used in interrupt handlers. mutex_lock sleeps and is not interrupted by
// signals.
struct mutex {
    struct spinlock lock;
    struct task *owner;        // (lock) the holder, NULL if free
    struct list_node waiters;  // (lock) in order of arrival
    uint8_t rank;
};

#define MUTEX_INIT(m, mutex_rank)                                \
    {                                                            \
        .lock = SPINLOCK_INIT(RANK_MUTEX_INTERNAL),              \
        .waiters = LIST_INIT((m).waiters), .rank = (mutex_rank), \
    }

void mutex_init(struct mutex *m, enum lock_rank rank, const char *name);
void mutex_lock(struct mutex *m);
bool mutex_trylock(struct mutex *m);
int mutex_lock_interruptible(struct mutex *m);  // 0 or -ERESTARTSYS
void mutex_unlock(struct mutex *m);
bool mutex_held(const struct mutex *m);  // by this task?

// WITH_LOCK(&l) { ... } holds a spinlock, WITH_MUTEX(&m) { ... } a mutex, for
// the block; leaving it by return or break releases too.
static inline struct spinlock *scoped_spin_lock(struct spinlock *l)
{
    spin_lock(l);
    return l;
}

static inline void scoped_spin_unlock(struct spinlock **l)
{
    if (*l)
        spin_unlock(*l);
}

static inline struct mutex *scoped_mutex_lock(struct mutex *m)
{
    mutex_lock(m);
    return m;
}

static inline void scoped_mutex_unlock(struct mutex **m)
{
    if (*m)
        mutex_unlock(*m);
}

#define WITH_LOCK(l)                                        \
    for (struct spinlock * with_lock                        \
             __attribute__((cleanup(scoped_spin_unlock))) = \
             scoped_spin_lock(l),                           \
             *with_once = with_lock;                        \
         with_once; with_once = NULL)

#define WITH_MUTEX(m)                                        \
    for (struct mutex * with_mutex                           \
             __attribute__((cleanup(scoped_mutex_unlock))) = \
             scoped_mutex_lock(m),                           \
             *with_once = with_mutex;                        \
         with_once; with_once = NULL)
