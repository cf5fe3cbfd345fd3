/* SPDX-License-Identifier: MIT */
/*
 * The vDSO: a small shared library that every process has in its address space,
 * found by AT_SYSINFO_EHDR. It holds the return from signal handlers, and
 * clock_gettime without a system call.
 */
#pragma once

/* Where __vdso_rt_sigreturn lies, in bytes from mm->vdso: what a signal handler
 * returns to. */
#define VDSO_RT_SIGRETURN 0x400

#ifndef __ASSEMBLER__
struct mm;

/* Map it and its data page; sets mm->vdso. 0 or -ENOMEM. May sleep. */
int vdso_map(struct mm *mm);

/* The wall clock was set. */
void vdso_update_clock(void);
#endif
