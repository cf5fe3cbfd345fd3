/* SPDX-License-Identifier: MIT */
/*
 * The image of the vDSO: a whole ELF shared library, headers and all, written
 * out by hand since the bare-metal linker makes no shared libraries. proc/vdso.c
 * copies it to a page that every process maps; C libraries find the functions
 * through its dynamic symbol table (System V gABI, chapter 5; versions as in
 * the GNU extensions), by the names and version that Linux uses on riscv64.
 *
 * All addresses in it are offsets from its start. The page before it, when it
 * is mapped, holds struct vdso_data.
 */
#include "vdso.h"

#define OFFSET(label) (label - vdso_image)

    .section .rodata.vdso, "a"
    .balign 8
    .globl vdso_image, vdso_image_end
vdso_image:

/* ---- ELF header: a shared library without sections ---- */
    .byte 0x7f, 'E', 'L', 'F', 2, 1, 1, 0
    .quad 0
    .half 3, 243                    /* ET_DYN, EM_RISCV */
    .word 1
    .quad 0                         /* no entry */
    .quad OFFSET(program_headers)
    .quad 0
    .word 5                         /* flags: RVC, double-float ABI */
    .half 64, 56, 2, 64, 0, 0

program_headers:
    .word 1, 5                      /* PT_LOAD, R X */
    .quad 0, 0, 0
    .quad OFFSET(vdso_image_end), OFFSET(vdso_image_end), 4096
    .word 2, 4                      /* PT_DYNAMIC, R: not to be relocated */
    .quad OFFSET(dynamic), OFFSET(dynamic), OFFSET(dynamic)
    .quad dynamic_end - dynamic, dynamic_end - dynamic, 8

    .balign 8
dynamic:
    .quad 14, OFFSET(name_library) - OFFSET(strings)    /* DT_SONAME */
    .quad 4, OFFSET(hash)
    .quad 5, OFFSET(strings)
    .quad 6, OFFSET(symbols)
    .quad 10, strings_end - strings
    .quad 11, 24                                        /* DT_SYMENT */
    .quad 0x6ffffff0, OFFSET(versions)
    .quad 0x6ffffffc, OFFSET(definitions), 0x6ffffffd, 2
    .quad 0, 0
dynamic_end:

/* ---- symbols: one hash bucket, all of them in one chain ---- */
    .balign 8
hash:
    .word 1, 5                      /* buckets, symbols */
    .word 1                         /* the bucket: symbol 1 */
    .word 0, 2, 3, 4, 0             /* the next one of each */

    /* A global function, as if it were in section 1. */
    .macro SYMBOL name, function, end
    .word \name - strings
    .byte 0x12, 0
    .half 1
    .quad OFFSET(\function), \end - \function
    .endm

    .balign 8
symbols:
    .zero 24
    SYMBOL name_sigreturn, rt_sigreturn, rt_sigreturn_end
    SYMBOL name_gettime, clock_gettime, clock_gettime_end
    SYMBOL name_gettimeofday, gettimeofday, gettimeofday_end
    SYMBOL name_getres, clock_getres, clock_getres_end

versions:
    .half 0, 2, 2, 2, 2

    .balign 8
definitions:
    .half 1, 1, 1, 1                /* version 1: the library itself */
    .word 0x0deebfa1, 20, 28        /* hash of its name */
    .word name_library - strings, 0
    .half 1, 0, 2, 1                /* version 2: LINUX_4.15 */
    .word 0x0ae77f75, 20, 0
    .word name_version - strings, 0

strings:
    .byte 0
name_library:      .asciz "linux-vdso.so.1"
name_version:      .asciz "LINUX_4.15"
name_sigreturn:    .asciz "__vdso_rt_sigreturn"
name_gettime:      .asciz "__vdso_clock_gettime"
name_gettimeofday: .asciz "__vdso_gettimeofday"
name_getres:       .asciz "__vdso_clock_getres"
strings_end:

/* ---- code ---- */
    .option push
    .option norvc
    .option norelax

/* Unwinders know a signal frame by these two instructions, uncompressed. */
    .org VDSO_RT_SIGRETURN
rt_sigreturn:
    li a7, 139
    ecall
rt_sigreturn_end:

    /* t3 = nanoseconds of the monotonic clock, as clock_monotonic computes
     * them; t0 = the data. Uses t1, t2, t4. */
    .macro MONOTONIC
    lla t0, vdso_image - VDSO_DATA_SIZE
    ld t2, VDSO_NSEC_PER_TICK(t0)
    rdtime t1
    mulhu t4, t1, t2
    mul t3, t1, t2
    slli t4, t4, 32
    srli t3, t3, 32
    or t3, t3, t4
    .endm

/* int clock_gettime(clockid_t, struct timespec *) */
clock_gettime:
    sltiu t0, a0, 8
    beqz t0, 2f
    li t0, VDSO_CLOCKS
    srl t0, t0, a0
    andi t0, t0, 1
    beqz t0, 2f
    MONOTONIC
    li t1, VDSO_WALL_CLOCKS
    srl t1, t1, a0
    andi t1, t1, 1
    beqz t1, 1f
    ld t2, VDSO_REALTIME_OFFSET(t0)
    add t3, t3, t2
1:  li t4, 1000000000
    divu t5, t3, t4
    remu t6, t3, t4
    sd t5, 0(a1)
    sd t6, 8(a1)
    li a0, 0
    ret
2:  li a7, 113
    ecall
    ret
clock_gettime_end:

/* int gettimeofday(struct timeval *, struct timezone *) */
gettimeofday:
    bnez a1, 1f
    beqz a0, 1f
    MONOTONIC
    ld t2, VDSO_REALTIME_OFFSET(t0)
    add t3, t3, t2
    li t4, 1000000000
    divu t5, t3, t4
    remu t6, t3, t4
    li t4, 1000
    divu t6, t6, t4
    sd t5, 0(a0)
    sd t6, 8(a0)
    li a0, 0
    ret
1:  li a7, 169
    ecall
    ret
gettimeofday_end:

/* int clock_getres(clockid_t, struct timespec *): rarely called */
clock_getres:
    li a7, 114
    ecall
    ret
clock_getres_end:
    .option pop

vdso_image_end:
