// SPDX-License-Identifier: MIT
//
// The routes that an address brings with it: to itself and to its network's
// broadcast addresses in table `local`, to its network in `main`.

#include <lwip/def.h>
#include <net/address.h>
#include <net/route_table.h>
#include <net/server.h>

#define ADDRESS_ROUTES 5

static struct route *add_template(struct route *route,
                                  const struct link_address *a, uint8_t type,
                                  uint32_t ip, unsigned prefix)
{
    *route = (struct route){
        .prefix = prefix,
        .type = type,
        .scope = type == RTN_LOCAL ? RT_SCOPE_HOST : RT_SCOPE_LINK,
        .protocol = RTPROT_KERNEL,
        .table = type == RTN_UNICAST ? RT_TABLE_MAIN : RT_TABLE_LOCAL,
        .metric = type == RTN_UNICAST ? a->route_metric : 0,
        .link = a->link};
    ip_addr_set_ip4_u32(&route->to, ip);
    ip_addr_set_zero_ip4(&route->gateway);
    ip_addr_copy(route->source, a->ip);
    return route + 1;
}

// The routes that an address wants now; how many.
static unsigned routes_of(const struct link_address *a, struct route *routes)
{
    struct route *next = routes;
    uint32_t ip = ip_2_ip4(&a->ip)->addr, peer = ip_2_ip4(&a->peer)->addr;
    uint32_t mask = ip4_mask_of(a->prefix), given;
    bool loopback = a->link == NET_SERVER.loopback;

    next = add_template(next, a, RTN_LOCAL, ip, 32);
    if (!netif_is_up(&a->link->netif))
        return next - routes;
    given = ip_2_ip4(&a->broadcast)->addr;
    if (given && given != IPADDR_BROADCAST && given != (peer | ~mask))
        next = add_template(next, a, RTN_BROADCAST, given, 32);
    if ((a->flags & IFA_F_SECONDARY) || !(peer & mask) ||
        (a->prefix == 32 && peer == ip))
        return next - routes;
    if (!(a->flags & IFA_F_NOPREFIXROUTE))
        next = add_template(next, a, loopback ? RTN_LOCAL : RTN_UNICAST,
                            peer & mask, a->prefix);
    if (a->prefix < 31)
        next = add_template(next, a, RTN_BROADCAST, peer | ~mask, 32);
    return next - routes;
}

void address_add_routes(const struct link_address *address)
{
    struct route routes[ADDRESS_ROUTES];
    unsigned count = routes_of(address, routes);

    for (unsigned i = 0; i < count; i++)
        (void)route_add(&routes[i], ROUTE_APPEND);  // there already: good
}

static bool wanted_by_another(const struct link_address *address,
                              const struct route *route)
{
    struct route routes[ADDRESS_ROUTES];
    struct link_address *other;

    list_for_each(other, &address->link->addresses, node) {
        unsigned count = other == address ? 0 : routes_of(other, routes);
        while (count > 0) {
            if (route_equal(&routes[--count], route))
                return true;
        }
    }
    return false;
}

void address_remove_routes(const struct link_address *address)
{
    struct route routes[ADDRESS_ROUTES], *route;
    unsigned count = routes_of(address, routes);

    for (unsigned i = 0; i < count; i++) {
        route = wanted_by_another(address, &routes[i])
                    ? NULL
                    : route_find_equal(&routes[i]);
        if (route)
            route_remove(route);
    }
}
