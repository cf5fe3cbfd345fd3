// SPDX-License-Identifier: MIT
//
// UDP sockets, private to net/udp*.c. Key to the tags: net/socket.h.

#pragma once

#include <lwip/udp.h>
#include <net/packet.h>
#include <net/ports.h>
#include <net/socket.h>

struct udp_socket {
    struct socket socket;
    struct udp_pcb *pcb;           // (c) from socket to close
    struct port_binding *binding;  // (c) NULL: no port yet
    bool bound;                    // (c) by bind, not by sending
    struct endpoint bound_to;      // (c) what bind said, if it did
    struct endpoint local, peer;   // (c+s)
    struct pbuf *corked;           // (send) MSG_MORE: the datagram so far
    uint64_t drops;                // (s) datagrams beyond SO_RCVBUF
};

static inline struct udp_socket *udp_of(struct socket *socket)
{
    return container_of(socket, struct udp_socket, socket);
}

// Take a port: the one asked for, or any. Core mutex held. 0 or -errno.
int udp_take_port(struct udp_socket *u, const struct endpoint *local);

// What bind said, or what an unbound socket has. Core mutex held.
struct endpoint udp_bound_to(const struct udp_socket *u);

// udp_send.c, udp_recv.c
ssize_t udp_send_op(struct socket *socket, struct message *message);
ssize_t udp_receive_op(struct socket *socket, struct message *message);
void udp_receive_callback(void *argument, struct udp_pcb *pcb, struct pbuf *p,
                          const ip_addr_t *from, u16_t port);
