// SPDX-License-Identifier: MIT
//
// What sockets that send and receive whole datagrams have in common: UDP, raw
// IP, ping. The functions whose names end in _op are operations (struct
// socket_ops) as they are.

#pragma once

#include <lwip/err.h>
#include <net/ip_send.h>
#include <net/packet.h>
#include <net/socket.h>

// A datagram for the socket: takes the packet. False: SO_RCVBUF is full, it was
// dropped. Core mutex held.
bool datagram_queue(struct socket *socket, struct packet *packet);

ssize_t datagram_receive_op(struct socket *socket, struct message *message);
int datagram_shutdown_op(struct socket *socket, int how);
unsigned datagram_poll_op(struct socket *socket);
long datagram_ioctl_op(struct socket *socket, unsigned command, uaddr argument);

// What forbids sending: a pending error, SHUT_WR.
int datagram_send_state(struct socket *socket);

// What the user has to send, in one piece and with room for headers in front.
// NULL: *error is -ENOBUFS or -EFAULT, else it is 0. May sleep.
struct pbuf *datagram_copy(struct message *message, int *error);

// Send p by the protocol's transmit, which runs under the core mutex, finds the
// way, and says -EAGAIN where the ring of how->netif's link is full: then wait
// for room and try again. Takes p. May sleep.
int datagram_send(struct socket *socket, struct pbuf *p,
                  const struct ip_send *how, nsec_t until,
                  int (*transmit)(struct socket *socket, struct pbuf *p,
                                  struct ip_send *how));
// What transmit returns for ip_send's result.
int datagram_sent(err_t result, const struct ip_send *how);
