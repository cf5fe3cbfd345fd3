/* SPDX-License-Identifier: MIT */
/*
 * Switching between kernel stacks, and the FPU's registers. See
 * <riscv/context.h>.
 */
    .macro FOR_SAVED op base        /* ra, sp, s0..s11 */
    \op ra, 0(\base)
    \op sp, 8(\base)
    \op s0, 16(\base)
    \op s1, 24(\base)
    \op s2, 32(\base)
    \op s3, 40(\base)
    \op s4, 48(\base)
    \op s5, 56(\base)
    \op s6, 64(\base)
    \op s7, 72(\base)
    \op s8, 80(\base)
    \op s9, 88(\base)
    \op s10, 96(\base)
    \op s11, 104(\base)
    .endm

    .text
    .globl context_switch
context_switch:
    FOR_SAVED sd a0
    FOR_SAVED ld a1
    ret

    .macro FOR_FPU op
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, \
            16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \op f\n, \n * 8(a0)
    .endr
    .endm

    .option push
    .option arch, +d
    .globl fpu_save
fpu_save:
    FOR_FPU fsd
    csrr t0, fcsr
    sw t0, 256(a0)
    ret

    .globl fpu_restore
fpu_restore:
    FOR_FPU fld
    lw t0, 256(a0)
    csrw fcsr, t0
    ret
    .option pop
