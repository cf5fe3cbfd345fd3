// SPDX-License-Identifier: MIT
//
// AF_UNIX sockets as socketpair(2) makes them, unix(7): two ends, each writing
// into the other's receive queue. Data moves in net/unix_transfer.c.
//
// Each end holds a reference on the other until its file is closed, so what
// `peer` points to stays; a closed one says so by its flag.

#include <abi/errno.h>
#include <abi/ioctl.h>
#include <abi/poll.h>
#include <fs/proc.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>

#include "unix.h"

struct list_node unix_sockets = LIST_INIT(unix_sockets);
struct spinlock unix_lock = SPINLOCK_INIT(RANK_SPIN);

static int unix_init_op(struct socket *socket)
{
    WITH_LOCK(&unix_lock) {
        list_push_back(&unix_sockets, &unix_of(socket)->all_node);
    }
    return 0;
}

static void unix_destroy_op(struct socket *socket)
{
    WITH_LOCK(&unix_lock) {
        list_remove(&unix_of(socket)->all_node);
    }
}

static int unix_pair_op(struct socket *one, struct socket *other)
{
    struct socket *ends[] = {one, other};

    for (int i = 0; i < 2; i++) {
        socket_get(ends[!i]);
        unix_of(ends[i])->peer = unix_of(ends[!i]);
        WITH_LOCK(&ends[i]->lock) {
            socket_set_state(ends[i], SOCKET_CONNECTED);
        }
    }
    return 0;
}

// The peer will not write any more, or not read: what `to` sees of it.
static void tell_peer(struct socket *to, bool no_input, bool no_output,
                      int error)
{
    WITH_LOCK(&to->lock) {
        if (no_input)
            to->peer_shut = true;
        if (no_output)
            to->write_shut = true;
        if (error)
            to->error = error;
    }
    wake_up_all(&to->wait);
}

static void unix_close_op(struct socket *socket)
{
    struct unix_socket *u = unix_of(socket);
    struct list_node unread = LIST_INIT(unread);
    struct unix_message *message;
    bool lost;

    WITH_LOCK(&socket->lock) {
        u->closed = true;
        list_splice_back(&unread, &socket->receive_queue);
    }
    lost = !list_empty(&unread);
    while ((message = list_pop_front(&unread, struct unix_message, node)))
        kfree(message);
    if (!u->peer)
        return;
    if (unix_is_connection(socket))
        tell_peer(&u->peer->socket, true, false, lost ? ECONNRESET : 0);
    else
        wake_up_all(&u->peer->socket.wait);
    socket_put(&u->peer->socket);
}

static int unix_shutdown_op(struct socket *socket, int how)
{
    struct unix_socket *u = unix_of(socket);

    if (!u->peer)
        return -ENOTCONN;
    WITH_LOCK(&socket->lock) {
        if (how != SHUT_WR)
            socket->read_shut = true;
        if (how != SHUT_RD)
            socket->write_shut = true;
    }
    wake_up_all(&socket->wait);
    if (unix_is_connection(socket))
        tell_peer(&u->peer->socket, how != SHUT_RD, how != SHUT_WR, 0);
    return 0;
}

// An end of a pair has no name.
static int unix_local_address(struct socket *socket,
                              struct socket_address *address)
{
    (void)socket;
    address->family = AF_UNIX;
    address->length = sizeof(address->family);
    return 0;
}

static int unix_peer_address(struct socket *socket,
                             struct socket_address *address)
{
    return unix_of(socket)->peer ? unix_local_address(socket, address)
                                 : -ENOTCONN;
}

static bool unix_writable(struct unix_socket *u)
{
    bool result = true;

    if (u->peer) {
        WITH_LOCK(&u->peer->socket.lock) {
            result = u->peer->closed || u->peer->socket.read_shut ||
                     unix_has_room(u, u->peer);
        }
    }
    return result;
}

static unsigned unix_poll_op(struct socket *socket)
{
    struct unix_socket *u = unix_of(socket);
    unsigned events = unix_writable(u) ? POLLOUT | POLLWRNORM : 0;

    WITH_LOCK(&socket->lock) {
        bool no_input = socket->read_shut || socket->peer_shut;
        // A closed peer ends both directions.
        bool no_output =
            socket->write_shut || (unix_is_connection(socket) && u->peer &&
                                   READ_ONCE(u->peer->closed));

        if (!list_empty(&socket->receive_queue) || no_input)
            events |= POLLIN | POLLRDNORM;
        if (no_input)
            events |= POLLRDHUP;
        if ((no_input && no_output) ||
            (unix_is_connection(socket) && socket->state == SOCKET_UNCONNECTED))
            events |= POLLHUP;
        if (socket->error)
            events |= POLLERR;
    }
    return events;
}

static long unix_ioctl_op(struct socket *socket, unsigned command,
                          uaddr argument)
{
    struct unix_socket *u = unix_of(socket);
    int n = 0;

    switch (command) {
    case FIONREAD:
        WITH_LOCK(&socket->lock) {
            if (unix_is_stream(socket))
                n = socket->receive_bytes;
            else if (!list_empty(&socket->receive_queue))
                n = list_first(&socket->receive_queue, struct unix_message,
                               node)
                        ->length;
        }
        return PUT_USER(argument, n);
    case SIOCOUTQ:
        if (u->peer)
            n = READ_ONCE(u->peer->socket.receive_memory);
        return PUT_USER(argument, n);
    default:
        return -ENOTTY;
    }
}

// Num RefCount Protocol Flags Type St Inode Path; states are enum socket_state
// of Linux's <linux/net.h>.
static void show_unix(struct text *text)
{
    struct unix_socket *u;

    text_printf(text,
                "Num       RefCount Protocol Flags    Type St Inode Path\n");
    WITH_LOCK(&unix_lock) {
        list_for_each(u, &unix_sockets, all_node) {
            if (!u->closed)
                text_printf(text, "%016lX: %08X %08X %08X %04X %02X %5lu\n",
                            0ul, u->socket.refs, 0, 0, u->socket.type,
                            u->peer ? 3 : 1, u->socket.inode);
        }
    }
}
PROC_FILE(net_unix) = {"net/unix", show_unix, NULL};

static const struct socket_ops unix_socket_ops = {
    .name = "UNIX",
    .size = sizeof(struct unix_socket),
    .init = unix_init_op,
    .pair = unix_pair_op,
    .send = unix_send_op,
    .receive = unix_receive_op,
    .shutdown = unix_shutdown_op,
    .local_address = unix_local_address,
    .peer_address = unix_peer_address,
    .poll = unix_poll_op,
    .ioctl = unix_ioctl_op,
    .close = unix_close_op,
    .destroy = unix_destroy_op,
};
SOCKET_FAMILY(unix_stream) = {AF_UNIX, SOCK_STREAM, 0, &unix_socket_ops};
SOCKET_FAMILY(unix_dgram) = {AF_UNIX, SOCK_DGRAM, 0, &unix_socket_ops};
SOCKET_FAMILY(unix_seqpacket) = {AF_UNIX, SOCK_SEQPACKET, 0, &unix_socket_ops};
