// SPDX-License-Identifier: MIT
//
// Changing what an address space maps: mm_map, mm_unmap, mm_protect and brk,
// which system calls and the program loader use. Pages come later, by fault.c.

#include <abi/errno.h>
#include <lib/log.h>

#include "page_table.h"
#include "tlb.h"
#include "vma.h"

// Does [start, start + length) lie in user space?
static bool range_valid(uaddr start, uint64_t length)
{
    return start < USER_TOP && length <= USER_TOP - start;
}

bool mm_may_commit(uint64_t bytes)
{
    return bytes / PAGE_SIZE <= pages_total();
}

bool mm_may_expand(const struct mm *mm, uint64_t bytes)
{
    return bytes <= mm->limit_as &&
           mm->total_pages * PAGE_SIZE <= mm->limit_as - bytes;
}

static bool is_data(unsigned flags)
{
    return (flags & (VMA_WRITE | VMA_SHARED | VMA_GROWS_DOWN)) == VMA_WRITE;
}

// May the private writable mappings grow by bytes? (RLIMIT_DATA)
static bool data_fits(struct mm *mm, uint64_t bytes)
{
    struct vma *vma;
    if (mm->limit_data == UINT64_MAX)
        return true;
    list_for_each(vma, &mm->vmas, node)
        bytes += is_data(vma->flags) ? vma->end - vma->start : 0;
    return bytes <= mm->limit_data;
}

// Is there memory, and the right, for a mapping with these flags?
static bool may_map(struct mm *mm, uint64_t length, unsigned flags)
{
    if (!mm_may_expand(mm, length))
        return false;
    if (!is_data(flags))
        return true;
    return data_fits(mm, length) &&
           (flags & VMA_NORESERVE || mm_may_commit(length));
}

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
    if (hint && range_valid(hint, length) &&
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
    if (!may_map(mm, length, map->flags))
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
    if (map->fixed && !range_valid(map->addr, length))
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
    if (start % PAGE_SIZE || length == 0 || !range_valid(start, length))
        return -EINVAL;
    mutex_lock(&mm->lock);
    int error = mm_unmap_locked(mm, start, start + length, &dead);
    mutex_unlock(&mm->lock);
    vma_release(&dead);
    return error;
}

// ---- protection ----

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
    if (is_data(flags) && !is_data(vma->flags) &&
        (!data_fits(mm, length) ||
         (!(flags & VMA_NORESERVE) && !mm_may_commit(length))))
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
    if (!range_valid(start, length))
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

// ---- the heap ----

static bool grow_heap(struct mm *mm, uaddr from, uaddr to)
{
    const struct mm_map heap = {.flags = VMA_READ | VMA_WRITE | VMA_HEAP};
    if (!may_map(mm, to - from, heap.flags) ||
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
