// SPDX-License-Identifier: MIT
//
// Where a packet goes: the routing table (net/route_table.h) asked for lwIP and
// for sockets. What is addressed to this machine goes to `lo`.

#include <abi/errno.h>
#include <lwip/etharp.h>
#include <lwip/ip.h>
#include <lwip_hooks.h>
#include <net/address.h>
#include <net/ip6.h>
#include <net/route.h>
#include <net/route_table.h>
#include <net/server.h>

static err_t refuse(struct netif *netif, struct pbuf *p, const ip4_addr_t *to)
{
    (void)netif, (void)p, (void)to;
    return ERR_RTE;
}

// Where there is no route. (A hook that finds nothing would let lwIP guess.)
static struct netif nowhere = {.output = refuse};

static struct netif *netif_of(const struct route *route)
{
    return route->type == RTN_LOCAL ? &NET_SERVER.loopback->netif
                                    : &route->link->netif;
}

// LWIP_HOOK_IP4_ROUTE_SRC.
struct netif *net_ip4_route_hook(const ip4_addr_t *source,
                                 const ip4_addr_t *destination)
{
    const struct route *route;
    ip_addr_t to;

    (void)source;
    ip_addr_copy_from_ip4(to, *destination);
    return route_lookup(&to, NULL, &route) == 0 ? netif_of(route) : &nowhere;
}

// LWIP_HOOK_ETHARP_GET_GW: transmit_ip has found the next hop already.
const ip4_addr_t *net_etharp_gateway_hook(struct netif *netif,
                                          const ip4_addr_t *to)
{
    (void)netif;
    return to;
}

int route_source(const struct route *route, const ip_addr_t *to,
                 ip_addr_t *source)
{
    const ip_addr_t *hop =
        ip_addr_isany(&route->gateway) ? to : &route->gateway;
    const struct link_address *address;

    if (!ip_addr_isany(&route->source)) {
        ip_addr_copy(*source, route->source);
        return 0;
    }
    address = address_select(route->link, hop);
    if (!address)
        return -ENETUNREACH;
    ip_addr_copy(*source, address->ip);
    return 0;
}

int route_find(const ip_addr_t *to, const ip_addr_t *bound,
               struct netif **netif, ip_addr_t *source)
{
    const struct route *route;
    int error;

    if (IP_IS_V6(to))
        return route6_find(to, bound, netif, source);
    error = route_lookup(to, NULL, &route);
    if (error < 0)
        return error;
    *netif = netif_of(route);
    if (ip_addr_isany(bound))
        return route_source(route, to, source);
    ip_addr_copy(*source, *bound);
    return 0;
}

void route_next_hop(const struct netif *netif, const ip4_addr_t *to,
                    ip4_addr_t *hop)
{
    const struct route *route;
    ip_addr_t destination;

    ip4_addr_copy(*hop, *to);
    ip_addr_copy_from_ip4(destination, *to);
    if (ip4_addr_ismulticast(to) || to->addr == IPADDR_BROADCAST ||
        route_lookup(&destination, netif->state, &route) < 0)
        return;
    if (route->type == RTN_BROADCAST)
        ip4_addr_set_u32(hop, IPADDR_BROADCAST);
    else if (!ip_addr_isany(&route->gateway))
        ip4_addr_copy(*hop, *ip_2_ip4(&route->gateway));
}

bool route_is_resolved(const ip_addr_t *to)
{
    const struct route *route;
    struct eth_addr *mac;
    const ip4_addr_t *address;
    ip4_addr_t hop;

    if (IP_IS_V6(to))
        return link_by_address6(ip_2_ip6(to)) ||
               neighbour6_is_resolved(ip_2_ip6(to));
    if (route_lookup(to, NULL, &route) < 0)
        return true;
    struct netif *netif = netif_of(route);
    if (!(netif->flags & NETIF_FLAG_ETHARP))
        return true;
    route_next_hop(netif, ip_2_ip4(to), &hop);
    return etharp_find_addr(netif, &hop, &mac, &address) >= 0;
}

static uint8_t type_of(const ip_addr_t *address)
{
    const struct route *route;

    return route_lookup(address, NULL, &route) == 0 ? route->type : 0;
}

bool route_is_local(const ip_addr_t *address)
{
    if (IP_IS_V6(address))
        return ip_addr_isany(address) || link_by_address6(ip_2_ip6(address));
    return ip_addr_isany(address) || type_of(address) == RTN_LOCAL;
}

bool route_is_direct(const ip_addr_t *to)
{
    const struct route *route;

    return IP_IS_V6(to) || (route_lookup(to, NULL, &route) == 0 &&
                            ip_addr_isany(&route->gateway));
}

bool route_is_broadcast(const ip_addr_t *address)
{
    if (!IP_IS_V4(address))
        return false;
    return ip_2_ip4(address)->addr == IPADDR_BROADCAST ||
           type_of(address) == RTN_BROADCAST;
}
