// SPDX-License-Identifier: MIT
//
// Kernel memory of any size: slab caches of fixed sizes up to half a page,
// whole blocks of pages above. Any context, interrupts included. A DEBUG build
// poisons freed memory and checks it when it is handed out again.

#pragma once

#include <lib/types.h>

// NULL when memory is exhausted. Aligned to 16 bytes, page-sized blocks to
// their size.
void *kmalloc(size_t n);
void *kzalloc(size_t n);
void *krealloc(void *p, size_t n);   // p may be NULL; on failure p is kept
void kfree(const void *p);           // p may be NULL
size_t kmalloc_size(const void *p);  // what was really reserved

char *kstrdup(const char *s);
char *kasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Bytes in live objects; a test compares it before and after.
size_t kmalloc_live(void);

// The cache of the given index in order of sizes, the last one counting whole
// blocks (size 0); false past it.
struct kmalloc_stats {
    size_t size;         // of an object in bytes
    size_t live;         // objects in use
    size_t pages;        // pages the cache holds
    uint64_t allocated;  // objects ever handed out
};
bool kmalloc_stats(unsigned index, struct kmalloc_stats *stats);
