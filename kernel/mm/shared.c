// SPDX-License-Identifier: MIT
//
// Anonymous memory that is shared over fork (MAP_SHARED | MAP_ANONYMOUS): a
// page cache that no file stands behind. It is what a VMA calls its file.

#include <abi/errno.h>
#include <mm/kmalloc.h>
#include <mm/mm.h>
#include <stdio.h>

struct shared_memory {
    uint32_t refs;  // (a) VMAs
    struct page_cache cache;
};

static void shared_get(void *file)
{
    struct shared_memory *shared = file;
    __atomic_fetch_add(&shared->refs, 1, __ATOMIC_RELAXED);
}

void shared_memory_put(void *file)
{
    struct shared_memory *shared = file;
    if (__atomic_sub_fetch(&shared->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    page_cache_destroy(&shared->cache);
    kfree(shared);
}

// As Linux shows it.
static void shared_describe(void *file, char *path, size_t n, uint64_t *inode)
{
    snprintf(path, n, "/dev/zero (deleted)");
    *inode = (uint64_t)file >> 4 & 0xffffff;
}

static const struct vma_file_ops shared_ops = {
    .get = shared_get,
    .put = shared_memory_put,
    .describe = shared_describe,
};

int shared_memory_create(struct mm_map *map)
{
    struct shared_memory *shared = kzalloc(sizeof(*shared));
    if (!shared)
        return -ENOMEM;
    shared->refs = 1;
    page_cache_init(&shared->cache, NULL);
    shared->cache.size = ALIGN_UP(map->length, PAGE_SIZE);
    map->cache = &shared->cache;
    map->cache_index = 0;
    map->file = shared;
    map->file_ops = &shared_ops;
    return 0;
}
