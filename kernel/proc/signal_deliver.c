// SPDX-License-Identifier: MIT
//
// Acting on signals: the running task, on its way back to user mode, dies,
// stops, or gets a frame on its user stack in which a handler runs; and the
// way back out of that frame. The frame's layout is Linux's for riscv64
// (<abi/signal.h>), which unwinders and debuggers know.

#include <abi/errno.h>
#include <abi/process.h>
#include <abi/signal.h>
#include <lib/csr.h>
#include <lib/log.h>
#include <mm/mm.h>
#include <mm/uaccess.h>
#include <proc/fpu.h>
#include <proc/task.h>
#include <proc/vdso.h>
#include <riscv/trap.h>
#include <string.h>

#include "proc_internal.h"
#include "sched_internal.h"

#define SYS_RESTART_SYSCALL 128

// ---- blocking ----

static void set_blocked(uint64_t mask)
{
    struct task *task = current;
    const uint64_t never = signal_bit(SIGKILL) | signal_bit(SIGSTOP);

    WITH_LOCK(&task->process->signal_lock) {
        task->blocked.bits = mask & ~never;
        // What was let through may be pending already; looking is harmless.
        uint64_t pending =
            task->pending.set.bits | task->process->pending.set.bits;
        if (pending & ~task->blocked.bits)
            WRITE_ONCE(task->signal_wake, true);
    }
}

void signal_set_blocked(uint64_t mask)
{
    set_blocked(mask);
}

void signal_set_temporary_mask(uint64_t mask)
{
    struct task *task = current;

    if (!task->restore_blocked)
        task->saved_blocked = task->blocked;
    task->restore_blocked = true;
    set_blocked(mask);
}

void signal_restore_mask(void)
{
    struct task *task = current;

    if (!task->restore_blocked)
        return;
    task->restore_blocked = false;
    set_blocked(task->saved_blocked.bits);
}

bool signal_is_blocked_or_ignored(int signal)
{
    struct task *task = current;
    bool result = false;

    WITH_LOCK(&task->process->signal_lock)
        result =
            (task->blocked.bits & signal_bit(signal)) ||
            task->process->handlers->actions[signal - 1].handler == SIG_IGN;
    return result;
}

void signal_fault(int signal, int code, uaddr address)
{
    struct task *task = current;
    struct abi_siginfo info = {
        .signo = signal, .code = code, .fault.address = address};

    WITH_LOCK(&process_tree_lock) {
        WITH_LOCK(&task->process->signal_lock) {
            struct abi_sigaction *action =
                &task->process->handlers->actions[signal - 1];
            uint64_t bit = signal_bit(signal);
            if ((task->blocked.bits & bit) || action->handler == SIG_IGN) {
                action->handler = SIG_DFL;
                task->blocked.bits &= ~bit;
            }
            signal_send_to_self(signal, &info);
        }
    }
    // Process 1 ignores what it has no handler for, but cannot go on here.
    if (task->process == init_process && !signal_pending())
        process_exit(signal);
}

// ---- the frame ----

static uaddr frame_address(const struct trap_frame *frame,
                           const struct abi_sigaction *action)
{
    struct task *task = current;
    uaddr sp = frame->sp;
    bool on_altstack = sp - task->altstack_sp <= task->altstack_size;

    if ((action->flags & SA_ONSTACK) && task->altstack_size && !on_altstack)
        sp = task->altstack_sp + task->altstack_size;
    return (sp - sizeof(struct abi_sigframe)) & ~15ull;
}

static void describe_altstack(struct abi_stack *stack, uaddr sp)
{
    const struct task *task = current;

    stack->sp = task->altstack_sp;
    stack->size = task->altstack_size;
    stack->flags = !task->altstack_size                            ? SS_DISABLE
                   : sp - task->altstack_sp <= task->altstack_size ? SS_ONSTACK
                                                                   : 0;
}

static int push_frame(struct trap_frame *frame, int signal,
                      const struct abi_sigaction *action,
                      const struct abi_siginfo *info, uint64_t mask)
{
    struct task *task = current;
    struct abi_sigframe out = {.info = *info};
    uaddr sp = frame_address(frame, action);

    describe_altstack(&out.uc.stack, frame->sp);
    out.uc.sigmask = mask;
    memcpy(out.uc.gregs, frame, sizeof(out.uc.gregs));
    if (task->fpu_used) {
        fpu_sync(task);
        memcpy(out.uc.fregs, task->fpu.f, sizeof(out.uc.fregs));
        out.uc.fcsr = task->fpu.fcsr;
    }
    if (copy_to_user(sp, &out, sizeof(out)))
        return -EFAULT;
    if (task->altstack_flags & SS_AUTODISARM)
        task->altstack_size = 0;
    frame->ra = task->mm->vdso + VDSO_RT_SIGRETURN;
    frame->sp = sp;
    frame->pc = action->handler;
    frame->a0 = signal;
    frame->a1 = sp + offsetof(struct abi_sigframe, info);
    frame->a2 = sp + offsetof(struct abi_sigframe, uc);
    return 0;
}

// rt_sigreturn(2): a bad frame is the program's own fault, SIGSEGV.
long signal_return(struct trap_frame *frame)
{
    struct task *task = current;
    struct abi_sigframe in;
    uint64_t status = frame->status;

    frame->cause = ~0ull;  // what comes back is no system call's result
    if ((frame->sp & 15) || copy_from_user(&in, frame->sp, sizeof(in))) {
        signal_fault(SIGSEGV, SEGV_MAPERR, frame->sp);
        return frame->a0;
    }
    memcpy(frame, in.uc.gregs, sizeof(in.uc.gregs));
    frame->status = status;
    memcpy(task->fpu.f, in.uc.fregs, sizeof(in.uc.fregs));
    task->fpu.fcsr = in.uc.fcsr;
    if (task->fpu_used)
        fpu_reload(task);
    set_blocked(in.uc.sigmask);
    if (!(in.uc.stack.flags & SS_DISABLE)) {
        task->altstack_sp = in.uc.stack.sp;
        task->altstack_size = in.uc.stack.size;
    }
    return frame->a0;
}

// ---- what a signal does ----

static bool dumps_core(int signal)
{
    const uint64_t core = signal_bit(SIGQUIT) | signal_bit(SIGILL) |
                          signal_bit(SIGABRT) | signal_bit(SIGFPE) |
                          signal_bit(SIGSEGV) | signal_bit(SIGBUS) |
                          signal_bit(SIGSYS) | signal_bit(SIGTRAP) |
                          signal_bit(SIGXCPU) | signal_bit(SIGXFSZ);

    return core & signal_bit(signal);
}

static noreturn void die(const struct trap_frame *frame, int signal,
                         const struct abi_siginfo *info)
{
    if (dumps_core(signal))
        log_line("%s/%d: signal %d, pc %#lx, address %#lx", current->name,
                 current->tid, signal, frame->pc,
                 info->code > 0 ? info->fault.address : 0);
    process_exit(signal);
}

// Sleep until SIGCONT or SIGKILL.
static void stay_stopped(void)
{
    struct process *process = current->process;

    for (;;) {
        sched_sleep_as(TASK_STOPPED);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (!READ_ONCE(process->stop_signal) || signal_fatal_pending())
            break;
        schedule();
    }
    sched_cancel_sleep();
}

bool process_group_is_orphaned(const struct process *process)
{
    struct process *p;

    list_for_each(p, &all_processes, all_node) {
        const struct process *parent = p->parent;
        if (p->pgid == process->pgid && parent && !p->zombie &&
            parent->pgid != p->pgid && parent->sid == p->sid)
            return false;
    }
    return true;
}

static void stop_process(int signal)
{
    struct process *process = current->process;

    WITH_LOCK(&process_tree_lock) {
        if (signal != SIGSTOP && process_group_is_orphaned(process))
            return;
        WITH_LOCK(&process->signal_lock) {
            if (process->group_exit)
                return;
            process->stop_signal = signal;
            process->stop_report = true;
            signal_wake_all(process);
        }
        process_notify_parent(process, CLD_STOPPED, signal);
    }
}

static bool is_stop_signal(int signal)
{
    return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN ||
           signal == SIGTTOU;
}

// ---- interrupted system calls ----

static bool is_interrupted_call(const struct trap_frame *frame)
{
    int64_t a0 = frame->a0;

    return frame->cause == CAUSE_USER_ECALL &&
           (a0 == -ERESTARTSYS || a0 == -ERESTARTNOHAND ||
            a0 == -ERESTART_RESTARTBLOCK);
}

static void restart_call(struct trap_frame *frame)
{
    if (frame->a0 == (uint64_t)-ERESTART_RESTARTBLOCK)
        frame->a7 = SYS_RESTART_SYSCALL;
    frame->a0 = frame->orig_a0;
    frame->pc -= 4;
    frame->cause = ~0ull;
}

static void run_handler(struct trap_frame *frame, int signal,
                        const struct abi_sigaction *action,
                        const struct abi_siginfo *info)
{
    struct task *task = current;
    uint64_t mask = task->blocked.bits;

    if (is_interrupted_call(frame)) {
        if (frame->a0 == (uint64_t)-ERESTARTSYS && (action->flags & SA_RESTART))
            restart_call(frame);
        else
            frame->a0 = -EINTR;
    }
    if (task->restore_blocked)  // of sigsuspend, ppoll: after the handler
        mask = task->saved_blocked.bits;
    if (push_frame(frame, signal, action, info, mask)) {
        log_line("%s/%d: no room for a signal frame at %#lx", task->name,
                 task->tid, frame->sp);
        process_exit(SIGSEGV);
    }
    task->restore_blocked = false;
    uint64_t blocked = task->blocked.bits | action->mask;
    if (!(action->flags & SA_NODEFER))
        blocked |= signal_bit(signal);
    set_blocked(blocked);
}

// Take the next signal to act on. 0: none; then nobody need look again.
static int next_signal(struct abi_sigaction *action, struct abi_siginfo *info)
{
    struct task *task = current;
    int signal = 0;

    WITH_LOCK(&task->process->signal_lock) {
        signal = signal_dequeue_locked(~task->blocked.bits, info);
        if (!signal) {
            if (!signal_fatal_pending() && !task->process->stop_signal)
                WRITE_ONCE(task->signal_wake, false);
            break;
        }
        struct abi_sigaction *a = &task->process->handlers->actions[signal - 1];
        *action = *a;
        if ((a->flags & SA_RESETHAND) && a->handler > SIG_IGN)
            a->handler = SIG_DFL;
    }
    return signal;
}

void signal_deliver(struct trap_frame *frame)
{
    struct process *process = current->process;
    struct abi_sigaction action;
    struct abi_siginfo info;
    int signal;

    do {
        if (signal_fatal_pending())
            task_exit(process->exit_status);
        if (READ_ONCE(process->stop_signal)) {
            stay_stopped();
            signal = -1;
            continue;
        }
        signal = next_signal(&action, &info);
        if (!signal || action.handler == SIG_IGN)
            continue;
        if (action.handler != SIG_DFL) {
            run_handler(frame, signal, &action, &info);
            return;
        }
        if (is_stop_signal(signal))
            stop_process(signal);
        else if (!signal_default_ignored(signal))
            die(frame, signal, &info);
    } while (signal);

    if (is_interrupted_call(frame))
        restart_call(frame);
    signal_restore_mask();
}

// ---- the last step before user mode ----

void return_to_user(struct trap_frame *frame)
{
    struct hart *hart = this_hart();
    struct task *task = hart->running;

    while (unlikely(hart->need_resched || task->signal_wake)) {
        interrupts_on();
        if (READ_ONCE(hart->need_resched))
            schedule();
        if (READ_ONCE(task->signal_wake))
            signal_deliver(frame);
        interrupts_off();
        hart = this_hart();
    }
}
