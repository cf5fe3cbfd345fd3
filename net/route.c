// SPDX-License-Identifier: MIT
//
// Where a packet goes: to `lo` if its destination is this machine, else where
// lwIP's rule says (an interface on whose network the destination is, else the
// default one).

#include <abi/errno.h>
#include <lwip/etharp.h>
#include <lwip/ip.h>
#include <lwip_hooks.h>
#include <net/route.h>
#include <net/server.h>

// LWIP_HOOK_IP4_ROUTE_SRC.
struct netif *net_ip4_route_hook(const ip4_addr_t *source,
                                 const ip4_addr_t *destination)
{
    (void)source;
    if (ip4_addr_isloopback(destination) || link_by_address(destination))
        return &NET_SERVER.loopback->netif;
    return NULL;
}

int route_find(const ip_addr_t *to, const ip_addr_t *bound,
               struct netif **netif, ip_addr_t *source)
{
    *netif = ip_route(bound, to);
    if (!*netif || ip_addr_isany(&(*netif)->ip_addr))
        return -ENETUNREACH;
    if (!ip_addr_isany(bound))
        ip_addr_copy(*source, *bound);
    else if (link_by_address(ip_2_ip4(to)))
        ip_addr_copy(*source, *to);  // talking to oneself
    else
        ip_addr_copy(*source, (*netif)->ip_addr);
    return 0;
}

const ip4_addr_t *route_next_hop(struct netif *netif, const ip4_addr_t *to)
{
    return ip4_addr_net_eq(to, netif_ip4_addr(netif), netif_ip4_netmask(netif))
               ? to
               : netif_ip4_gw(netif);
}

bool route_is_resolved(const ip_addr_t *to)
{
    struct netif *netif = ip_route(IP4_ADDR_ANY, to);
    struct eth_addr *mac;
    const ip4_addr_t *address;

    return !netif || !(netif->flags & NETIF_FLAG_ETHARP) ||
           etharp_find_addr(netif, route_next_hop(netif, ip_2_ip4(to)), &mac,
                            &address) >= 0;
}

bool route_is_local(const ip_addr_t *address)
{
    return ip_addr_isany(address) || ip_addr_isloopback(address) ||
           link_by_address(ip_2_ip4(address));
}

bool route_is_broadcast(const ip_addr_t *address)
{
    struct net_link *link;

    if (ip_2_ip4(address)->addr == IPADDR_BROADCAST)
        return true;
    list_for_each(link, &NET_SERVER.links, node) {
        if ((link->netif.flags & NETIF_FLAG_BROADCAST) &&
            ip_addr_isbroadcast(address, &link->netif))
            return true;
    }
    return false;
}
