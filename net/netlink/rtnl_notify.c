// SPDX-License-Identifier: MIT
//
// NETLINK_ROUTE's ears: what changes, by whomever, is told to the groups.

#include <net/observer.h>
#include <net/server.h>

#include "netlink.h"
#include "rtnl.h"

static netif_ext_callback_t callback;

// lwIP's own changes of IPv6 addresses.
static void netif_changed(struct netif *netif, netif_nsc_reason_t reason,
                          const netif_ext_callback_args_t *args)
{
    if (reason & LWIP_NSC_IPV6_ADDR_STATE_CHANGED)
        rtnl_address6_changed(netif, args->ipv6_addr_state_changed.addr_index,
                              args->ipv6_addr_state_changed.old_state);
}

NET_OBSERVER(rtnl) = {.link = rtnl_link_changed,
                      .address = rtnl_address_changed,
                      .route = rtnl_route_changed,
                      .route6 = rtnl_route6_changed,
                      .neighbour = rtnl_neighbour_changed};

// Nobody listens before there are processes.
static int notify_start(void)
{
    net_lock();
    netif_add_ext_callback(&callback, netif_changed);
    net_unlock();
    return 0;
}
INITCALL(INIT_LATE, notify_start);
