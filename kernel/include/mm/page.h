// SPDX-License-Identifier: MIT
//
// Physical pages: a buddy allocator over all memory banks, with a reference
// count on each block.

#pragma once

#include <lib/list.h>
#include <lib/types.h>
#include <riscv/memory_layout.h>

#define MAX_ORDER 11  // the largest block is 2^11 pages, 8 MiB

// One per physical page. A block of 2^order pages is described by its first
// page's structure, the head; the others point back to it.
struct page {
    uint32_t refs;       // (a) references; 0 when free
    uint8_t order;       // of the block, in the head
    uint8_t flags;       // PAGE_*
    uint16_t slab_used;  // kmalloc: objects in use
    union {
        struct list_node link;  // free list, slab list, LRU: the owner's
        struct page *head;      // of a tail page
    };
    union {
        uint64_t index;   // page cache: position in pages
        void *slab_free;  // kmalloc: first free object
    };
    void *owner;  // kmalloc: cache; page cache: its struct
};

enum page_flags {
    PAGE_FREE = 1,        // first page of a free block (page lock)
    PAGE_TAIL = 2,        // in use, not the first page of its block
    PAGE_SLAB = 4,        // kmalloc's (its cache's lock)
    PAGE_DIRTY = 8,       // differs from the backing store (cache's lock)
    PAGE_FETCHABLE = 16,  // harts have been told to refetch its instructions
    PAGE_POISONED = 32,   // DEBUG: filled with the pattern of free memory
};

// Take over all memory of the FDT except what is reserved, the kernel image,
// the blob and the initrd.
void page_init(void);
// Its part in page.c: pages describes count pages from `first` on, all in use.
void page_allocator_init(struct page *pages, size_t count, paddr first);

// 2^order pages, one reference, contents undefined (or zero). NULL when memory
// is exhausted. Any context.
struct page *page_alloc(unsigned order);
struct page *page_alloc_zero(void);  // one page

// Take and drop a reference on the block that the page belongs to; the last
// drop frees it. Any context.
void page_get(struct page *page);
void page_put(struct page *page);

// Hand a physical range to the allocator (the initrd as it is unpacked).
void page_free_range(paddr start, uint64_t size);

struct page *phys_to_page(paddr pa);  // NULL if it is no memory of ours
paddr page_to_phys(const struct page *page);
void *page_to_virt(const struct page *page);
struct page *virt_to_page(const void *va);  // of the direct map

static inline struct page *page_head(struct page *page)
{
    return page->flags & PAGE_TAIL ? page->head : page;
}

size_t pages_total(void);  // ever handed to the allocator
size_t pages_free(void);
