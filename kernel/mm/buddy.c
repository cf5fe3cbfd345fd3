// SPDX-License-Identifier: MIT
//
// Buddy system (Knuth, The Art of Computer Programming, volume 1, 2.5): a block
// of 2^k pages starts at a multiple of 2^k, and joins with the one block whose
// number differs in bit k alone.

#include "buddy.h"

void buddy_init(struct buddy *buddy, struct page *pages, size_t count)
{
    buddy->pages = pages;
    buddy->count = count;
    buddy->free = 0;
    for (unsigned order = 0; order <= MAX_ORDER; order++)
        list_init(&buddy->lists[order]);
}

static void put_block(struct buddy *buddy, struct page *page, unsigned order)
{
    page->flags |= PAGE_FREE;
    page->order = order;
    list_push_front(&buddy->lists[order], &page->link);
}

static void take_block(struct page *page)
{
    page->flags &= ~PAGE_FREE;
    list_remove(&page->link);
}

struct page *buddy_alloc(struct buddy *buddy, unsigned order)
{
    unsigned found = order;
    while (found <= MAX_ORDER && list_empty(&buddy->lists[found]))
        found++;
    if (found > MAX_ORDER)
        return NULL;
    struct page *page = list_first(&buddy->lists[found], struct page, link);
    take_block(page);
    while (found-- > order)
        put_block(buddy, page + (1ul << found), found);
    page->order = order;
    buddy->free -= 1ul << order;
    return page;
}

void buddy_free(struct buddy *buddy, struct page *page, unsigned order)
{
    size_t index = page - buddy->pages;
    buddy->free += 1ul << order;
    for (; order < MAX_ORDER; order++) {
        size_t other = index ^ (1ul << order);
        if (other >= buddy->count)
            break;
        struct page *neighbour = &buddy->pages[other];
        if (!(neighbour->flags & PAGE_FREE) || neighbour->order != order)
            break;
        take_block(neighbour);
        index &= ~(1ul << order);
    }
    put_block(buddy, &buddy->pages[index], order);
}

void buddy_free_range(struct buddy *buddy, size_t first, size_t end)
{
    while (first < end) {
        unsigned order = 0;
        while (order < MAX_ORDER && !(first & (1ul << order)) &&
               first + (2ul << order) <= end)
            order++;
        buddy_free(buddy, &buddy->pages[first], order);
        first += 1ul << order;
    }
}
