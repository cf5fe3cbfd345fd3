// SPDX-License-Identifier: MIT
//
// mount(2), umount2(2).

#include <abi/fcntl.h>
#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

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
