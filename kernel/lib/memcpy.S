/* SPDX-License-Identifier: MIT */
/*
 * void *memcpy(void *to, const void *from, size_t n)
 *
 * Words where the alignments allow it. Where source and target differ in
 * alignment, as packets and the buffers of programs do, each word is put
 * together from two aligned ones: rv64imac promises no misaligned access.
 */
    .text
    .globl memcpy
    .type memcpy, @function
memcpy:
    mv t6, a0               /* the result; a0 moves on */
    or t1, a0, a1
    andi t1, t1, 7
    beqz t1, copy_aligned
    li t0, 16
    bltu a2, t0, copy_bytes

    /* Bytes until the target is aligned. */
    andi t1, a0, 7
    beqz t1, 2f
    li t2, 8
    sub t2, t2, t1
    sub a2, a2, t2
1:  lb t1, 0(a1)
    sb t1, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    addi t2, t2, -1
    bnez t2, 1b
2:  andi t5, a1, 7
    bnez t5, copy_shifted

    /* 64 bytes at a time. */
copy_aligned:
    li t0, 64
    bltu a2, t0, 4f
3:  ld t1, 0(a1)
    ld t2, 8(a1)
    ld t3, 16(a1)
    ld t4, 24(a1)
    ld a3, 32(a1)
    ld a4, 40(a1)
    ld a5, 48(a1)
    ld a6, 56(a1)
    sd t1, 0(a0)
    sd t2, 8(a0)
    sd t3, 16(a0)
    sd t4, 24(a0)
    sd a3, 32(a0)
    sd a4, 40(a0)
    sd a5, 48(a0)
    sd a6, 56(a0)
    addi a0, a0, 64
    addi a1, a1, 64
    addi a2, a2, -64
    bgeu a2, t0, 3b

4:  li t0, 8
    bltu a2, t0, copy_bytes
5:  ld t1, 0(a1)
    sd t1, 0(a0)
    addi a0, a0, 8
    addi a1, a1, 8
    addi a2, a2, -8
    bgeu a2, t0, 5b

copy_bytes:
    beqz a2, 7f
    add a2, a2, a1          /* the source's end */
6:  lb t1, 0(a1)
    sb t1, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    bne a1, a2, 6b
7:  mv a0, t6
    ret

/*
 * t5 is the source's offset within a word. A word is read only if a byte of it
 * is wanted, so no read leaves the last page. t2 holds the word before a1.
 */
copy_shifted:
    slli t3, t5, 3          /* bits of the earlier word to drop */
    neg t4, t3              /* shifts use the low 6 bits: 64 - t3 */
    sub a1, a1, t5
    ld t2, 0(a1)
    li t0, 32
    bltu a2, t0, 9f

    /* Four words at a time; the last one read is the next one's first. */
8:  ld a3, 8(a1)
    ld a4, 16(a1)
    ld a5, 24(a1)
    ld a6, 32(a1)
    srl t2, t2, t3
    sll a7, a3, t4
    or t2, t2, a7
    sd t2, 0(a0)
    srl a3, a3, t3
    sll a7, a4, t4
    or a3, a3, a7
    sd a3, 8(a0)
    srl a4, a4, t3
    sll a7, a5, t4
    or a4, a4, a7
    sd a4, 16(a0)
    srl a5, a5, t3
    sll a7, a6, t4
    or a5, a5, a7
    sd a5, 24(a0)
    mv t2, a6
    addi a0, a0, 32
    addi a1, a1, 32
    addi a2, a2, -32
    bgeu a2, t0, 8b

9:  li t0, 8
    bltu a2, t0, 11f
10: ld a3, 8(a1)
    srl t2, t2, t3
    sll a7, a3, t4
    or t2, t2, a7
    sd t2, 0(a0)
    mv t2, a3
    addi a0, a0, 8
    addi a1, a1, 8
    addi a2, a2, -8
    bgeu a2, t0, 10b
11: add a1, a1, t5
    j copy_bytes
    .size memcpy, . - memcpy
