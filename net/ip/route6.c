// SPDX-License-Identifier: MIT
//
// Where an IPv6 packet goes: to `lo` if its destination is this machine, by the
// longest prefix of a table of our own and of the networks that routers
// advertise, else to a router that offers itself. lwIP asks for the interface
// (LWIP_HOOK_IP6_ROUTE) and, where its own tables have none, for the neighbour
// (LWIP_HOOK_ND6_GET_GW).

#include <abi/errno.h>
#include <lwip/ip6.h>
#include <lwip/nd6.h>
#include <lwip/priv/nd6_priv.h>
#include <lwip_hooks.h>
#include <mm/kmalloc.h>
#include <net/ip6.h>
#include <net/observer.h>
#include <net/route.h>

static struct list_node table = LIST_INIT(table);  // (core) struct route6

static bool prefix_matches(const ip6_addr_t *network, unsigned prefix,
                           const ip6_addr_t *address)
{
    for (unsigned i = 0; prefix > 0; i++) {
        unsigned bits = MIN(prefix, 32u);
        uint32_t mask = lwip_htonl(~0u << (32 - bits));

        if ((network->addr[i] ^ address->addr[i]) & mask)
            return false;
        prefix -= bits;
    }
    return true;
}

static bool link_usable(const struct netif *netif)
{
    return netif_is_up(netif) && netif_is_link_up(netif);
}

// The longest matching route, of one interface or (NULL) of all; of equals, the
// one with the smaller metric.
static const struct route6 *best_route(const struct netif *netif,
                                       const ip6_addr_t *to)
{
    const struct route6 *route, *best = NULL;

    list_for_each(route, &table, node) {
        if ((netif && netif != &route->link->netif) ||
            !link_usable(&route->link->netif) ||
            !prefix_matches(&route->to, route->prefix, to))
            continue;
        if (!best || route->prefix > best->prefix ||
            (route->prefix == best->prefix && route->metric < best->metric))
            best = route;
    }
    return best;
}

// A network that a router says is on the link.
static struct netif *advertised_network(const ip6_addr_t *to)
{
    for (int i = 0; i < LWIP_ND6_NUM_PREFIXES; i++) {
        struct netif *netif = prefix_list[i].netif;

        if (netif && link_usable(netif) &&
            prefix_matches(&prefix_list[i].prefix, 64, to))
            return netif;
    }
    return NULL;
}

// The interface that packets to a group without a scope take: the first that
// has neighbours.
static struct netif *multicast_interface(void)
{
    struct net_link *link;

    list_for_each(link, &NET_SERVER.links, node) {
        if (link != NET_SERVER.loopback && link_usable(&link->netif))
            return &link->netif;
    }
    return &NET_SERVER.loopback->netif;
}

// The interface for a destination without a scope; NULL: no route.
static struct netif *lookup(const ip6_addr_t *to)
{
    const struct route6 *route;
    struct netif *netif;

    if (link_by_address6(to))
        return &NET_SERVER.loopback->netif;
    if (ip6_addr_ismulticast(to))
        return multicast_interface();
    route = best_route(NULL, to);
    netif = route && route->prefix >= 64 ? NULL : advertised_network(to);
    if (netif)
        return netif;
    return route ? &route->link->netif : nd6_find_route(to);
}

// LWIP_HOOK_IP6_ROUTE: neither address has a scope.
struct netif *net_ip6_route_hook(const ip6_addr_t *source,
                                 const ip6_addr_t *destination)
{
    (void)source;
    nd_clock_advance();
    return lookup(destination);
}

// LWIP_HOOK_ND6_GET_GW.
const ip6_addr_t *net_nd6_gateway_hook(struct netif *netif,
                                       const ip6_addr_t *destination)
{
    const struct route6 *route = best_route(netif, destination);

    if (!route)
        return NULL;
    return ip6_addr_isany(&route->gateway) ? destination : &route->gateway;
}

static struct netif *find_netif(const ip6_addr_t *to, const ip_addr_t *bound)
{
    if (!ip6_addr_has_scope(to, IP6_UNKNOWN))
        return lookup(to);
    if (ip6_addr_has_zone(to) ||
        (IP_IS_V6(bound) && ip6_addr_has_zone(ip_2_ip6(bound))))
        return ip6_route(IP_IS_V6(bound) ? ip_2_ip6(bound) : IP6_ADDR_ANY6, to);
    return multicast_interface();  // as Linux, which takes the first one
}

int route6_find(const ip_addr_t *to, const ip_addr_t *bound,
                struct netif **netif, ip_addr_t *source)
{
    const ip6_addr_t *ip = ip_2_ip6(to);

    if (IP_IS_V4(bound))
        return -EAFNOSUPPORT;
    nd_clock_advance();
    *netif = find_netif(ip, bound);
    if (!*netif)
        return -ENETUNREACH;
    if (!ip_addr_isany(bound)) {
        // ::1 does not leave the machine.
        if (ip_addr_isloopback(bound) && !link_by_address6(ip))
            return -ENETUNREACH;
        ip_addr_copy(*source, *bound);
        return 0;
    }
    if (link_by_address6(ip)) {
        ip_addr_copy(*source, *to);  // talking to oneself
        return 0;
    }
    const ip_addr_t *own = ip6_select_source_address(*netif, ip);
    if (!own)
        return -EADDRNOTAVAIL;
    ip_addr_copy(*source, *own);
    return 0;
}

// ---- the table ----

static struct route6 *find_route(const struct route6 *like)
{
    struct route6 *route;

    list_for_each(route, &table, node) {
        if (route->prefix == like->prefix && route->metric == like->metric &&
            route->link == like->link &&
            ip6_addr_zoneless_eq(&route->gateway, &like->gateway) &&
            prefix_matches(&route->to, route->prefix, &like->to))
            return route;
    }
    return NULL;
}

// What the network's bits leave over is 0, as it is listed.
static void mask_address(ip6_addr_t *address, unsigned prefix)
{
    for (unsigned i = 0; i < 4; i++, prefix -= MIN(prefix, 32u)) {
        if (prefix < 32)
            address->addr[i] &= prefix ? lwip_htonl(~0u << (32 - prefix)) : 0;
    }
}

int route6_add(const struct route6 *route)
{
    struct route6 *copy;

    if (find_route(route))
        return -EEXIST;
    copy = kmalloc(sizeof(*copy));
    if (!copy)
        return -ENOMEM;
    *copy = *route;
    mask_address(&copy->to, copy->prefix);
    ip6_addr_assign_zone(&copy->gateway, IP6_UNICAST, &copy->link->netif);
    list_push_back(&table, &copy->node);
    nd6_clear_destination_cache();
    observe_route6(copy, false);
    return 0;
}

int route6_remove(const struct route6 *like)
{
    struct route6 *route = find_route(like);

    if (!route)
        return -ESRCH;
    list_remove(&route->node);
    observe_route6(route, true);
    kfree(route);
    nd6_clear_destination_cache();
    return 0;
}

void route6_remove_link(const struct net_link *link)
{
    struct route6 *route, *next;

    list_for_each_safe(route, next, &table, node) {
        if (route->link != link)
            continue;
        list_remove(&route->node);
        observe_route6(route, true);
        kfree(route);
    }
    nd6_clear_destination_cache();
}

// ---- listing ----

static bool get_from_table(unsigned *n, struct route6 *to)
{
    const struct route6 *route;

    list_for_each(route, &table, node) {
        if ((*n)-- == 0) {
            *to = *route;
            return true;
        }
    }
    return false;
}

static bool get_advertised_network(unsigned *n, struct route6 *to)
{
    for (int i = 0; i < LWIP_ND6_NUM_PREFIXES; i++) {
        if (!prefix_list[i].netif || (*n)-- > 0)
            continue;
        *to = (struct route6){.to = prefix_list[i].prefix,
                              .prefix = 64,
                              .link = prefix_list[i].netif->state,
                              .metric = 256,
                              .protocol = ROUTE6_RA,
                              .expires = prefix_list[i].invalidation_timer};
        return true;
    }
    return false;
}

static bool get_router(unsigned *n, struct route6 *to)
{
    for (int i = 0; i < LWIP_ND6_NUM_ROUTERS; i++) {
        const struct nd6_router_list_entry *router = &default_router_list[i];

        if (!router->neighbor_entry || !router->neighbor_entry->netif ||
            (*n)-- > 0)
            continue;
        *to =
            (struct route6){.gateway = router->neighbor_entry->next_hop_address,
                            .link = router->neighbor_entry->netif->state,
                            .metric = 1024,
                            .protocol = ROUTE6_RA,
                            .expires = router->invalidation_timer};
        return true;
    }
    return false;
}

bool route6_get(unsigned n, struct route6 *route)
{
    nd_clock_advance();
    return get_from_table(&n, route) || get_advertised_network(&n, route) ||
           get_router(&n, route);
}
