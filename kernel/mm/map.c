// SPDX-License-Identifier: MIT
//
// Changing what an address space maps: mm_map, mm_unmap and mm_set_brk, which
// system calls and the program loader use. Pages come later, by fault.c.

#include <abi/errno.h>

#include "page_table.h"
#include "tlb.h"
#include "vma.h"

int mm_unmap_locked(struct mm *mm, uaddr start, uaddr end,
                    struct list_node *dead)
{
    struct tlb_batch batch;
    struct vma *vma = vma_find(mm, start);
    if (!vma || end <= vma->start)
        return 0;
    if (vma_isolate(mm, start, end))
        return -ENOMEM;
    vma = vma_find(mm, start);
    struct vma *below = vma_previous(vma);
    while (vma && vma->start < end) {
        struct vma *next = vma_next(vma);
        vma_unlink(vma, dead);
        vma = next;
    }
    tlb_batch_init(&batch, mm);
    page_table_clear(mm, start, end, &batch);
    // Tables that lie in the range, or that it shared with nobody else.
    uaddr low = MAX(below ? below->end : 0, ALIGN_DOWN(start, TABLE_SPAN));
    uaddr high = MIN(vma ? vma->start : USER_TOP, ALIGN_UP(end, TABLE_SPAN));
    page_table_trim(mm, low, high, &batch);
    tlb_batch_flush(&batch);
    return 0;
}

// ---- mapping ----

// Make room at a fixed address.
static int64_t place_fixed(struct mm *mm, const struct mm_map *map,
                           uint64_t length, struct list_node *dead)
{
    uaddr end = map->addr + length;
    struct vma *next = vma_find(mm, map->addr);
    if (map->noreplace)
        return next && next->start < end ? -EEXIST : (int64_t)map->addr;
    int error = mm_unmap_locked(mm, map->addr, end, dead);
    return error ? error : (int64_t)map->addr;
}

// Find room: at the hint, else below mmap_base, else anywhere.
static int64_t place(struct mm *mm, const struct mm_map *map, uint64_t length)
{
    uaddr hint = ALIGN_DOWN(map->addr, PAGE_SIZE);
    if (hint && user_range(hint, length) &&
        vma_range_free(mm, hint, hint + length))
        return hint;
    uaddr addr = mm->mmap_base ? vma_find_gap(mm, length, mm->mmap_base) : 0;
    if (!addr)
        addr = vma_find_gap(mm, length, USER_TOP);
    return addr ? (int64_t)addr : -ENOMEM;
}

static int64_t map_locked(struct mm *mm, const struct mm_map *map,
                          uint64_t length, struct list_node *dead)
{
    if (!mm_may_expand(mm, length) || !mm_may_hold(mm, length, map->flags))
        return -ENOMEM;
    struct vma *vma = vma_create(map, 0, 0);
    if (!vma)
        return -ENOMEM;
    int64_t addr = map->fixed ? place_fixed(mm, map, length, dead)
                              : place(mm, map, length);
    if (addr < 0) {
        list_push_back(dead, &vma->node);
        return addr;
    }
    vma->start = addr;
    vma->end = addr + length;
    vma_insert(mm, vma);
    return addr;
}

int64_t mm_map(struct mm *mm, const struct mm_map *map)
{
    struct list_node dead = LIST_INIT(dead);
    uint64_t length = ALIGN_UP(map->length, PAGE_SIZE);
    if (map->length == 0)
        return -EINVAL;
    if (length == 0 || length > USER_TOP)
        return -ENOMEM;
    if (map->fixed && map->addr % PAGE_SIZE)
        return -EINVAL;
    if (map->fixed && !user_range(map->addr, length))
        return -ENOMEM;
    mutex_lock(&mm->lock);
    int64_t addr = map_locked(mm, map, length, &dead);
    mutex_unlock(&mm->lock);
    vma_release(&dead);
    return addr;
}

int mm_unmap(struct mm *mm, uaddr start, uint64_t length)
{
    struct list_node dead = LIST_INIT(dead);
    length = ALIGN_UP(length, PAGE_SIZE);
    if (start % PAGE_SIZE || length == 0 || !user_range(start, length))
        return -EINVAL;
    mutex_lock(&mm->lock);
    int error = mm_unmap_locked(mm, start, start + length, &dead);
    mutex_unlock(&mm->lock);
    vma_release(&dead);
    return error;
}

// ---- the heap ----

static bool grow_heap(struct mm *mm, uaddr from, uaddr to)
{
    const struct mm_map heap = {.flags = VMA_READ | VMA_WRITE | VMA_HEAP};
    if (!mm_may_expand(mm, to - from) ||
        !mm_may_hold(mm, to - from, heap.flags) ||
        !vma_range_free(mm, from, to + PAGE_SIZE))
        return false;
    struct vma *vma = vma_create(&heap, from, to);
    if (vma)
        vma_insert(mm, vma);
    return vma;
}

uaddr mm_set_brk(struct mm *mm, uaddr brk)
{
    struct list_node dead = LIST_INIT(dead);
    bool done = true;
    mutex_lock(&mm->lock);
    uaddr from = ALIGN_UP(mm->brk, PAGE_SIZE), to = ALIGN_UP(brk, PAGE_SIZE);
    if (brk < mm->brk_start || brk > USER_TOP)
        done = false;
    else if (to < from)
        done = mm_unmap_locked(mm, to, from, &dead) == 0;
    else if (from < to)
        done = grow_heap(mm, from, to);
    if (done)
        mm->brk = brk;
    brk = mm->brk;
    mutex_unlock(&mm->lock);
    vma_release(&dead);
    return brk;
}
