// SPDX-License-Identifier: MIT
//
// When memory is short: pages of files that stand on a disk too are forgotten,
// those of the cache that was looked at longest ago first. Only clean pages
// that nobody maps or uses go, and a cache whose lock is taken is passed over,
// so that this works under any locks; writing back is for those who make pages
// dirty (inode_ops.prepare_write) and for the file system's own task.

#include <lib/lock.h>

#include "reclaim.h"

#define SHORT_PART 8   // memory is short when less than this part is free
#define BATCH_PART 64  // and this part of it is freed at a time

static struct mutex caches_lock = MUTEX_INIT(caches_lock, RANK_LEAF_MUTEX);
static struct list_node caches = LIST_INIT(caches);  // (caches_lock)

static struct mutex reclaimers_lock = MUTEX_INIT(reclaimers_lock, RANK_RECLAIM);
static struct list_node reclaimers = LIST_INIT(reclaimers);

bool page_cache_is_short(void)
{
    return pages_free() < pages_total() / SHORT_PART;
}

void reclaim_watch(struct page_cache *cache)
{
    WITH_MUTEX(&caches_lock) {
        if (list_empty(&cache->backed))
            list_push_back(&caches, &cache->backed);
    }
}

void reclaim_forget(struct page_cache *cache)
{
    if (!list_empty(&cache->backed))
        WITH_MUTEX(&caches_lock)
            list_remove(&cache->backed);
}

void reclaimer_add(struct reclaimer *reclaimer)
{
    WITH_MUTEX(&reclaimers_lock)
        list_push_back(&reclaimers, &reclaimer->node);
}

void reclaimer_remove(struct reclaimer *reclaimer)
{
    WITH_MUTEX(&reclaimers_lock)
        list_remove(&reclaimer->node);
}

// The cache's lock is held, so that nobody can find a page without it: one with
// a single reference is in nobody's use.
static size_t drop_clean(struct page_cache *cache, size_t wanted)
{
    struct page *page;
    size_t freed = 0;
    for (uint64_t i = 0;
         freed < wanted && (page = radix_next(&cache->pages, &i)); i++) {
        if (page->flags & PAGE_DIRTY ||
            __atomic_load_n(&page->refs, __ATOMIC_ACQUIRE) != 1)
            continue;
        page_cache_drop_locked(cache, i);
        freed++;
    }
    return freed;
}

static size_t drop_pages(size_t wanted)
{
    size_t freed = 0, count = 0;
    struct page_cache *cache;
    list_for_each(cache, &caches, backed)
        count++;
    for (; count && freed < wanted; count--) {
        cache = list_pop_front(&caches, struct page_cache, backed);
        list_push_back(&caches, &cache->backed);
        if (!mutex_trylock(&cache->lock))
            continue;
        freed += drop_clean(cache, wanted - freed);
        mutex_unlock(&cache->lock);
    }
    return freed;
}

size_t page_cache_reclaim(void)
{
    struct reclaimer *reclaimer;
    size_t freed = 0;
    WITH_MUTEX(&caches_lock)
        freed = drop_pages(MAX(pages_total() / BATCH_PART, 1ul));
    WITH_MUTEX(&reclaimers_lock) {
        list_for_each(reclaimer, &reclaimers, node)
            freed += reclaimer->reclaim(reclaimer);
    }
    return freed;
}
