// SPDX-License-Identifier: MIT
//
// The list of VMAs of an address space. All functions want mm->lock, or an mm
// that no task uses yet or any more.

#pragma once

#include <mm/mm.h>

// Linux's stack_guard_gap: a stack grows no nearer to what lies below it.
#define STACK_GAP (256 * PAGE_SIZE)

// A VMA for map, on no list; a reference to its file is taken. NULL: no memory.
struct vma *vma_create(const struct mm_map *map, uaddr start, uaddr end);
// The same as vma, for [start, end) and the cache from index on.
struct vma *vma_copy(const struct vma *vma, uaddr start, uaddr end,
                     uint64_t index);

// Put a VMA where nothing is mapped; join it with its neighbours if they are
// alike. The pointer is not valid afterwards.
void vma_insert(struct mm *mm, struct vma *vma);
void vma_join(struct mm *mm, struct vma *vma);
// The same without joining, for fork.
void vma_link(struct mm *mm, struct vma *vma);

// Cut a VMA at addr, which is inside it. The upper part, or NULL: no memory.
struct vma *vma_split(struct vma *vma, uaddr addr);

// Change the range of a VMA; the cache's index follows start.
void vma_resize(struct vma *vma, uaddr start, uaddr end);

// Move a VMA from its address space to the list of dead ones, to be released
// without mm->lock, since the last reference to a file may sleep for others.
void vma_unlink(struct vma *vma, struct list_node *dead);
void vma_release(struct list_node *dead);

// Take a VMA off its cache's list, so that truncation does not find it.
void vma_hide(struct vma *vma);

struct vma *vma_next(struct vma *vma);  // NULL at the ends
struct vma *vma_previous(struct vma *vma);

// Is [start, end) free? And the highest free range of length bytes below high,
// 0 if there is none.
bool vma_range_free(struct mm *mm, uaddr start, uaddr end);
uaddr vma_find_gap(struct mm *mm, uint64_t length, uaddr high);

// A range that splits VMAs at its ends, so that each is inside or outside.
// 0 or -ENOMEM.
int vma_isolate(struct mm *mm, uaddr start, uaddr end);

// The body of mm_unmap: page-aligned arguments, mm->lock held; the VMAs go to
// dead. 0 or -ENOMEM.
int mm_unmap_locked(struct mm *mm, uaddr start, uaddr end,
                    struct list_node *dead);

// Does [start, start + length) lie in user space?
static inline bool user_range(uaddr start, uint64_t length)
{
    return start < USER_TOP && length <= USER_TOP - start;
}

// Private and writable: pages that nobody else accounts for.
static inline bool vma_is_data(unsigned flags)
{
    return (flags & (VMA_WRITE | VMA_SHARED | VMA_GROWS_DOWN)) == VMA_WRITE;
}

// May mm have this much more address space (RLIMIT_AS)? And may it have that
// much with these flags (RLIMIT_DATA, overcommit)?
bool mm_may_expand(const struct mm *mm, uint64_t bytes);
bool mm_may_hold(struct mm *mm, uint64_t bytes, unsigned flags);

// Resolve a fault in this VMA: the rest of mm_fault.
int fault_resolve(struct vma *vma, uaddr addr, unsigned access);
