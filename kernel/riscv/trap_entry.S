/* SPDX-License-Identifier: MIT */
/*
 * Entry and exit of every trap. In user mode sscratch holds the address of the
 * hart's struct hart, in the kernel zero, so one swap with tp tells where the
 * trap came from.
 */
#include <riscv/memory_layout.h>
#include "asm_offsets.h"

    .macro FOR_MOST_REGISTERS op    /* all but x0, sp and tp */
    \op ra, 8(sp)
    \op gp, 24(sp)
    \op t0, 40(sp)
    \op t1, 48(sp)
    \op t2, 56(sp)
    \op s0, 64(sp)
    \op s1, 72(sp)
    \op a0, 80(sp)
    \op a1, 88(sp)
    \op a2, 96(sp)
    \op a3, 104(sp)
    \op a4, 112(sp)
    \op a5, 120(sp)
    \op a6, 128(sp)
    \op a7, 136(sp)
    \op s2, 144(sp)
    \op s3, 152(sp)
    \op s4, 160(sp)
    \op s5, 168(sp)
    \op s6, 176(sp)
    \op s7, 184(sp)
    \op s8, 192(sp)
    \op s9, 200(sp)
    \op s10, 208(sp)
    \op s11, 216(sp)
    \op t3, 224(sp)
    \op t4, 232(sp)
    \op t5, 240(sp)
    \op t6, 248(sp)
    .endm

    .text
    .balign 4
    .globl trap_entry
trap_entry:
    csrrw tp, sscratch, tp
    bnez tp, from_user

    /* From the kernel: tp was right. Does the frame still fit on the stack? */
    csrr tp, sscratch
    sd sp, HART_USER_SP(tp)
    addi sp, sp, -FRAME_SIZE
    csrw sscratch, t0
    srli t0, sp, 14             /* KSTACK_SIZE's bit: 1 in the upper half */
    andi t0, t0, 1
    beqz t0, stack_overflow
    csrr t0, sscratch
    csrw sscratch, tp
    j save

from_user:
    sd sp, HART_USER_SP(tp)
    ld sp, HART_KERNEL_SP(tp)
    addi sp, sp, -FRAME_SIZE

save:
    FOR_MOST_REGISTERS sd
    ld t0, HART_USER_SP(tp)
    sd t0, FRAME_SP(sp)
    csrrw t0, sscratch, zero
    sd t0, FRAME_TP(sp)
    csrr s0, sstatus
    csrr s1, sepc
    csrr s2, scause
    csrr s3, stval
    sd s0, FRAME_STATUS(sp)
    sd s1, FRAME_PC(sp)
    sd s2, FRAME_CAUSE(sp)
    sd s3, FRAME_ADDRESS(sp)
    li t0, STATUS_FS           /* kernel code has no floating point */
    csrc sstatus, t0
    mv a0, sp
    mv s0, zero                 /* end of the chain of frame pointers */
    call trap_dispatch

    /* Restore from the frame at sp. */
trap_return:
    ld t0, FRAME_STATUS(sp)
    ld t1, FRAME_PC(sp)
    csrw sstatus, t0
    csrw sepc, t1
    andi t0, t0, 1 << SSTATUS_SPP_BIT
    bnez t0, 1f
    csrw sscratch, tp
    ld tp, FRAME_TP(sp)
1:  FOR_MOST_REGISTERS ld
    ld sp, FRAME_SP(sp)
    sret

    /* noreturn void trap_enter_user(struct trap_frame *frame) */
    .globl trap_enter_user
trap_enter_user:
    csrci sstatus, 2            /* SIE */
    mv sp, a0
    j trap_return

    /* The stack's guard page is next. Report on a stack of its own, once. */
stack_overflow:
    ld sp, HART_OVERFLOW_SP(tp)
    beqz sp, 2f
    sd zero, HART_OVERFLOW_SP(tp)
    csrw sscratch, zero
    ld a0, HART_USER_SP(tp)
    csrr a1, sepc
    csrr a2, stval
    call trap_stack_overflow
2:  wfi
    j 2b
