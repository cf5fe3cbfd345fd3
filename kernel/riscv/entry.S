/* SPDX-License-Identifier: MIT */
/*
 * The first instructions. OpenSBI enters _start in S-mode with paging off,
 * a0 = hartid and a1 = physical address of the device tree; SBI HSM enters
 * _start_secondary with a0 = hartid and a1 = address of its struct hart.
 *
 * early_table maps all physical memory at DIRECT_MAP by 1 GiB pages, and the
 * GiB that we run in at its physical address, just long enough to jump.
 */
#include <riscv/memory_layout.h>

#include "asm_offsets.h"

#define PTE_KERNEL_RWX 0xcf /* dirty, accessed, X, W, R, valid */

    .section .text.entry, "ax"
    .globl _start
_start:
    csrw sie, zero
    csrw sip, zero
    lla t0, boot_hart_came
    li t1, 1
    amoswap.w.aqrl t1, t1, (t0)
    bnez t1, misdirected
    mv s0, a0
    mv s1, a1

    /* Clear .bss, by physical addresses. */
    lla t0, __bss_start
    lla t1, __bss_end
1:  sd zero, (t0)
    addi t0, t0, 8
    bltu t0, t1, 1b

    /* Entry 256 + n of the table maps GiB n at DIRECT_MAP + n GiB. */
    lla t0, early_table
    li t1, 256 * 8
    add t1, t0, t1
    li t2, PTE_KERNEL_RWX
    li t3, 1 << 28              /* 1 GiB in a PTE: physical page << 10 */
    li t4, 128
2:  sd t2, (t1)
    add t2, t2, t3
    addi t1, t1, 8
    addi t4, t4, -1
    bnez t4, 2b

    /* ... and the GiB around pc at itself. */
    auipc t1, 0
    srli t1, t1, 30
    slli t2, t1, 28
    ori t2, t2, PTE_KERNEL_RWX
    slli t1, t1, 3
    add t1, t0, t1
    sd t2, (t1)

    lla t1, early_satp
    srli t2, t0, 12
    li t3, 8 << 60              /* Sv39 */
    or t2, t2, t3
    sd t2, (t1)
    call enable_paging

    lla sp, boot_stack_top
    lla tp, harts
    mv a0, s0
    mv a1, s1
    call kernel_main
3:  wfi
    j 3b

    /*
     * OpenSBI before 1.2 marks a hart as starting before it notes where: a
     * hart that looks in between comes here, like the boot hart. What
     * _start_secondary wants in a1 is in harts[] already.
     */
misdirected:
    lla a1, harts - HART_SIZE
5:  addi a1, a1, HART_SIZE
    ld t0, HART_HARTID(a1)
    bne t0, a0, 5b
    li t0, DIRECT_MAP
    add a1, a1, t0

    .globl _start_secondary
_start_secondary:
    csrw sie, zero
    csrw sip, zero
    mv s1, a1
    lla t1, early_satp
    ld t2, (t1)
    call enable_paging
    /* The early table knows no kernel stacks. */
    lla t1, kernel_satp
    ld t2, (t1)
    csrw satp, t2
    sfence.vma
    mv tp, s1
    ld sp, 0(tp)                /* kernel_sp */
    call hart_main
4:  wfi
    j 4b

    /* t2 = satp. Returns in the direct map. */
enable_paging:
    li t0, DIRECT_MAP
    add ra, ra, t0
    sfence.vma
    csrw satp, t2
    sfence.vma
    ret                         /* the identity mapping carries us here */

    .section .data, "aw"        /* not .bss, which is being cleared */
    .balign 4
boot_hart_came:
    .word 0

    .section .bss.boot_stack, "aw", @nobits
    /* A slot like those of KSTACK_AREA: the stack is its upper half. The lower
     * half serves as the boot hart's stack for reporting an overflow. */
    .balign KSTACK_SIZE * 2
    .globl boot_stack_slot
boot_stack_slot:
    .space KSTACK_SIZE * 2
    .globl boot_stack_top
boot_stack_top:

    .section .bss, "aw", @nobits
    .balign 4096
early_table:
    .space 4096
early_satp:
    .space 8
