// SPDX-License-Identifier: MIT
//
// Physical memory at start-up: which of it is there, by the device tree, which
// is taken already, and where the array that describes it goes.

#include <dev/fdt.h>
#include <lib/log.h>
#include <mm/page.h>

#include "buddy.h"

extern char __kernel_end[];

// What of the memory is taken from the start, in no order.
static struct range {
    paddr start, end;
} taken[32];
static unsigned taken_count;

static void take(paddr start, uint64_t size)
{
    assert(taken_count < ARRAY_SIZE(taken));
    taken[taken_count++] = (struct range){ALIGN_DOWN(start, PAGE_SIZE),
                                          ALIGN_UP(start + size, PAGE_SIZE)};
}

static void find_taken(void)
{
    paddr start;
    uint64_t size;
    take(KERNEL_PHYS, virt_to_phys(__kernel_end) - KERNEL_PHYS);
    fdt_range(&start, &size);
    take(start, size);
    if (fdt_initrd(&start, &size))
        take(start, size);
    for (int i = 0; fdt_reserved(i, &start, &size); i++)
        take(start, size);
}

// The next stretch of [from, end) that nobody has taken, as *start and the
// result; an empty one at the end.
static paddr untaken(paddr from, paddr end, paddr *start)
{
    for (unsigned i = 0; i < taken_count;) {
        bool inside = taken[i].start <= from && from < taken[i].end;
        if (inside)
            from = taken[i].end;
        i = inside ? 0 : i + 1;
    }
    *start = MIN(from, end);
    for (unsigned i = 0; i < taken_count; i++)
        if (taken[i].start > from && taken[i].start < end)
            end = taken[i].start;
    return MAX(end, *start);
}

// A place for the array: the first stretch that is large enough.
static struct page *place_array(size_t size)
{
    paddr start, from;
    uint64_t length;
    for (int bank = 0; fdt_memory(bank, &from, &length); bank++) {
        for (paddr end = from + length; from < end;) {
            from = untaken(from, end, &start);
            if (from - start >= size)
                return phys_to_virt(start);
        }
    }
    panic("no room for %lu bytes of page descriptors", (unsigned long)size);
}

void page_init(void)
{
    paddr start, low = UINT64_MAX, high = 0;
    uint64_t size;
    for (int bank = 0; fdt_memory(bank, &start, &size); bank++) {
        low = MIN(low, start);
        high = MAX(high, start + size);
    }
    // Aligned to the largest block, so that block numbers are alignments.
    paddr base = ALIGN_DOWN(low, PAGE_SIZE << MAX_ORDER);
    size_t count = (high - base) >> PAGE_SHIFT;
    find_taken();
    struct page *pages = place_array(count * sizeof(struct page));
    take(virt_to_phys(pages), count * sizeof(struct page));
    page_allocator_init(pages, count, base);
    for (int bank = 0; fdt_memory(bank, &start, &size); bank++) {
        for (paddr from = start, end = start + size; from < end;) {
            from = untaken(from, end, &start);
            page_free_range(start, from - start);
        }
    }
    log_line("memory: %lu MiB, %lu MiB free", (high - low) / MiB,
             pages_free() * PAGE_SIZE / MiB);
}
