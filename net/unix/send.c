// SPDX-License-Identifier: MIT
//
// AF_UNIX: sending. Everything is decided, and all memory taken, before a
// message enters the receiver's queue; from then on it is the receiver's.

#include <abi/errno.h>
#include <abi/poll.h>
#include <dev/timer.h>
#include <fs/proc.h>

#include "unix.h"

static int64_t max_datagrams = 10;  // that wait at a socket, and one more
SYSCTL(unix_max_dgram_qlen) = {"net/unix/max_dgram_qlen", &max_datagrams, 0,
                               INT32_MAX};

unsigned unix_datagram_queue_length(void)
{
    return (unsigned)READ_ONCE(max_datagrams);
}

#define STREAM_PIECE (32 * KiB)  // a long write is several messages

// What a sendmsg says besides the bytes. The files are the caller's until they
// are attached to a message.
struct sending {
    struct abi_ucred writer;
    struct unix_rights *rights;
    nsec_t until;
};

static int parse_item(const struct control_item *item, struct sending *sending)
{
    if (item->level != SOL_SOCKET || item->type == SCM_RIGHTS)
        return 0;
    if (item->type != SCM_CREDENTIALS)
        return -EINVAL;
    return unix_credentials_check(item, &sending->writer);
}

static int sending_begin(struct unix_socket *u, const struct message *message,
                         struct sending *sending)
{
    struct control_item item;

    *sending = (struct sending){
        .until = socket_deadline(message->flags & MSG_DONTWAIT,
                                 u->socket.options.send_timeout)};
    control_for_each(item, message)
    {
        int error = parse_item(&item, sending);
        if (error < 0)
            return error;
    }
    int error = unix_rights_create(message, &sending->rights);
    if (error == 0 && sending->rights)
        unix_collect_before_send();
    return error;
}

// 0, -EPIPE, -EAGAIN: no room, or the pending error.
static int send_state(struct unix_socket *u)
{
    int error = socket_take_error(&u->socket);

    if (error < 0)
        return error;
    if (READ_ONCE(u->socket.write_shut))
        return -EPIPE;
    return unix_may_send(u) ? 0 : -EAGAIN;
}

static int wait_to_send(struct unix_socket *u, nsec_t until)
{
    int error;

    while ((error = send_state(u)) == -EAGAIN) {
        error = socket_wait(&u->socket,
                            unix_may_send(u) || READ_ONCE(u->socket.error) ||
                                READ_ONCE(u->socket.write_shut),
                            until);
        if (error < 0)
            return error;
    }
    return error;
}

// A message of n bytes of the user's, as soon as the sender has room for it.
// Takes the files on success.
static int make_message(struct unix_socket *u, struct message *message,
                        size_t n, struct sending *sending,
                        struct unix_message **made)
{
    int error = wait_to_send(u, sending->until);

    if (error < 0)
        return error;
    struct unix_message *m = unix_message_create(n);
    if (!m)
        return -ENOBUFS;
    error = unix_message_fill(m, message->uio);
    if (error == 0 && sending->rights)
        error = unix_rights_attach(m, sending->rights);
    if (error < 0) {
        unix_message_free(m);
        return error;
    }
    sending->rights = NULL;
    m->writer = sending->writer;
    unix_message_charge(m, u);
    *made = m;
    return 0;
}

// What keeps the receiver from taking a message. Its lock is held.
static int receiver_state(const struct unix_socket *from,
                          const struct unix_socket *to)
{
    const struct unix_socket *its_peer = READ_ONCE(to->peer);

    if (to->closed)
        return unix_is_datagram(to) ? -ECONNREFUSED : -EPIPE;
    if (unix_is_datagram(to) && its_peer && its_peer != from)
        return -EPERM;
    if (to->socket.read_shut)
        return -EPIPE;
    // Two that are connected to each other go by SO_SNDBUF alone.
    if (unix_is_datagram(to) && to != from && its_peer != from &&
        unix_queue_full(to))
        return -EAGAIN;
    return 0;
}

// Put a message into the queue, which takes it on success. Who wrote it is told
// where either end asks for it, or nobody knows yet who will receive.
static int deliver(struct unix_socket *from, struct unix_socket *to,
                   struct unix_message *m)
{
    if (READ_ONCE(from->pass_credentials) || READ_ONCE(to->pass_credentials) ||
        !READ_ONCE(to->accepted))
        unix_writer_note(&m->writer);
    if (READ_ONCE(to->socket.options.timestamp))
        m->arrived = clock_realtime();
    WITH_LOCK(&to->socket.lock) {
        int error = receiver_state(from, to);
        if (error < 0)
            return error;
        list_push_back(&to->socket.receive_queue, &m->node);
        to->socket.receive_bytes += m->length;
        to->queue_length++;
    }
    wake_up_events(&to->socket.wait, POLLIN | POLLRDNORM);
    return 0;
}

// ---- streams ----

static int send_piece(struct unix_socket *u, struct unix_socket *to,
                      struct message *message, size_t n,
                      struct sending *sending)
{
    struct unix_message *m;
    size_t before = message->uio->done;
    int error = make_message(u, message, n, sending, &m);

    if (error < 0)
        return error;
    error = deliver(u, to, m);
    if (error < 0) {
        uio_revert(message->uio, message->uio->done - before);
        unix_message_free(m);
    }
    return error;
}

static ssize_t send_stream(struct unix_socket *u, struct message *message,
                           struct sending *sending)
{
    struct unix_socket *peer;
    size_t done = 0;
    int error = 0;

    if (message->address)
        return READ_ONCE(u->socket.state) == SOCKET_CONNECTED ? -EISCONN
                                                              : -EOPNOTSUPP;
    peer = unix_peer_get(u);
    if (!peer)
        return -ENOTCONN;
    if (READ_ONCE(u->socket.write_shut))
        error = -EPIPE;
    while (error == 0 && message->uio->resid > 0) {
        size_t half = (size_t)u->socket.options.send_buffer / 2;
        size_t n = MIN(message->uio->resid, MIN(STREAM_PIECE, half));

        error = send_piece(u, peer, message, n, sending);
        if (error == 0)
            done += n;
    }
    socket_put(&peer->socket);
    return done ? (ssize_t)done : error;
}

// ---- datagrams and packets ----

// The receiver, with a reference: by name, or the peer.
static int find_receiver(struct unix_socket *u, const struct message *message,
                         struct unix_socket **to)
{
    if (message->address && unix_is_datagram(u))
        return unix_find(message->address, SOCK_DGRAM, to);
    *to = unix_peer_get(u);
    return *to ? 0 : -ENOTCONN;
}

// Deliver a message, waiting while the receiver's queue is full. A peer that
// has closed is given up; a name may have a new owner then.
static int deliver_datagram(struct unix_socket *u,
                            const struct message *message,
                            struct unix_message *m, nsec_t until)
{
    struct unix_socket *to;

    for (;;) {
        int error = find_receiver(u, message, &to);
        if (error < 0)
            return error;
        if (!unix_filter(to, m)) {  // nobody is told
            socket_put(&to->socket);
            unix_message_free(m);
            return 0;
        }
        error = deliver(u, to, m);
        bool full = error == -EAGAIN;
        if (full)
            error = unix_wait_for_room(to, until);
        else if (error == -ECONNREFUSED)
            unix_forget_peer(u, to);
        socket_put(&to->socket);
        if (!full || error < 0)
            return error;
    }
}

static int check_datagram(struct unix_socket *u, const struct message *message)
{
    struct unix_socket *to;

    if (READ_ONCE(u->socket.write_shut))
        return -EPIPE;
    if (message->address && unix_is_datagram(u)) {
        int error = unix_address_check(message->address);
        if (error < 0)
            return error;
    } else {
        to = unix_peer_get(u);
        if (!to)
            return -ENOTCONN;
        socket_put(&to->socket);
    }
    int error = unix_autobind_for_credentials(u);
    if (error < 0)
        return error;
    if (message->uio->resid > (size_t)u->socket.options.send_buffer - 32)
        return -EMSGSIZE;
    return 0;
}

static ssize_t send_datagram(struct unix_socket *u, struct message *message,
                             struct sending *sending)
{
    struct unix_message *m;
    size_t length = message->uio->resid;
    int error = unix_is_datagram(u) ? 0 : socket_take_error(&u->socket);

    if (error == 0)
        error = check_datagram(u, message);
    if (error == 0)
        error = make_message(u, message, length, sending, &m);
    if (error < 0)
        return error;
    error = deliver_datagram(u, message, m, sending->until);
    if (error < 0)
        unix_message_free(m);
    return error < 0 ? error : (ssize_t)length;
}

ssize_t unix_send_op(struct socket *socket, struct message *message)
{
    struct unix_socket *u = unix_of(socket);
    struct sending sending;
    ssize_t result = sending_begin(u, message, &sending);

    if (result == 0 && message->flags & MSG_OOB)
        result = -EOPNOTSUPP;
    if (result == 0)
        result = unix_is_stream(u) ? send_stream(u, message, &sending)
                                   : send_datagram(u, message, &sending);
    unix_rights_free(sending.rights);
    return result;
}
