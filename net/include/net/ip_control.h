// SPDX-License-Identifier: MIT
//
// Ancillary data of level IPPROTO_IP, and what else goes with a datagram.

#pragma once

#include <net/control.h>
#include <net/ip_send.h>
#include <net/packet.h>
#include <net/socket.h>

// Bits of ip_settings.receive.
enum {
    IP_RECEIVE_PKTINFO = 1,
    IP_RECEIVE_TTL = 2,
    IP_RECEIVE_TOS = 4,
    IP_RECEIVE_ORIGDSTADDR = 8,
};

// The same bits in socket_settings.receive6 are IPV6_RECVPKTINFO,
// IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS.

// Go through what sendmsg's caller says. 0 or -EINVAL.
int ip_control_sent(struct ip_send *how, const struct message *message);

// Tell recvmsg's caller what he asked to know of a datagram. 0 or -EFAULT; see
// control_put.
must_check int ip_control_put(struct message *message, struct socket *socket,
                              const struct packet *packet);

// net/ip/ip6_control.c: the parts of the above that are about level
// IPPROTO_IPV6.
int ip6_control_sent_item(struct ip_send *how, const struct control_item *item);
must_check int ip6_control_put(struct message *message,
                               const struct socket *socket,
                               const struct arrival *arrival);
