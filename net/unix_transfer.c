// SPDX-License-Identifier: MIT
//
// AF_UNIX: sending and receiving. What is sent is copied into a message in the
// peer's receive queue, and out of it by the peer. A sender's SO_SNDBUF bounds
// what it may have waiting there.

#include <abi/errno.h>
#include <abi/poll.h>
#include <mm/kmalloc.h>

#include "unix.h"

#define STREAM_PIECE (32 * KiB)  // a long write is several messages

bool unix_has_room(const struct unix_socket *from, const struct unix_socket *to)
{
    return to->socket.receive_memory <
           (size_t)READ_ONCE(from->socket.options.send_buffer);
}

static size_t memory_of(const struct unix_message *m)
{
    return sizeof(*m) + m->length;
}

// What keeps `from` from sending: 0, -EAGAIN (no room), or an error. Both ends'
// locks are free.
static int send_state(struct unix_socket *from)
{
    struct socket *socket = &from->socket;
    struct unix_socket *to = from->peer;
    int error = 0;

    if (READ_ONCE(socket->error))
        return socket_take_error(socket);
    if (!to)
        return -ENOTCONN;
    if (READ_ONCE(socket->write_shut))
        return -EPIPE;
    WITH_LOCK(&to->socket.lock) {
        if (to->closed)
            error = unix_is_connection(socket) ? -EPIPE : -ECONNREFUSED;
        else if (to->socket.read_shut)
            error = -EPIPE;
        else if (!unix_has_room(from, to))
            error = -EAGAIN;
    }
    return error;
}

static bool send_may_go_on(struct unix_socket *from)
{
    return READ_ONCE(from->socket.error) ||
           READ_ONCE(from->socket.write_shut) ||
           READ_ONCE(from->peer->closed) ||
           READ_ONCE(from->peer->socket.read_shut) ||
           unix_has_room(from, from->peer);
}

// One message of n bytes. 0 or -errno; then nothing was taken from the user.
static int send_message(struct unix_socket *from, struct message *message,
                        size_t n)
{
    struct unix_socket *to = from->peer;
    struct unix_message *m = kmalloc(sizeof(*m) + n);
    size_t before = message->uio->done;

    if (!m)
        return -ENOBUFS;
    m->length = n;
    m->offset = 0;
    int error = copy_from_uio(message->uio, m->data, n);
    WITH_LOCK(&to->socket.lock) {
        if (error == 0 && to->closed)
            error = unix_is_connection(&to->socket) ? -EPIPE : -ECONNREFUSED;
        if (error == 0) {
            list_push_back(&to->socket.receive_queue, &m->node);
            to->socket.receive_bytes += n;
            to->socket.receive_memory += memory_of(m);
        }
    }
    if (error < 0) {
        uio_revert(message->uio, message->uio->done - before);
        kfree(m);
        return error;
    }
    wake_up_events(&to->socket.wait, POLLIN | POLLRDNORM);
    return 0;
}

ssize_t unix_send_op(struct socket *socket, struct message *message)
{
    struct unix_socket *u = unix_of(socket);
    nsec_t until = socket_deadline(message->flags & MSG_DONTWAIT,
                                   socket->options.send_timeout);
    size_t total = message->uio->resid, done = 0;
    bool stream = unix_is_stream(socket);
    int error = 0;

    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (message->address && u->peer)
        return stream ? -EISCONN : -EINVAL;
    if (!stream && total > (size_t)socket->options.send_buffer - 32)
        return -EMSGSIZE;
    do {
        size_t n = stream ? MIN(total - done, STREAM_PIECE) : total;

        mutex_lock(&socket->send_mutex);
        error = send_state(u);
        if (error == 0 && (n > 0 || !stream))
            error = send_message(u, message, n);
        mutex_unlock(&socket->send_mutex);
        if (error == 0)
            done += n;
        else if (error == -EAGAIN)
            error = socket_wait(socket, send_may_go_on(u), until);
        else
            break;
    } while (error == 0 && done < total);
    return done ? (ssize_t)done : error;
}

// ---- receiving ----

static struct unix_message *first_message(struct socket *socket)
{
    struct unix_message *m = NULL;

    WITH_LOCK(&socket->lock) {
        if (!list_empty(&socket->receive_queue))
            m = list_first(&socket->receive_queue, struct unix_message, node);
    }
    return m;
}

// n bytes of m were read; the message goes if that was all, or if boundaries
// are kept. The peer may have room to write now.
static void consume(struct socket *socket, struct unix_message *m, size_t n)
{
    struct unix_socket *peer = unix_of(socket)->peer;
    bool whole = !unix_is_stream(socket) || m->offset + n == m->length;

    WITH_LOCK(&socket->lock) {
        if (whole) {
            list_remove(&m->node);
            socket->receive_bytes -= m->length - m->offset;
            socket->receive_memory -= memory_of(m);
        } else {
            socket->receive_bytes -= n;
            m->offset += n;
        }
    }
    if (whole) {
        kfree(m);
        if (peer)
            wake_up_events(&peer->socket.wait, POLLOUT | POLLWRNORM);
    }
}

// One message, or what is left of it. -EAGAIN: there is none.
static ssize_t receive_message(struct socket *socket, struct message *message)
{
    struct unix_message *m = first_message(socket);

    if (!m)
        return -EAGAIN;
    size_t length = m->length - m->offset;
    size_t n = MIN(length, message->uio->resid);
    int error = copy_to_uio(message->uio, m->data + m->offset, n);
    if (error < 0)
        return error;
    if (!unix_is_stream(socket) && n < length)
        message->out_flags |= MSG_TRUNC;
    if (!(message->flags & MSG_PEEK))
        consume(socket, m, n);
    bool report = message->flags & MSG_TRUNC && !unix_is_stream(socket);
    return report ? length : n;
}

// As much of the stream as is there. -EAGAIN: nothing.
static ssize_t receive_stream(struct socket *socket, struct message *message)
{
    size_t done = 0;
    ssize_t n;

    do {
        n = receive_message(socket, message);
        if (n > 0)
            done += n;
    } while (n > 0 && message->uio->resid > 0 && !(message->flags & MSG_PEEK));
    return done ? (ssize_t)done : n;
}

// The queue is empty: 0 at the end, -EAGAIN to wait, or an error.
static int receive_state(struct socket *socket)
{
    int error = socket_take_error(socket);

    if (error < 0)
        return error;
    if (READ_ONCE(socket->read_shut) || READ_ONCE(socket->peer_shut))
        return 0;
    if (unix_is_connection(socket) && !unix_of(socket)->peer)
        return unix_is_stream(socket) ? -EINVAL : -ENOTCONN;
    return -EAGAIN;
}

static bool readable(struct socket *socket)
{
    bool result;

    WITH_LOCK(&socket->lock) {
        result = !list_empty(&socket->receive_queue) || socket->error ||
                 socket->read_shut || socket->peer_shut;
    }
    return result;
}

ssize_t unix_receive_op(struct socket *socket, struct message *message)
{
    nsec_t until = socket_deadline(message->flags & MSG_DONTWAIT,
                                   socket->options.receive_timeout);
    bool stream = unix_is_stream(socket);
    bool all =
        stream && message->flags & MSG_WAITALL && !(message->flags & MSG_PEEK);
    size_t done = 0;

    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (message->address)
        message->address->length = 0;
    for (;;) {
        mutex_lock(&socket->recv_mutex);
        ssize_t n = stream ? receive_stream(socket, message)
                           : receive_message(socket, message);
        mutex_unlock(&socket->recv_mutex);
        if (n != -EAGAIN && n < 0)
            return done ? (ssize_t)done : n;
        if (n >= 0) {
            done += n;
            if (!all || message->uio->resid == 0)
                return done ? (ssize_t)done : n;
        }
        int error = receive_state(socket);
        if (error == -EAGAIN)
            error = socket_wait(socket, readable(socket), until);
        else if (error == 0 || done)
            return done;
        if (error < 0)
            return done ? (ssize_t)done : error;
    }
}
