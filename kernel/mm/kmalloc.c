// SPDX-License-Identifier: MIT
//
// kmalloc: slabs of equal objects (Bonwick, "The Slab Allocator", 1994, without
// constructors) for up to half a page, whole blocks of pages above. The state
// of a slab is in its struct page, so its memory holds objects alone.

#include <lib/lock.h>
#include <lib/log.h>
#include <lib/radix.h>
#include <mm/kmalloc.h>
#include <mm/page.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define POISON      0x6b
#define POISON_WORD (0x0101010101010101ul * POISON)

struct cache {
    struct spinlock lock;
    struct list_node partial;  // (lock) slabs with free objects, by page link
    unsigned size;             // (i) of an object
    unsigned order;            // (i) of a slab
    size_t live;               // (lock) objects in use
    size_t pages;              // (lock)
    uint64_t allocated;        // (lock) objects ever handed out
};

#define CACHE(i, object_size, slab_order)                               \
    {                                                                   \
        .lock = SPINLOCK_INIT(RANK_KMALLOC),                            \
        .partial = LIST_INIT(caches[i].partial), .size = (object_size), \
        .order = (slab_order),                                          \
    }

// Sizes 2^n and 1.5 * 2^n; slabs that waste little.
static struct cache caches[] = {
    CACHE(0, 16, 0),    CACHE(1, 32, 0),    CACHE(2, 48, 0),
    CACHE(3, 64, 0),    CACHE(4, 96, 0),    CACHE(5, 128, 0),
    CACHE(6, 192, 0),   CACHE(7, 256, 0),   CACHE(8, 384, 0),
    CACHE(9, 512, 0),   CACHE(10, 768, 1),  CACHE(11, 1024, 1),
    CACHE(12, 1536, 2), CACHE(13, 2048, 2),
};
#define LARGEST 2048

static size_t large_live;         // (a) bytes in whole blocks
static uint64_t large_allocated;  // (a) blocks ever handed out

// The cache for an object, by its size in units of 16 bytes, rounded up.
static const uint8_t cache_index[LARGEST / 16 + 1] = {
    [0 ... 1] = 0,    [2] = 1,           [3] = 2,          [4] = 3,
    [5 ... 6] = 4,    [7 ... 8] = 5,     [9 ... 12] = 6,   [13 ... 16] = 7,
    [17 ... 24] = 8,  [25 ... 32] = 9,   [33 ... 48] = 10, [49 ... 64] = 11,
    [65 ... 96] = 12, [97 ... 128] = 13,
};

static struct cache *cache_for(size_t n)
{
    return &caches[cache_index[(n + 15) / 16]];
}

// ---- DEBUG: free objects hold a pattern behind the link ----

static void poison(struct cache *cache, void *object)
{
    memset((char *)object + 8, POISON, cache->size - 8);
}

static void check_poison(struct cache *cache, void *object)
{
    const uint64_t *words = object;
    for (unsigned i = 1; i < cache->size / 8; i++)
        if (words[i] != POISON_WORD)
            panic("freed object %p of size %u written to at +%u: %#lx", object,
                  cache->size, 8 * i, (unsigned long)words[i]);
}

static void check_not_free(struct page *slab, const void *object)
{
    for (void **free = slab->slab_free; free; free = *free)
        if (free == object)
            panic("kfree: %p was free already", object);
}

// ---- slabs ----

static struct page *slab_create(struct cache *cache)
{
    struct page *slab = page_alloc(cache->order);
    if (!slab)
        return NULL;
    slab->flags |= PAGE_SLAB;
    slab->owner = cache;
    slab->slab_used = 0;
    slab->slab_free = NULL;
    char *start = page_to_virt(slab);
    size_t bytes = PAGE_SIZE << cache->order;
    for (size_t at = bytes / cache->size * cache->size; at > 0;) {
        at -= cache->size;
        *(void **)(start + at) = slab->slab_free;
        slab->slab_free = start + at;
        if (DEBUG)
            poison(cache, start + at);
    }
    cache->pages += 1ul << cache->order;
    list_push_front(&cache->partial, &slab->link);
    return slab;
}

static void *cache_alloc(struct cache *cache)
{
    spin_lock(&cache->lock);
    struct page *slab = list_first(&cache->partial, struct page, link);
    if (list_empty(&cache->partial))
        slab = slab_create(cache);
    void **object = NULL;
    if (slab) {
        object = slab->slab_free;
        slab->slab_free = *object;
        slab->slab_used++;
        if (!slab->slab_free)  // full slabs are on no list
            list_remove(&slab->link);
        cache->live++;
        cache->allocated++;
    }
    spin_unlock(&cache->lock);
    if (DEBUG && object)
        check_poison(cache, object);
    return object;
}

static void cache_free(struct cache *cache, struct page *slab, void *object)
{
    struct page *empty = NULL;
    if (DEBUG)
        poison(cache, object);
    spin_lock(&cache->lock);
    if (DEBUG)
        check_not_free(slab, object);
    if (!slab->slab_free)
        list_push_front(&cache->partial, &slab->link);
    *(void **)object = slab->slab_free;
    slab->slab_free = object;
    slab->slab_used--;
    cache->live--;
    // An empty slab goes, unless it is the last one with free objects.
    if (slab->slab_used == 0 && cache->partial.next != cache->partial.prev) {
        list_remove(&slab->link);
        cache->pages -= 1ul << cache->order;
        empty = slab;
    }
    spin_unlock(&cache->lock);
    if (empty)
        page_put(empty);
}

// ---- whole blocks ----

static void *large_alloc(size_t n)
{
    if (n > PAGE_SIZE << MAX_ORDER)
        return NULL;
    unsigned order = 0;
    while (PAGE_SIZE << order < n)
        order++;
    struct page *page = page_alloc(order);
    if (!page)
        return NULL;
    __atomic_fetch_add(&large_live, PAGE_SIZE << order, __ATOMIC_RELAXED);
    __atomic_fetch_add(&large_allocated, 1, __ATOMIC_RELAXED);
    return page_to_virt(page);
}

static void large_free(struct page *page)
{
    __atomic_fetch_sub(&large_live, PAGE_SIZE << page->order, __ATOMIC_RELAXED);
    page_put(page);
}

// ---- the interface ----

void *kmalloc(size_t n)
{
    return n <= LARGEST ? cache_alloc(cache_for(n)) : large_alloc(n);
}

void *kzalloc(size_t n)
{
    void *p = kmalloc(n);
    return p ? memset(p, 0, n) : NULL;
}

void kfree(const void *p)
{
    if (!p)
        return;
    struct page *page = page_head(virt_to_page(p));
    if (page->flags & PAGE_SLAB)
        cache_free(page->owner, page, (void *)p);
    else
        large_free(page);
}

size_t kmalloc_size(const void *p)
{
    struct page *page = page_head(virt_to_page(p));
    if (page->flags & PAGE_SLAB)
        return ((struct cache *)page->owner)->size;
    return PAGE_SIZE << page->order;
}

void *krealloc(void *p, size_t n)
{
    size_t old = p ? kmalloc_size(p) : 0;
    if (p && n <= old && n > old / 2)
        return p;
    void *q = kmalloc(n);
    if (q && p) {
        memcpy(q, p, MIN(n, old));
        kfree(p);
    }
    return q;
}

char *kstrdup(const char *s)
{
    size_t n = strlen(s) + 1;
    char *copy = kmalloc(n);
    return copy ? memcpy(copy, s, n) : NULL;
}

char *kasprintf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *s = length >= 0 ? kmalloc(length + 1) : NULL;
    if (!s)
        return NULL;
    va_start(args, format);
    vsnprintf(s, length + 1, format, args);
    va_end(args);
    return s;
}

bool kmalloc_stats(unsigned index, struct kmalloc_stats *stats)
{
    if (index > ARRAY_SIZE(caches))
        return false;
    if (index == ARRAY_SIZE(caches)) {
        size_t pages = READ_ONCE(large_live) / PAGE_SIZE;
        *stats = (struct kmalloc_stats){0, pages, pages, large_allocated};
        return true;
    }
    struct cache *cache = &caches[index];
    WITH_LOCK(&cache->lock)
        *stats = (struct kmalloc_stats){cache->size, cache->live, cache->pages,
                                        cache->allocated};
    return true;
}

size_t kmalloc_live(void)
{
    size_t bytes = READ_ONCE(large_live);
    for (unsigned i = 0; i < ARRAY_SIZE(caches); i++)
        bytes += READ_ONCE(caches[i].live) * caches[i].size;
    return bytes;
}

// <lib/radix.h> asks for its nodes here.
void *radix_node_alloc(size_t n)
{
    return kzalloc(n);
}

void radix_node_free(void *node)
{
    kfree(node);
}
