// SPDX-License-Identifier: MIT
//
// flock(2). Record locks come by fcntl(2).

#include <fs/file.h>
#include <fs/locks.h>
#include <syscall/syscalls.h>

long sys_flock(long fd, long operation)
{
    struct file *file = fd_get(fd);

    if (!file)
        return -EBADF;
    long result = file_flock(file, (unsigned)operation);
    file_put(file);
    return result;
}
