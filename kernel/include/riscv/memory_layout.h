/* SPDX-License-Identifier: MIT */
/*
 * The virtual address space (Sv39), shared by C, assembly and linker.ld.
 *
 *  0x0000000000001000 .. 0x0000004000000000  user
 *  0xffffffc000000000 .. 0xffffffe000000000  all physical memory, at +
 * DIRECT_MAP 0xffffffe000000000 .. 0xffffffe040000000  kernel stacks with guard
 * pages
 *
 * The kernel image is part of the direct map: W^X holds there since the image's
 * pages are mapped one by one, with its text and read-only data not writable.
 */
#pragma once

#define DIRECT_MAP       0xffffffc000000000
#define DIRECT_MAP_END   0xffffffe000000000
#define KSTACK_AREA      0xffffffe000000000
#define KSTACK_AREA_SIZE 0x40000000

#define KERNEL_PHYS 0x80200000 /* where OpenSBI on QEMU enters us */

/* A stack takes the upper half of a slot of twice its size; the lower half is
 * the guard, so one bit of sp tells of an overflow. */
#define KSTACK_SIZE 0x4000

#define USER_TOP 0x0000004000000000 /* first address above user space */

#ifndef __ASSEMBLER__
#include <lib/types.h>

static inline void *phys_to_virt(paddr pa)
{
    return (void *)(pa + DIRECT_MAP);
}

static inline paddr virt_to_phys(const void *va)
{
    return (uint64_t)va - DIRECT_MAP;
}
#endif
