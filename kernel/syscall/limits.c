// SPDX-License-Identifier: MIT
//
// Resource limits and usage: prlimit(2), getrusage(2), times(2).

#include <abi/errno.h>
#include <abi/process.h>
#include <mm/mm.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

#define OPEN_FILES_MAX 1048576  // Linux's fs.nr_open
#define CLOCK_TICKS    100      // a second, for times()

// May the caller look at and change the other's limits? prlimit(2).
static bool may_touch(const struct process *other)
{
    const struct process *self = current_process();
    if (self == other || self->euid == 0)
        return true;
    return self->uid == other->uid && self->uid == other->euid &&
           self->uid == other->suid && self->gid == other->gid &&
           self->gid == other->egid && self->gid == other->sgid;
}

static int check_limit(unsigned resource, const struct rlimit *old,
                       const struct rlimit *new)
{
    if (new->soft > new->hard)
        return -EINVAL;
    if (resource == RLIMIT_NOFILE && new->hard > OPEN_FILES_MAX)
        return -EPERM;
    if (new->hard > old->hard && current_process()->euid != 0)
        return -EPERM;
    return 0;
}

// An address space has copies of the limits that it enforces.
static void apply_to_memory(struct mm *mm, unsigned resource, uint64_t soft)
{
    WITH_MUTEX(&mm->lock) {
        if (resource == RLIMIT_AS)
            mm->limit_as = soft;
        else if (resource == RLIMIT_DATA)
            mm->limit_data = soft;
        else if (resource == RLIMIT_STACK)
            mm->limit_stack = soft;
    }
}

// The address space of a process, with a reference, or NULL.
static struct mm *memory_of(struct process *process)
{
    struct mm *mm = NULL;
    WITH_LOCK(&process_tree_lock) {
        if (process->leader)
            mm = process->leader->mm;
        if (mm)
            mm_get(mm);
    }
    return mm;
}

static int exchange_limit(struct process *process, unsigned resource,
                          const struct rlimit *new, struct rlimit *old)
{
    WITH_LOCK(&process_tree_lock) {
        struct rlimit *limit = &process->limits[resource];
        *old = *limit;
        int error = new ? check_limit(resource, limit, new) : 0;
        if (error)
            return error;
        if (new)
            *limit = *new;
    }
    struct mm *mm = new ? memory_of(process) : NULL;
    if (mm) {
        apply_to_memory(mm, resource, new->soft);
        mm_put(mm);
    }
    return 0;
}

long sys_prlimit64(long pid, unsigned long resource, uaddr new_at, uaddr old_at)
{
    struct rlimit new, old;
    unsigned index = resource;
    if (index >= RLIMIT_COUNT)
        return -EINVAL;
    if (new_at && GET_USER(&new, new_at))
        return -EFAULT;
    int number = (int)pid ? (int)pid : current_process()->pid;
    struct process *process = process_find(number);
    if (!process)
        return -ESRCH;
    int error = -EPERM;
    if (may_touch(process))
        error = exchange_limit(process, index, new_at ? &new : NULL, &old);
    process_put(process);
    if (!error && old_at)
        error = PUT_USER(old_at, old);
    return error;
}

long sys_getrlimit(unsigned long resource, uaddr at)
{
    struct rlimit limit;
    if ((unsigned)resource >= RLIMIT_COUNT)
        return -EINVAL;
    exchange_limit(current_process(), resource, NULL, &limit);
    return PUT_USER(at, limit);
}

long sys_setrlimit(unsigned long resource, uaddr at)
{
    struct rlimit new, old;
    if (GET_USER(&new, at))
        return -EFAULT;
    if ((unsigned)resource >= RLIMIT_COUNT)
        return -EINVAL;
    return exchange_limit(current_process(), resource, &new, &old);
}

// ---- usage ----

long sys_getrusage(long who, uaddr at)
{
    struct abi_rusage usage;
    int whose = who;
    if (whose != RUSAGE_SELF && whose != RUSAGE_CHILDREN &&
        whose != RUSAGE_THREAD)
        return -EINVAL;
    process_rusage(whose, &usage);
    return copy_to_user(at, &usage, sizeof(usage));
}

static int64_t clock_ticks(nsec_t time)
{
    return time / (NSEC_PER_SEC / CLOCK_TICKS);
}

long sys_times(uaddr at)
{
    struct process *self = current_process();
    nsec_t user, system;
    process_cpu_time(self, &user, &system);
    int64_t times[] = {clock_ticks(user), clock_ticks(system),
                       clock_ticks(self->child_user_time),
                       clock_ticks(self->child_system_time)};
    if (at && copy_to_user(at, times, sizeof(times)))
        return -EFAULT;
    return clock_ticks(clock_monotonic());
}
