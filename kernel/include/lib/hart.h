// SPDX-License-Identifier: MIT
//
// What a hart knows of itself. The kernel's tp points to it; user space's tp is
// swapped with it through sscratch at each crossing. Kernel code is preempted
// only where it calls schedule(), so this_hart() is stable in between.

#pragma once

#include <lib/csr.h>
#include <lib/types.h>

struct task;
struct mm;

#define MAX_HARTS 64  // the width of a hart mask; more harts stay parked

// All fields belong to the hart itself; trap_entry.S knows the offsets of the
// first three (checked by assertions in riscv/trap.c).
struct hart {
    uint64_t kernel_sp;      // top of the current task's kernel stack
    uint64_t user_sp;        // scratch of the trap entry
    uint64_t overflow_sp;    // stack for reporting a kernel stack overflow
    struct task *running;    // the running task
    struct mm *mm;           // the address space in satp, or NULL for kernel's
    unsigned id;             // index into harts[], 0 is the boot hart
    uint64_t hartid;         // the hart's number in the FDT and for SBI
    uint64_t wake_harts;     // to interrupt when no spinlock is held any more
    int lock_depth;          // spinlocks held
    bool saved_interrupts;   // were interrupts on before the first of them?
    bool need_resched;       // call schedule() before returning to user mode
    bool in_interrupt;       // serving an interrupt
    bool interrupted_user;   // ... which came from user mode
    bool online;             // takes part in scheduling and shootdowns
    uint8_t held_ranks[16];  // DEBUG: ranks of the spinlocks held
};

extern struct hart harts[MAX_HARTS];
extern unsigned hart_count;  // harts that are online (i, after start-up)

static inline struct hart *this_hart(void)
{
    return thread_pointer();
}

// The running task. Never NULL once the scheduler runs.
#define current (this_hart()->running)
