// SPDX-License-Identifier: MIT
//
// Who wants to hear of changes to links, addresses, routes and neighbours puts
// a row into this set. Called after the change, with the core mutex held; must
// not change anything itself.

#pragma once

#include <lib/linkset.h>

struct net_link;
struct link_address;
struct route;
struct route6;
struct neighbour;

// What is missing is not wanted.
struct net_observer {
    void (*link)(const struct net_link *link, bool gone);
    void (*address)(const struct link_address *address, bool gone);
    void (*route)(const struct route *route, bool gone);
    void (*route6)(const struct route6 *route, bool gone);
    void (*neighbour)(const struct neighbour *neighbour, bool gone);
};
LINKSET_DECLARE(net_observers, struct net_observer);
#define NET_OBSERVER(name) \
    LINKSET_ENTRY(net_observers, struct net_observer, net_observer_##name)

// observe_link(link, gone) and its kin call all of them.
#define OBSERVE(what, type)                                             \
    static inline void observe_##what(const struct type *it, bool gone) \
    {                                                                   \
        const struct net_observer *row;                                 \
                                                                        \
        linkset_for_each(row, net_observers) {                          \
            if (row->what)                                              \
                row->what(it, gone);                                    \
        }                                                               \
    }
OBSERVE(link, net_link)
OBSERVE(address, link_address)
OBSERVE(route, route)
OBSERVE(route6, route6)
OBSERVE(neighbour, neighbour)
#undef OBSERVE
