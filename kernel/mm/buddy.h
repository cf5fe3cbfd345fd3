// SPDX-License-Identifier: MIT
//
// The arithmetic of the page allocator: which blocks are free, split and
// joined. Pure, for host tests; page.c owns the one instance and its lock.

#pragma once

#include <mm/page.h>

struct buddy {
    struct page *pages;  // pages[i] describes page i; i = 0 is well aligned
    size_t count;
    size_t free;                            // pages in the lists
    struct list_node lists[MAX_ORDER + 1];  // free blocks, by order
};

// pages: zeroed descriptors of count pages, none of them free yet.
void buddy_init(struct buddy *buddy, struct page *pages, size_t count);

// A block's first page, or NULL if there is none of that size.
struct page *buddy_alloc(struct buddy *buddy, unsigned order);
void buddy_free(struct buddy *buddy, struct page *page, unsigned order);

// Free pages first..end-1 in the largest blocks that fit.
void buddy_free_range(struct buddy *buddy, size_t first, size_t end);
