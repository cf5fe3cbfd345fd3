// SPDX-License-Identifier: MIT
//
// Process groups and sessions, setpgid(2) and setsid(2).

#include <abi/errno.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

// The process with the number, 0 being the caller's own. Lock held; no
// reference.
static struct process *find_process(int pid)
{
    struct process *process;
    if (pid == 0)
        return current_process();
    list_for_each(process, &all_processes, all_node)
        if (process->pid == pid)
            return process;
    return NULL;
}

static bool group_in_session(int pgid, int sid)
{
    struct process *process;
    list_for_each(process, &all_processes, all_node)
        if (process->pgid == pgid && process->sid == sid)
            return true;
    return false;
}

// May the caller put the process into the group? Lock held.
static int may_set_group(const struct process *process, int pgid)
{
    const struct process *self = current_process();
    if (process->parent == self) {
        if (process->sid != self->sid)
            return -EPERM;
        if (process->exec_done)
            return -EACCES;
    } else if (process != self) {
        return -ESRCH;
    }
    if (process->sid == process->pid)
        return -EPERM;
    if (pgid != process->pid && !group_in_session(pgid, self->sid))
        return -EPERM;
    return 0;
}

long sys_setpgid(long pid, long group)
{
    int pgid = group;
    if (pgid < 0)
        return -EINVAL;
    WITH_LOCK(&process_tree_lock) {
        struct process *process = find_process(pid);
        if (!process)
            return -ESRCH;
        if (pgid == 0)
            pgid = process->pid;
        int error = may_set_group(process, pgid);
        if (error)
            return error;
        process->pgid = pgid;
    }
    return 0;
}

long sys_getpgid(long pid)
{
    WITH_LOCK(&process_tree_lock) {
        const struct process *process = find_process(pid);
        return process ? process->pgid : -ESRCH;
    }
    return 0;
}

long sys_getsid(long pid)
{
    WITH_LOCK(&process_tree_lock) {
        const struct process *process = find_process(pid);
        return process ? process->sid : -ESRCH;
    }
    return 0;
}

long sys_setsid(void)
{
    struct process *self = current_process(), *process;
    WITH_LOCK(&process_tree_lock) {
        list_for_each(process, &all_processes, all_node)
            if (process->pgid == self->pid)
                return -EPERM;
        self->sid = self->pgid = self->pid;
        self->tty = NULL;
    }
    return self->pid;
}
