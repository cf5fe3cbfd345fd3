// SPDX-License-Identifier: MIT
//
// AF_UNIX sockets, private to net/unix_*.c. Key to the tags: net/socket.h.

#pragma once

#include <net/socket.h>

// What one send put into the peer's receive queue.
struct unix_message {
    struct list_node node;
    size_t length, offset;  // bytes in all, and read already (streams)
    uint8_t data[];
};

struct unix_socket {
    struct socket socket;
    struct unix_socket *peer;   // (i once connected) a reference
    bool closed;                // (s) the file is gone
    struct list_node all_node;  // (unix_lock) unix_sockets
};

// All of them, for /proc/net/unix.
extern struct list_node unix_sockets;
extern struct spinlock unix_lock;  // RANK_SPIN

static inline struct unix_socket *unix_of(struct socket *socket)
{
    return container_of(socket, struct unix_socket, socket);
}

// Boundaries between messages are kept but on streams; the end of the
// connection is seen by the peer but with datagrams.
static inline bool unix_is_stream(const struct socket *socket)
{
    return socket->type == SOCK_STREAM;
}
static inline bool unix_is_connection(const struct socket *socket)
{
    return socket->type != SOCK_DGRAM;
}

ssize_t unix_send_op(struct socket *socket, struct message *message);
ssize_t unix_receive_op(struct socket *socket, struct message *message);
// Is there room in the peer's queue? Peer's lock held.
bool unix_has_room(const struct unix_socket *from,
                   const struct unix_socket *to);
