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

// What is missing is not wanted.
struct net_observer {
    void (*link)(const struct net_link *link, bool gone);
    void (*address)(const struct link_address *address, bool gone);
    void (*route)(const struct route *route, bool gone);
};
LINKSET_DECLARE(net_observers, struct net_observer);
#define NET_OBSERVER(name) \
    LINKSET_ENTRY(net_observers, struct net_observer, net_observer_##name)

static inline void observe_link(const struct net_link *link, bool gone)
{
    const struct net_observer *row;

    linkset_for_each(row, net_observers) {
        if (row->link)
            row->link(link, gone);
    }
}

static inline void observe_address(const struct link_address *address,
                                   bool gone)
{
    const struct net_observer *row;

    linkset_for_each(row, net_observers) {
        if (row->address)
            row->address(address, gone);
    }
}

static inline void observe_route(const struct route *route, bool gone)
{
    const struct net_observer *row;

    linkset_for_each(row, net_observers) {
        if (row->route)
            row->route(route, gone);
    }
}
