// SPDX-License-Identifier: MIT
//
// Between fault.c and fault_file.c. mm->lock is held for all.

#pragma once

#include "vma.h"

// Nothing is mapped at addr yet: map the file's page there. 0, -EIO beyond the
// end of the file, -ENOMEM.
int fault_cached(struct vma *vma, uaddr addr, uint64_t *pte, unsigned access);
// A write to a shared page that was mapped for reading.
int fault_shared_write(struct vma *vma, uaddr addr, uint64_t *pte);

// Make an entry, which takes the caller's reference on the page.
void fault_set_entry(struct mm *mm, uint64_t *pte, struct page *page,
                     uint64_t bits);
// A copy of a page for the VMA's own. NULL: no memory.
struct page *fault_private_copy(struct vma *vma, const struct page *page);
