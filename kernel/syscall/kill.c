// SPDX-License-Identifier: MIT
//
// Sending signals: kill(2), tgkill(2), rt_sigqueueinfo(2).

#include <abi/errno.h>
#include <abi/signal.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

// kill(2), and SIGCONT within a session.
static bool may_signal(const struct process *target, int signal)
{
    const struct process *self = current_process();
    if (self->euid == 0 || self == target)
        return true;
    if (self->euid == target->uid || self->euid == target->suid ||
        self->uid == target->uid || self->uid == target->suid)
        return true;
    return signal == SIGCONT && self->sid == target->sid;
}

static struct abi_siginfo sent_by_user(int code)
{
    const struct process *self = current_process();
    return (struct abi_siginfo){.code = code,
                                .kill = {.pid = self->pid, .uid = self->uid}};
}

static int kill_one(int pid, int signal, const struct abi_siginfo *info)
{
    struct process *process = process_find(pid);
    if (!process)
        return -ESRCH;
    int error = -EPERM;
    if (may_signal(process, signal))
        error = signal_process(process, signal, info);
    process_put(process);
    return error;
}

// To all of a group, or (0) to all but process 1 and the caller. It succeeds if
// one of them could be signalled.
static int kill_many(int pgid, int signal, const struct abi_siginfo *info)
{
    const struct process *self = current_process();
    struct process *process;
    int result = -ESRCH;
    WITH_LOCK(&process_tree_lock) {
        list_for_each(process, &all_processes, all_node) {
            if (pgid ? process->pgid != pgid
                     : process == init_process || process == self)
                continue;
            int error = -EPERM;
            if (may_signal(process, signal))
                error = signal_process_locked(process, signal, info);
            if (result != 0)
                result = error;
        }
    }
    return result;
}

long sys_kill(long pid, long number)
{
    int id = pid, signal = number;
    struct abi_siginfo info = sent_by_user(SI_USER);
    if (signal < 0 || signal > SIGNAL_COUNT)
        return -EINVAL;
    if (id > 0)
        return kill_one(id, signal, &info);
    if (id == INT32_MIN)
        return -ESRCH;
    if (id == -1)
        return kill_many(0, signal, &info);
    return kill_many(id ? -id : current_process()->pgid, signal, &info);
}

// To one thread; pid 0: of whichever process.
static int kill_thread(int pid, int tid, int signal,
                       const struct abi_siginfo *info)
{
    if (signal < 0 || signal > SIGNAL_COUNT)
        return -EINVAL;
    struct task *task = task_find(tid);
    if (!task)
        return -ESRCH;
    int error = -ESRCH;
    if (task->process && (!pid || task->process->pid == pid))
        error = may_signal(task->process, signal)
                    ? signal_task(task, signal, info)
                    : -EPERM;
    task_put(task);
    return error;
}

long sys_tgkill(long pid, long tid, long signal)
{
    struct abi_siginfo info = sent_by_user(SI_TKILL);
    if ((int)pid <= 0 || (int)tid <= 0)
        return -EINVAL;
    return kill_thread(pid, tid, signal, &info);
}

long sys_tkill(long tid, long signal)
{
    struct abi_siginfo info = sent_by_user(SI_TKILL);
    if ((int)tid <= 0)
        return -EINVAL;
    return kill_thread(0, tid, signal, &info);
}

// Copy in the sender's own siginfo. It may not look as if it came from the
// kernel or from kill, except to the sender itself.
static int get_info(struct abi_siginfo *info, uaddr from, int pid)
{
    if (GET_USER(info, from))
        return -EFAULT;
    if ((info->code >= 0 || info->code == SI_TKILL) &&
        pid != current_process()->pid)
        return -EPERM;
    return 0;
}

long sys_rt_sigqueueinfo(long pid, long number, uaddr from)
{
    struct abi_siginfo info;
    int signal = number;
    int error = get_info(&info, from, pid);
    if (error)
        return error;
    if (signal < 0 || signal > SIGNAL_COUNT)
        return -EINVAL;
    return kill_one(pid, signal, &info);
}

long sys_rt_tgsigqueueinfo(long pid, long tid, long signal, uaddr from)
{
    struct abi_siginfo info;
    if ((int)pid <= 0 || (int)tid <= 0)
        return -EINVAL;
    int error = get_info(&info, from, pid);
    return error ? error : kill_thread(pid, tid, signal, &info);
}
