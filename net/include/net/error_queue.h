// SPDX-License-Identifier: MIT
//
// What became of datagrams that a socket sent, in detail: IP_RECVERR,
// IPV6_RECVERR, and recvmsg with MSG_ERRQUEUE (ip(7)).

#pragma once

#include <net/icmp_error.h>
#include <net/socket.h>

// A protocol hears of an ICMP error about what the socket sent: queue it if the
// socket wants that. False: it does not. Core mutex held.
bool error_queue_icmp(struct socket *socket, const struct icmp_report *report);

// The same for an error found here: a datagram to an address is too long for
// what the way there takes, mtu bytes.
void error_queue_too_long(struct socket *socket, const struct endpoint *to,
                          size_t mtu);

// recvmsg with MSG_ERRQUEUE: one report; -EAGAIN: there is none. Never waits.
ssize_t error_queue_receive(struct socket *socket, struct message *message);

// POLL* bits that reports are worth. Socket's lock held.
unsigned error_queue_poll(const struct socket *socket);

// Forget all reports. May sleep.
void error_queue_clear(struct socket *socket);
// The same for a socket that nobody refers to any more.
void error_queue_free(struct socket *socket);
