// SPDX-License-Identifier: MIT
//
// Record locks by fcntl(2): F_SETLK and its kind for processes, F_OFD_SETLK for
// open files.

#include "locks.h"

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <fs/fcntl_command.h>
#include <mm/uaccess.h>
#include <proc/task.h>

// The range that a struct flock means.
static int range_from_user(struct file *file, const struct abi_flock *flock,
                           struct lock *lock)
{
    int64_t base = 0, start, end = INT64_MAX;

    if (flock->whence == SEEK_CUR)
        base = (int64_t)READ_ONCE(file->position);
    else if (flock->whence == SEEK_END)
        base = (int64_t)READ_ONCE(file->inode->cache.size);
    else if (flock->whence != SEEK_SET)
        return -EINVAL;
    if (__builtin_add_overflow(base, flock->start, &start))
        return -EOVERFLOW;
    if (flock->length > 0) {
        if (__builtin_add_overflow(start, flock->length - 1, &end))
            return -EOVERFLOW;
    } else if (flock->length < 0) {
        end = start - 1;
        start += flock->length;
    }
    if (start < 0)
        return -EINVAL;
    lock->start = start;
    lock->end = end;
    return 0;
}

static int check_access(const struct file *file, int type)
{
    unsigned access = file->flags & O_ACCMODE;

    if (type == F_RDLCK)
        return access == O_WRONLY ? -EBADF : 0;
    if (type == F_WRLCK)
        return access == O_RDONLY ? -EBADF : 0;
    return type == F_UNLCK ? 0 : -EINVAL;
}

static int get_lock(struct file *file, struct abi_flock *flock,
                    const struct lock *wanted)
{
    struct lock_list *list = file->inode->locks;

    if (flock->type == F_UNLCK)
        return -EINVAL;
    flock->type = F_UNLCK;
    if (!list)
        return 0;
    WITH_MUTEX(&locks_mutex) {
        const struct lock *lock = locks_conflict(list, wanted);
        if (!lock)
            break;
        flock->type = lock->exclusive ? F_WRLCK : F_RDLCK;
        flock->whence = SEEK_SET;
        flock->start = lock->start;
        flock->length =
            lock->end == INT64_MAX ? 0 : lock->end - lock->start + 1;
        flock->pid = lock->pid;
    }
    return 0;
}

static long lock_command(struct file *file, unsigned command,
                         unsigned long argument)
{
    bool of_file = command >= F_OFD_GETLK;
    struct abi_flock flock;
    struct lock wanted = {
        .family = RECORD_LOCK,
        .owner = of_file ? (void *)file : current->files,
        .pid = of_file ? -1 : current_process()->pid,
    };

    if (GET_USER(&flock, argument))
        return -EFAULT;
    if (!file->inode || (of_file && flock.pid))
        return -EINVAL;
    int error = range_from_user(file, &flock, &wanted);
    if (error)
        return error;
    wanted.exclusive = flock.type == F_WRLCK;
    if (command == F_GETLK || command == F_OFD_GETLK) {
        error = get_lock(file, &flock, &wanted);
        return error ? error : PUT_USER(argument, flock);
    }
    error = check_access(file, flock.type);
    if (error)
        return error;
    return locks_change(file->inode, &wanted, flock.type == F_UNLCK,
                        command == F_SETLKW || command == F_OFD_SETLKW);
}

FCNTL_COMMAND(getlk) = {F_GETLK, lock_command};
FCNTL_COMMAND(setlk) = {F_SETLK, lock_command};
FCNTL_COMMAND(setlkw) = {F_SETLKW, lock_command};
FCNTL_COMMAND(ofd_getlk) = {F_OFD_GETLK, lock_command};
FCNTL_COMMAND(ofd_setlk) = {F_OFD_SETLK, lock_command};
FCNTL_COMMAND(ofd_setlkw) = {F_OFD_SETLKW, lock_command};
