// SPDX-License-Identifier: MIT
//
// The page cache: a file's contents, for read and write as for mappings. The
// cache's lock is held while a page is looked up, read in or mapped, never
// while user memory is touched.

#include <abi/errno.h>
#include <mm/page_cache.h>
#include <mm/uio.h>
#include <string.h>

#include "page_table.h"
#include "reclaim.h"
#include "tlb.h"

// Files take no more memory when less than this part of it is free: what
// programs run on is not to be had for data that nobody will free.
#define RESERVED_PART 32

void page_cache_init(struct page_cache *cache, const struct page_cache_ops *ops)
{
    *cache = (struct page_cache){.ops = ops};
    mutex_init(&cache->lock, RANK_PAGE_CACHE, "page cache");
    list_init(&cache->mappings);
    list_init(&cache->backed);
}

static size_t pages_cached;  // (a) in all caches

size_t page_cache_pages(void)
{
    return READ_ONCE(pages_cached);
}

void page_cache_drop_locked(struct page_cache *cache, uint64_t index)
{
    struct page *page = radix_remove(&cache->pages, index);
    cache->count--;
    __atomic_fetch_sub(&pages_cached, 1, __ATOMIC_RELAXED);
    page->owner = NULL;
    page_put(page);
}

static void drop_from(struct page_cache *cache, uint64_t index)
{
    while (radix_next(&cache->pages, &index))
        page_cache_drop_locked(cache, index);
}

void page_cache_destroy(struct page_cache *cache)
{
    reclaim_forget(cache);
    drop_from(cache, 0);
}

// ---- lookup ----

static bool has_reader(const struct page_cache *cache)
{
    return cache->ops && cache->ops->read_page;
}

static int add_page(struct page_cache *cache, uint64_t index,
                    struct page **result)
{
    if (pages_free() < pages_total() / RESERVED_PART)
        return -ENOSPC;
    struct page *page = page_alloc_zero();
    if (!page)
        return -ENOMEM;
    int error = 0;
    if (has_reader(cache))
        error = cache->ops->read_page(cache, page, index);
    if (!error)
        error = radix_insert(&cache->pages, index, page);
    if (error) {
        page_put(page);
        return error;
    }
    if (has_reader(cache))
        reclaim_watch(cache);
    page->owner = cache;
    page->index = index;
    cache->count++;
    __atomic_fetch_add(&pages_cached, 1, __ATOMIC_RELAXED);
    *result = page;
    return 0;
}

// An error that memory can mend.
static bool is_short(int error)
{
    return error == -ENOSPC || error == -ENOMEM;
}

int page_cache_get_locked(struct page_cache *cache, uint64_t index, bool create,
                          struct page **page)
{
    *page = radix_find(&cache->pages, index);
    if (!*page && create) {
        int error = add_page(cache, index, page);
        if (error)
            return error;
    }
    if (*page)
        page_get(*page);
    return 0;
}

int page_cache_get(struct page_cache *cache, uint64_t index, bool create,
                   struct page **page)
{
    int error;
    do {
        mutex_lock(&cache->lock);
        error = page_cache_get_locked(cache, index, create, page);
        mutex_unlock(&cache->lock);
    } while (is_short(error) && page_cache_reclaim());
    return error;
}

// ---- read and write ----

// The page at position and how many bytes of it are to be read, 0 at the end.
static int page_to_read(struct page_cache *cache, uint64_t position, size_t *n,
                        struct page **page)
{
    int error;
    *page = NULL;
    do {
        error = 0;
        mutex_lock(&cache->lock);
        uint64_t left = position < cache->size ? cache->size - position : 0;
        *n = MIN(left, MIN(*n, PAGE_SIZE - position % PAGE_SIZE));
        if (*n > 0)
            error = page_cache_get_locked(cache, position >> PAGE_SHIFT,
                                          has_reader(cache), page);
        mutex_unlock(&cache->lock);
    } while (is_short(error) && page_cache_reclaim());
    return error;
}

ssize_t page_cache_read(struct page_cache *cache, uint64_t position,
                        struct uio *uio)
{
    size_t before = uio->done;
    int error = 0;
    while (!error && uio->resid > 0) {
        struct page *page;
        size_t n = uio->resid, at = uio->done;
        error = page_to_read(cache, position, &n, &page);
        if (error || n == 0)
            break;
        if (page) {
            char *data = page_to_virt(page);
            error = copy_to_uio(uio, data + position % PAGE_SIZE, n);
            page_put(page);
        } else {
            error = zero_to_uio(uio, n);
        }
        position += uio->done - at;
    }
    return uio->done > before ? (ssize_t)(uio->done - before) : error;
}

void page_cache_dirtied(struct page_cache *cache, struct page *page)
{
    page->flags |= PAGE_DIRTY;
    if (cache->ops && cache->ops->dirtied)
        cache->ops->dirtied(cache);
}

void page_cache_mark_dirty(struct page_cache *cache, struct page *page)
{
    WITH_MUTEX(&cache->lock) {
        if (page->owner == cache)
            page_cache_dirtied(cache, page);
    }
}

int page_cache_touch(struct page_cache *cache, uint64_t index)
{
    struct page *page;
    int error = page_cache_get(cache, index, true, &page);
    if (error == 0) {
        page_cache_mark_dirty(cache, page);
        page_put(page);
    }
    return error;
}

void page_cache_drop(struct page_cache *cache, uint64_t index)
{
    WITH_MUTEX(&cache->lock) {
        if (radix_find(&cache->pages, index))
            page_cache_drop_locked(cache, index);
    }
}

// After n bytes were written at position: they count now, unless the page was
// truncated away meanwhile (which the inode's lock prevents).
static void wrote(struct page_cache *cache, struct page *page,
                  uint64_t position, size_t n)
{
    WITH_MUTEX(&cache->lock) {
        cache->size = MAX(cache->size, position + n);
        page_cache_dirtied(cache, page);
        page->flags &= ~PAGE_FETCHABLE;
    }
}

ssize_t page_cache_write(struct page_cache *cache, uint64_t position,
                         struct uio *uio)
{
    size_t before = uio->done;
    int error = 0;
    while (!error && uio->resid > 0) {
        struct page *page;
        size_t offset = position % PAGE_SIZE, at = uio->done;
        size_t n = MIN(uio->resid, PAGE_SIZE - offset);
        error = page_cache_get(cache, position >> PAGE_SHIFT, true, &page);
        if (error)
            break;
        char *data = page_to_virt(page);
        error = copy_from_uio(uio, data + offset, n);
        if (uio->done > at)
            wrote(cache, page, position, uio->done - at);
        page_put(page);
        position += uio->done - at;
    }
    return uio->done > before ? (ssize_t)(uio->done - before) : error;
}

// ---- truncation and write-back ----

// Take the pages from index first on out of the address spaces that map them,
// also copies that a private mapping made of them.
static void unmap_from(struct page_cache *cache, uint64_t first,
                       bool shared_only)
{
    struct vma *vma;
    struct tlb_batch batch;
    list_for_each(vma, &cache->mappings, mapping) {
        uint64_t pages = (vma->end - vma->start) >> PAGE_SHIFT;
        if (vma->cache_index + pages <= first ||
            (shared_only && !(vma->flags & VMA_SHARED)))
            continue;
        uint64_t skip = MAX(first, vma->cache_index) - vma->cache_index;
        tlb_batch_init(&batch, vma->mm);
        page_table_clear(vma->mm, vma->start + skip * PAGE_SIZE, vma->end,
                         &batch);
        tlb_batch_flush(&batch);
    }
}

int page_cache_truncate(struct page_cache *cache, uint64_t size)
{
    int error = 0;
    WITH_MUTEX(&cache->lock) {
        uint64_t first = ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT;
        size_t offset = size % PAGE_SIZE;
        struct page *last = NULL;
        // Through the backing store too: the rest of the last page is zeros.
        if (size < cache->size && offset)
            error = page_cache_get_locked(cache, size >> PAGE_SHIFT,
                                          has_reader(cache), &last);
        if (error)
            return error;
        bool shrinks = size < cache->size;
        cache->size = size;
        if (last) {
            memset((char *)page_to_virt(last) + offset, 0, PAGE_SIZE - offset);
            page_cache_dirtied(cache, last);
            page_put(last);
        }
        if (shrinks) {
            unmap_from(cache, first, false);
            drop_from(cache, first);
        }
    }
    return error;
}

static int write_dirty(struct page_cache *cache)
{
    struct page *page;
    int first_error = 0;
    for (uint64_t i = 0; (page = radix_next(&cache->pages, &i)); i++) {
        if (!(page->flags & PAGE_DIRTY))
            continue;
        page->flags &= ~PAGE_DIRTY;
        int error = cache->ops->write_page(cache, page, i);
        if (error) {
            page->flags |= PAGE_DIRTY;
            first_error = first_error ? first_error : error;
        }
    }
    return first_error;
}

int page_cache_sync(struct page_cache *cache)
{
    int error = 0;
    if (!cache->ops || !cache->ops->write_page)
        return 0;
    WITH_MUTEX(&cache->lock) {
        // Whoever writes through a mapping from now on faults, and so marks
        // the page dirty again.
        unmap_from(cache, 0, true);
        error = write_dirty(cache);
    }
    return error;
}
