// SPDX-License-Identifier: MIT
//
// Raw sockets, raw(7), and ping sockets, which are made of them; private to
// net/raw*.c and net/raw/ping.c. Key to the tags: net/socket.h.
//
//   raw/raw.c         create, bind, connect    raw/recv.c   receive, ICMP
//   filters raw/send.c    send                     raw/option.c the option
//   table's rows raw/error.c   ICMP errors              raw/ping.c       echo
//   requests only
//
// lwIP's raw PCB shows each arriving packet of its protocol to all that ask.

#pragma once

#include <lwip/raw.h>
#include <net/packet.h>
#include <net/ports.h>
#include <net/socket.h>

struct raw_socket {
    struct socket socket;
    struct raw_pcb *pcb;          // (c) from socket to close
    struct list_node node;        // (c) raw_sockets
    struct endpoint bound_to;     // (c) what bind said, or any
    struct endpoint local, peer;  // (c+s)
    bool header_included;         // (a) IP_HDRINCL, IPV6_HDRINCL
    int checksum_at;              // (a) IPV6_CHECKSUM's offset; -1: none
    uint32_t filter[8];           // (a) ICMP_FILTER, ICMP6_FILTER: a bit for
                                  // each type that it does not want
};

// A raw socket that may send and receive only echoes.
struct ping_socket {
    struct raw_socket raw;
    struct port_binding *binding;  // (c) its port is the echoes' identifier
};

static inline struct raw_socket *raw_of(struct socket *socket)
{
    return container_of(socket, struct raw_socket, socket);
}

extern struct list_node raw_sockets;  // (c) all of both kinds, for /proc/net

// raw/raw.c
// A socket's PCB, whose packets receive gets. 0, -ENOBUFS. May sleep.
int raw_create(struct raw_socket *raw, raw_recv_fn receive);
// An address from bind, without its port. Core mutex held. 0, -EADDRNOTAVAIL.
int raw_bind_address(struct raw_socket *raw, const struct endpoint *local);
// May be called for both kinds; the port stays what it is.
int raw_connect_op(struct socket *socket, const struct socket_address *address,
                   bool nonblock);
int raw_local_address_op(struct socket *socket, struct socket_address *address);
int raw_peer_address_op(struct socket *socket, struct socket_address *address);
void raw_close_op(struct socket *socket);

// raw/send.c
// Whom message is for: what it says, or the peer. 0 or -errno.
int raw_destination(struct socket *socket, const struct message *message,
                    struct endpoint *to);
ssize_t raw_send_op(struct socket *socket, struct message *message);

// raw/recv.c
u8_t raw_receive(void *argument, struct raw_pcb *pcb, struct pbuf *p,
                 const ip_addr_t *from);
// Queue a copy of what lwIP is taking in, from an offset on. Core mutex held.
void raw_deliver(struct raw_socket *raw, const struct pbuf *p, size_t offset);
// Is it for this socket's interface, by SO_BINDTODEVICE? Core mutex held.
bool raw_arrives_at(const struct raw_socket *raw);
