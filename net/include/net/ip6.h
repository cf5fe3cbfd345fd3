// SPDX-License-Identifier: MIT
//
// IPv6 of the interfaces: their addresses, the routes that were set by hand,
// and what neighbour discovery knows. Everything that lists or changes them
// (boot arguments, /proc/net, netlink) goes through here. Core mutex held for
// all of it.

#pragma once

#include <lib/list.h>
#include <lwip/ip6_addr.h>
#include <net/server.h>

// ---- addresses (net/ip/address6.c) ----

// Give an interface an address. On an Ethernet it is tentative at first, while
// we ask whether somebody has it already. 0, -EEXIST, -ENOBUFS (no room for one
// more), -EINVAL (no unicast address).
int address6_add(struct net_link *link, const ip6_addr_t *address,
                 unsigned prefix);
int address6_remove(struct net_link *link, const ip6_addr_t *address,
                    unsigned prefix);  // 0, -EADDRNOTAVAIL

// The interface that has the address, not tentative. An address with a scope
// but without a zone is looked for on every interface.
struct net_link *link_by_address6(const ip6_addr_t *address);

// An interface's nth address; false: there are no more.
struct address6 {
    ip6_addr_t ip;
    unsigned prefix;
    uint8_t state;              // lwIP's IP6_ADDR_*
    bool permanent;             // set by hand; else from a router
    uint32_t valid, preferred;  // seconds left, UINT32_MAX: no end
};
bool address6_get(const struct net_link *link, unsigned n,
                  struct address6 *address);

// An address as inet_ntop(3) writes it, of IP6ADDR_STRLEN_MAX bytes. Any
// context.
void address6_name(char *name, const ip6_addr_t *address);

// ---- routes (net/ip/route6.c) ----

// A route that was set by hand, or came with an address. What routers advertise
// is in lwIP's tables: route6_get lists both.
struct route6 {
    struct list_node node;
    ip6_addr_t to;
    unsigned prefix;
    ip6_addr_t gateway;  // any: the destination is on the link
    struct net_link *link;
    uint32_t metric;
    uint8_t protocol;  // RTPROT_* as netlink has it: who made it
    uint32_t expires;  // seconds left, 0: never (RA)
};
#define ROUTE6_KERNEL 2  // came with an address
#define ROUTE6_BOOT   3
#define ROUTE6_STATIC 4
#define ROUTE6_RA     9  // a router advertised it

int route6_add(const struct route6 *route);     // -EEXIST, -ENOMEM
int route6_remove(const struct route6 *route);  // -ESRCH
void route6_remove_link(const struct net_link *link);
bool route6_get(unsigned n, struct route6 *route);  // the nth; false: no more

// As route_find (net/route.h).
int route6_find(const ip_addr_t *to, const ip_addr_t *bound,
                struct netif **netif, ip_addr_t *source);

// ---- neighbours (net/ip/neighbour6.c) ----

// Is the hardware address of the next hop to an address known?
bool neighbour6_is_resolved(const ip6_addr_t *to);
