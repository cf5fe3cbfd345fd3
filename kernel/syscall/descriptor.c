// SPDX-License-Identifier: MIT
//
// Calls on descriptors and the state of open files: close, dup, fcntl, ioctl,
// lseek, fsync and the like.

#include <abi/fcntl.h>
#include <abi/ioctl.h>
#include <fs/async.h>
#include <fs/fcntl_command.h>
#include <fs/file.h>
#include <fs/vfs.h>
#include <mm/uaccess.h>
#include <syscall/syscalls.h>

long sys_close(long fd)
{
    return fd_close(fd);
}

long sys_close_range(long first, long last, long flags)
{
    const unsigned known = CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC;

    if (((unsigned)flags & ~known) || (unsigned)first > (unsigned)last)
        return -EINVAL;
    return fd_close_range((unsigned)first, (unsigned)last, (unsigned)flags);
}

static long duplicate(long fd, int from, bool close_on_exec)
{
    struct file *file = fd_get_path(fd);

    if (!file)
        return -EBADF;
    int copy = fd_reserve(from, close_on_exec);
    if (copy < 0)
        file_put(file);
    else
        fd_install(copy, file);
    return copy;
}

long sys_dup(long fd)
{
    return duplicate(fd, 0, false);
}

long sys_dup3(long from, long to, long flags)
{
    if (((unsigned)flags & ~(unsigned)O_CLOEXEC) || (int)from == (int)to)
        return -EINVAL;
    struct file *file = fd_get_path(from);
    if (!file)
        return -EBADF;
    long result = fd_replace(to, file, flags & O_CLOEXEC);
    file_put(file);
    return result;
}

// ---- fcntl ----

// Of an open file, only these flags can change.
#define SETTABLE_FLAGS (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

static long set_flags(struct file *file, int fd, unsigned flags)
{
    unsigned old = file->flags;

    if ((flags & ~old & O_NOATIME) && !(file->inode && task_owns(file->inode)))
        return -EPERM;
    __atomic_store_n(&file->flags,
                     (old & ~(unsigned)SETTABLE_FLAGS) |
                         (flags & SETTABLE_FLAGS),
                     __ATOMIC_RELAXED);
    if (!((flags ^ old) & O_ASYNC))
        return 0;
    int error = file_set_async(file, fd, flags & O_ASYNC);
    return error == -ENOTTY ? 0 : error;  // nothing happens to such a file
}

// Commands that work on O_PATH files too; 1: it is none of them.
static long descriptor_command(long fd, unsigned command, unsigned long arg)
{
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        if (fd_close_on_exec(fd, -1) < 0)
            return -EBADF;
        if (arg >= fd_limit())
            return -EINVAL;
        return duplicate(fd, (int)arg, command == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return fd_close_on_exec(fd, -1);
    case F_SETFD: {
        int old = fd_close_on_exec(fd, arg & FD_CLOEXEC);
        return old < 0 ? old : 0;
    }
    default:
        return -ENOTTY;  // not one of these
    }
}

static long file_command(struct file *file, int fd, unsigned command,
                         unsigned long arg)
{
    const struct fcntl_command *extra;

    if (command == F_GETFL)
        return file->flags;
    if (file->flags & O_PATH)
        return -EBADF;
    if (command == F_SETFL)
        return set_flags(file, fd, (unsigned)arg);
    linkset_for_each(extra, fcntl_commands)
        if (extra->command == command)
            return extra->function(file, command, arg);
    return -EINVAL;
}

long sys_fcntl(long fd, long command, unsigned long arg)
{
    long result = descriptor_command(fd, (unsigned)command, arg);

    if (result != -ENOTTY)
        return result;
    struct file *file = fd_get_path(fd);
    if (!file)
        return -EBADF;
    result = file_command(file, (int)fd, (unsigned)command, arg);
    file_put(file);
    return result;
}

// ---- ioctl ----

static long set_nonblocking(struct file *file, uaddr argument)
{
    int32_t on;

    if (GET_USER(&on, argument))
        return -EFAULT;
    if (on)
        __atomic_or_fetch(&file->flags, O_NONBLOCK, __ATOMIC_RELAXED);
    else
        __atomic_and_fetch(&file->flags, ~(unsigned)O_NONBLOCK,
                           __ATOMIC_RELAXED);
    return 0;
}

static long set_async(struct file *file, int fd, uaddr argument)
{
    int32_t on;

    if (GET_USER(&on, argument))
        return -EFAULT;
    return file_set_async(file, fd, on != 0);
}

// Bytes between the position and the end of a regular file.
static long bytes_left(struct file *file, uaddr argument)
{
    int64_t left =
        (int64_t)(file->inode->cache.size - READ_ONCE(file->position));

    return PUT_USER(argument, (int32_t)left);
}

long sys_ioctl(long fd, long command, uaddr argument)
{
    struct file *file = fd_get(fd);
    long result = -ENOTTY;

    if (!file)
        return -EBADF;
    switch ((unsigned)command) {
    case FIOCLEX:
    case FIONCLEX:
        fd_close_on_exec(fd, (unsigned)command == FIOCLEX);
        result = 0;
        break;
    case FIONBIO:
        result = set_nonblocking(file, argument);
        break;
    case FIOASYNC:
        result = set_async(file, (int)fd, argument);
        break;
    default:
        if (file->ops->ioctl)
            result = file->ops->ioctl(file, (unsigned)command, argument);
        else if ((unsigned)command == FIONREAD && file->inode &&
                 S_ISREG(file->inode->mode))
            result = bytes_left(file, argument);
    }
    file_put(file);
    return result;
}

// ---- position and contents ----

long sys_lseek(long fd, long offset, long whence)
{
    struct file *file = fd_get(fd);

    if (!file)
        return -EBADF;
    long result = file_seek(file, offset, (int)whence);
    file_put(file);
    return result;
}

static long sync_file(long fd)
{
    struct file *file = fd_get(fd);

    if (!file)
        return -EBADF;
    long result = file->ops->fsync ? file->ops->fsync(file) : -EINVAL;
    file_put(file);
    return result;
}

long sys_fsync(long fd)
{
    return sync_file(fd);
}

long sys_fdatasync(long fd)
{
    return sync_file(fd);
}

long sys_sync(void)
{
    (void)vfs_sync();  // it has no way to tell of an error
    return 0;
}

long sys_syncfs(long fd)
{
    struct file *file = fd_get(fd);

    if (!file)
        return -EBADF;
    struct super_block *super = file->inode ? file->inode->super : NULL;
    long result =
        super && super->ops && super->ops->sync ? super->ops->sync(super) : 0;
    file_put(file);
    return result;
}

long sys_ftruncate(long fd, long size)
{
    struct file *file;
    long result = -EINVAL;

    if (size < 0)
        return -EINVAL;
    if (!(file = fd_get(fd)))
        return -EBADF;
    if ((file->flags & O_ACCMODE) != O_RDONLY && file->inode &&
        S_ISREG(file->inode->mode))
        result = inode_truncate(file->inode, (uint64_t)size);
    file_put(file);
    return result;
}

// Allocating ahead would only pin memory; Linux's ramfs refuses it as well.
long sys_fallocate(long fd, long mode, long offset, long length)
{
    struct file *file = fd_get(fd);
    long result = -EOPNOTSUPP;

    (void)mode;
    if (!file)
        return -EBADF;
    if (offset < 0 || length <= 0)
        result = -EINVAL;
    else if ((file->flags & O_ACCMODE) == O_RDONLY)
        result = -EBADF;
    else if (file->inode && S_ISFIFO(file->inode->mode))
        result = -ESPIPE;
    else if (!file->inode || !S_ISREG(file->inode->mode))
        result = -ENODEV;
    file_put(file);
    return result;
}
