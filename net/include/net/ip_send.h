// SPDX-License-Identifier: MIT
//
// Sending a datagram by IP, for the protocols that are no streams: who says how
// it goes (the socket's options, or sendmsg's ancillary data), which way, and
// the IP header itself, which lwIP would not make with a DF bit.

#pragma once

#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <net/sockaddr.h>

// How one datagram is to go. Filled in by three steps: what the socket and the
// message say, where to, which way.
struct ip_send {
    // ip_send_prepare
    ip_addr_t source;  // IP_PKTINFO's, or any
    uint32_t device;   // index of the interface that it has to take, or 0
    int ttl;           // or hop limit; -1: the socket's
    int tos;           // or traffic class; -1: the socket's
    bool local_only;   // SO_DONTROUTE: no gateway
    // The caller
    struct endpoint to;
    uint16_t source_port;  // host byte order
    // ip_send_route
    struct netif *netif;
    size_t mtu;           // the path's
    bool dont_fragment;   // set DF
    bool may_fragment;    // or else too long is EMSGSIZE
    bool multicast_loop;  // also to this machine's members of the group
};

// What socket and message say. 0, or -EINVAL for bad ancillary data.
int ip_send_prepare(struct ip_send *how, const struct socket *socket,
                    const struct message *message);

// Find the way to how->to: interface, source address (unless there is one), and
// whether it may be fragmented. bound: the socket's own address, or any. 0,
// -ENETUNREACH (also for a source that is not ours), -ENODEV (no such
// interface), -EINVAL (a group as source), -EACCES (a broadcast without
// SO_BROADCAST). Core mutex held.
int ip_send_route(struct ip_send *how, const struct socket *socket,
                  const ip_addr_t *bound);

// Does a packet of so many bytes, without the IP header, go that way? 0, or
// -EMSGSIZE where IP_MTU_DISCOVER forbids fragments.
int ip_send_fits(const struct ip_send *how, size_t length);

// A number for an IPv4 packet's fragments to be put together by. Core mutex
// held.
uint16_t ip_send_identification(void);

// Put an IP header in front of p and send it. p stays the caller's; on ERR_MEM
// (the ring is full: wait for room at how->netif's link, and try again) it is
// as it was, after a success its payload is undefined. Core mutex held.
err_t ip_send(const struct ip_send *how, uint8_t protocol, struct pbuf *p);
