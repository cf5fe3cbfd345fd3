// SPDX-License-Identifier: MIT
//
// Making, ending and awaiting processes and threads: the system calls over
// <proc/task.h>.

#include <abi/errno.h>
#include <abi/process.h>
#include <abi/signal.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

// ---- clone ----

// The order of arguments is riscv64's (CONFIG_CLONE_BACKWARDS in Linux).
long sys_clone(unsigned long flags, uaddr stack, uaddr parent_tid, uaddr tls,
               uaddr child_tid)
{
    struct clone_args args = {
        .flags = (uint32_t)flags & ~CSIGNAL,
        .exit_signal = flags & CSIGNAL,
        .stack = stack,
        .parent_tid = parent_tid,
        .child_tid = child_tid,
        .tls = tls,
    };
    return task_clone(&args);
}

// struct clone_args of clone(2); it has grown, and may grow again.
struct abi_clone_args {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal;
    uint64_t stack, stack_size, tls;
    uint64_t set_tid, set_tid_size;  // not supported
    uint64_t cgroup;                 // with CLONE_INTO_CGROUP
};
#define CLONE_ARGS_SIZE_VER0 64

// Copy in a structure of the caller's size; what this kernel does not know of
// must be zero (E2BIG), what the caller does not know of is.
static int get_clone_args(struct abi_clone_args *args, uaddr from, size_t size)
{
    *args = (struct abi_clone_args){0};
    if (size > PAGE_SIZE)
        return -E2BIG;
    if (size < CLONE_ARGS_SIZE_VER0)
        return -EINVAL;
    for (size_t at = sizeof(*args); at < size; at++) {
        char byte;
        if (GET_USER(&byte, from + at))
            return -EFAULT;
        if (byte)
            return -E2BIG;
    }
    return copy_from_user(args, from, MIN(size, sizeof(*args)));
}

static bool clone_args_ok(const struct abi_clone_args *args)
{
    uint64_t siblings = CLONE_THREAD | CLONE_PARENT;
    if (args->flags & (CLONE_DETACHED | CSIGNAL))
        return false;
    if (args->exit_signal > SIGNAL_COUNT ||
        ((args->flags & siblings) && args->exit_signal))
        return false;
    if (!args->stack != !args->stack_size)
        return false;
    return !args->set_tid && !args->set_tid_size;
}

long sys_clone3(uaddr from, unsigned long size)
{
    struct abi_clone_args in;
    int error = get_clone_args(&in, from, size);
    if (error)
        return error;
    if (!clone_args_ok(&in))
        return -EINVAL;
    struct clone_args args = {
        .flags = in.flags,
        .exit_signal = in.exit_signal,
        .stack = in.stack + in.stack_size,
        .parent_tid = in.parent_tid,
        .child_tid = in.child_tid,
        .tls = in.tls,
    };
    return task_clone(&args);
}

// ---- exit and wait ----

long sys_exit(long status)
{
    task_exit(WAIT_STATUS_EXIT(status));
}

long sys_exit_group(long status)
{
    process_exit(WAIT_STATUS_EXIT(status));
}

long sys_wait4(long pid, uaddr status, unsigned long options, uaddr rusage)
{
    unsigned known =
        WNOHANG | WUNTRACED | WCONTINUED | W__NOTHREAD | W__ALL | W__CLONE;
    int id = pid;
    if ((unsigned)options & ~known)
        return -EINVAL;
    if (id == INT32_MIN)
        return -ESRCH;
    unsigned flags = (unsigned)options | WEXITED;
    if (id == -1)
        return process_wait(WAIT_ALL, 0, flags, status, rusage, 0);
    if (id > 0)
        return process_wait(WAIT_PID, id, flags, status, rusage, 0);
    return process_wait(WAIT_GROUP, -id, flags, status, rusage, 0);
}

long sys_waitid(long which, long id, uaddr info, unsigned long options,
                uaddr rusage)
{
    enum {
        P_ALL,
        P_PID,
        P_PGID
    };
    unsigned states = WEXITED | WSTOPPED | WCONTINUED;
    unsigned known =
        states | WNOHANG | WNOWAIT | W__NOTHREAD | W__ALL | W__CLONE;
    static const int kinds[] = {
        [P_ALL] = WAIT_ALL, [P_PID] = WAIT_PID, [P_PGID] = WAIT_GROUP};
    if ((unsigned)options & ~known || !(options & states))
        return -EINVAL;
    int kind = which;
    if (kind < P_ALL || kind > P_PGID)
        return -EINVAL;
    if ((kind == P_PID && (int)id <= 0) || (kind == P_PGID && (int)id < 0))
        return -EINVAL;
    long pid = process_wait(kinds[kind], id, options, 0, rusage, info);
    return pid < 0 ? pid : 0;
}

// ---- numbers ----

long sys_getpid(void)
{
    return current_process()->pid;
}

long sys_gettid(void)
{
    return current->tid;
}

long sys_getppid(void)
{
    long pid = 0;
    WITH_LOCK(&process_tree_lock) {
        const struct process *parent = current_process()->parent;
        pid = parent ? parent->pid : 0;
    }
    return pid;
}

long sys_set_tid_address(uaddr address)
{
    current->clear_child_tid = address;
    return current->tid;
}
