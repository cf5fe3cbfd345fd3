// SPDX-License-Identifier: MIT
//
// Calls that change the attributes of a file: chmod, chown, utimensat and their
// kin. Each says what to change in a struct change and how to find the inode.

#include <abi/fcntl.h>
#include <abi/time.h>
#include <dev/timer.h>
#include <fs/vfs.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

#define UTIME_NOW  ((1l << 30) - 1l)
#define UTIME_OMIT ((1l << 30) - 2l)

struct time_change {
    enum {
        TIME_OMIT,
        TIME_NOW,
        TIME_SET
    } kind;
    nsec_t value;
};

// A change to an inode: the new values, and what applies them.
struct change {
    int (*apply)(struct inode *inode, const struct change *change);
    uint32_t mode;
    uint32_t uid, gid;            // ~0: leave it
    struct time_change times[2];  // of access, of modification
};

// Carry out a change on an inode; its lock is taken.
static int change_inode(struct inode *inode, const struct change *change)
{
    int error = inode->super->flags & MS_RDONLY ? -EROFS : 0;

    WITH_MUTEX(&inode->lock) {
        if (!error)
            error = change->apply(inode, change);
        if (!error) {
            inode_changed(inode, false);
            if (inode->ops && inode->ops->update)
                error = inode->ops->update(inode);
        }
    }
    return error;
}

static long change_at(long dirfd, uaddr path, unsigned lookup,
                      const struct change *change)
{
    struct dentry *dentry;
    int error = path_lookup_user(dirfd, path, lookup, &dentry);

    if (error)
        return error;
    error = change_inode(dentry->inode, change);
    dentry_put(dentry);
    return error;
}

static long change_descriptor(struct file *file, const struct change *change)
{
    long result = -EINVAL;  // sockets and their kind have no attributes

    if (!file)
        return -EBADF;
    if (file->inode)
        result = change_inode(file->inode, change);
    file_put(file);
    return result;
}

static unsigned lookup_flags(long flags)
{
    unsigned lookup = flags & AT_SYMLINK_NOFOLLOW ? LOOKUP_NO_FOLLOW : 0;

    return flags & AT_EMPTY_PATH ? lookup | LOOKUP_EMPTY : lookup;
}

static int apply_mode(struct inode *inode, const struct change *change)
{
    if (!task_owns(inode))
        return -EPERM;
    if (S_ISLNK(inode->mode))
        return -EOPNOTSUPP;
    inode->mode = (inode->mode & S_IFMT) | change->mode;
    return 0;
}

long sys_fchmodat(long dirfd, uaddr path, unsigned long mode)
{
    struct change change = {.apply = apply_mode, .mode = mode & 07777};

    return change_at(dirfd, path, 0, &change);
}

long sys_fchmodat2(long dirfd, uaddr path, unsigned long mode, long flags)
{
    struct change change = {.apply = apply_mode, .mode = mode & 07777};

    if (flags & ~(long)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return change_at(dirfd, path, lookup_flags(flags), &change);
}

long sys_fchmod(long fd, unsigned long mode)
{
    struct change change = {.apply = apply_mode, .mode = mode & 07777};

    return change_descriptor(fd_get(fd), &change);
}

static int apply_owner(struct inode *inode, const struct change *change)
{
    bool root = current_process()->fsuid == 0;
    bool keeps_uid = change->uid == ~0u || change->uid == inode->uid;

    if (!root && (!task_owns(inode) || !keeps_uid ||
                  (change->gid != ~0u && change->gid != inode->gid &&
                   change->gid != current_process()->fsgid)))
        return -EPERM;
    if (change->uid != ~0u)
        inode->uid = change->uid;
    if (change->gid != ~0u)
        inode->gid = change->gid;
    if (!S_ISDIR(inode->mode))
        inode->mode &= inode->mode & S_IXGRP ? ~(S_ISUID | S_ISGID) : ~S_ISUID;
    return 0;
}

long sys_fchownat(long dirfd, uaddr path, long uid, long gid, long flags)
{
    struct change change = {
        .apply = apply_owner, .uid = (uint32_t)uid, .gid = (uint32_t)gid};

    if (flags & ~(long)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return change_at(dirfd, path, lookup_flags(flags), &change);
}

long sys_fchown(long fd, long uid, long gid)
{
    struct change change = {
        .apply = apply_owner, .uid = (uint32_t)uid, .gid = (uint32_t)gid};

    return change_descriptor(fd_get(fd), &change);
}

static void apply_time(nsec_t *field, const struct time_change *change)
{
    if (change->kind == TIME_NOW)
        *field = clock_realtime();
    else if (change->kind == TIME_SET)
        *field = change->value;
}

static int apply_times(struct inode *inode, const struct change *change)
{
    // Whoever may write may say "now"; other times are the owner's to set.
    if (!task_owns(inode)) {
        bool now = change->times[0].kind == TIME_NOW &&
                   change->times[1].kind == TIME_NOW;
        int error = now ? inode_permission(inode, 2) : -EPERM;
        if (error)
            return error;
    }
    apply_time(&inode->atime, &change->times[0]);
    apply_time(&inode->mtime, &change->times[1]);
    return 0;
}

static int time_from_user(uaddr from, struct time_change *change)
{
    struct abi_timespec ts;

    if (GET_USER(&ts, from))
        return -EFAULT;
    if (ts.nsec == UTIME_NOW)
        change->kind = TIME_NOW;
    else if (ts.nsec == UTIME_OMIT)
        change->kind = TIME_OMIT;
    else if (ts.nsec < 0 || ts.nsec >= (int64_t)NSEC_PER_SEC)
        return -EINVAL;
    else
        *change = (struct time_change){TIME_SET, (nsec_t)ts.sec * NSEC_PER_SEC +
                                                     (nsec_t)ts.nsec};
    return 0;
}

long sys_utimensat(long dirfd, uaddr path, uaddr times, long flags)
{
    struct change change = {.apply = apply_times,
                            .times = {{TIME_NOW, 0}, {TIME_NOW, 0}}};
    int error = 0;

    for (unsigned i = 0; times && !error && i < 2; i++)
        error = time_from_user(times + i * sizeof(struct abi_timespec),
                               &change.times[i]);
    if (error)
        return error;
    if (change.times[0].kind == TIME_OMIT && change.times[1].kind == TIME_OMIT)
        return 0;
    if (!path && (int)dirfd != AT_FDCWD)  // futimens
        return flags ? -EINVAL : change_descriptor(fd_get(dirfd), &change);
    if (flags & ~(long)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return change_at(dirfd, path, lookup_flags(flags), &change);
}
