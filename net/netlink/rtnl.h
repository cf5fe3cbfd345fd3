// SPDX-License-Identifier: MIT
//
// What the handlers of NETLINK_ROUTE share, private to net/rtnl_*.c. Core mutex
// held for all of it.

#pragma once

#include <abi/socket.h>
#include <lwip/ip_addr.h>
#include <lwip/netif.h>

struct link_address;
struct neighbour;
struct net_link;
struct route;
struct route6;

static inline uint8_t rtnl_family(const ip_addr_t *ip)
{
    return IP_IS_V6(ip) ? AF_INET6 : AF_INET;
}

// The address 0 of a version.
static inline void rtnl_any(ip_addr_t *ip, uint8_t family)
{
    if (family == AF_INET6)
        ip_addr_set_zero_ip6(ip);
    else
        ip_addr_set_zero_ip4(ip);
}

// The link on whose network an IPv6 address is; NULL: none.
struct net_link *rtnl_link_to6(const ip_addr_t *ip);

// Does a list of what is asked for have this version of IP? What is neither
// asks for both, as AF_UNSPEC does.
static inline bool rtnl_family_wanted(uint8_t asked, uint8_t family)
{
    return asked == family || (asked != AF_INET && asked != AF_INET6);
}

// For the observers' row (net/netlink/rtnl_notify.c): tell the groups.
void rtnl_link_changed(const struct net_link *link, bool gone);
void rtnl_address_changed(const struct link_address *address, bool gone);
void rtnl_address6_changed(struct netif *netif, int i, uint8_t before);
void rtnl_route_changed(const struct route *route, bool gone);
void rtnl_route6_changed(const struct route6 *route, bool gone);
void rtnl_neighbour_changed(const struct neighbour *neighbour, bool gone);
