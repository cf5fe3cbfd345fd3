// SPDX-License-Identifier: MIT
//
// Where a process stands in the tree of names: working directory, root, umask.

#include <abi/fcntl.h>
#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

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
