// SPDX-License-Identifier: MIT
//
// Physical pages: who owns which. One array of struct page spans all memory
// banks of the device tree (holes included, which costs one percent of them);
// buddy.c keeps the free ones.

#include <dev/fdt.h>
#include <lib/lock.h>
#include <lib/log.h>
#include <mm/page.h>
#include <string.h>

#include "buddy.h"

#define POISON      0xa5
#define POISON_WORD (0x0101010101010101ul * POISON)

static struct spinlock page_lock = SPINLOCK_INIT(RANK_PAGES);
static struct buddy memory;  // (page_lock)
static size_t total;         // (page_lock)
static paddr base;           // (i) of memory.pages[0]

extern char __kernel_end[];

struct page *phys_to_page(paddr pa)
{
    size_t index = (pa - base) >> PAGE_SHIFT;
    return pa >= base && index < memory.count ? &memory.pages[index] : NULL;
}

paddr page_to_phys(const struct page *page)
{
    return base + ((uint64_t)(page - memory.pages) << PAGE_SHIFT);
}

void *page_to_virt(const struct page *page)
{
    return phys_to_virt(page_to_phys(page));
}

struct page *virt_to_page(const void *va)
{
    return phys_to_page(virt_to_phys(va));
}

size_t pages_total(void)
{
    return READ_ONCE(total);
}

size_t pages_free(void)
{
    return READ_ONCE(memory.free);
}

// ---- DEBUG: free memory holds a pattern ----

static void poison(struct page *page, unsigned order)
{
    memset(page_to_virt(page), POISON, PAGE_SIZE << order);
    for (size_t i = 0; i < 1ul << order; i++)
        page[i].flags |= PAGE_POISONED;
}

static void check_poison(struct page *page, unsigned order)
{
    for (size_t i = 0; i < 1ul << order; i++) {
        const uint64_t *words = page_to_virt(page + i);
        for (size_t n = 0; n < PAGE_SIZE / 8; n++)
            if (page[i].flags & PAGE_POISONED && words[n] != POISON_WORD)
                panic("free page written to: %p holds %#lx",
                      (const void *)&words[n], (unsigned long)words[n]);
    }
}

// ---- allocation ----

struct page *page_alloc(unsigned order)
{
    struct page *page = NULL;
    if (order > MAX_ORDER)
        return NULL;
    WITH_LOCK(&page_lock)
        page = buddy_alloc(&memory, order);
    if (!page)
        return NULL;
    if (DEBUG)
        check_poison(page, order);
    page->refs = 1;
    page->flags = 0;
    page->owner = NULL;
    for (size_t i = 1; i < 1ul << order; i++) {
        page[i].flags = PAGE_TAIL;
        page[i].head = page;
    }
    return page;
}

struct page *page_alloc_zero(void)
{
    struct page *page = page_alloc(0);
    if (page)
        memset(page_to_virt(page), 0, PAGE_SIZE);
    return page;
}

static void release(struct page *page)
{
    unsigned order = page->order;
    for (size_t i = 0; i < 1ul << order; i++)
        page[i].flags = 0;
    if (DEBUG)
        poison(page, order);
    WITH_LOCK(&page_lock)
        buddy_free(&memory, page, order);
}

void page_get(struct page *page)
{
    page = page_head(page);
    uint32_t before = __atomic_fetch_add(&page->refs, 1, __ATOMIC_RELAXED);
    assert(before > 0);
}

void page_put(struct page *page)
{
    page = page_head(page);
    uint32_t before = __atomic_fetch_sub(&page->refs, 1, __ATOMIC_ACQ_REL);
    assert(before > 0);
    if (before == 1)
        release(page);
}

void page_free_range(paddr start, uint64_t size)
{
    paddr first = ALIGN_UP(start, PAGE_SIZE);
    paddr end = ALIGN_DOWN(start + size, PAGE_SIZE);
    if (first >= end)
        return;
    WITH_LOCK(&page_lock) {
        buddy_free_range(&memory, (first - base) >> PAGE_SHIFT,
                         (end - base) >> PAGE_SHIFT);
        total += (end - first) >> PAGE_SHIFT;
    }
}

// ---- start-up ----

// What of the memory is taken from the start, in no order.
static struct range {
    paddr start, end;
} taken[32];
static unsigned taken_count;

static void take(paddr start, uint64_t size)
{
    assert(taken_count < ARRAY_SIZE(taken));
    taken[taken_count++] = (struct range){ALIGN_DOWN(start, PAGE_SIZE),
                                          ALIGN_UP(start + size, PAGE_SIZE)};
}

static void find_taken(void)
{
    paddr start;
    uint64_t size;
    take(KERNEL_PHYS, virt_to_phys(__kernel_end) - KERNEL_PHYS);
    fdt_range(&start, &size);
    take(start, size);
    if (fdt_initrd(&start, &size))
        take(start, size);
    for (int i = 0; fdt_reserved(i, &start, &size); i++)
        take(start, size);
}

// The next stretch of [from, end) that nobody has taken, as *start and the
// result; an empty one at the end.
static paddr untaken(paddr from, paddr end, paddr *start)
{
    for (unsigned i = 0; i < taken_count;) {
        bool inside = taken[i].start <= from && from < taken[i].end;
        if (inside)
            from = taken[i].end;
        i = inside ? 0 : i + 1;
    }
    *start = MIN(from, end);
    for (unsigned i = 0; i < taken_count; i++)
        if (taken[i].start > from && taken[i].start < end)
            end = taken[i].start;
    return MAX(end, *start);
}

// A place for the array: the first stretch that is large enough.
static struct page *place_array(size_t size)
{
    paddr start, from;
    uint64_t length;
    for (int bank = 0; fdt_memory(bank, &from, &length); bank++) {
        for (paddr end = from + length; from < end;) {
            from = untaken(from, end, &start);
            if (from - start >= size)
                return phys_to_virt(start);
        }
    }
    panic("no room for %lu bytes of page descriptors", (unsigned long)size);
}

void page_init(void)
{
    paddr start, low = UINT64_MAX, high = 0;
    uint64_t size;
    for (int bank = 0; fdt_memory(bank, &start, &size); bank++) {
        low = MIN(low, start);
        high = MAX(high, start + size);
    }
    // Aligned to the largest block, so that block numbers are alignments.
    base = ALIGN_DOWN(low, PAGE_SIZE << MAX_ORDER);
    size_t count = (high - base) >> PAGE_SHIFT;
    find_taken();
    struct page *pages = place_array(count * sizeof(struct page));
    take(virt_to_phys(pages), count * sizeof(struct page));
    memset(pages, 0, count * sizeof(struct page));
    buddy_init(&memory, pages, count);
    for (int bank = 0; fdt_memory(bank, &start, &size); bank++) {
        for (paddr from = start, end = start + size; from < end;) {
            from = untaken(from, end, &start);
            page_free_range(start, from - start);
        }
    }
    log_line("memory: %lu MiB, %lu MiB free", (high - low) / MiB,
             pages_free() * PAGE_SIZE / MiB);
}
