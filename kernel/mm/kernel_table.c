// SPDX-License-Identifier: MIT
//
// The kernel's half of every address space: all physical memory at DIRECT_MAP
// and the area of kernel stacks, as <riscv/memory_layout.h> draws them. Every
// root table copies its upper entries from here; what they point to is shared.

#include <dev/fdt.h>
#include <lib/log.h>
#include <riscv/memory_layout.h>

#include "page_table.h"

uint64_t kernel_satp;
uint64_t *kernel_root;

extern char __text_start[], __text_end[], __rodata_start[], __data_start[];
extern char __kernel_end[];

// Devices of the virt machine lie below memory.
#define MMIO_END 0x80000000

static uint64_t level_span(unsigned level)
{
    return PAGE_SIZE << (9 * level);
}

// Put one leaf at the given level.
static void put_leaf(uint64_t va, paddr pa, unsigned level, uint64_t bits)
{
    uint64_t *table = kernel_root;
    for (unsigned at = 2; at > level; at--) {
        table = page_table_below(&table[table_index(va, at)]);
        assert(table);
    }
    table[table_index(va, level)] = pte_make(pa, bits);
}

// Map [start, end) at DIRECT_MAP by the largest leaves that are aligned.
static void map_direct(paddr start, paddr end, uint64_t bits)
{
    while (start < end) {
        unsigned level = 2;
        while (level > 0 &&
               (start % level_span(level) || start + level_span(level) > end))
            level--;
        put_leaf(DIRECT_MAP + start, start, level, bits);
        start += level_span(level);
    }
}

// The bank that holds the kernel is cut where permissions change, so W^X costs
// small leaves only in the image's own 2 MiB ranges.
static void map_bank(paddr start, paddr end)
{
    const struct {
        paddr from;
        uint64_t bits;
    } cuts[] = {
        {virt_to_phys(__text_start), PTE_KERNEL | PTE_EXEC},
        {virt_to_phys(__text_end), PTE_KERNEL_RW},
        {virt_to_phys(__rodata_start), PTE_KERNEL},
        {virt_to_phys(__data_start), PTE_KERNEL_RW},
    };
    uint64_t bits = PTE_KERNEL_RW;
    for (unsigned i = 0; i < ARRAY_SIZE(cuts); i++) {
        paddr cut = cuts[i].from;
        if (cut < start || cut >= end)
            continue;
        map_direct(start, cut, bits);
        start = cut;
        bits = cuts[i].bits;
    }
    map_direct(start, end, bits);
}

void mm_init_kernel_table(void)
{
    paddr start;
    uint64_t size;
    struct page *page = page_alloc_zero();
    assert(page);
    kernel_root = page_to_virt(page);
    map_direct(0, MMIO_END, PTE_KERNEL_RW);
    for (int bank = 0; fdt_memory(bank, &start, &size); bank++)
        map_bank(ALIGN_DOWN(start, PAGE_SIZE),
                 ALIGN_UP(start + size, PAGE_SIZE));
    // Made now, so that all root tables share it.
    assert(page_table_below(&kernel_root[table_index(KSTACK_AREA, 2)]));
    kernel_satp = SATP_SV39 | page_to_phys(page) >> PAGE_SHIFT;
}
