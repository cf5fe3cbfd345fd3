// SPDX-License-Identifier: MIT
//
// The options of levels IPPROTO_IP and IPPROTO_IPV6, as protocols use them.

#pragma once

#include <lwip/ip.h>
#include <net/option.h>
#include <net/socket.h>

// A new socket's values.
void ip_option_init(struct socket *socket, int ttl);

// Bound to an address of IPv6 alone, an AF_INET6 socket serves no other, and
// IPV6_V6ONLY says so (as on Linux). Core mutex held.
void ip_option_bound(struct socket *socket, const ip_addr_t *local);

// Switch one of the bits that options are kept in.
static inline void ip_option_set_bit(uint32_t *bits, uint32_t bit, bool on)
{
    if (on)
        __atomic_fetch_or(bits, bit, __ATOMIC_RELAXED);
    else
        __atomic_fetch_and(bits, ~bit, __ATOMIC_RELAXED);
}

// IP_MTU, IPV6_MTU of a connected socket: the MTU of the path to its peer. Else
// -ENOTCONN.
int ip_option_get_mtu(struct socket *socket, union option_value *value);

static inline uint8_t ip_option_ttl(const struct socket *socket,
                                    const ip_addr_t *to)
{
    return IP_IS_V6(to) ? socket->options.hop_limit : socket->options.ttl;
}

static inline int ip_option_multicast_hops(const struct socket *socket)
{
    int hops = READ_ONCE(socket->options.multicast_hops6);

    return hops ? hops - 1 : 1;
}

static inline uint8_t ip_option_tos(const struct socket *socket,
                                    const ip_addr_t *to)
{
    return IP_IS_V6(to) ? socket->options.traffic_class : socket->options.tos;
}

// Give a PCB what the socket's packets to an address (or those that come from
// one) are to have.
#define ip_option_apply(socket, pcb, address)            \
    ({                                                   \
        (pcb)->ttl = ip_option_ttl((socket), (address)); \
        (pcb)->tos = ip_option_tos((socket), (address)); \
    })
