// SPDX-License-Identifier: MIT
//
// Changing what may be done with memory that is mapped: mm_protect, and the
// flags that madvise(2) sets.

#include <abi/errno.h>

#include "page_table.h"
#include "tlb.h"
#include "vma.h"

// Give the present pages of a VMA its permissions. Write permission is only
// taken away here: a fault finds out whether the page may be written in place.
static void protect_pages(struct vma *vma, struct tlb_batch *batch)
{
    struct mm *mm = vma->mm;
    uint64_t bits = pte_user_bits(vma->flags);
    uint64_t all = PTE_VALID | PTE_READ | PTE_WRITE | PTE_EXEC;
    for (uaddr next, start = vma->start; start < vma->end; start = next) {
        next = page_table_step(mm->root, start, vma->end);
        spin_lock(&mm->table_lock);
        uint64_t *pte = page_table_find(mm->root, start);
        for (uaddr at = start; pte && at < next; at += PAGE_SIZE, pte++) {
            uint64_t old = *pte;
            if (!(old & PTE_PAGE))
                continue;
            *pte = (old & ~all) | (bits & all & ~PTE_WRITE) |
                   (bits & old & PTE_WRITE);
            if (*pte != old)
                tlb_batch_add(batch, at, NULL);
        }
        spin_unlock(&mm->table_lock);
    }
}

static int protect_vma(struct vma *vma, uaddr start, uaddr end, unsigned prot,
                       struct tlb_batch *batch)
{
    struct mm *mm = vma->mm;
    unsigned all = VMA_READ | VMA_WRITE | VMA_EXEC;
    unsigned flags = (vma->flags & ~all) | prot;
    uint64_t length = MIN(end, vma->end) - MAX(start, vma->start);
    if (flags == vma->flags)
        return 0;
    if (prot & VMA_WRITE && flags & VMA_READ_ONLY_FILE)
        return -EACCES;
    if (!vma_is_data(vma->flags) && !mm_may_hold(mm, length, flags))
        return -ENOMEM;
    if (vma->start < start && !(vma = vma_split(vma, start)))
        return -ENOMEM;
    if (end < vma->end && !vma_split(vma, end))
        return -ENOMEM;
    bool new_code = flags & ~vma->flags & VMA_EXEC;
    vma->flags = flags;
    protect_pages(vma, batch);
    if (new_code)
        mm_flush_icache(mm);
    return 0;
}

// As Linux does, work upwards and stop at the first VMA that cannot be changed
// or the first hole; what was done stays.
static int protect_locked(struct mm *mm, uaddr start, uaddr end, unsigned prot)
{
    struct tlb_batch batch;
    int error = 0;
    tlb_batch_init(&batch, mm);
    for (uaddr at = start; at < end && !error;) {
        struct vma *vma = vma_find(mm, at);
        if (!vma || at < vma->start) {
            error = -ENOMEM;
            break;
        }
        uaddr next = MIN(vma->end, end);
        error = protect_vma(vma, at, end, prot, &batch);
        vma = vma_find(mm, at);
        vma_join(mm, vma);
        at = next;
    }
    tlb_batch_flush(&batch);
    return error;
}

int mm_protect(struct mm *mm, uaddr start, uint64_t length, unsigned prot)
{
    length = ALIGN_UP(length, PAGE_SIZE);
    if (start % PAGE_SIZE)
        return -EINVAL;
    if (length == 0)
        return 0;
    if (!user_range(start, length))
        return -ENOMEM;
    int error = 0;
    WITH_MUTEX(&mm->lock)
        error = protect_locked(mm, start, start + length, prot);
    return error;
}

int mm_set_flags(struct mm *mm, uaddr start, uint64_t length, unsigned set,
                 unsigned clear)
{
    uaddr end = start + length;
    int error = 0;
    WITH_MUTEX(&mm->lock) {
        if (length && vma_isolate(mm, start, end))
            return -ENOMEM;
        for (uaddr at = start; at < end;) {
            struct vma *vma = vma_find(mm, at);
            if (!vma || at < vma->start)
                error = -ENOMEM;
            if (!vma || vma->start >= end)
                break;
            at = vma->end;
            vma->flags = (vma->flags | set) & ~clear;
            vma_join(mm, vma);
        }
    }
    return error;
}
