// SPDX-License-Identifier: MIT
//
// Traps, sorted by cause (RISC-V privileged specification, table 4.2).
// trap_entry.S calls trap_dispatch with the registers saved and interrupts off;
// what is to be done is registered in trap_handlers by the floors above.

#include <lib/hart.h>
#include <lib/log.h>
#include <riscv/memory_layout.h>
#include <riscv/trap.h>

#include "asm_offsets.h"

_Static_assert(offsetof(struct hart, kernel_sp) == HART_KERNEL_SP, "");
_Static_assert(offsetof(struct hart, user_sp) == HART_USER_SP, "");
_Static_assert(offsetof(struct hart, overflow_sp) == HART_OVERFLOW_SP, "");
_Static_assert(offsetof(struct hart, hartid) == HART_HARTID, "");
_Static_assert(sizeof(struct hart) == HART_SIZE, "");
_Static_assert(offsetof(struct trap_frame, sp) == FRAME_SP, "");
_Static_assert(offsetof(struct trap_frame, tp) == FRAME_TP, "");
_Static_assert(offsetof(struct trap_frame, status) == FRAME_STATUS, "");
_Static_assert(offsetof(struct trap_frame, address) == FRAME_ADDRESS, "");
_Static_assert(sizeof(struct trap_frame) == FRAME_SIZE, "");

struct trap_handlers trap_handlers;
void (*trap_timer_interrupt)(void);
void (*trap_external_interrupt)(void);

extern char trap_entry[];

void trap_init_hart(void)
{
    CSR_WRITE(sscratch, 0);
    CSR_WRITE(stvec, (uint64_t)trap_entry);
    CSR_SET(sie, SIE_SOFTWARE | SIE_TIMER | SIE_EXTERNAL);
    CSR_WRITE(scounteren, 2);  // user mode may read time, and only that
}

static bool is_page_fault(uint64_t cause)
{
    return cause == CAUSE_INSN_PAGE_FAULT || cause == CAUSE_LOAD_PAGE_FAULT ||
           cause == CAUSE_STORE_PAGE_FAULT;
}

static void serve_interrupt(uint64_t cause, bool user)
{
    struct hart *hart = this_hart();

    hart->in_interrupt = true;
    hart->interrupted_user = user;
    switch (cause & ~SCAUSE_INTERRUPT) {
    case INTERRUPT_SOFTWARE:
        CSR_CLEAR(sip, SIE_SOFTWARE);
        if (panicking())
            panic_park();
        trap_handlers.reschedule();
        break;
    case INTERRUPT_TIMER:
        trap_timer_interrupt();
        break;
    case INTERRUPT_EXTERNAL:
        trap_external_interrupt();
        break;
    }
    hart->in_interrupt = false;
}

static noreturn void kernel_exception(const struct trap_frame *frame)
{
    panic_at((const uint64_t *)frame,
             "unexpected trap: cause %lu, address %#lx", frame->cause,
             frame->address);
}

static void user_exception(struct trap_frame *frame)
{
    int error = 0;

    if (frame->cause == CAUSE_ILLEGAL_INSN && trap_handlers.fpu_enable(frame))
        return;
    interrupts_on();
    if (is_page_fault(frame->cause))
        error = trap_handlers.page_fault(frame);
    if (error || !is_page_fault(frame->cause))
        trap_handlers.user_exception(frame, error);
    interrupts_off();
}

// Called by trap_entry.S with interrupts off; returns with interrupts off.
void trap_dispatch(struct trap_frame *frame)
{
    bool user = trap_from_user(frame);

    if (likely(user && frame->cause == CAUSE_USER_ECALL)) {
        frame->pc += 4;
        frame->orig_a0 = frame->a0;
        interrupts_on();
        trap_handlers.syscall(frame);
        interrupts_off();
    } else if (frame->cause & SCAUSE_INTERRUPT) {
        serve_interrupt(frame->cause, user);
    } else if (user) {
        user_exception(frame);
    } else {
        kernel_exception(frame);
    }
    if (user)
        trap_handlers.return_to_user(frame);
}

// trap_entry.S found sp in the guard half of its slot; runs on the overflow
// stack.
noreturn void trap_stack_overflow(uint64_t sp, uint64_t pc, uint64_t address)
{
    panic("kernel stack overflow: sp %#lx, pc %#lx, address %#lx", sp, pc,
          address);
}
