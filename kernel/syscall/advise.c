// SPDX-License-Identifier: MIT
//
// Advice about file contents: posix_fadvise(2), readahead(2) and
// sync_file_range(2). All contents are in memory for good, so good advice has
// nothing to do and only bad arguments show.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <fs/file.h>
#include <fs/vfs.h>
#include <syscall/syscalls.h>

#define ADVICE_MAX 5  // POSIX_FADV_NOREUSE

static long check_file(long fd, bool (*fits)(const struct file *), long error)
{
    struct file *file = fd_get(fd);

    if (!file)
        return -EBADF;
    long result = fits(file) ? 0 : error;
    file_put(file);
    return result;
}

static bool is_no_stream(const struct file *file)
{
    return !file->inode || !S_ISFIFO(file->inode->mode);
}

static bool is_readable_file(const struct file *file)
{
    return (file->flags & O_ACCMODE) != O_WRONLY && file->inode &&
           S_ISREG(file->inode->mode);
}

static bool is_seekable(const struct file *file)
{
    return file->inode &&
           (S_ISREG(file->inode->mode) || S_ISDIR(file->inode->mode));
}

long sys_fadvise64(long fd, long offset, long length, long advice)
{
    (void)offset;
    long error = check_file(fd, is_no_stream, -ESPIPE);
    if (error)
        return error;
    bool known = (int)advice >= 0 && (int)advice <= ADVICE_MAX;
    return length < 0 || !known ? -EINVAL : 0;
}

long sys_readahead(long fd, long offset, size_t count)
{
    (void)offset;
    (void)count;
    return check_file(fd, is_readable_file, -EINVAL);
}

long sys_sync_file_range(long fd, long offset, long length, long flags)
{
    long error = check_file(fd, is_seekable, -ESPIPE);
    if (error)
        return error;
    long end;
    bool bad_range = offset < 0 || length < 0 ||
                     __builtin_add_overflow(offset, length, &end);
    return bad_range || ((unsigned)flags & ~7u) ? -EINVAL : 0;
}
