// SPDX-License-Identifier: MIT
//
// Page faults on mappings of files: the page comes from the file's page cache,
// and is mapped, or copied for a private mapping that writes.

#include <abi/errno.h>

#include "fault.h"
#include "page_table.h"
#include "tlb.h"

// File pages mapped by one read fault if the cache has them, as in Linux.
#define FAULT_AROUND (16 * PAGE_SIZE)

// What a page of the cache may be mapped for: writable only where writes go
// to the cache, and, if they must be noticed, when the first one comes.
static uint64_t cached_bits(const struct vma *vma, unsigned access)
{
    const struct page_cache_ops *ops = vma->cache->ops;
    uint64_t bits = pte_user_bits(vma->flags);
    bool noticed = ops && ops->write_page && access != VMA_WRITE;
    if (!(vma->flags & VMA_SHARED) || noticed)
        bits &= ~PTE_WRITE;
    return bits;
}

// The pages next to a file's page are likely wanted soon: map those which the
// cache holds. The window lies in one leaf table, as pte does.
static void map_around(struct vma *vma, uaddr addr, uint64_t *pte)
{
    struct mm *mm = vma->mm;
    uaddr start = MAX(ALIGN_DOWN(addr, FAULT_AROUND), vma->start);
    uaddr end = MIN(ALIGN_DOWN(addr, FAULT_AROUND) + FAULT_AROUND, vma->end);
    uint64_t bits = cached_bits(vma, VMA_READ);
    uint64_t index = vma->cache_index + ((start - vma->start) >> PAGE_SHIFT);
    uint64_t limit = ALIGN_UP(vma->cache->size, PAGE_SIZE) >> PAGE_SHIFT;
    pte -= (addr - start) >> PAGE_SHIFT;
    for (; start < end && index < limit; start += PAGE_SIZE, index++, pte++) {
        struct page *page = NULL;
        if (!(*pte & PTE_PAGE))
            page = radix_find(&vma->cache->pages, index);
        if (!page)
            continue;
        if (vma->flags & VMA_EXEC)
            tlb_sync_code(mm, page);
        page_get(page);
        fault_set_entry(mm, pte, page, bits);
    }
}

// With the cache's lock, which keeps truncation away until the entry is set.
static int fault_cached_locked(struct vma *vma, uaddr addr, uint64_t *pte,
                               unsigned access)
{
    struct page_cache *cache = vma->cache;
    struct page *page;
    uint64_t index = vma->cache_index + ((addr - vma->start) >> PAGE_SHIFT);
    if (index >= ALIGN_UP(cache->size, PAGE_SIZE) >> PAGE_SHIFT)
        return -EIO;
    int error = page_cache_get_locked(cache, index, true, &page);
    if (error)
        return error == -ENOMEM || error == -ENOSPC ? -ENOMEM : -EIO;
    if (access == VMA_WRITE && !(vma->flags & VMA_SHARED)) {
        struct page *copy = fault_private_copy(vma, page);
        page_put(page);
        if (copy)
            fault_set_entry(vma->mm, pte, copy, pte_user_bits(vma->flags));
        return copy ? 0 : -ENOMEM;
    }
    if (access == VMA_WRITE)
        page_cache_dirtied(cache, page);
    if (vma->flags & VMA_EXEC)
        tlb_sync_code(vma->mm, page);
    fault_set_entry(vma->mm, pte, page, cached_bits(vma, access));
    if (access != VMA_WRITE)
        map_around(vma, addr, pte);
    return 0;
}

int fault_cached(struct vma *vma, uaddr addr, uint64_t *pte, unsigned access)
{
    mutex_lock(&vma->cache->lock);
    int error = fault_cached_locked(vma, addr, pte, access);
    mutex_unlock(&vma->cache->lock);
    return error;
}

int fault_shared_write(struct vma *vma, uaddr addr, uint64_t *pte)
{
    WITH_MUTEX(&vma->cache->lock) {
        struct page *page = NULL;
        WITH_LOCK(&vma->mm->table_lock) {
            if (*pte & PTE_PAGE) {
                page = pte_page(*pte);
                *pte |= PTE_WRITE | PTE_DIRTY;
            }
        }
        // The cache's lock keeps the page and its being clean.
        if (page)
            page_cache_dirtied(vma->cache, page);
    }
    tlb_flush_local(addr);
    return 0;
}
