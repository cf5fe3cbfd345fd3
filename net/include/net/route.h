// SPDX-License-Identifier: MIT
//
// Which way a packet goes, and under which address.

#pragma once

#include <lwip/ip_addr.h>
#include <lwip/netif.h>

// The interface for packets to an address, and the source address they get
// unless bound says one. 0, -ENETUNREACH, or another errno of route_lookup.
// Core mutex held.
int route_find(const ip_addr_t *to, const ip_addr_t *bound,
               struct netif **netif, ip_addr_t *source);

// May a socket be bound to the address: any, or one of this machine's?
bool route_is_local(const ip_addr_t *address);
bool route_is_broadcast(const ip_addr_t *address);
// Is it reached without a gateway?
bool route_is_direct(const ip_addr_t *to);

// Is the hardware address on the way to it known (or none needed)?
bool route_is_resolved(const ip_addr_t *to);
// Who is to take a packet to an address, sent through an interface: itself, a
// gateway, or everyone.
void route_next_hop(const struct netif *netif, const ip4_addr_t *to,
                    ip4_addr_t *hop);

// The address to send from on a route. 0, -ENETUNREACH.
struct route;
int route_source(const struct route *route, const ip_addr_t *to,
                 ip_addr_t *source);
