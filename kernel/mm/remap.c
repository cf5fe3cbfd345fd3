// SPDX-License-Identifier: MIT
//
// mremap(2): mappings that grow, shrink and move with their pages.

#include <abi/errno.h>

#include "page_table.h"
#include "tlb.h"
#include "vma.h"

// Make the leaf tables of a range, so that moving pages to it cannot fail.
static int prepare_tables(struct mm *mm, uaddr start, uaddr end)
{
    for (uaddr at = ALIGN_DOWN(start, TABLE_SPAN); at < end; at += TABLE_SPAN)
        if (!page_table_create(mm->root, at))
            return -ENOMEM;
    return 0;
}

static void move_pages(struct mm *mm, uaddr from, uaddr to, uint64_t length)
{
    struct tlb_batch batch;
    tlb_batch_init(&batch, mm);
    for (uint64_t done = 0; done < length; done += PAGE_SIZE) {
        WITH_LOCK(&mm->table_lock) {
            uint64_t *old = page_table_find(mm->root, from + done);
            if (!old || !(*old & PTE_PAGE))
                continue;
            *page_table_find(mm->root, to + done) = *old;
            *old = 0;
            tlb_batch_add(&batch, from + done, NULL);
        }
    }
    tlb_batch_flush(&batch);
}

// Where to: the fixed target, cleared, or any gap.
static int64_t choose_target(struct mm *mm, const struct mm_remap *r,
                             struct list_node *dead)
{
    if (!r->fixed) {
        uaddr high = mm->mmap_base ? mm->mmap_base : USER_TOP;
        uaddr addr = vma_find_gap(mm, r->new_length, high);
        return addr ? (int64_t)addr : -ENOMEM;
    }
    int error = mm_unmap_locked(mm, r->target, r->target + r->new_length, dead);
    return error ? error : (int64_t)r->target;
}

// A second VMA at the target takes over the pages; the old one goes, or stays
// without any (MREMAP_DONTUNMAP).
static int64_t move(struct mm *mm, const struct mm_remap *r, uint64_t length,
                    struct list_node *dead)
{
    int64_t to = choose_target(mm, r, dead);
    if (to < 0)
        return to;
    struct vma *vma = vma_find(mm, r->old);
    uint64_t index = vma->cache_index + ((r->old - vma->start) >> PAGE_SHIFT);
    struct vma *moved = vma_copy(vma, to, to + r->new_length, index);
    if (!moved)
        return -ENOMEM;
    if (prepare_tables(mm, to, to + r->new_length) ||
        (!r->keep && vma_isolate(mm, r->old, r->old + length))) {
        list_push_back(dead, &moved->node);
        return -ENOMEM;
    }
    struct page_cache *cache = moved->cache;
    vma_link(mm, moved);
    if (cache)  // truncation must find each page at one place or the other
        mutex_lock(&cache->lock);
    move_pages(mm, r->old, to, MIN(length, r->new_length));
    if (cache)
        mutex_unlock(&cache->lock);
    vma_join(mm, moved);
    if (!r->keep)
        mm_unmap_locked(mm, r->old, r->old + length, dead);
    return to;
}

// Lengthen the VMA that ends with the old range, if there is room behind it.
static bool grow_in_place(struct mm *mm, const struct mm_remap *r,
                          struct vma *vma)
{
    uaddr end = r->old + r->new_length;
    if (r->fixed || r->keep || vma->end != r->old + r->old_length ||
        end > USER_TOP || !vma_range_free(mm, vma->end, end))
        return false;
    vma_resize(vma, vma->start, end);
    vma_join(mm, vma);
    return true;
}

static int check_growth(struct mm *mm, const struct mm_remap *r,
                        const struct vma *vma)
{
    uint64_t more = r->new_length - r->old_length;
    if (vma->flags & VMA_SPECIAL)
        return -EFAULT;
    if (!mm_may_expand(mm, more))
        return -ENOMEM;
    if (vma->flags & VMA_WRITE && !(vma->flags & VMA_NORESERVE) &&
        !mm_may_commit(r->new_length))
        return -ENOMEM;
    return 0;
}

static int64_t remap_locked(struct mm *mm, const struct mm_remap *r,
                            struct list_node *dead)
{
    struct vma *vma = vma_find(mm, r->old);
    uint64_t length = r->old_length;
    if (!vma || r->old < vma->start || length > vma->end - r->old)
        return -EFAULT;
    if (length == 0 && !(vma->flags & VMA_SHARED))
        return -EINVAL;
    if (r->keep && (vma->cache || vma->flags & VMA_SHARED))
        return -EINVAL;
    if (r->new_length < length) {
        int error =
            mm_unmap_locked(mm, r->old + r->new_length, r->old + length, dead);
        if (error)
            return error;
        length = r->new_length;
    } else if (r->new_length > length) {
        int error = check_growth(mm, r, vma);
        if (error)
            return error;
        if (length > 0 && grow_in_place(mm, r, vma))
            return r->old;
        if (!r->move)
            return -ENOMEM;
    }
    if (r->new_length <= r->old_length && !r->fixed && !r->keep)
        return r->old;
    return move(mm, r, length, dead);
}

int64_t mm_remap(struct mm *mm, const struct mm_remap *remap)
{
    struct list_node dead = LIST_INIT(dead);
    mutex_lock(&mm->lock);
    int64_t addr = remap_locked(mm, remap, &dead);
    mutex_unlock(&mm->lock);
    vma_release(&dead);
    return addr;
}
