// SPDX-License-Identifier: MIT
//
// Kernel stacks, in an area of their own so that each has unmapped memory
// below it. Slot i is at KSTACK_AREA + 2 * i * KSTACK_SIZE; its lower half is
// the guard. Stacks are kept mapped after use, for taking a mapping away costs
// an interruption of every hart.

#include <lib/lock.h>
#include <lib/log.h>

#include "page_table.h"
#include "tlb.h"

#define SLOT_SIZE (2 * KSTACK_SIZE)
#define SLOTS     (KSTACK_AREA_SIZE / SLOT_SIZE)
#define KEPT_MAX  32  // free stacks that stay mapped

static struct mutex lock = MUTEX_INIT(lock, RANK_KSTACK);
static uint64_t used[SLOTS / 64];  // (lock) bit per slot
static void *kept[KEPT_MAX];       // (lock) tops
static unsigned kept_count;        // (lock)

static uint64_t slot_top(unsigned slot)
{
    return KSTACK_AREA + (uint64_t)(slot + 1) * SLOT_SIZE;
}

static int find_slot(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(used); i++)
        if (~used[i])
            return 64 * i + __builtin_ctzll(~used[i]);
    return -1;
}

static void unmap_stack(uint64_t top)
{
    uint64_t *ptes = page_table_find(kernel_root, top - KSTACK_SIZE);
    struct page *pages[KSTACK_SIZE / PAGE_SIZE];
    for (unsigned i = 0; i < ARRAY_SIZE(pages); i++) {
        pages[i] = ptes[i] ? pte_page(ptes[i]) : NULL;
        ptes[i] = 0;
    }
    tlb_flush_kernel(top - KSTACK_SIZE, KSTACK_SIZE);
    for (unsigned i = 0; i < ARRAY_SIZE(pages); i++)
        if (pages[i])
            page_put(pages[i]);
}

// A slot lies within one leaf table, so its entries stand together.
static bool map_stack(uint64_t top)
{
    uint64_t *ptes = page_table_create(kernel_root, top - KSTACK_SIZE);
    if (!ptes)
        return false;
    for (unsigned i = 0; i < KSTACK_SIZE / PAGE_SIZE; i++) {
        struct page *page = page_alloc(0);
        if (!page) {
            unmap_stack(top);
            return false;
        }
        ptes[i] = pte_make(page_to_phys(page), PTE_KERNEL_RW);
    }
    tlb_flush_kernel(top - KSTACK_SIZE, KSTACK_SIZE);
    return true;
}

void *kstack_alloc(void)
{
    WITH_MUTEX(&lock) {
        if (kept_count)
            return kept[--kept_count];
        int slot = find_slot();
        if (slot < 0 || !map_stack(slot_top(slot)))
            return NULL;
        used[slot / 64] |= 1ull << slot % 64;
        return (void *)slot_top(slot);
    }
    return NULL;
}

void kstack_free(void *top)
{
    WITH_MUTEX(&lock) {
        if (kept_count < KEPT_MAX) {
            kept[kept_count++] = top;
            return;
        }
        unmap_stack((uint64_t)top);
        unsigned slot = ((uint64_t)top - KSTACK_AREA) / SLOT_SIZE - 1;
        used[slot / 64] &= ~(1ull << slot % 64);
    }
}
