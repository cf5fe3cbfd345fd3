// SPDX-License-Identifier: MIT
//
// pipe2(2).

#include <abi/fcntl.h>
#include <fs/pipe.h>
#include <mm/uaccess.h>
#include <syscall/syscalls.h>

static int reserve_two(int32_t fds[2], bool close_on_exec)
{
    fds[0] = fd_reserve(0, close_on_exec);
    if (fds[0] < 0)
        return fds[0];
    fds[1] = fd_reserve(0, close_on_exec);
    if (fds[1] < 0)
        fd_cancel(fds[0]);
    return fds[1] < 0 ? fds[1] : 0;
}

long sys_pipe2(uaddr fds_out, long flags)
{
    struct file *ends[2];
    int32_t fds[2];

    if ((unsigned)flags & ~(unsigned)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    int error = pipe_open(ends, (unsigned)flags);
    if (error)
        return error;
    error = reserve_two(fds, flags & O_CLOEXEC);
    if (!error && copy_to_user(fds_out, fds, sizeof(fds))) {
        fd_cancel(fds[0]);
        fd_cancel(fds[1]);
        error = -EFAULT;
    }
    for (int i = 0; i < 2; i++) {
        if (error)
            file_put(ends[i]);
        else
            fd_install(fds[i], ends[i]);
    }
    return error;
}
