// SPDX-License-Identifier: MIT
//
// AF_UNIX, unix(7): the sockets themselves. net/unix/unix.h says what is where.
//
// A socket that has a peer holds a reference on it, until it closes or (with
// datagrams) changes its peer. What `peer` points to therefore stays; one whose
// file is gone says so by `closed`. unix_lock is held over everything that
// looks at several sockets at once: names, who is connected to whom, the state
// of a listener. The bytes need the receiver's lock only.

#include <abi/errno.h>
#include <abi/inet.h>

#include "unix.h"

struct list_node unix_sockets = LIST_INIT(unix_sockets);
struct spinlock unix_lock = SPINLOCK_INIT(RANK_UNIX);

static bool wake_from_peer(struct wait_entry *entry, unsigned events)
{
    struct unix_socket *u = container_of(entry, struct unix_socket, relay);

    wake_up_events(&u->socket.wait, events);
    return false;
}

static int unix_init_op(struct socket *socket)
{
    struct unix_socket *u = unix_of(socket);

    socket->protocol = 0;  // whatever was asked for, as Linux has it
    if (socket->type == SOCK_RAW)
        socket->type = SOCK_DGRAM;
    list_init(&u->named_node);
    list_init(&u->pending);
    list_init(&u->pending_node);
    list_init(&u->flight_node);
    mutex_init(&u->name_mutex, RANK_SOCKET_NAME, "socket name");
    wait_queue_init(&u->room);
    wait_init(&u->relay, false);
    u->relay.wake = wake_from_peer;
    u->queue_limit = unix_datagram_queue_length();
    u->peek_offset = -1;
    u->accepted = true;
    WITH_LOCK(&unix_lock)
        list_push_back(&unix_sockets, &u->all_node);
    return 0;
}

static void unix_destroy_op(struct socket *socket)
{
    struct unix_socket *u = unix_of(socket);

    WITH_LOCK(&unix_lock)
        list_remove(&u->all_node);
    unix_name_put(u->name);
    unix_credentials_put(u->credentials);
}

struct unix_socket *unix_of_file(struct file *file)
{
    struct socket *socket = socket_of_file(file);

    return socket && socket->family == AF_UNIX ? unix_of(socket) : NULL;
}

struct unix_socket *unix_peer_get(struct unix_socket *u)
{
    struct unix_socket *peer;

    WITH_LOCK(&u->socket.lock) {
        peer = u->peer;
        if (peer)
            socket_get(&peer->socket);
    }
    return peer;
}

// ---- the end ----

// What a connected socket sees of its peer's end. reset: bytes were lost.
static void hang_up(struct unix_socket *peer, bool reset)
{
    struct socket *socket = &peer->socket;

    WITH_LOCK(&socket->lock) {
        socket->read_shut = socket->write_shut = true;
        if (reset)
            socket->error = ECONNRESET;
    }
    wake_up_all(&socket->wait);
}

// The name becomes free, and nothing can reach the socket any more. What is
// left of it goes to the caller; its peer with the reference.
static struct unix_socket *close_off(struct unix_socket *u,
                                     struct list_node *connections)
{
    struct socket *socket = &u->socket;
    struct unix_socket *peer;

    WITH_LOCK(&unix_lock) {
        list_remove(&u->named_node);
        WITH_LOCK(&socket->lock) {
            u->closed = true;
            socket->read_shut = socket->write_shut = true;
            list_splice_back(connections, &u->pending);
            peer = u->peer;
            u->peer = NULL;
        }
    }
    return peer;
}

void unix_end(struct unix_socket *u, bool reset)
{
    struct list_node unread = LIST_INIT(unread);
    struct list_node connections = LIST_INIT(connections);
    struct unix_socket *connection;
    struct unix_socket *peer = close_off(u, &connections);

    unix_queue_take(u, &unread);
    wake_up_all(&u->room);
    wake_up_all(&u->socket.wait);
    if (peer) {
        if (unix_is_datagram(u))
            wait_queue_remove(&peer->room, &u->relay);
        else
            hang_up(peer, reset || !list_empty(&unread));
        socket_put(&peer->socket);
    }
    unix_messages_free(&unread);
    while ((connection = list_pop_front(&connections, struct unix_socket,
                                        pending_node))) {
        unix_end(connection, true);
        socket_put(&connection->socket);
    }
}

static void unix_close_op(struct socket *socket)
{
    unix_end(unix_of(socket), false);
    unix_collect_after_close();
}

static void shut(struct socket *socket, bool reading, bool writing)
{
    WITH_LOCK(&socket->lock) {
        socket->read_shut |= reading;
        socket->write_shut |= writing;
    }
    wake_up_all(&socket->wait);
}

static int unix_shutdown_op(struct socket *socket, int how)
{
    struct unix_socket *u = unix_of(socket);
    struct unix_socket *peer = unix_peer_get(u);

    shut(socket, how != SHUT_WR, how != SHUT_RD);
    wake_up_all(&u->room);
    if (peer) {
        if (!unix_is_datagram(u))
            shut(&peer->socket, how != SHUT_RD, how != SHUT_WR);
        socket_put(&peer->socket);
    }
    return 0;
}

// ---- addresses ----

static int unix_local_address(struct socket *socket,
                              struct socket_address *address)
{
    unix_name_to_address(unix_of(socket), address);
    return 0;
}

static int unix_peer_address(struct socket *socket,
                             struct socket_address *address)
{
    struct unix_socket *peer = unix_peer_get(unix_of(socket));

    if (!peer)
        return -ENOTCONN;
    unix_name_to_address(peer, address);
    socket_put(&peer->socket);
    return 0;
}

#define COMMON_OPS                                                            \
    .name = "UNIX", .size = sizeof(struct unix_socket), .init = unix_init_op, \
    .bind = unix_bind_op, .pair = unix_pair_op, .send = unix_send_op,         \
    .receive = unix_receive_op, .shutdown = unix_shutdown_op,                 \
    .local_address = unix_local_address, .peer_address = unix_peer_address,   \
    .poll = unix_poll_op, .ioctl = unix_ioctl_op, .close = unix_close_op,     \
    .destroy = unix_destroy_op

#define CONNECTION_OPS                                              \
    COMMON_OPS, .listen = unix_listen_op, .accept = unix_accept_op, \
                .unaccept = unix_unaccept_op, .connect = unix_connect_op

static const struct socket_ops stream_ops = {CONNECTION_OPS};
SOCKET_FAMILY(unix_stream) = {AF_UNIX, SOCK_STREAM, PF_UNIX, &stream_ops};

static const struct socket_ops packet_ops = {CONNECTION_OPS, .filters = true};
SOCKET_FAMILY(unix_seqpacket) = {AF_UNIX, SOCK_SEQPACKET, PF_UNIX, &packet_ops};

static const struct socket_ops datagram_ops = {
    COMMON_OPS,
    .filters = true,
    .connect = unix_connect_datagram_op,
};
SOCKET_FAMILY(unix_dgram) = {AF_UNIX, SOCK_DGRAM, PF_UNIX, &datagram_ops};
SOCKET_FAMILY(unix_raw) = {AF_UNIX, SOCK_RAW, PF_UNIX, &datagram_ops};
