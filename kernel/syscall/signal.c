// SPDX-License-Identifier: MIT
//
// Masks, handlers and waiting for signals: the system calls over
// <proc/signal.h>. Sending is in kill.c.

#include <abi/errno.h>
#include <abi/signal.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

#include "timespec.h"

#define SET_SIZE sizeof(uint64_t)  // of a sigset_t, in bytes

static const uint64_t never_blocked =
    1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1);

// ---- handlers ----

static const uint64_t known_flags = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO |
                                    SA_ONSTACK | SA_RESTART | SA_NODEFER |
                                    SA_RESETHAND;

static bool ignores(const struct abi_sigaction *action, int signal)
{
    return action->handler == SIG_IGN ||
           (action->handler == SIG_DFL && signal_default_ignored(signal));
}

// Set a signal's action if new is given; the one before in *old.
static void exchange_action(int signal, const struct abi_sigaction *new,
                            struct abi_sigaction *old)
{
    struct process *process = current_process();
    struct abi_siginfo unused;
    WITH_LOCK(&process->signal_lock) {
        struct abi_sigaction *action = &process->handlers->actions[signal - 1];
        *old = *action;
        if (new)
            *action = *new;
    }
    // What is ignored from now on is not pending any more.
    if (new &&ignores(new, signal))
        while (signal_dequeue(signal_bit(signal), &unused))
            ;
}

long sys_rt_sigaction(long number, uaddr new_at, uaddr old_at,
                      unsigned long size)
{
    struct abi_sigaction new = {0}, old;
    int signal = number;
    if (size != SET_SIZE)
        return -EINVAL;
    if (new_at && GET_USER(&new, new_at))
        return -EFAULT;
    if (signal < 1 || signal > SIGNAL_COUNT ||
        (new_at && signal_bit(signal) & never_blocked))
        return -EINVAL;
    // Flags that are not known read back as zero: so programs find out.
    new.flags &= known_flags;
    new.mask &= ~never_blocked;
    exchange_action(signal, new_at ? &new : NULL, &old);
    return old_at ? PUT_USER(old_at, old) : 0;
}

static bool on_altstack(const struct task *task, uaddr sp)
{
    return !(task->altstack_flags & SS_AUTODISARM) && task->altstack_size &&
           sp - task->altstack_sp <= task->altstack_size;
}

static int set_altstack(struct task *task, const struct abi_stack *new)
{
    int mode = new->flags & ~SS_AUTODISARM;
    if (on_altstack(task, task->frame->sp))
        return -EPERM;
    if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE)
        return -EINVAL;
    if (mode != SS_DISABLE && new->size < MINSIGSTKSZ)
        return -ENOMEM;
    bool off = mode == SS_DISABLE;
    task->altstack_sp = off ? 0 : new->sp;
    task->altstack_size = off ? 0 : new->size;
    task->altstack_flags = new->flags;
    return 0;
}

long sys_sigaltstack(uaddr new_at, uaddr old_at)
{
    struct task *task = current;
    struct abi_stack new,
        old = {
            .sp = task->altstack_sp,
            .size = task->altstack_size,
            .flags = !task->altstack_size                 ? SS_DISABLE
                     : on_altstack(task, task->frame->sp) ? SS_ONSTACK
                                                          : 0,
        };
    old.flags |= task->altstack_flags & SS_AUTODISARM;
    if (new_at && GET_USER(&new, new_at))
        return -EFAULT;
    int error = new_at ? set_altstack(task, &new) : 0;
    return error || !old_at ? error : PUT_USER(old_at, old);
}

long sys_rt_sigreturn(void)
{
    return signal_return(current->frame);
}

// What follows a signal that no handler was run for: the call goes on where
// task->restart says.
long sys_restart_syscall(void)
{
    struct task *task = current;
    return task->restart ? task->restart(task) : -EINTR;
}

// ---- masks ----

long sys_rt_sigprocmask(long how, uaddr new_at, uaddr old_at,
                        unsigned long size)
{
    uint64_t old = current->blocked.bits, set;
    if (size != SET_SIZE)
        return -EINVAL;
    if (new_at) {
        if (GET_USER(&set, new_at))
            return -EFAULT;
        switch ((int)how) {
        case SIG_BLOCK:
            signal_set_blocked(old | set);
            break;
        case SIG_UNBLOCK:
            signal_set_blocked(old & ~set);
            break;
        case SIG_SETMASK:
            signal_set_blocked(set);
            break;
        default:
            return -EINVAL;
        }
    }
    return old_at ? PUT_USER(old_at, old) : 0;
}

long sys_rt_sigpending(uaddr to, unsigned long size)
{
    const struct task *task = current;
    uint64_t set = 0;
    if (size > SET_SIZE)
        return -EINVAL;
    WITH_LOCK(&task->process->signal_lock)
        set = (task->pending.set.bits | task->process->pending.set.bits) &
              task->blocked.bits;
    return copy_to_user(to, &set, size);
}

// ---- waiting ----

long sys_rt_sigsuspend(uaddr set_at, unsigned long size)
{
    uint64_t set;
    if (size != SET_SIZE)
        return -EINVAL;
    if (GET_USER(&set, set_at))
        return -EFAULT;
    signal_set_temporary_mask(set);
    wait_event_interruptible(&current_process()->signal_wait, false);
    return -ERESTARTNOHAND;
}

// Wait for one of the set, which the caller blocks. Its number, -EAGAIN past
// the deadline, -EINTR for a signal of another kind.
static long wait_for_signal(uint64_t set, nsec_t deadline,
                            struct abi_siginfo *info)
{
    struct task *task = current;
    int signal = 0;
    WITH_LOCK(&task->process->signal_lock)
        task->waiting.bits = set;
    int error = wait_event_interruptible_until(
        &task->process->signal_wait, (signal = signal_dequeue(set, info)) != 0,
        deadline);
    WITH_LOCK(&task->process->signal_lock)
        task->waiting.bits = 0;
    if (!error)
        return signal;
    return error == -ETIMEDOUT ? -EAGAIN : -EINTR;
}

long sys_rt_sigtimedwait(uaddr set_at, uaddr info_at, uaddr timeout_at,
                         unsigned long size)
{
    uint64_t set;
    struct abi_siginfo info;
    nsec_t deadline;
    if (size != SET_SIZE)
        return -EINVAL;
    if (GET_USER(&set, set_at))
        return -EFAULT;
    int error = deadline_from_user(timeout_at, &deadline);
    if (error)
        return error;
    long signal = wait_for_signal(set & ~never_blocked, deadline, &info);
    if (signal > 0 && info_at && PUT_USER(info_at, info))
        return -EFAULT;
    return signal;
}
