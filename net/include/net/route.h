// SPDX-License-Identifier: MIT
//
// Which way a packet goes, and under which address.

#pragma once

#include <lwip/ip_addr.h>
#include <lwip/netif.h>

// The interface for packets to an address, and the source address they get
// unless bound says one. 0, -ENETUNREACH. Core mutex held.
int route_find(const ip_addr_t *to, const ip_addr_t *bound,
               struct netif **netif, ip_addr_t *source);

// May a socket be bound to the address: any, or one of this machine's?
bool route_is_local(const ip_addr_t *address);
bool route_is_broadcast(const ip_addr_t *address);

// Is the hardware address on the way to it known (or none needed)?
bool route_is_resolved(const ip_addr_t *to);
// The next hop of an address on a network: itself, or the gateway.
const ip4_addr_t *route_next_hop(struct netif *netif, const ip4_addr_t *to);
