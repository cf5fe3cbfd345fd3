// SPDX-License-Identifier: MIT
//
// Physical pages: who owns which. One array of struct page spans all memory
// banks of the device tree (holes included, which costs one percent of them);
// buddy.c keeps the free ones, and page_init.c finds the memory.

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

void page_allocator_init(struct page *pages, size_t count, paddr first)
{
    base = first;
    memset(pages, 0, count * sizeof(struct page));
    buddy_init(&memory, pages, count);
}
