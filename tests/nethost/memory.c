// SPDX-License-Identifier: MIT
//
// The kernel's memory from the C library, whose sanitizer sees what is used
// after it was freed or beyond its end. Pages come out of one range of
// addresses, since a page is found by an address inside; free ones are
// poisoned. User memory is memory like any other.

#include "host.h"

#include <lib/log.h>
#include <malloc.h>
#include <mm/kmalloc.h>
#include <mm/page.h>
#include <mm/uaccess.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PAGES 16384

unsigned host_failing_allocation;
static unsigned allocations;
static size_t live_bytes, live_pages;

static bool fails(void)
{
    return host_failing_allocation &&
           ++allocations % host_failing_allocation == 0;
}

// ---- kmalloc ----

void *kmalloc(size_t n)
{
    void *p = fails() ? NULL : malloc(n);

    live_bytes += p ? malloc_usable_size(p) : 0;
    return p;
}

void *kzalloc(size_t n)
{
    void *p = kmalloc(n);

    return p ? memset(p, 0, n) : NULL;
}

void kfree(const void *p)
{
    live_bytes -= p ? malloc_usable_size((void *)p) : 0;
    free((void *)p);
}

void *krealloc(void *p, size_t n)
{
    void *q = kmalloc(n);

    if (q && p) {
        memcpy(q, p, MIN(n, malloc_usable_size(p)));
        kfree(p);
    }
    return q;
}

size_t kmalloc_size(const void *p)
{
    return malloc_usable_size((void *)p);
}

size_t kmalloc_live(void)
{
    return live_bytes;
}

bool host_report_leaks(void)
{
    return __lsan_do_recoverable_leak_check();
}

char *kstrdup(const char *s)
{
    char *copy = kmalloc(strlen(s) + 1);

    return copy ? strcpy(copy, s) : NULL;
}

void *radix_node_alloc(size_t n)
{
    return kzalloc(n);
}

void radix_node_free(void *node)
{
    kfree(node);
}

// ---- pages ----

static char memory[PAGES * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct page pages[PAGES];
static struct page *free_blocks[MAX_ORDER + 1];  // by page.owner
static size_t next_page;

static size_t block_size(unsigned order)
{
    return PAGE_SIZE << order;
}

struct page *page_alloc(unsigned order)
{
    struct page *page = order <= MAX_ORDER ? free_blocks[order] : NULL;

    if (order > MAX_ORDER || fails())
        return NULL;
    if (page) {
        free_blocks[order] = page->owner;
    } else {
        if (next_page + (1ul << order) > PAGES)
            return NULL;
        page = &pages[next_page];
        for (size_t i = 1; i < 1ul << order; i++)
            page[i] = (struct page){.flags = PAGE_TAIL, .head = page};
        next_page += 1ul << order;
    }
    ASAN_UNPOISON_MEMORY_REGION(page_to_virt(page), block_size(order));
    *page = (struct page){.refs = 1, .order = order};
    live_pages += 1ul << order;
    return page;
}

struct page *page_alloc_zero(void)
{
    struct page *page = page_alloc(0);

    if (page)
        memset(page_to_virt(page), 0, PAGE_SIZE);
    return page;
}

void page_get(struct page *page)
{
    page_head(page)->refs++;
}

void page_put(struct page *page)
{
    page = page_head(page);
    assert(page->refs > 0);
    if (--page->refs)
        return;
    ASAN_POISON_MEMORY_REGION(page_to_virt(page), block_size(page->order));
    live_pages -= 1ul << page->order;
    page->owner = free_blocks[page->order];
    free_blocks[page->order] = page;
}

void *page_to_virt(const struct page *page)
{
    return memory + (page - pages) * PAGE_SIZE;
}

struct page *virt_to_page(const void *va)
{
    size_t offset = (const char *)va - memory;

    if (offset >= sizeof(memory))
        host_fail("virt_to_page of what is no page");
    return page_head(&pages[offset / PAGE_SIZE]);
}

size_t host_pages_live(void)
{
    return live_pages;
}

size_t pages_total(void)
{
    return PAGES;
}

size_t pages_free(void)
{
    return PAGES - live_pages;
}

// ---- user memory: all but the first page ----

bool user_range_ok(uaddr start, size_t n)
{
    return start + n >= start;
}

int user_write_check(uaddr to, size_t n)
{
    return n && to < PAGE_SIZE ? -EFAULT : 0;
}

size_t user_copy_in(void *to, uaddr from, size_t n)
{
    if (n && from < PAGE_SIZE)
        return n;
    if (n)
        memcpy(to, (void *)from, n);
    return 0;
}

size_t user_copy_out(uaddr to, const void *from, size_t n)
{
    if (n && to < PAGE_SIZE)
        return n;
    if (n)
        memcpy((void *)to, from, n);
    return 0;
}

size_t user_clear(uaddr to, size_t n)
{
    if (n && to < PAGE_SIZE)
        return n;
    memset((void *)to, 0, n);
    return 0;
}

int copy_from_user(void *to, uaddr from, size_t n)
{
    return user_copy_in(to, from, n) ? -EFAULT : 0;
}

int copy_to_user(uaddr to, const void *from, size_t n)
{
    return user_copy_out(to, from, n) ? -EFAULT : 0;
}

int clear_user(uaddr to, size_t n)
{
    return user_clear(to, n) ? -EFAULT : 0;
}
