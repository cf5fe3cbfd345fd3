// SPDX-License-Identifier: MIT
//
// Reaching into an address space that is not (or not surely) this hart's:
// /proc/PID/cmdline and mem, process_vm_readv, mincore, madvise.

#include <abi/errno.h>
#include <string.h>

#include "page_table.h"
#include "tlb.h"
#include "vma.h"

// The page at addr, with a reference, faulted in for the access. NULL: none.
static struct page *page_at(struct mm *mm, uaddr addr, unsigned access)
{
    struct page *page = NULL;
    WITH_MUTEX(&mm->lock) {
        struct vma *vma = vma_find(mm, addr);
        if (!vma || addr < vma->start ||
            fault_resolve(vma, ALIGN_DOWN(addr, PAGE_SIZE), access))
            return NULL;
        WITH_LOCK(&mm->table_lock) {
            uint64_t *pte = page_table_find(mm->root, addr);
            if (pte && *pte & PTE_PAGE) {
                page = pte_page(*pte);
                page_get(page);
            }
        }
    }
    return page;
}

static ssize_t transfer(struct mm *mm, uaddr at, void *data, size_t n,
                        unsigned access)
{
    size_t done = 0;
    while (done < n && at < USER_TOP) {
        size_t offset = at % PAGE_SIZE;
        size_t part = MIN(n - done, PAGE_SIZE - offset);
        struct page *page = page_at(mm, at, access);
        if (!page)
            break;
        char *there = (char *)page_to_virt(page) + offset;
        if (access == VMA_WRITE)
            memcpy(there, (char *)data + done, part);
        else
            memcpy((char *)data + done, there, part);
        page_put(page);
        done += part;
        at += part;
    }
    return done || !n ? (ssize_t)done : -EFAULT;
}

ssize_t mm_read(struct mm *mm, uaddr from, void *to, size_t n)
{
    return transfer(mm, from, to, n, VMA_READ);
}

ssize_t mm_write(struct mm *mm, uaddr to, const void *from, size_t n)
{
    return transfer(mm, to, (void *)from, n, VMA_WRITE);
}

bool mm_resident(struct mm *mm, struct vma *vma, uaddr addr)
{
    uint64_t *pte = page_table_find(mm->root, addr);
    if (pte && *pte & PTE_PAGE)
        return true;
    if (!vma->cache)
        return false;
    bool cached = false;
    uint64_t index = vma->cache_index + ((addr - vma->start) >> PAGE_SHIFT);
    WITH_MUTEX(&vma->cache->lock)
        cached = radix_find(&vma->cache->pages, index);
    return cached;
}

int mm_discard(struct mm *mm, uaddr start, uint64_t length)
{
    struct tlb_batch batch;
    uaddr end = start + length;
    int error = 0;
    tlb_batch_init(&batch, mm);
    WITH_MUTEX(&mm->lock) {
        for (uaddr at = start; at < end;) {
            struct vma *vma = vma_find(mm, at);
            if (!vma || vma->start > at)
                error = -ENOMEM;
            if (!vma || vma->start >= end)
                break;
            uaddr from = MAX(at, vma->start);
            at = MIN(end, vma->end);
            page_table_clear(mm, from, at, &batch);
        }
        tlb_batch_flush(&batch);
    }
    return error;
}
