// SPDX-License-Identifier: MIT
//
// The routing table, and how it is searched: the longest prefix wins, then the
// smallest metric, first among the addresses of this machine (table `local`),
// then in `main`, then in `default`, as Linux's rules are without policy.
//
// All of it is protected by the core mutex, and every function wants it held.

#pragma once

#include <abi/rtnetlink.h>
#include <lib/list.h>
#include <lwip/ip_addr.h>

struct net_link;

struct route {
    struct list_node node;  // the table's, in the order in which it is shown
    ip_addr_t to;           // with zeros behind the prefix
    uint8_t prefix;         // bits
    uint8_t type;           // RTN_*
    uint8_t scope;          // RT_SCOPE_*
    uint8_t protocol;       // RTPROT_*: who made it
    uint32_t table;         // RT_TABLE_*
    uint32_t metric;
    uint32_t flags;         // RTNH_F_ONLINK
    uint32_t expires;       // IPv6: seconds left; 0: no end
    ip_addr_t gateway;      // any: the destination is on the link
    ip_addr_t source;       // to send from; any: the link decides
    struct net_link *link;  // NULL: packets are refused
};

extern struct list_node route_table;

enum route_add_mode {
    ROUTE_EXCLUSIVE,  // -EEXIST if there is one of this destination and metric
    ROUTE_PREPEND,    // before these
    ROUTE_APPEND,     // behind these
    ROUTE_REPLACE,    // in place of the first of these, or new
    ROUTE_CHANGE,     // in place of the first of these, else -ENOENT
};

// Add a copy of a route and tell the observers. 0, -EEXIST (also for the very
// same route again), -ENOENT, -ENOMEM.
int route_add(const struct route *route, enum route_add_mode mode);
// Take it out of the table and free it.
void route_remove(struct route *route);

// Is it the same way to the same destination?
bool route_equal(const struct route *a, const struct route *b);
// One of the table that equals it; NULL: none.
struct route *route_find_equal(const struct route *route);

// The route for a destination, through a certain link if out is not NULL. 0,
// -ENETUNREACH, or what a route that refuses says (-EHOSTUNREACH, -EINVAL,
// -EACCES).
int route_lookup(const ip_addr_t *to, const struct net_link *out,
                 const struct route **route);

// The link is no longer up: routes through it go, but not those to its own
// addresses.
void routes_link_down(const struct net_link *link);
// The link has no address any more: all routes through it go, or it goes
// itself.
void routes_link_gone(const struct net_link *link);
// An address is gone: no route may ask to send from it.
void routes_source_gone(const ip_addr_t *source);
