// SPDX-License-Identifier: MIT
//
// The vDSO's two pages, shared by all processes: its data, "[vvar]", which the
// kernel writes, and its code, "[vdso]", a copy of the image in vdso/vdso.S.
// They live in a page cache like a file's, so that mapping them takes nothing
// special.

#include <abi/errno.h>
#include <dev/timer.h>
#include <lib/linkset.h>
#include <mm/mm.h>
#include <proc/vdso.h>
#include <string.h>

#include "../vdso/vdso.h"

struct vdso_data {
    uint64_t nsec_per_tick;  // 32.32 fixed point, as dev/timer.c has it
    nsec_t realtime_offset;  // (a) wall clock minus monotonic clock
};
_Static_assert(offsetof(struct vdso_data, nsec_per_tick) == VDSO_NSEC_PER_TICK,
               "");
_Static_assert(offsetof(struct vdso_data, realtime_offset) ==
                   VDSO_REALTIME_OFFSET,
               "");

extern const char vdso_image[], vdso_image_end[];

static struct page_cache pages;  // 0: data, 1: code
static struct vdso_data *data;

void vdso_update_clock(void)
{
    WRITE_ONCE(data->realtime_offset, clock_realtime_offset());
}

static int vdso_init(void)
{
    struct page *page;
    page_cache_init(&pages, NULL);
    pages.size = 2 * PAGE_SIZE;
    int error = page_cache_get(&pages, 1, true, &page);
    if (error)
        return error;
    memcpy(page_to_virt(page), vdso_image, vdso_image_end - vdso_image);
    error = page_cache_get(&pages, 0, true, &page);
    if (error)
        return error;
    data = page_to_virt(page);
    data->nsec_per_tick = (NSEC_PER_SEC << 32) / clock_ticks_per_sec();
    vdso_update_clock();
    return 0;
}
INITCALL(INIT_LATE, vdso_init);

static int map_page(struct mm *mm, uaddr addr, uint64_t index, unsigned flags,
                    const char *name)
{
    struct mm_map map = {
        .addr = addr,
        .length = PAGE_SIZE,
        .flags = flags | VMA_SPECIAL,
        .fixed = true,
        .cache = &pages,
        .cache_index = index,
        .name = name,
    };
    int64_t mapped = mm_map(mm, &map);
    return mapped < 0 ? mapped : 0;
}

int vdso_map(struct mm *mm)
{
    struct mm_map place = {.length = 2 * PAGE_SIZE};
    int64_t start = mm_map(mm, &place);
    if (start < 0)
        return start;
    int error = map_page(mm, start, 0, VMA_READ, "[vvar]");
    if (!error)
        error =
            map_page(mm, start + PAGE_SIZE, 1, VMA_READ | VMA_EXEC, "[vdso]");
    mm->vdso = start + PAGE_SIZE;
    return error;
}
