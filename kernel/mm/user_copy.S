/* SPDX-License-Identifier: MIT */
/*
 * The instructions that touch user memory. SUM is set here alone. Each access
 * has an entry in .fixups (struct fixup of <riscv/trap.h>): the page-fault
 * handler resolves the fault, and the instruction runs again, or goes on at
 * the continuation, which clears SUM and reports.
 */

#define SUM (1 << 18)
#define EFAULT 14
#define ENAMETOOLONG 36

    .text

/* An access that continues at \to after an unresolved fault. */
.macro fixup to, insn:vararg
900:
    \insn
    .pushsection .fixups, "a"
    .balign 8
    .dword 900b, \to
    .popsection
.endm

.macro user_access_begin
    li t6, SUM
    csrs sstatus, t6
.endm

.macro user_access_end
    li t6, SUM
    csrc sstatus, t6
.endm

/*
 * size_t uaccess_copy(void *to, const void *from, size_t n)
 *
 * One side is the user's. a2 counts what is left and is true whenever an
 * access may fault; bytes of an unrolled step count when the step is done.
 */
    .globl uaccess_copy
    .type uaccess_copy, @function
uaccess_copy:
    user_access_begin
    li t0, 16
    bltu a2, t0, copy_bytes

    /* Bytes until the target is aligned. */
1:  andi t1, a0, 7
    beqz t1, 2f
    fixup copy_end, lb t2, 0(a1)
    fixup copy_end, sb t2, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a2, a2, -1
    j 1b
2:  andi t1, a1, 7
    bnez t1, copy_shifted

    /* 64 bytes at a time. */
    li t0, 64
    bltu a2, t0, 4f
3:  fixup copy_end, ld t1, 0(a1)
    fixup copy_end, ld t2, 8(a1)
    fixup copy_end, ld t3, 16(a1)
    fixup copy_end, ld t4, 24(a1)
    fixup copy_end, ld a3, 32(a1)
    fixup copy_end, ld a4, 40(a1)
    fixup copy_end, ld a5, 48(a1)
    fixup copy_end, ld a6, 56(a1)
    fixup copy_end, sd t1, 0(a0)
    fixup copy_end, sd t2, 8(a0)
    fixup copy_end, sd t3, 16(a0)
    fixup copy_end, sd t4, 24(a0)
    fixup copy_end, sd a3, 32(a0)
    fixup copy_end, sd a4, 40(a0)
    fixup copy_end, sd a5, 48(a0)
    fixup copy_end, sd a6, 56(a0)
    addi a0, a0, 64
    addi a1, a1, 64
    addi a2, a2, -64
    bgeu a2, t0, 3b

    /* Words. */
4:  li t0, 8
    bltu a2, t0, copy_bytes
5:  fixup copy_end, ld t1, 0(a1)
    fixup copy_end, sd t1, 0(a0)
    addi a0, a0, 8
    addi a1, a1, 8
    addi a2, a2, -8
    bgeu a2, t0, 5b

copy_bytes:
    beqz a2, copy_end
6:  fixup copy_end, lb t1, 0(a1)
    fixup copy_end, sb t1, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a2, a2, -1
    bnez a2, 6b
copy_end:
    user_access_end
    mv a0, a2
    ret

/*
 * The source is not aligned as the target is: put each word together from two
 * aligned ones (t1 of them is the offset in bytes). A word is read only if a
 * byte of it is wanted, so no read leaves the page.
 */
copy_shifted:
    slli t3, t1, 3          /* bits of the first word to drop */
    neg t4, t3              /* shifts use the low 6 bits: 64 - t3 */
    sub a1, a1, t1
    fixup copy_end, ld t2, 0(a1)
    li t0, 8
7:  fixup copy_end, ld a3, 8(a1)
    srl t2, t2, t3
    sll a4, a3, t4
    or a4, a4, t2
    mv t2, a3
    fixup copy_end, sd a4, 0(a0)
    addi a0, a0, 8
    addi a1, a1, 8
    addi a2, a2, -8
    bgeu a2, t0, 7b
    add a1, a1, t1
    j copy_bytes
    .size uaccess_copy, . - uaccess_copy

/* size_t uaccess_clear(void *to, size_t n): what is left is in a1. */
    .globl uaccess_clear
    .type uaccess_clear, @function
uaccess_clear:
    user_access_begin
    beqz a1, clear_end
1:  andi t1, a0, 7
    beqz t1, 2f
    fixup clear_end, sb zero, 0(a0)
    addi a0, a0, 1
    addi a1, a1, -1
    bnez a1, 1b
    j clear_end
2:  li t0, 32
    bltu a1, t0, 4f
3:  fixup clear_end, sd zero, 0(a0)
    fixup clear_end, sd zero, 8(a0)
    fixup clear_end, sd zero, 16(a0)
    fixup clear_end, sd zero, 24(a0)
    addi a0, a0, 32
    addi a1, a1, -32
    bgeu a1, t0, 3b
4:  beqz a1, clear_end
5:  fixup clear_end, sb zero, 0(a0)
    addi a0, a0, 1
    addi a1, a1, -1
    bnez a1, 5b
clear_end:
    user_access_end
    mv a0, a1
    ret
    .size uaccess_clear, . - uaccess_clear

/* ssize_t uaccess_copy_string(char *to, const char *from, size_t n) */
    .globl uaccess_copy_string
    .type uaccess_copy_string, @function
uaccess_copy_string:
    user_access_begin
    mv t0, a0
    add t2, a0, a2
1:  beq a0, t2, 3f
    fixup access_fault, lb t1, 0(a1)
    sb t1, 0(a0)
    beqz t1, 2f
    addi a0, a0, 1
    addi a1, a1, 1
    j 1b
2:  user_access_end
    sub a0, a0, t0
    ret
3:  user_access_end
    li a0, -ENAMETOOLONG
    ret
    .size uaccess_copy_string, . - uaccess_copy_string

/* int uaccess_load_u32(const void *at, uint32_t *value) */
    .globl uaccess_load_u32
    .type uaccess_load_u32, @function
uaccess_load_u32:
    user_access_begin
    fixup access_fault, lw t0, 0(a0)
    user_access_end
    sw t0, 0(a1)
    li a0, 0
    ret
    .size uaccess_load_u32, . - uaccess_load_u32

/* int uaccess_cmpxchg_u32(void *at, uint32_t expected, uint32_t desired,
 *                         uint32_t *found) */
    .globl uaccess_cmpxchg_u32
    .type uaccess_cmpxchg_u32, @function
uaccess_cmpxchg_u32:
    user_access_begin
    sext.w a1, a1
1:  fixup access_fault, lr.w.aqrl t0, (a0)
    bne t0, a1, 2f
    fixup access_fault, sc.w.rl t1, a2, (a0)
    bnez t1, 1b
2:  user_access_end
    sw t0, 0(a3)
    li a0, 0
    ret
    .size uaccess_cmpxchg_u32, . - uaccess_cmpxchg_u32

access_fault:
    user_access_end
    li a0, -EFAULT
    ret
