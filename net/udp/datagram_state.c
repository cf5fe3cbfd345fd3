// SPDX-License-Identifier: MIT
//
// What a socket of datagrams tells of itself, and its shutdown
// (net/datagram.h).

#include <abi/errno.h>
#include <abi/ioctl.h>
#include <abi/poll.h>
#include <mm/uaccess.h>
#include <net/datagram.h>
#include <net/error_queue.h>

// Linux marks the directions also where it says that nobody is connected.
int datagram_shutdown_op(struct socket *socket, int how)
{
    int error;

    WITH_LOCK(&socket->lock) {
        if (how != SHUT_WR)
            socket->read_shut = true;
        if (how != SHUT_RD)
            socket->write_shut = true;
        wake_up_all(&socket->wait);
        error = socket->state == SOCKET_CONNECTED ? 0 : -ENOTCONN;
    }
    return error;
}

unsigned datagram_poll_op(struct socket *socket)
{
    unsigned events = POLLOUT | POLLWRNORM | POLLWRBAND;

    WITH_LOCK(&socket->lock) {
        if (!list_empty(&socket->receive_queue) || socket->read_shut)
            events |= POLLIN | POLLRDNORM;
        if (socket->read_shut)
            events |= POLLRDHUP;
        if (socket->read_shut && socket->write_shut)
            events |= POLLHUP;
        if (socket->error)
            events |= POLLERR;
        events |= error_queue_poll(socket);
    }
    return events;
}

long datagram_ioctl_op(struct socket *socket, unsigned command, uaddr argument)
{
    int next = 0;

    switch (command) {
    case FIONREAD:  // the next datagram's size
        WITH_LOCK(&socket->lock) {
            if (!list_empty(&socket->receive_queue))
                next = list_first(&socket->receive_queue, struct packet, node)
                           ->length;
        }
        return PUT_USER(argument, next);
    case SIOCOUTQ:
        return PUT_USER(argument, 0);
    default:
        return -ENOTTY;
    }
}
