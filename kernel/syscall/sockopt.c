// SPDX-License-Identifier: MIT
//
// setsockopt(2) and getsockopt(2): the option table does the rest
// (net/option.h).

#include <net/option.h>
#include <syscall/socket.h>
#include <syscall/syscalls.h>

long sys_setsockopt(long fd, long level, long name, uaddr value, long length)
{
    struct socket *socket;
    struct file *file;
    int error = socket_fd_get(fd, &file, &socket);

    if (error < 0)
        return error;
    error = socket_set_option(socket, level, name, value, length);
    file_put(file);
    return error;
}

long sys_getsockopt(long fd, long level, long name, uaddr value, uaddr length)
{
    struct socket *socket;
    struct file *file;
    int error = socket_fd_get(fd, &file, &socket);

    if (error < 0)
        return error;
    error = socket_get_option(socket, level, name, value, length);
    file_put(file);
    return error;
}
