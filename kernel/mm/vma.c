// SPDX-License-Identifier: MIT
//
// The list of an address space's VMAs: finding, inserting, cutting, joining.

#include <abi/errno.h>
#include <lib/log.h>
#include <mm/kmalloc.h>

#include "vma.h"

static uint64_t page_count(const struct vma *vma)
{
    return (vma->end - vma->start) >> PAGE_SHIFT;
}

static void lock_cache(struct vma *vma)
{
    if (vma->cache)
        mutex_lock(&vma->cache->lock);
}

static void unlock_cache(struct vma *vma)
{
    if (vma->cache)
        mutex_unlock(&vma->cache->lock);
}

struct vma *vma_create(const struct mm_map *map, uaddr start, uaddr end)
{
    struct vma *vma = kzalloc(sizeof(*vma));
    if (!vma)
        return NULL;
    list_init(&vma->node);
    list_init(&vma->mapping);
    vma->start = start;
    vma->end = end;
    vma->flags = map->flags;
    vma->cache = map->cache;
    vma->cache_index = map->cache_index;
    vma->file = map->file;
    vma->file_ops = map->file_ops;
    vma->name = map->name;
    if (vma->file)
        vma->file_ops->get(vma->file);
    return vma;
}

struct vma *vma_copy(const struct vma *vma, uaddr start, uaddr end,
                     uint64_t index)
{
    struct mm_map map = {
        .flags = vma->flags,
        .cache = vma->cache,
        .cache_index = index,
        .file = vma->file,
        .file_ops = vma->file_ops,
        .name = vma->name,
    };
    struct vma *copy = vma_create(&map, start, end);
    if (copy)
        copy->private_pages = vma->private_pages;
    return copy;
}

struct vma *vma_next(struct vma *vma)
{
    struct list_node *next = vma->node.next;
    return next == &vma->mm->vmas ? NULL : list_entry(next, struct vma, node);
}

struct vma *vma_previous(struct vma *vma)
{
    struct list_node *prev = vma->node.prev;
    return prev == &vma->mm->vmas ? NULL : list_entry(prev, struct vma, node);
}

struct vma *vma_find(struct mm *mm, uaddr addr)
{
    struct vma *vma = mm->last_found;
    if (vma && vma->start <= addr && addr < vma->end)
        return vma;
    list_for_each(vma, &mm->vmas, node) {
        if (addr < vma->end) {
            mm->last_found = vma;
            return vma;
        }
    }
    return NULL;
}

// ---- changes ----

static struct vma *last_of(struct mm *mm)
{
    return list_entry(mm->vmas.prev, struct vma, node);
}

void vma_link(struct mm *mm, struct vma *vma)
{
    struct vma *next = NULL;
    if (!list_empty(&mm->vmas) && vma->start < last_of(mm)->end)
        next = vma_find(mm, vma->start);
    assert_debug(!next || vma->end <= next->start);
    vma->mm = mm;
    list_push_back(next ? &next->node : &mm->vmas, &vma->node);
    mm->total_pages += page_count(vma);
    lock_cache(vma);
    if (vma->cache)
        list_push_back(&vma->cache->mappings, &vma->mapping);
    unlock_cache(vma);
}

void vma_hide(struct vma *vma)
{
    lock_cache(vma);
    list_remove(&vma->mapping);
    unlock_cache(vma);
}

void vma_unlink(struct vma *vma, struct list_node *dead)
{
    struct mm *mm = vma->mm;
    if (mm->last_found == vma)
        mm->last_found = NULL;
    list_remove(&vma->node);
    mm->total_pages -= page_count(vma);
    vma_hide(vma);
    list_push_back(dead, &vma->node);
}

void vma_release(struct list_node *dead)
{
    struct vma *vma;
    while ((vma = list_pop_front(dead, struct vma, node))) {
        if (vma->file)
            vma->file_ops->put(vma->file);
        kfree(vma);
    }
}

void vma_resize(struct vma *vma, uaddr start, uaddr end)
{
    lock_cache(vma);
    vma->mm->total_pages -= page_count(vma);
    vma->cache_index += (int64_t)(start - vma->start) >> PAGE_SHIFT;
    vma->start = start;
    vma->end = end;
    vma->mm->total_pages += page_count(vma);
    unlock_cache(vma);
}

struct vma *vma_split(struct vma *vma, uaddr addr)
{
    uint64_t pages = (addr - vma->start) >> PAGE_SHIFT;
    struct vma *upper = vma_copy(vma, addr, vma->end, vma->cache_index + pages);
    if (!upper)
        return NULL;
    // Both halves in one step, or a truncation in between would miss one.
    upper->mm = vma->mm;
    lock_cache(vma);
    vma->end = addr;
    list_insert(&vma->node, &upper->node);
    if (vma->cache)
        list_insert(&vma->mapping, &upper->mapping);
    unlock_cache(vma);
    return upper;
}

static bool alike(const struct vma *low, const struct vma *high)
{
    return low->end == high->start && low->flags == high->flags &&
           low->cache == high->cache && low->file == high->file &&
           low->name == high->name && !(low->flags & VMA_SPECIAL) &&
           (!low->cache ||
            low->cache_index + page_count(low) == high->cache_index);
}

// Low takes over high, and still holds the file, so that putting high's
// reference under the lock cannot be the last.
static void absorb(struct vma *low, struct vma *high)
{
    struct list_node dead = LIST_INIT(dead);
    lock_cache(low);
    low->mm->total_pages += page_count(high);
    low->end = high->end;
    low->private_pages |= high->private_pages;
    unlock_cache(low);
    vma_unlink(high, &dead);
    vma_release(&dead);
}

void vma_join(struct mm *mm, struct vma *vma)
{
    struct vma *next = vma_next(vma), *previous = vma_previous(vma);
    assert_debug(vma->mm == mm);
    if (next && alike(vma, next))
        absorb(vma, next);
    if (previous && alike(previous, vma))
        absorb(previous, vma);
}

void vma_insert(struct mm *mm, struct vma *vma)
{
    vma_link(mm, vma);
    vma_join(mm, vma);
}

int vma_isolate(struct mm *mm, uaddr start, uaddr end)
{
    struct vma *vma = vma_find(mm, start);
    if (vma && vma->start < start && !vma_split(vma, start))
        return -ENOMEM;
    vma = vma_find(mm, end - 1);
    if (vma && vma->start < end && end < vma->end && !vma_split(vma, end))
        return -ENOMEM;
    return 0;
}

// ---- free ranges ----

// Where a VMA begins to be in the way: a stack needs room to grow.
static uaddr lower_edge(const struct vma *vma)
{
    if (!(vma->flags & VMA_GROWS_DOWN))
        return vma->start;
    return vma->start > STACK_GAP ? vma->start - STACK_GAP : 0;
}

bool vma_range_free(struct mm *mm, uaddr start, uaddr end)
{
    struct vma *next = vma_find(mm, start);
    return !next || end <= lower_edge(next);
}

uaddr vma_find_gap(struct mm *mm, uint64_t length, uaddr high)
{
    struct list_node *at = mm->vmas.prev;
    for (; at != &mm->vmas; at = at->prev) {
        struct vma *vma = list_entry(at, struct vma, node);
        if (vma->end <= high && high - vma->end >= length)
            return high - length;
        high = MIN(high, lower_edge(vma));
    }
    return high >= length + PAGE_SIZE ? high - length : 0;
}
