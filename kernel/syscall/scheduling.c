// SPDX-License-Identifier: MIT
//
// How tasks share the harts. There is one policy, SCHED_OTHER, with one
// priority; asking for it, or for what follows from it, works, and asking for
// another is an error.

#include <abi/errno.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

enum {
    SCHED_OTHER,
    SCHED_FIFO,
    SCHED_RR,
    SCHED_BATCH,
    SCHED_IDLE = 5
};
#define SLICE (10 * NSEC_PER_MSEC)  // what sched_rr_get_interval reports

// A task with a reference, 0 being the caller. NULL: there is none.
static struct task *find_task(long tid)
{
    if ((int)tid == 0) {
        task_get(current);
        return current;
    }
    return (int)tid > 0 ? task_find(tid) : NULL;
}

static int check_task(long tid)
{
    struct task *task = find_task(tid);
    if (!task)
        return (int)tid < 0 ? -EINVAL : -ESRCH;
    task_put(task);
    return 0;
}

long sys_sched_yield(void)
{
    schedule();
    return 0;
}

// ---- affinity ----

static uint64_t online_harts(void)
{
    return hart_count == 64 ? ~0ull : (1ull << hart_count) - 1;
}

static bool may_move(const struct task *task)
{
    const struct process *self = current_process(), *other = task->process;
    return self->euid == 0 ||
           (other && (self->euid == other->uid || self->euid == other->euid));
}

long sys_sched_setaffinity(long tid, unsigned long size, uaddr at)
{
    uint64_t mask = 0;
    if (copy_from_user(&mask, at, MIN(size, sizeof(mask))))
        return -EFAULT;
    struct task *task = find_task(tid);
    if (!task)
        return -ESRCH;
    int error = -EPERM;
    if (may_move(task))
        error = task_set_affinity(task, mask & online_harts());
    task_put(task);
    return error;
}

// The result is the number of bytes that the kernel's own mask has.
long sys_sched_getaffinity(long tid, unsigned long size, uaddr at)
{
    uint64_t mask;
    if (size < sizeof(mask) || size % sizeof(mask) != 0)
        return -EINVAL;
    struct task *task = find_task(tid);
    if (!task)
        return -ESRCH;
    mask = READ_ONCE(task->affinity) & online_harts();
    task_put(task);
    int error = PUT_USER(at, mask);
    return error ? error : (long)sizeof(mask);
}

long sys_getcpu(uaddr cpu, uaddr node, uaddr unused)
{
    unsigned hart = this_hart()->id, zero = 0;
    (void)unused;
    if ((cpu && PUT_USER(cpu, hart)) || (node && PUT_USER(node, zero)))
        return -EFAULT;
    return 0;
}

// ---- policy and priority ----

static bool policy_known(int policy)
{
    return (policy >= SCHED_OTHER && policy <= SCHED_BATCH) ||
           policy == SCHED_IDLE;
}

static bool policy_realtime(int policy)
{
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

long sys_sched_setscheduler(long tid, long policy, uaddr param)
{
    int priority, wanted = policy;
    if ((int)tid < 0 || !param || !policy_known(wanted))
        return -EINVAL;
    if (GET_USER(&priority, param))
        return -EFAULT;
    int error = check_task(tid);
    if (error)
        return error;
    // RLIMIT_RTPRIO is 0 for everyone: real-time policies are not to be had.
    if (policy_realtime(wanted))
        return priority < 1 || priority > 99 ? -EINVAL : -EPERM;
    return wanted != SCHED_OTHER || priority != 0 ? -EINVAL : 0;
}

long sys_sched_getscheduler(long tid)
{
    int error = check_task(tid);
    return error ? error : SCHED_OTHER;
}

long sys_sched_setparam(long tid, uaddr param)
{
    int priority;
    if (!param)
        return -EINVAL;
    if (GET_USER(&priority, param))
        return -EFAULT;
    int error = check_task(tid);
    return error ? error : priority ? -EINVAL : 0;
}

long sys_sched_getparam(long tid, uaddr param)
{
    int priority = 0;
    if (!param)
        return -EINVAL;
    int error = check_task(tid);
    return error ? error : PUT_USER(param, priority);
}

long sys_sched_get_priority_max(long policy)
{
    if (!policy_known(policy))
        return -EINVAL;
    return policy_realtime(policy) ? 99 : 0;
}

long sys_sched_get_priority_min(long policy)
{
    if (!policy_known(policy))
        return -EINVAL;
    return policy_realtime(policy) ? 1 : 0;
}

long sys_sched_rr_get_interval(long tid, uaddr at)
{
    int64_t interval[2] = {0, SLICE};
    int error = check_task(tid);
    return error ? error : copy_to_user(at, interval, sizeof(interval));
}

// ---- niceness: always 0 ----

enum {
    PRIO_PROCESS,
    PRIO_PGRP,
    PRIO_USER
};

static bool in_set(const struct process *process, int which, uint32_t who)
{
    const struct process *self = current_process();
    switch (which) {
    case PRIO_PGRP:
        return process->pgid == (who ? (int)who : self->pgid);
    case PRIO_USER:
        return process->uid == (who ? who : self->uid);
    default:
        return false;
    }
}

static int check_set(int which, int who)
{
    struct process *process;
    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    if (which == PRIO_PROCESS)
        return check_task(who) ? -ESRCH : 0;
    WITH_LOCK(&process_tree_lock) {
        list_for_each(process, &all_processes, all_node)
            if (in_set(process, which, who))
                return 0;
    }
    return -ESRCH;
}

// The system call reports 20 - nice, so that a result is never negative.
long sys_getpriority(long which, long who)
{
    int error = check_set(which, who);
    return error ? error : 20;
}

long sys_setpriority(long which, long who, long nice)
{
    int error = check_set(which, who);
    return error ? error : (int)nice ? -EPERM : 0;
}
