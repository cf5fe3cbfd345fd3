// SPDX-License-Identifier: MIT
//
// socketpair(2): two sockets that are each other's peer, as only AF_UNIX has
// them.

#include <abi/errno.h>
#include <mm/uaccess.h>
#include <net/socket.h>
#include <syscall/socket.h>
#include <syscall/syscalls.h>

// Two descriptors, or none.
static int reserve_pair(int fd[2], bool close_on_exec)
{
    fd[0] = fd_reserve(0, close_on_exec);
    if (fd[0] < 0)
        return fd[0];
    fd[1] = fd_reserve(0, close_on_exec);
    if (fd[1] >= 0)
        return 0;
    fd_cancel(fd[0]);
    return fd[1];
}

static int make_pair(long family, long type, long protocol,
                     struct file *file[2])
{
    int error = socket_make_file(family, type, protocol, &file[0]);

    if (error < 0)
        return error;
    error = socket_make_file(family, type, protocol, &file[1]);
    if (error == 0) {
        struct socket *one = socket_of_file(file[0]);
        error = one->ops->pair ? one->ops->pair(one, socket_of_file(file[1]))
                               : -EOPNOTSUPP;
        if (error < 0)
            file_put(file[1]);
    }
    if (error < 0)
        file_put(file[0]);
    return error;
}

long sys_socketpair(long family, long type, long protocol, uaddr result)
{
    struct file *file[2];
    int fd[2];
    int error = reserve_pair(fd, type & SOCK_CLOEXEC);

    if (error < 0)
        return error;
    error = copy_to_user(result, fd, sizeof(fd));
    if (error == 0)
        error = make_pair(family, type, protocol, file);
    for (int i = 0; i < 2; i++) {
        if (error == 0)
            fd_install(fd[i], file[i]);
        else
            fd_cancel(fd[i]);
    }
    return error;
}
