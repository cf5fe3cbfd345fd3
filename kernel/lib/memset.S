/* SPDX-License-Identifier: MIT */
/*
 * void *memset(void *to, int byte, size_t n)
 *
 * Most of its work is to clear pages, so 64 bytes at a time.
 */
    .text
    .globl memset
    .type memset, @function
memset:
    mv t6, a0               /* the result; a0 moves on */
    li t0, 16
    bltu a2, t0, fill_bytes

    /* The byte in each place of a word. */
    andi a1, a1, 255
    slli t1, a1, 8
    or a1, a1, t1
    slli t1, a1, 16
    or a1, a1, t1
    slli t1, a1, 32
    or a1, a1, t1

    /* Bytes until the target is aligned. */
1:  andi t1, a0, 7
    beqz t1, 2f
    sb a1, 0(a0)
    addi a0, a0, 1
    addi a2, a2, -1
    j 1b

2:  andi t1, a2, -64
    beqz t1, 4f
    add t1, t1, a0
3:  sd a1, 0(a0)
    sd a1, 8(a0)
    sd a1, 16(a0)
    sd a1, 24(a0)
    sd a1, 32(a0)
    sd a1, 40(a0)
    sd a1, 48(a0)
    sd a1, 56(a0)
    addi a0, a0, 64
    bne a0, t1, 3b
    andi a2, a2, 63

4:  andi t1, a2, -8
    beqz t1, fill_bytes
    add t1, t1, a0
5:  sd a1, 0(a0)
    addi a0, a0, 8
    bne a0, t1, 5b
    andi a2, a2, 7

fill_bytes:
    beqz a2, 7f
    add a2, a2, a0
6:  sb a1, 0(a0)
    addi a0, a0, 1
    bne a0, a2, 6b
7:  mv a0, t6
    ret
    .size memset, . - memset
