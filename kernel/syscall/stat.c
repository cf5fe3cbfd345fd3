// SPDX-License-Identifier: MIT
//
// Calls that ask for the attributes of a file: stat and its kin, access,
// statfs. attributes.c changes them.

#include <abi/fcntl.h>
#include <fs/vfs.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

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

    if (super->ops && super->ops->statfs)
        super->ops->statfs(super, &st);
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
