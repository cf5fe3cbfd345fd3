// SPDX-License-Identifier: MIT
//
// UDP sockets, private to net/udp*.c. Key to the tags: net/socket.h.
//
//   udp/udp.c        binding, connecting, closing
//   udp/input.c  which socket an arriving datagram is for
//   udp/datagram.c   receive        udp/send.c  send
//
// lwIP's UDP serves its own DHCP client alone: it knows one receiver for a
// port, and neither groups nor interfaces. What arrives is taken over before it
// (udp/input.c), and what is sent goes to IP directly (net/ip_send.h).

#pragma once

#include <net/ip_send.h>
#include <net/packet.h>
#include <net/ports.h>
#include <net/socket.h>

struct udp_socket {
    struct socket socket;
    struct list_node node;         // (c) receivers of a port; alone: no port
    struct port_binding *binding;  // (c) NULL: no port yet
    bool bound;                    // (c) by bind, not by sending
    struct endpoint bound_to;      // (c) what bind said, if it did
    struct endpoint local, peer;   // (c+s) the address of `local` is also that
                                   // of what is received; any: all
    struct pbuf *corked;           // (send) MSG_MORE: the datagram so far,
    struct ip_send corked_how;     // (send) and how its first part said it goes
    bool cork;                     // (a) UDP_CORK
};

static inline struct udp_socket *udp_of(struct socket *socket)
{
    return container_of(socket, struct udp_socket, socket);
}

// What bind said, or what an unbound socket has. Core mutex held.
struct endpoint udp_bound_to(const struct udp_socket *u);

// Take a port unless there is one. Core mutex held. 0 or -errno.
int udp_ensure_port(struct udp_socket *u);

// udp/input.c: the socket receives at u->local, or no more; core mutex held.
// And all that do, for /proc: the next one after u (NULL: the first).
void udp_listen_at(struct udp_socket *u);
void udp_listen_no_more(struct udp_socket *u);
struct udp_socket *udp_next(struct udp_socket *u);
// The socket for a datagram that comes this way to one address; NULL: none.
struct udp_socket *udp_receiver(const struct arrival *arrival);

// udp/send.c
ssize_t udp_send_op(struct socket *socket, struct message *message);
int udp_flush_cork(struct udp_socket *u);
