// SPDX-License-Identifier: MIT
//
// The contents of a file as reference-counted pages, shared by read, write,
// mmap and sendfile. ramfs is this cache without a backing store.

#pragma once

#include <lib/lock.h>
#include <lib/radix.h>
#include <lib/types.h>
#include <mm/page.h>

struct page_cache;
struct uio;

struct page_cache_ops {
    // Fill a fresh page (zeroed) with the file's contents at index. May sleep.
    // NULL: pages start as zeros and live until truncated.
    int (*read_page)(struct page_cache *cache, struct page *page,
                     uint64_t index);
    // Write a dirty page back. NULL where there is no backing store.
    int (*write_page)(struct page_cache *cache, struct page *page,
                      uint64_t index);
    // A page was changed that write_page will have to write. Called with the
    // cache's lock held. NULL: nobody wants to know.
    void (*dirtied)(struct page_cache *cache);
};

struct page_cache {
    struct mutex lock;                 // RANK_PAGE_CACHE
    const struct page_cache_ops *ops;  // (i)
    struct radix pages;                // (lock) of struct page, by index
    uint64_t count;                    // (lock) pages present
    uint64_t size;                     // (lock) the file's size in bytes
    struct list_node mappings;         // (lock) VMAs, for truncation
    struct list_node backed;           // of those with a store (mm/reclaim.c)
};

void page_cache_init(struct page_cache *cache,
                     const struct page_cache_ops *ops);
void page_cache_destroy(struct page_cache *cache);  // drops all pages

// The page at index with a reference for the caller, in *page. Where it is
// missing: with create it is made (zeroed or read), else *page is NULL and 0
// is returned (a hole). -ENOMEM, -EIO; -ENOSPC where a file would take the last
// of memory. May sleep. page_cache_get_locked: the caller holds the lock.
int page_cache_get(struct page_cache *cache, uint64_t index, bool create,
                   struct page **page);
int page_cache_get_locked(struct page_cache *cache, uint64_t index, bool create,
                          struct page **page);

// Move bytes between the cache and a uio. The count moved, or -errno if none.
// Reading stops at cache->size; writing extends it. The caller holds the
// inode's mutex for writing.
ssize_t page_cache_read(struct page_cache *cache, uint64_t position,
                        struct uio *uio);
ssize_t page_cache_write(struct page_cache *cache, uint64_t position,
                         struct uio *uio);

// Set the size; pages beyond it go, also from address spaces that map them, and
// the rest of the last page is zeroed.
int page_cache_truncate(struct page_cache *cache, uint64_t size);

// For whoever keeps data of its own in a cache: a page of it was changed.
void page_cache_mark_dirty(struct page_cache *cache, struct page *page);
// The same with the lock held.
void page_cache_dirtied(struct page_cache *cache, struct page *page);
// Make sure that the page at index is there, as if it had been written to. 0,
// -ENOMEM, -ENOSPC, -EIO.
int page_cache_touch(struct page_cache *cache, uint64_t index);
// Forget the page at index, dirty or not. No mapping may have it.
void page_cache_drop(struct page_cache *cache, uint64_t index);

// Memory is short: forget pages that can be read again (mm/reclaim.c). How many
// were freed. May be called with locks held, but not a cache's.
size_t page_cache_reclaim(void);
bool page_cache_is_short(void);  // is it time to write back and to forget?

// Whoever keeps something else that can be had again registers a function that
// forgets what is not in use, and returns how much that was. It may not wait
// for a lock.
struct reclaimer {
    size_t (*reclaim)(struct reclaimer *reclaimer);
    struct list_node node;  // mm/reclaim.c's
};
void reclaimer_add(struct reclaimer *reclaimer);
void reclaimer_remove(struct reclaimer *reclaimer);

// Pages in all caches together.
size_t page_cache_pages(void);

// Write all dirty pages back. 0 or the first error. Nothing to do without a
// backing store. May sleep.
int page_cache_sync(struct page_cache *cache);
