// SPDX-License-Identifier: MIT
//
// Between the page cache and reclaim.c.

#pragma once

#include <mm/page_cache.h>

// The cache has a page that can be read again. Its lock is held.
void reclaim_watch(struct page_cache *cache);
void reclaim_forget(struct page_cache *cache);  // it has none any more

// Take a page out of the cache (page_cache.c). Its lock is held.
void page_cache_drop_locked(struct page_cache *cache, uint64_t index);
