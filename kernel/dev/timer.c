// SPDX-License-Identifier: MIT
//
// Clocks and one-shot timers, see <dev/timer.h>. Each hart keeps its timers in
// a pairing heap; the hardware timer is set by Sstc's stimecmp where the device
// tree offers it, else by SBI TIME.

#include <dev/fdt.h>
#include <dev/timer.h>
#include <lib/csr.h>
#include <lib/hart.h>
#include <lib/lock.h>
#include <lib/log.h>
#include <riscv/sbi.h>
#include <riscv/trap.h>

struct timer_queue {
    struct spinlock lock;   // RANK_TIMER
    struct timer *first;    // (lock) root of the heap
    nsec_t programmed;      // (lock) what the hardware is set to
    struct timer *running;  // (lock) its function is being called
};

static struct timer_queue queues[MAX_HARTS];
static uint64_t nsec_per_tick_32;  // nanoseconds a tick, 32.32 fixed point
static uint64_t ticks_per_sec;
static bool has_sstc;
static nsec_t realtime_offset;  // (a)
struct wait_queue clock_set_wait = WAIT_QUEUE_INIT(clock_set_wait);

nsec_t clock_monotonic(void)
{
    return (unsigned __int128)rdtime() * nsec_per_tick_32 >> 32;
}

nsec_t clock_realtime_offset(void)
{
    return __atomic_load_n(&realtime_offset, __ATOMIC_RELAXED);
}

nsec_t clock_realtime(void)
{
    return clock_monotonic() + clock_realtime_offset();
}

void clock_set_realtime(nsec_t now)
{
    __atomic_store_n(&realtime_offset, now - clock_monotonic(),
                     __ATOMIC_RELAXED);
    wake_up_all(&clock_set_wait);
}

uint64_t clock_ticks_per_sec(void)
{
    return ticks_per_sec;
}

// ---- the heap ----

// Make the later of two heaps a child of the earlier one.
static struct timer *meld(struct timer *a, struct timer *b)
{
    if (!a || !b)
        return a ? a : b;
    if (b->expires < a->expires) {
        struct timer *earlier = b;
        b = a;
        a = earlier;
    }
    b->prev = a;
    b->sibling = a->child;
    if (a->child)
        a->child->prev = b;
    a->child = b;
    return a;
}

// Meld a list of siblings: in pairs, then the pairs from the last to the first.
static struct timer *meld_siblings(struct timer *t)
{
    struct timer *pairs = NULL;

    while (t) {
        struct timer *a = t, *b = t->sibling;
        t = b ? b->sibling : NULL;
        a->sibling = a->prev = NULL;
        if (b)
            b->sibling = b->prev = NULL;
        a = meld(a, b);
        a->sibling = pairs;
        pairs = a;
    }
    struct timer *heap = NULL;
    while (pairs) {
        struct timer *next = pairs->sibling;
        pairs->sibling = NULL;
        heap = meld(heap, pairs);
        pairs = next;
    }
    return heap;
}

static void heap_remove(struct timer_queue *queue, struct timer *t)
{
    struct timer *children = meld_siblings(t->child);

    if (queue->first == t) {
        queue->first = children;
    } else {
        if (t->prev->child == t)
            t->prev->child = t->sibling;
        else
            t->prev->sibling = t->sibling;
        if (t->sibling)
            t->sibling->prev = t->prev;
        queue->first = meld(queue->first, children);
    }
    t->child = t->sibling = t->prev = NULL;
    t->hart = NULL;
}

// ---- the hardware ----

static void program(struct timer_queue *queue, nsec_t when)
{
    uint64_t ticks = UINT64_MAX;

    if (when != NSEC_FOREVER)  // round up: never fire early
        ticks = (((unsigned __int128)when << 32) + nsec_per_tick_32 - 1) /
                nsec_per_tick_32;
    queue->programmed = when;
    if (has_sstc)
        CSR_WRITE(0x14d, ticks);  // stimecmp
    else
        sbi_set_timer(ticks);
}

void timer_init(struct timer *t, void (*function)(struct timer *))
{
    *t = (struct timer){.function = function};
}

// Lock the queue that a timer is on; NULL if it is on none.
static struct timer_queue *lock_queue_of(struct timer *t)
{
    for (;;) {
        struct hart *hart = READ_ONCE(t->hart);
        if (!hart)
            return NULL;
        struct timer_queue *queue = &queues[hart->id];
        spin_lock(&queue->lock);
        if (t->hart == hart)
            return queue;
        spin_unlock(&queue->lock);
    }
}

void timer_set(struct timer *t, nsec_t expires)
{
    timer_cancel(t);
    interrupts_push();
    struct hart *hart = this_hart();
    struct timer_queue *queue = &queues[hart->id];

    spin_lock(&queue->lock);
    t->expires = expires;
    t->hart = hart;
    queue->first = meld(queue->first, t);
    // Set for an earlier time it is left alone: the interrupt sets it anew.
    if (expires < queue->programmed)
        program(queue, expires);
    spin_unlock(&queue->lock);
    interrupts_pop();
}

bool timer_cancel(struct timer *t)
{
    struct timer_queue *queue = lock_queue_of(t);

    if (!queue)
        return false;
    heap_remove(queue, t);
    spin_unlock(&queue->lock);
    return true;
}

bool timer_cancel_sync(struct timer *t)
{
    bool armed = timer_cancel(t);

    for (unsigned i = 0; i < hart_count; i++)
        while (READ_ONCE(queues[i].running) == t)
            ;  // its function, which never waits, is at work on that hart
    return timer_cancel(t) || armed;  // it may have armed itself again
}

static void timer_interrupt(void)
{
    struct timer_queue *queue = &queues[this_hart()->id];
    nsec_t now = clock_monotonic();

    spin_lock(&queue->lock);
    while (queue->first && queue->first->expires <= now) {
        struct timer *t = queue->first;
        heap_remove(queue, t);
        WRITE_ONCE(queue->running, t);
        spin_unlock(&queue->lock);
        t->function(t);
        spin_lock(&queue->lock);
        WRITE_ONCE(queue->running, NULL);
    }
    program(queue, queue->first ? queue->first->expires : NSEC_FOREVER);
    spin_unlock(&queue->lock);
}

// Called before anything else can arm a timer.
void timer_init_clock(void)
{
    int cpus = fdt_find_path("/cpus");

    ticks_per_sec = fdt_number(cpus, "timebase-frequency", 0);
    if (!ticks_per_sec)
        panic("the device tree has no timebase-frequency");
    nsec_per_tick_32 = (NSEC_PER_SEC << 32) / ticks_per_sec;
    has_sstc = fdt_isa_has("sstc");
    for (unsigned i = 0; i < MAX_HARTS; i++) {
        spin_init(&queues[i].lock, RANK_TIMER, "timers");
        queues[i].programmed = NSEC_FOREVER;
    }
    trap_timer_interrupt = timer_interrupt;
}
