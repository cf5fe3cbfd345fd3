// SPDX-License-Identifier: MIT
//
// Calls that take a path: open, make and remove names.

#include <abi/fcntl.h>
#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <string.h>
#include <syscall/syscalls.h>

static long open_at(long dirfd, const char *path, unsigned flags, uint32_t mode)
{
    struct file *file;
    int fd = fd_reserve(0, flags & O_CLOEXEC);

    if (fd < 0)
        return fd;
    int error = file_open(dirfd, path, flags, mode, &file);
    if (error) {
        fd_cancel(fd);
        return error;
    }
    fd_install(fd, file);
    return fd;
}

long sys_openat(long dirfd, uaddr path, unsigned long flags, unsigned long mode)
{
    char *name;
    int error = path_from_user(path, false, &name);

    if (error)
        return error;
    long result =
        open_at(dirfd, name, (unsigned)flags | O_LARGEFILE, mode & 07777);
    kfree(name);
    return result;
}

static long create_at(long dirfd, uaddr path, uint32_t mode, uint64_t rdev)
{
    char *name;
    int error = path_from_user(path, false, &name);

    if (error)
        return error;
    error = vfs_create(dirfd, name, mode, rdev, NULL, NULL);
    kfree(name);
    return error;
}

long sys_mkdirat(long dirfd, uaddr path, unsigned long mode)
{
    return create_at(dirfd, path, S_IFDIR | (mode & 01777), 0);
}

long sys_mknodat(long dirfd, uaddr path, unsigned long mode, unsigned long rdev)
{
    uint32_t type = mode & S_IFMT;

    if (type == S_IFDIR)
        return -EPERM;
    if (type == 0)
        type = S_IFREG;
    bool device = type == S_IFCHR || type == S_IFBLK;
    if (!device && type != S_IFREG && type != S_IFIFO && type != S_IFSOCK)
        return -EINVAL;
    if (device && current_process()->fsuid != 0)
        return -EPERM;
    return create_at(dirfd, path, type | (mode & 07777), device ? rdev : 0);
}

long sys_unlinkat(long dirfd, uaddr path, long flags)
{
    char *name;

    if (flags & ~(long)AT_REMOVEDIR)
        return -EINVAL;
    int error = path_from_user(path, false, &name);
    if (error)
        return error;
    error = vfs_unlink(dirfd, name, flags & AT_REMOVEDIR);
    kfree(name);
    return error;
}

long sys_symlinkat(uaddr target, long dirfd, uaddr path)
{
    char *text, *name;
    int error = path_from_user(target, false, &text);

    if (error)
        return error;
    error = path_from_user(path, false, &name);
    if (!error) {
        error = vfs_create(dirfd, name, S_IFLNK | 0777, 0, text, NULL);
        kfree(name);
    }
    kfree(text);
    return error;
}

long sys_linkat(long from_dirfd, uaddr from, long dirfd, uaddr path, long flags)
{
    unsigned lookup = flags & AT_SYMLINK_FOLLOW ? 0 : LOOKUP_NO_FOLLOW;
    struct dentry *dentry;
    char *name;

    if (flags & ~(long)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    if (flags & AT_EMPTY_PATH)
        lookup |= LOOKUP_EMPTY;
    int error = path_lookup_user(from_dirfd, from, lookup, &dentry);
    if (error)
        return error;
    error = path_from_user(path, false, &name);
    if (!error) {
        error = vfs_link(dentry, dirfd, name);
        kfree(name);
    }
    dentry_put(dentry);
    return error;
}

long sys_renameat2(long from_dirfd, uaddr from, long dirfd, uaddr to,
                   long flags)
{
    char *from_name, *to_name;
    int error = path_from_user(from, false, &from_name);

    if (error)
        return error;
    error = path_from_user(to, false, &to_name);
    if (!error) {
        error =
            vfs_rename(from_dirfd, from_name, dirfd, to_name, (unsigned)flags);
        kfree(to_name);
    }
    kfree(from_name);
    return error;
}

// The target of the link that a path names; an empty one names dirfd itself.
static int read_link(long dirfd, const char *path, char **target)
{
    struct dentry *dentry;
    int error =
        path_lookup(dirfd, path, LOOKUP_NO_FOLLOW | LOOKUP_EMPTY, &dentry);

    if (error)
        return error;
    struct inode *inode = dentry->inode;
    if (S_ISLNK(inode->mode))
        error = inode->ops->readlink(inode, target);
    else
        error = *path ? -EINVAL : -ENOENT;
    dentry_put(dentry);
    return error;
}

long sys_readlinkat(long dirfd, uaddr path, uaddr buffer, long n)
{
    char *name, *target;

    if ((int)n <= 0)
        return -EINVAL;
    int error = path_from_user(path, true, &name);
    if (error)
        return error;
    error = read_link(dirfd, name, &target);
    kfree(name);
    if (error)
        return error;
    size_t length = MIN(strlen(target), (size_t)(int)n);
    long result = copy_to_user(buffer, target, length);
    kfree(target);
    return result ? result : (long)length;
}

long sys_truncate(uaddr path, long size)
{
    struct dentry *dentry;

    if (size < 0)
        return -EINVAL;
    int error = path_lookup_user(AT_FDCWD, path, 0, &dentry);
    if (error)
        return error;
    struct inode *inode = dentry->inode;
    if (S_ISDIR(inode->mode))
        error = -EISDIR;
    else if (!S_ISREG(inode->mode))
        error = -EINVAL;
    else
        error = inode_permission(inode, 2);
    if (!error)
        error = inode_truncate(inode, (uint64_t)size);
    dentry_put(dentry);
    return error;
}
