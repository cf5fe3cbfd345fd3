// SPDX-License-Identifier: MIT
//
// How much an address space may take: RLIMIT_AS, RLIMIT_DATA, and what would
// never fit in memory.

#include "vma.h"

bool mm_may_commit(uint64_t bytes)
{
    return bytes / PAGE_SIZE <= pages_total();
}

bool mm_may_expand(const struct mm *mm, uint64_t bytes)
{
    return bytes <= mm->limit_as &&
           mm->total_pages * PAGE_SIZE <= mm->limit_as - bytes;
}

static bool within_data_limit(struct mm *mm, uint64_t bytes)
{
    struct vma *vma;
    if (mm->limit_data == UINT64_MAX)
        return true;
    list_for_each(vma, &mm->vmas, node)
        bytes += vma_is_data(vma->flags) ? vma->end - vma->start : 0;
    return bytes <= mm->limit_data;
}

bool mm_may_hold(struct mm *mm, uint64_t bytes, unsigned flags)
{
    if (!vma_is_data(flags))
        return true;
    return within_data_limit(mm, bytes) &&
           (flags & VMA_NORESERVE || mm_may_commit(bytes));
}
