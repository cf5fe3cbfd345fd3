// SPDX-License-Identifier: MIT
//
// Physical pages: a buddy allocator over all memory banks, with a reference
// count on each block.

#pragma once

#include <lib/list.h>
#include <lib/types.h>
#include <riscv/memory_layout.h>

#define MAX_ORDER 10  // the largest block is 2^10 pages, 4 MiB

// One per physical page. A block of 2^order pages is described by its first
// page's structure, the head; the others point back to it.
struct page {
    uint32_t refs;           // (a) references; 0 when free
    uint8_t order;           // of the block, in the head
    uint8_t flags;           // PAGE_*
    uint16_t slab_used;      // kmalloc: objects in use
    union {
        struct list_node link;   // free list, slab list, LRU: the owner's
        struct page *head;       // of a tail page
    };
    union {
        uint64_t index;          // page cache: position in pages
        void *slab_free;         // kmalloc: first free object
    };
    void *owner;             // kmalloc: cache; page cache: its struct
};

enum page_flags {
    PAGE_FREE = 1,
    PAGE_TAIL = 2,
    PAGE_SLAB = 4,
    PAGE_DIRTY = 8,
    PAGE_RESERVED = 16,  // never allocated: firmware, kernel image
};

// Take over all memory of the FDT except what is reserved, the kernel image,
// the blob and the initrd.
void page_init(void);

// 2^order pages, one reference, contents undefined (or zero). NULL when memory
// is exhausted, after the registered shrinkers were asked. Any context.
struct page *page_alloc(unsigned order);
struct page *page_alloc_zero(void);  // one page

// Take and drop a reference on the block that the page belongs to; the last
// drop frees it. Any context.
void page_get(struct page *page);
void page_put(struct page *page);

// Hand a physical range to the allocator (the initrd as it is unpacked).
void page_free_range(paddr start, uint64_t size);

struct page *phys_to_page(paddr pa);    // NULL if it is no memory of ours
paddr page_to_phys(const struct page *page);
void *page_to_virt(const struct page *page);
struct page *virt_to_page(const void *va);  // of the direct map
struct page *page_head(struct page *page);

size_t pages_total(void);
size_t pages_free(void);
