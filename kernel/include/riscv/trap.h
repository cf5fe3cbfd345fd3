// SPDX-License-Identifier: MIT
//
// Traps: system calls, exceptions and interrupts, from user or kernel mode.
// riscv/trap.c sorts them and calls what upper floors have registered here.

#pragma once

#include <lib/csr.h>
#include <lib/types.h>

// The registers of what was interrupted, on its kernel stack. The first 32
// words are in the order of Linux's user_regs_struct, which signal frames and
// core dumps show to user space.
struct trap_frame {
    uint64_t pc;  // sepc
    uint64_t ra, sp, gp, tp, t0, t1, t2, s0, s1;
    uint64_t a0, a1, a2, a3, a4, a5, a6, a7;
    uint64_t s2, s3, s4, s5, s6, s7, s8, s9, s10, s11;
    uint64_t t3, t4, t5, t6;
    uint64_t status;   // sstatus
    uint64_t cause;    // scause
    uint64_t address;  // stval
    uint64_t orig_a0;  // a0 at ecall, for restarting the system call
};

static inline bool trap_from_user(const struct trap_frame *frame)
{
    return !(frame->status & SSTATUS_SPP);
}

// What upper floors do at traps; each is set once at start-up.
struct trap_handlers {
    // ecall from user mode; interrupts are on. (kernel/syscall)
    void (*syscall)(struct trap_frame *frame);
    // A page fault from user mode; interrupts are on. Returns 0 if it is
    // resolved, else -errno.
    int (*page_fault)(struct trap_frame *frame);
    // Any other exception from user mode, or a page fault that was not resolved
    // for the reason of error; interrupts are on. (proc/faults.c)
    void (*user_exception)(struct trap_frame *frame, int error);
    // The FPU was off: returns true if it is on now. Interrupts are off.
    bool (*fpu_enable)(struct trap_frame *frame);
    // A software interrupt arrived: the scheduler was asked to look.
    void (*reschedule)(void);
    // Last step before sret to user mode, interrupts off on entry and on
    // return: reschedule, deliver signals.
    void (*return_to_user)(struct trap_frame *frame);
};

extern struct trap_handlers trap_handlers;

// Interrupts that have handlers outside: the timer (dev/timer.c) and the
// external interrupt controller (dev/plic.c).
extern void (*trap_timer_interrupt)(void);
extern void (*trap_external_interrupt)(void);

// Per hart: point stvec at the entry, enable interrupt sources.
void trap_init_hart(void);

// Enter user mode with these registers, on the current task's kernel stack.
noreturn void trap_enter_user(struct trap_frame *frame);
