// SPDX-License-Identifier: MIT
//
// AF_UNIX: who is connected to whom. A stream or packet socket connects at
// once: the other end is made here, and waits at the listener to be accepted,
// with what is sent to it meanwhile. A datagram socket's peer is only where it
// sends, and from whom alone it receives.

#include <abi/errno.h>
#include <abi/inet.h>
#include <abi/poll.h>
#include <net/sysctl.h>

#include "unix.h"

// ---- pairs and listeners ----

// A socket's peer and state. unix_lock held; takes a reference to the peer.
static void join(struct unix_socket *u, struct unix_socket *peer,
                 struct unix_credentials *credentials)
{
    socket_get(&peer->socket);
    unix_credentials_get(credentials);
    struct unix_credentials *old = u->credentials;
    u->credentials = credentials;
    unix_credentials_put(old);
    WITH_LOCK(&u->socket.lock) {
        u->peer = peer;
        socket_set_state(&u->socket, SOCKET_CONNECTED);
    }
}

int unix_pair_op(struct socket *one, struct socket *other)
{
    struct unix_socket *ends[] = {unix_of(one), unix_of(other)};
    struct unix_credentials *mine = unix_credentials_create();

    if (!mine)
        return -ENOMEM;
    for (int i = 0; i < 2; i++) {
        WITH_LOCK(&unix_lock)
            join(ends[i], ends[!i], mine);
        if (unix_is_datagram(ends[i]))
            wait_queue_add(&ends[!i]->room, &ends[i]->relay);
    }
    unix_credentials_put(mine);
    return 0;
}

static int start_listening(struct unix_socket *u, unsigned backlog,
                           struct unix_credentials **credentials)
{
    struct socket *socket = &u->socket;

    WITH_LOCK(&unix_lock) {
        if (!u->name)
            return -EINVAL;
        if (socket->state != SOCKET_UNCONNECTED &&
            socket->state != SOCKET_LISTENING)
            return -EINVAL;
        WRITE_ONCE(u->queue_limit, backlog);
        struct unix_credentials *old = u->credentials;
        u->credentials = *credentials;
        *credentials = old;
        WITH_LOCK(&socket->lock) {
            if (socket->state == SOCKET_UNCONNECTED)
                socket_set_state(socket, SOCKET_LISTENING);
        }
    }
    return 0;
}

int unix_listen_op(struct socket *socket, int backlog)
{
    struct unix_socket *u = unix_of(socket);
    unsigned limit = MIN((unsigned)backlog, (unsigned)sysctl_somaxconn);

    struct unix_credentials *credentials = unix_credentials_create();
    if (!credentials)
        return -ENOMEM;
    int error = start_listening(u, limit, &credentials);
    unix_credentials_put(credentials);
    wake_up_all(&u->room);  // the limit may have grown
    return error;
}

// ---- accept ----

// unix_lock held.
static void add_pending(struct unix_socket *listener, struct unix_socket *child,
                        bool in_front)
{
    WITH_LOCK(&listener->socket.lock) {
        if (in_front)
            list_push_front(&listener->pending, &child->pending_node);
        else
            list_push_back(&listener->pending, &child->pending_node);
        listener->queue_length++;
    }
}

// 0, -EAGAIN (nobody waits), -EINVAL (nobody will).
static int take_pending(struct unix_socket *listener,
                        struct unix_socket **child)
{
    struct socket *socket = &listener->socket;

    WITH_LOCK(&unix_lock) {
        WITH_LOCK(&socket->lock) {
            *child = list_pop_front(&listener->pending, struct unix_socket,
                                    pending_node);
            if (!*child)
                return socket->read_shut ? -EINVAL : -EAGAIN;
            listener->queue_length--;
        }
        (*child)->accepted = true;
    }
    wake_up_all(&listener->room);
    return 0;
}

int unix_accept_op(struct socket *socket, bool nonblock, struct socket **child)
{
    nsec_t until = socket_deadline(nonblock, socket->options.receive_timeout);
    struct unix_socket *listener = unix_of(socket), *taken;
    int error;

    while ((error = take_pending(listener, &taken)) == -EAGAIN) {
        error = socket_wait_exclusive(socket,
                                      !list_empty(&listener->pending) ||
                                          READ_ONCE(socket->read_shut),
                                      until);
        if (error < 0)
            break;
    }
    if (error < 0)
        return error;
    WRITE_ONCE(taken->pass_credentials, READ_ONCE(listener->pass_credentials));
    *child = &taken->socket;
    return 0;
}

void unix_unaccept_op(struct socket *socket, struct socket *child)
{
    WITH_LOCK(&unix_lock) {
        unix_of(child)->accepted = false;
        add_pending(unix_of(socket), unix_of(child), true);
    }
    wake_up_events(&socket->wait, POLLIN | POLLRDNORM);
}

// ---- connect: streams and packets ----

bool unix_queue_full(const struct unix_socket *u)
{
    return READ_ONCE(u->queue_length) > READ_ONCE(u->queue_limit);
}

int unix_wait_for_room(struct unix_socket *to, nsec_t until)
{
    if (until == SOCKET_NO_WAIT)
        return -EAGAIN;
    return socket_wait_result(WAIT_EVENT(&to->room,
                                         READ_ONCE(to->closed) ||
                                             READ_ONCE(to->socket.read_shut) ||
                                             !unix_queue_full(to),
                                         until, true, false),
                              until);
}

// May u be connected to the listener? unix_lock held.
static int check_listener(struct unix_socket *u, struct unix_socket *listener)
{
    if (listener->closed || listener->socket.read_shut ||
        listener->socket.state != SOCKET_LISTENING)
        return -ECONNREFUSED;
    if (unix_queue_full(listener))
        return -EAGAIN;
    if (u->socket.state == SOCKET_UNCONNECTED)
        return 0;
    return u->socket.state == SOCKET_CONNECTED ? -EISCONN : -EINVAL;
}

// Connect u to child, which then waits at the listener. The listener takes the
// reference to the child, if this succeeds.
static int enter_queue(struct unix_socket *u, struct unix_socket *listener,
                       struct unix_socket *child, struct unix_credentials *mine)
{
    WITH_LOCK(&unix_lock) {
        int error = check_listener(u, listener);

        if (error < 0)
            return error;
        child->accepted = false;
        child->name = unix_name_get(listener->name);
        join(child, u, mine);
        join(u, child, listener->credentials);
        add_pending(listener, child, false);
    }
    wake_up_events(&listener->socket.wait, POLLIN | POLLRDNORM);
    return 0;
}

// The other end and what it is to know of us are made before locks are taken.
static int connect_once(struct unix_socket *u, struct unix_socket *listener)
{
    struct unix_credentials *mine = unix_credentials_create();
    struct socket *child;

    if (!mine)
        return -ENOMEM;
    int error = socket_create(AF_UNIX, u->socket.type, 0, &child);
    if (error == 0) {
        error = enter_queue(u, listener, unix_of(child), mine);
        if (error < 0)
            socket_put(child);
    }
    unix_credentials_put(mine);
    return error;
}

int unix_connect_op(struct socket *socket, const struct socket_address *address,
                    bool nonblock)
{
    struct unix_socket *u = unix_of(socket);
    nsec_t until = socket_deadline(nonblock, socket->options.send_timeout);
    struct unix_socket *listener;
    int error = unix_address_check(address);

    if (error == 0)
        error = unix_autobind_for_credentials(u);
    if (error < 0)
        return error;
    for (;;) {
        error = unix_find(address, u->socket.type, &listener);
        if (error < 0)
            return error;
        bool full = (error = connect_once(u, listener)) == -EAGAIN;
        if (full)
            error = unix_wait_for_room(listener, until);
        socket_put(&listener->socket);
        if (!full || error < 0)
            return error;
    }
}

// ---- connect: datagrams ----

// Exchange the peer for another one, or none; takes the caller's reference to
// it and gives one to the old peer back in *old. 0, -ECONNREFUSED, or -EPERM:
// it receives from its own peer alone.
static int exchange_peer(struct unix_socket *u, struct unix_socket *peer,
                         struct unix_socket **old)
{
    struct socket *socket = &u->socket;

    WITH_LOCK(&unix_lock) {
        if (peer && peer->closed)
            return -ECONNREFUSED;
        if (peer && peer->peer && peer->peer != u)
            return -EPERM;
        WITH_LOCK(&socket->lock) {
            *old = u->peer;
            u->peer = peer;
            if (!*old != !peer)
                socket_set_state(socket,
                                 peer ? SOCKET_CONNECTED : SOCKET_UNCONNECTED);
        }
    }
    return 0;
}

// Leave the old peer: what waits here came from it, and is dropped; if it is
// connected to us, it learns that.
static void leave_peer(struct unix_socket *u, struct unix_socket *old,
                       struct list_node *dropped)
{
    WITH_MUTEX(&u->socket.recv_mutex)
        unix_queue_take(u, dropped);
    if (list_empty(dropped))
        return;
    wake_up_all(&u->room);
    WITH_LOCK(&old->socket.lock) {
        if (!old->closed && READ_ONCE(old->peer) == u)
            socket_set_error(&old->socket, ECONNRESET);
    }
}

// As exchange_peer, and all that follows from it; the caller frees the messages
// that are dropped. name_mutex held.
static int set_peer(struct unix_socket *u, struct unix_socket *peer,
                    struct list_node *dropped)
{
    struct unix_socket *old;
    int error = exchange_peer(u, peer, &old);

    if (error < 0)
        return error;
    if (old)
        wait_queue_remove(&old->room, &u->relay);
    if (peer)
        wait_queue_add(&peer->room, &u->relay);
    wake_up_all(&u->socket.wait);  // there may be room now
    if (old) {
        if (old != peer)
            leave_peer(u, old, dropped);
        socket_put(&old->socket);
    }
    return 0;
}

void unix_forget_peer(struct unix_socket *u, struct unix_socket *peer)
{
    struct list_node dropped = LIST_INIT(dropped);

    WITH_MUTEX(&u->name_mutex) {
        if (READ_ONCE(u->peer) == peer)
            set_peer(u, NULL, &dropped);
    }
    unix_messages_free(&dropped);
}

int unix_connect_datagram_op(struct socket *socket,
                             const struct socket_address *address,
                             bool nonblock)
{
    struct unix_socket *u = unix_of(socket);
    struct list_node dropped = LIST_INIT(dropped);
    struct unix_socket *peer = NULL;
    int error = 0;

    (void)nonblock;
    if (address->length < sizeof(address->family))
        return -EINVAL;
    if (address->family != AF_UNSPEC) {
        error = unix_address_check(address);
        if (error == 0)
            error = unix_autobind_for_credentials(u);
        if (error == 0)
            error = unix_find(address, SOCK_DGRAM, &peer);
    }
    if (error < 0)
        return error;
    WITH_MUTEX(&u->name_mutex)
        error = set_peer(u, peer, &dropped);
    unix_messages_free(&dropped);
    if (error < 0 && peer)
        socket_put(&peer->socket);
    return error;
}
