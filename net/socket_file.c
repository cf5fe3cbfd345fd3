// SPDX-License-Identifier: MIT
//
// Sockets as files: read, write, poll, ioctl, fstat and the last close.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/ioctl.h>
#include <abi/mode.h>
#include <abi/stat.h>
#include <net/ifioctl.h>
#include <net/socket.h>
#include <net/timestamp.h>
#include <stdio.h>
#include <string.h>

static struct message plain_message(struct uio *uio, unsigned file_flags)
{
    return (struct message){
        .uio = uio, .flags = file_flags & O_NONBLOCK ? MSG_DONTWAIT : 0};
}

static ssize_t socket_file_read(struct file *file, struct uio *uio,
                                uint64_t *position, unsigned flags)
{
    struct message message = plain_message(uio, flags);

    (void)position;
    if (uio->resid == 0)
        return 0;
    return socket_receive(file->private, &message);
}

static ssize_t socket_file_write(struct file *file, struct uio *uio,
                                 uint64_t *position, unsigned flags)
{
    struct message message = plain_message(uio, flags);

    (void)position;
    return socket_send(file->private, &message);
}

static unsigned socket_file_poll(struct file *file, struct poll_table *table)
{
    struct socket *socket = file->private;

    poll_wait(table, &socket->wait);
    return socket->ops->poll(socket);
}

// Any socket answers what is asked about interfaces; if_nametoindex(3) asks an
// AF_UNIX one.
static long socket_file_ioctl(struct file *file, unsigned command,
                              uaddr argument)
{
    struct socket *socket = file->private;
    long result = -ENOTTY;

    if (socket->ops->ioctl)
        result = socket->ops->ioctl(socket, command, argument);
    if (result == -ENOTTY)
        result = timestamp_ioctl(socket, command, argument);
    return result == -ENOTTY
               ? interface_ioctl(socket->family, command, argument)
               : result;
}

static int socket_file_mmap(struct file *file, struct mm_map *map)
{
    struct socket *socket = file->private;

    return socket->ops->mmap ? socket->ops->mmap(socket, map) : -ENODEV;
}

static void socket_file_describe(struct file *file, char *buf, size_t n)
{
    struct socket *socket = file->private;

    snprintf(buf, n, "socket:[%lu]", socket->inode);
}

static void socket_file_stat(struct file *file, struct abi_stat *st)
{
    struct socket *socket = file->private;

    st->ino = socket->inode;
    st->mode = S_IFSOCK | 0777;
    st->nlink = 1;
    st->uid = socket->uid;
    st->blksize = PAGE_SIZE;
}

static void socket_file_release(struct file *file)
{
    socket_end(file->private);
}

static const struct file_ops socket_file_ops = {
    .name = "socket",
    .read = socket_file_read,
    .write = socket_file_write,
    .poll = socket_file_poll,
    .ioctl = socket_file_ioctl,
    .mmap = socket_file_mmap,
    .describe = socket_file_describe,
    .stat = socket_file_stat,
    .release = socket_file_release,
};

struct file *socket_file_create(struct socket *socket, unsigned flags)
{
    return file_create(&socket_file_ops, socket, O_RDWR | flags);
}

struct socket *socket_of_file(struct file *file)
{
    return file->ops == &socket_file_ops ? file->private : NULL;
}
