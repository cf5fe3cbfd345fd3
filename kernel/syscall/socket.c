// SPDX-License-Identifier: MIT
//
// The socket system calls: arguments are copied in and checked, the descriptor
// is looked up, and the socket layer (net/socket.h) does the rest. Sending and
// receiving messages is in syscall/message.c.
//
// A descriptor is reserved before a connection is taken, and user pointers are
// tried before something leaves a queue, so that an error loses nothing.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <mm/uaccess.h>
#include <net/sockaddr.h>
#include <net/socket.h>
#include <syscall/socket.h>
#include <syscall/syscalls.h>

int socket_fd_get(long fd, struct file **file, struct socket **socket)
{
    *file = fd_get(fd);
    if (!*file)
        return -EBADF;
    *socket = socket_of_file(*file);
    if (*socket)
        return 0;
    file_put(*file);
    return -ENOTSOCK;
}

// A file for a new socket, whose reference it takes, also on failure.
static int make_file(struct socket *socket, long type, struct file **file)
{
    *file = socket_file_create(socket, type & SOCK_NONBLOCK ? O_NONBLOCK : 0);
    if (*file)
        return 0;
    socket_end(socket);
    return -ENOMEM;
}

int socket_make_file(long family, long type, long protocol, struct file **file)
{
    struct socket *socket;

    if ((int)type & ~(SOCK_TYPE_MASK | SOCK_NONBLOCK | SOCK_CLOEXEC))
        return -EINVAL;
    int error = socket_create(family, type & SOCK_TYPE_MASK, protocol, &socket);
    return error < 0 ? error : make_file(socket, type, file);
}

long sys_socket(long family, long type, long protocol)
{
    struct file *file;
    int error = socket_make_file(family, type, protocol, &file);

    return error < 0 ? error : fd_add(file, type & SOCK_CLOEXEC);
}

long sys_bind(long fd, uaddr address, unsigned long length)
{
    struct socket_address local;
    struct socket *socket;
    struct file *file;
    int error = socket_fd_get(fd, &file, &socket);

    if (error < 0)
        return error;
    error = address_from_user(&local, address, length);
    if (error == 0)
        error =
            socket->ops->bind ? socket->ops->bind(socket, &local) : -EOPNOTSUPP;
    file_put(file);
    return error;
}

long sys_listen(long fd, long backlog)
{
    struct socket *socket;
    struct file *file;
    int error = socket_fd_get(fd, &file, &socket);

    if (error < 0)
        return error;
    error = socket->ops->listen ? socket->ops->listen(socket, backlog)
                                : -EOPNOTSUPP;
    file_put(file);
    return error;
}

static bool is_nonblock(const struct file *file)
{
    return READ_ONCE(file->flags) & O_NONBLOCK;
}

// Tell the user who has connected. A peer that is gone again has no address:
// an empty one.
static int deliver_peer(struct socket *child, uaddr address, uaddr length)
{
    struct socket_address peer = {0};

    if (!address)
        return 0;
    if (child->ops->peer_address(child, &peer) < 0)
        peer.length = 0;
    return address_to_user(&peer, address, length);
}

// The reserved descriptor becomes the next connection of the socket.
static int accept_into(int fd, struct socket *socket, bool nonblock, long flags,
                       uaddr address, uaddr length)
{
    struct socket *child;
    struct file *file;
    int error = address ? address_user_check(address, length) : 0;

    if (error == 0)
        error = socket->ops->accept(socket, nonblock, &child);
    if (error < 0)
        return error;
    error = deliver_peer(child, address, length);
    if (error == 0) {
        file =
            socket_file_create(child, flags & SOCK_NONBLOCK ? O_NONBLOCK : 0);
        if (file) {
            fd_install(fd, file);
            return 0;
        }
        error = -ENOMEM;
    }
    socket->ops->unaccept(socket, child);
    return error;
}

long sys_accept4(long fd, uaddr address, uaddr length, long flags)
{
    struct socket *socket;
    struct file *file;
    int error = socket_fd_get(fd, &file, &socket);

    if (error < 0)
        return error;
    if ((int)flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
        error = -EINVAL;
    else if (!socket->ops->accept)
        error = -EOPNOTSUPP;
    else if (READ_ONCE(socket->state) != SOCKET_LISTENING)
        error = -EINVAL;
    int new_fd = error < 0 ? error : fd_reserve(0, flags & SOCK_CLOEXEC);
    if (new_fd >= 0) {
        error = accept_into(new_fd, socket, is_nonblock(file), flags, address,
                            length);
        if (error < 0) {
            fd_cancel(new_fd);
            new_fd = error;
        }
    }
    file_put(file);
    return new_fd;
}

long sys_accept(long fd, uaddr address, uaddr length)
{
    return sys_accept4(fd, address, length, 0);
}

long sys_connect(long fd, uaddr address, unsigned long length)
{
    struct socket_address peer;
    struct socket *socket;
    struct file *file;
    int error = socket_fd_get(fd, &file, &socket);

    if (error < 0)
        return error;
    error = address_from_user(&peer, address, length);
    if (error == 0)
        error = socket->ops->connect
                    ? socket->ops->connect(socket, &peer, is_nonblock(file))
                    : -EOPNOTSUPP;
    file_put(file);
    return error;
}

// getsockname and getpeername.
static long get_name(long fd, bool peer, uaddr address, uaddr length)
{
    struct socket_address name;
    struct socket *socket;
    struct file *file;
    int error = socket_fd_get(fd, &file, &socket);

    if (error < 0)
        return error;
    error = peer ? socket->ops->peer_address(socket, &name)
                 : socket->ops->local_address(socket, &name);
    if (error == 0)
        error = address_to_user(&name, address, length);
    file_put(file);
    return error;
}

long sys_getsockname(long fd, uaddr address, uaddr length)
{
    return get_name(fd, false, address, length);
}

long sys_getpeername(long fd, uaddr address, uaddr length)
{
    return get_name(fd, true, address, length);
}

long sys_shutdown(long fd, long how)
{
    struct socket *socket;
    struct file *file;
    int error = socket_fd_get(fd, &file, &socket);

    if (error < 0)
        return error;
    if (how < SHUT_RD || how > SHUT_RDWR)
        error = -EINVAL;
    else
        error = socket->ops->shutdown ? socket->ops->shutdown(socket, how)
                                      : -EOPNOTSUPP;
    file_put(file);
    return error;
}
