// SPDX-License-Identifier: MIT
//
// Calls that ask for or change the attributes of a file: stat and its kin,
// access, chmod, chown, utimensat, statfs.

#include <abi/fcntl.h>
#include <abi/time.h>
#include <fs/vfs.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <string.h>
#include <syscall/syscalls.h>

#define UTIME_NOW  ((1l << 30) - 1l)
#define UTIME_OMIT ((1l << 30) - 2l)

// ---- stat ----

static int stat_descriptor(long fd, struct abi_stat *st)
{
    struct file *file = fd_get_path(fd);

    if (!file)
        return -EBADF;
    file_stat(file, st);
    file_put(file);
    return 0;
}

// What flags and an empty path name: the descriptor itself, or a path.
static int stat_at(long dirfd, uaddr path, unsigned flags, struct abi_stat *st)
{
    unsigned lookup = flags & AT_SYMLINK_NOFOLLOW ? LOOKUP_NO_FOLLOW : 0;
    struct dentry *dentry;
    char first;

    if (flags & AT_EMPTY_PATH) {
        if (!path)
            first = '\0';
        else if (GET_USER(&first, path))
            return -EFAULT;
        if (!first && (int)dirfd != AT_FDCWD)
            return stat_descriptor(dirfd, st);
        lookup |= LOOKUP_EMPTY;
    }
    int error = path_lookup_user(dirfd, path, lookup, &dentry);
    if (error)
        return error;
    inode_stat(dentry->inode, st);
    dentry_put(dentry);
    return 0;
}

long sys_newfstatat(long dirfd, uaddr path, uaddr buffer, long flags)
{
    struct abi_stat st;

    if (flags & ~(long)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    int error = stat_at(dirfd, path, (unsigned)flags, &st);
    return error ? error : PUT_USER(buffer, st);
}

long sys_fstat(long fd, uaddr buffer)
{
    struct abi_stat st;
    int error = stat_descriptor(fd, &st);

    return error ? error : PUT_USER(buffer, st);
}

static struct abi_statx_timestamp timestamp(int64_t sec, uint64_t nsec)
{
    return (struct abi_statx_timestamp){.sec = sec, .nsec = (uint32_t)nsec};
}

long sys_statx(long dirfd, uaddr path, long flags, long mask, uaddr buffer)
{
    const unsigned known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT |
                           AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;
    struct abi_stat st;

    if (((unsigned)flags & ~known) || ((unsigned)mask & STATX_RESERVED) ||
        ((unsigned)flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
        return -EINVAL;
    int error = stat_at(dirfd, path, (unsigned)flags, &st);
    if (error)
        return error;
    struct abi_statx stx = {
        .mask = STATX_BASIC_STATS,
        .blksize = (uint32_t)st.blksize,
        .nlink = st.nlink,
        .uid = st.uid,
        .gid = st.gid,
        .mode = (uint16_t)st.mode,
        .ino = st.ino,
        .size = (uint64_t)st.size,
        .blocks = (uint64_t)st.blocks,
        .atime = timestamp(st.atime, st.atime_nsec),
        .mtime = timestamp(st.mtime, st.mtime_nsec),
        .ctime = timestamp(st.ctime, st.ctime_nsec),
        .rdev_major = DEV_MAJOR(st.rdev),
        .rdev_minor = DEV_MINOR(st.rdev),
        .dev_major = DEV_MAJOR(st.dev),
        .dev_minor = DEV_MINOR(st.dev),
    };
    return PUT_USER(buffer, stx);
}

// ---- access ----

// access(2) asks with the real user's identity, unless AT_EACCESS is given.
static int permission_as_real_user(struct inode *inode, unsigned access)
{
    struct process *process = current_process();
    uint32_t fsuid = process->fsuid, fsgid = process->fsgid;

    process->fsuid = process->uid;
    process->fsgid = process->gid;
    int error = inode_permission(inode, access);
    process->fsuid = fsuid;
    process->fsgid = fsgid;
    return error;
}

static long access_at(long dirfd, uaddr path, long mode, long flags)
{
    struct dentry *dentry;
    unsigned lookup = 0;

    if (((unsigned)mode & ~7u) ||
        (flags & ~(long)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
        return -EINVAL;
    if (flags & AT_SYMLINK_NOFOLLOW)
        lookup |= LOOKUP_NO_FOLLOW;
    if (flags & AT_EMPTY_PATH)
        lookup |= LOOKUP_EMPTY;
    int error = path_lookup_user(dirfd, path, lookup, &dentry);
    if (error)
        return error;
    if (flags & AT_EACCESS)
        error = inode_permission(dentry->inode, (unsigned)mode);
    else
        error = permission_as_real_user(dentry->inode, (unsigned)mode);
    dentry_put(dentry);
    return error;
}

long sys_faccessat(long dirfd, uaddr path, long mode)
{
    return access_at(dirfd, path, mode, 0);
}

long sys_faccessat2(long dirfd, uaddr path, long mode, long flags)
{
    return access_at(dirfd, path, mode, flags);
}

// ---- changing attributes ----

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

// ---- statfs ----

static long statfs_of(struct super_block *super, uaddr buffer)
{
    struct abi_statfs st = {
        .type = (int64_t)super->magic,
        .bsize = PAGE_SIZE,
        .frsize = PAGE_SIZE,
        .namelen = NAME_MAX,
        .fsid = {(uint32_t)super->device, 0},
        .flags = super->flags | 0x20,  // ST_VALID
    };

    if (super->statfs)
        super->statfs(super, &st);
    return PUT_USER(buffer, st);
}

long sys_statfs(uaddr path, uaddr buffer)
{
    struct dentry *dentry;
    int error = path_lookup_user(AT_FDCWD, path, 0, &dentry);

    if (error)
        return error;
    long result = statfs_of(dentry->super, buffer);
    dentry_put(dentry);
    return result;
}

long sys_fstatfs(long fd, uaddr buffer)
{
    struct file *file = fd_get_path(fd);
    long result = -ENOSYS;  // as Linux for files without a file system

    if (!file)
        return -EBADF;
    if (file->dentry)
        result = statfs_of(file->dentry->super, buffer);
    file_put(file);
    return result;
}
