// SPDX-License-Identifier: MIT
//
// AF_UNIX: readiness, and the ioctls that count what waits.

#include <abi/errno.h>
#include <abi/ioctl.h>
#include <abi/poll.h>
#include <mm/uaccess.h>

#include "unix.h"

// Would the peer's queue take a datagram? A closed one takes it, and says no.
static bool peer_has_room(struct unix_socket *u)
{
    struct unix_socket *peer = unix_peer_get(u);
    bool room = true;

    if (!peer)
        return true;
    if (unix_is_datagram(u))
        WITH_LOCK(&peer->socket.lock)
            room = peer->closed || peer == u || READ_ONCE(peer->peer) == u ||
                   !unix_queue_full(peer);
    socket_put(&peer->socket);
    return room;
}

static bool may_write(struct unix_socket *u)
{
    return READ_ONCE(u->socket.state) != SOCKET_LISTENING &&
           unix_is_writable(u) && peer_has_room(u);
}

unsigned unix_poll_op(struct socket *socket)
{
    struct unix_socket *u = unix_of(socket);
    unsigned events = may_write(u) ? POLLOUT | POLLWRNORM | POLLWRBAND : 0;

    WITH_LOCK(&socket->lock) {
        if (!list_empty(&socket->receive_queue) || !list_empty(&u->pending) ||
            socket->read_shut)
            events |= POLLIN | POLLRDNORM;
        if (socket->read_shut)
            events |= POLLRDHUP;
        if ((socket->read_shut && socket->write_shut) ||
            (!unix_is_datagram(u) && socket->state == SOCKET_UNCONNECTED))
            events |= POLLHUP;
        if (socket->error)
            events |= POLLERR;
    }
    return events;
}

// FIONREAD: bytes that wait; of datagrams, those of the next one.
static int bytes_waiting(struct unix_socket *u)
{
    struct socket *socket = &u->socket;
    int n = 0;

    WITH_LOCK(&socket->lock) {
        if (socket->state == SOCKET_LISTENING)
            return -EINVAL;
        if (!unix_is_datagram(u))
            n = socket->receive_bytes;
        else if (!list_empty(&socket->receive_queue))
            n = list_first(&socket->receive_queue, struct unix_message, node)
                    ->length;
    }
    return n;
}

long unix_ioctl_op(struct socket *socket, unsigned command, uaddr argument)
{
    struct unix_socket *u = unix_of(socket);
    int n;

    switch (command) {
    case FIONREAD:
        n = bytes_waiting(u);
        return n < 0 ? n : PUT_USER(argument, n);
    case SIOCOUTQ:
        return PUT_USER(argument, (int)READ_ONCE(u->send_memory));
    default:
        return -ENOTTY;
    }
}
