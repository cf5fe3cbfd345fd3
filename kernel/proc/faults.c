// SPDX-License-Identifier: MIT
//
// What exceptions of user mode mean: a page to be brought in, or a signal.
// Registers all that this floor does at traps.

#include <abi/errno.h>
#include <abi/signal.h>
#include <lib/log.h>
#include <mm/mm.h>
#include <proc/fpu.h>
#include <proc/task.h>
#include <riscv/trap.h>

#include "proc_internal.h"

static int page_fault(struct trap_frame *frame)
{
    struct task *task = current;
    unsigned access = frame->cause == CAUSE_INSN_PAGE_FAULT    ? VMA_EXEC
                      : frame->cause == CAUSE_STORE_PAGE_FAULT ? VMA_WRITE
                                                               : VMA_READ;

    if (!task->mm)
        return -EFAULT;
    __atomic_fetch_add(&task->process->minor_faults, 1, __ATOMIC_RELAXED);
    return mm_fault(task->mm, frame->address, access);
}

// A fault that memory, file or permission did not allow.
static void unresolved_fault(const struct trap_frame *frame, int error)
{
    switch (error) {
    case -ENOMEM:
        if (oom_wait() == -ETIMEDOUT) {
            log_line("%s/%d: killed, out of memory", current->name,
                     current->tid);
            process_exit(SIGKILL);
        }
        break;
    case -EIO:
        signal_fault(SIGBUS, BUS_ADRERR, frame->address);
        break;
    case -EACCES:
        signal_fault(SIGSEGV, SEGV_ACCERR, frame->address);
        break;
    default:
        signal_fault(SIGSEGV, SEGV_MAPERR, frame->address);
        break;
    }
}

static void user_exception(struct trap_frame *frame, int error)
{
    if (error) {
        unresolved_fault(frame, error);
        return;
    }
    switch (frame->cause) {
    case CAUSE_ILLEGAL_INSN:
        signal_fault(SIGILL, ILL_ILLOPC, frame->pc);
        break;
    case CAUSE_BREAKPOINT:
        signal_fault(SIGTRAP, TRAP_BRKPT, frame->pc);
        break;
    case CAUSE_INSN_MISALIGNED:
    case CAUSE_LOAD_MISALIGNED:
    case CAUSE_STORE_MISALIGNED:
        signal_fault(SIGBUS, BUS_ADRALN, frame->address);
        break;
    default:
        signal_fault(SIGSEGV, SEGV_ACCERR, frame->address);
        break;
    }
}

// Another hart asked this one to look at its run queue or at signals; both is
// done on the way back to user mode or by the idle loop.
static void reschedule(void)
{
    this_hart()->need_resched = true;
}

// A copy inside a system call needs a page. The locks that the call holds may
// be what the victim waits for, so patience ends in EFAULT there.
static bool wait_for_memory(void)
{
    return oom_wait() == 0;
}

void proc_init(void)
{
    mm_wait_for_memory = wait_for_memory;
    trap_handlers.page_fault = page_fault;
    trap_handlers.user_exception = user_exception;
    trap_handlers.fpu_enable = fpu_enable;
    trap_handlers.reschedule = reschedule;
    trap_handlers.return_to_user = return_to_user;
}
