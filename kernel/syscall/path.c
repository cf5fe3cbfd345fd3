// SPDX-License-Identifier: MIT
//
// Calls that take a path: open, make and remove names, and where a process
// stands in the tree.

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

// ---- root, working directory, umask ----

// Go to a directory; takes the dentry.
static long change_directory(struct dentry *dentry,
                             void (*set)(struct dentry *))
{
    int error = inode_permission(dentry->inode, 1);

    if (!S_ISDIR(dentry->inode->mode))
        error = -ENOTDIR;
    if (error)
        dentry_put(dentry);
    else
        set(dentry);
    return error;
}

long sys_chdir(uaddr path)
{
    struct dentry *dentry;
    int error = path_lookup_user(AT_FDCWD, path, LOOKUP_DIRECTORY, &dentry);

    return error ? error : change_directory(dentry, fs_set_cwd);
}

long sys_fchdir(long fd)
{
    struct file *file = fd_get_path(fd);
    long result = -ENOTDIR;

    if (!file)
        return -EBADF;
    if (file->dentry) {
        dentry_get(file->dentry);
        result = change_directory(file->dentry, fs_set_cwd);
    }
    file_put(file);
    return result;
}

long sys_chroot(uaddr path)
{
    struct dentry *dentry;
    int error = path_lookup_user(AT_FDCWD, path, LOOKUP_DIRECTORY, &dentry);

    if (error)
        return error;
    if (current_process()->euid != 0) {
        dentry_put(dentry);
        return -EPERM;
    }
    return change_directory(dentry, fs_set_root);
}

long sys_getcwd(uaddr buffer, size_t n)
{
    char *path = kmalloc(PATH_MAX);

    if (!path)
        return -ENOMEM;
    struct dentry *cwd = fs_cwd();
    long length = dentry_path(cwd, path, PATH_MAX, false);
    dentry_put(cwd);
    if (length >= 0 && (size_t)++length > n)
        length = -ERANGE;
    if (length >= 0 && copy_to_user(buffer, path, (size_t)length))
        length = -EFAULT;
    kfree(path);
    return length;
}

long sys_umask(unsigned long mask)
{
    return __atomic_exchange_n(&current->fs->umask, (uint32_t)mask & 0777,
                               __ATOMIC_RELAXED);
}

// ---- mounts ----

static int string_from_user(uaddr from, char **copy)
{
    *copy = NULL;
    return from ? path_from_user(from, true, copy) : 0;
}

static long mount_strings(uaddr source, uaddr target, uaddr type,
                          unsigned flags, uaddr data, char *strings[4])
{
    const uaddr from[4] = {source, target, type, data};

    for (int i = 0; i < 4; i++) {
        int error = string_from_user(from[i], &strings[i]);
        if (error)
            return error;
    }
    if (!strings[1])
        return -EFAULT;
    if (!strings[2] && !(flags & (MS_REMOUNT | MS_BIND | MS_MOVE)))
        return -EINVAL;
    return vfs_mount(strings[2], strings[0], strings[1], flags, strings[3]);
}

long sys_mount(uaddr source, uaddr target, uaddr type, unsigned long flags,
               uaddr data)
{
    char *strings[4] = {NULL};

    if (current_process()->euid != 0)
        return -EPERM;
    long result =
        mount_strings(source, target, type, (unsigned)flags, data, strings);
    for (int i = 0; i < 4; i++)
        kfree(strings[i]);
    return result;
}

long sys_umount2(uaddr path, long flags)
{
    struct dentry *dentry;

    if (flags & ~(long)(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW))
        return -EINVAL;
    if (current_process()->euid != 0)
        return -EPERM;
    unsigned lookup = flags & UMOUNT_NOFOLLOW ? LOOKUP_NO_FOLLOW : 0;
    int error = path_lookup_user(AT_FDCWD, path, lookup, &dentry);
    if (error)
        return error;
    error = vfs_unmount(dentry);
    dentry_put(dentry);
    return error;
}
