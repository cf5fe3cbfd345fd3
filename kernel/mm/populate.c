// SPDX-License-Identifier: MIT
//
// Pages before they are needed: MAP_POPULATE, mlock(2), madvise(2). Each is
// brought in as its first use would.

#include <abi/errno.h>
#include <lib/wait.h>

#include "page_table.h"
#include "vma.h"

static unsigned natural_access(unsigned flags)
{
    if (flags & VMA_WRITE && !(flags & VMA_SHARED))
        return VMA_WRITE;
    return flags & (VMA_READ | VMA_WRITE) ? VMA_READ : flags & VMA_EXEC;
}

int mm_populate_locked(struct mm *mm, uaddr start, uaddr end, unsigned access)
{
    for (uaddr at = start; at < end; at += PAGE_SIZE) {
        struct vma *vma = vma_find(mm, at);
        if (!vma || at < vma->start)
            return -ENOMEM;
        unsigned wanted = access ? access : natural_access(vma->flags);
        uint64_t *pte = page_table_find(mm->root, at);
        uint64_t needed = wanted == VMA_WRITE ? PTE_PAGE | PTE_WRITE : PTE_PAGE;
        if (!wanted || (pte && (*pte & needed) == needed))
            continue;
        int error = fault_resolve(vma, at, wanted);
        if (error)
            return error;
        cond_resched();
    }
    return 0;
}

int mm_populate(struct mm *mm, uaddr start, uint64_t length, unsigned access)
{
    int error = 0;
    WITH_MUTEX(&mm->lock)
        error = mm_populate_locked(mm, start, start + length, access);
    return error;
}
