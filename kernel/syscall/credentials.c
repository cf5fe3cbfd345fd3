// SPDX-License-Identifier: MIT
//
// User and group numbers, credentials(7). Privilege is an effective user number
// of 0; there are no capabilities.

#include <abi/errno.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

#define GROUPS_MAX 65536
#define UNCHANGED  UINT32_MAX

// One of the two sets of numbers that a process has; both follow one rule.
struct ids {
    uint32_t *real, *effective, *saved, *fs;
};

static struct ids users(struct process *p)
{
    return (struct ids){&p->uid, &p->euid, &p->suid, &p->fsuid};
}

static struct ids groups(struct process *p)
{
    return (struct ids){&p->gid, &p->egid, &p->sgid, &p->fsgid};
}

static bool privileged(void)
{
    return current_process()->euid == 0;
}

static bool is_one_of(const struct ids *ids, uint32_t id)
{
    return id == *ids->real || id == *ids->effective || id == *ids->saved;
}

static bool may_become(const struct ids *ids, uint32_t id)
{
    return id == UNCHANGED || privileged() || is_one_of(ids, id);
}

static void change(uint32_t *to, uint32_t id)
{
    if (id != UNCHANGED)
        *to = id;
}

// setuid(2), setgid(2): root sets all of them, for good.
static long set_id(struct ids ids, uint32_t id)
{
    if (id == UNCHANGED)
        return -EINVAL;
    WITH_LOCK(&process_tree_lock) {
        if (privileged())
            *ids.real = *ids.saved = id;
        else if (id != *ids.real && id != *ids.saved)
            return -EPERM;
        *ids.effective = *ids.fs = id;
    }
    return 0;
}

// setreuid(2), setregid(2). The saved number follows the effective one if the
// real one is set, or the effective one to other than the real one.
static long set_real_effective(struct ids ids, uint32_t real,
                               uint32_t effective)
{
    WITH_LOCK(&process_tree_lock) {
        bool real_ok = real == UNCHANGED || privileged() || real == *ids.real ||
                       real == *ids.effective;
        if (!real_ok || !may_become(&ids, effective))
            return -EPERM;
        uint32_t old_real = *ids.real;
        change(ids.real, real);
        change(ids.effective, effective);
        if (real != UNCHANGED ||
            (effective != UNCHANGED && effective != old_real))
            *ids.saved = *ids.effective;
        *ids.fs = *ids.effective;
    }
    return 0;
}

// setresuid(2), setresgid(2).
static long set_three(struct ids ids, uint32_t real, uint32_t effective,
                      uint32_t saved)
{
    WITH_LOCK(&process_tree_lock) {
        if (!may_become(&ids, real) || !may_become(&ids, effective) ||
            !may_become(&ids, saved))
            return -EPERM;
        change(ids.real, real);
        change(ids.effective, effective);
        change(ids.saved, saved);
        *ids.fs = *ids.effective;
    }
    return 0;
}

static long get_three(struct ids ids, uaddr real, uaddr effective, uaddr saved)
{
    if (PUT_USER(real, *ids.real) || PUT_USER(effective, *ids.effective) ||
        PUT_USER(saved, *ids.saved))
        return -EFAULT;
    return 0;
}

// setfsuid(2), setfsgid(2): never an error, always the number before.
static long set_fs(struct ids ids, uint32_t id)
{
    uint32_t before = 0;
    WITH_LOCK(&process_tree_lock) {
        before = *ids.fs;
        if (id != UNCHANGED && (may_become(&ids, id) || id == before))
            *ids.fs = id;
    }
    return before;
}

long sys_setuid(unsigned long id)
{
    return set_id(users(current_process()), id);
}

long sys_setgid(unsigned long id)
{
    return set_id(groups(current_process()), id);
}

long sys_setreuid(unsigned long real, unsigned long effective)
{
    return set_real_effective(users(current_process()), real, effective);
}

long sys_setregid(unsigned long real, unsigned long effective)
{
    return set_real_effective(groups(current_process()), real, effective);
}

long sys_setresuid(unsigned long real, unsigned long effective,
                   unsigned long saved)
{
    return set_three(users(current_process()), real, effective, saved);
}

long sys_setresgid(unsigned long real, unsigned long effective,
                   unsigned long saved)
{
    return set_three(groups(current_process()), real, effective, saved);
}

long sys_getresuid(uaddr real, uaddr effective, uaddr saved)
{
    return get_three(users(current_process()), real, effective, saved);
}

long sys_getresgid(uaddr real, uaddr effective, uaddr saved)
{
    return get_three(groups(current_process()), real, effective, saved);
}

long sys_setfsuid(unsigned long id)
{
    return set_fs(users(current_process()), id);
}

long sys_setfsgid(unsigned long id)
{
    return set_fs(groups(current_process()), id);
}

long sys_getuid(void)
{
    return current_process()->uid;
}

long sys_geteuid(void)
{
    return current_process()->euid;
}

long sys_getgid(void)
{
    return current_process()->gid;
}

long sys_getegid(void)
{
    return current_process()->egid;
}

// ---- supplementary groups ----

// A copy of the caller's list, for kfree, since user memory may not be touched
// under the lock that guards it. -ENOMEM.
static int copy_groups(uint32_t **copy, unsigned *count)
{
    const struct process *self = current_process();
    for (;;) {
        *count = READ_ONCE(self->group_count);
        *copy = kmalloc(*count * sizeof(**copy));
        if (!*copy)
            return -ENOMEM;
        WITH_LOCK(&process_tree_lock) {
            if (self->group_count != *count)
                break;  // another thread has set others: again
            for (unsigned i = 0; i < *count; i++)
                (*copy)[i] = self->groups[i];
            return 0;
        }
        kfree(*copy);
    }
}

long sys_getgroups(long size, uaddr list)
{
    int room = size;
    if (room < 0)
        return -EINVAL;
    unsigned count = READ_ONCE(current_process()->group_count);
    if (room == 0 || count == 0)
        return count;
    uint32_t *copy;
    int error = copy_groups(&copy, &count);
    if (error)
        return error;
    if (count > (unsigned)room)
        error = -EINVAL;
    else
        error = copy_to_user(list, copy, count * sizeof(*copy));
    kfree(copy);
    return error ? error : (long)count;
}

long sys_setgroups(long size, uaddr list)
{
    unsigned count = size;
    struct process *self = current_process();
    uint32_t *old, *new = NULL;
    if (!privileged())
        return -EPERM;
    if (count > GROUPS_MAX)
        return -EINVAL;
    if (count) {
        new = kmalloc(count * sizeof(*new));
        if (!new)
            return -ENOMEM;
        if (copy_from_user(new, list, count * sizeof(*new))) {
            kfree(new);
            return -EFAULT;
        }
    }
    WITH_LOCK(&process_tree_lock) {
        old = self->groups;
        self->groups = new;
        self->group_count = count;
    }
    kfree(old);
    return 0;
}
