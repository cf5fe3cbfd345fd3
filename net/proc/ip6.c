// SPDX-License-Identifier: MIT
//
// /proc/net/if_inet6 and ipv6_route: the addresses and routes of IPv6, as Linux
// lays them out.

#include <fs/proc.h>
#include <net/ip6.h>

#define IFA_F_PERMANENT  0x80
#define IFA_F_TENTATIVE  0x40
#define IFA_F_DEPRECATED 0x20
#define IFA_F_DADFAILED  0x08

#define RTF_EXPIRES   0x400000u
#define RTF_UP        0x1u
#define RTF_GATEWAY   0x2u
#define RTF_ADDRCONF  0x40000u
#define RTF_DEFAULT   0x10000u
#define RTF_PREFIX    0x80000u
#define RTF_LOCAL     0x80000000u
#define RTF_NONEXTHOP 0x200000u

static void print_hex(struct text *text, const ip6_addr_t *address)
{
    const uint8_t *byte = (const uint8_t *)address->addr;

    for (int i = 0; i < 16; i++)
        text_printf(text, "%02x", byte[i]);
}

// As Linux numbers scopes: 0 global, 0x10 loopback, 0x20 link, 0x40 site.
static unsigned scope_of(const ip6_addr_t *address)
{
    if (ip6_addr_isloopback(address))
        return 0x10;
    if (ip6_addr_islinklocal(address))
        return 0x20;
    return ip6_addr_issitelocal(address) ? 0x40 : 0;
}

static unsigned flags_of(const struct address6 *address)
{
    unsigned flags = address->permanent ? IFA_F_PERMANENT : 0;

    if (ip6_addr_istentative(address->state))
        flags |= IFA_F_TENTATIVE;
    if (ip6_addr_isduplicated(address->state))
        flags |= IFA_F_TENTATIVE | IFA_F_DADFAILED;
    if (ip6_addr_isdeprecated(address->state))
        flags |= IFA_F_DEPRECATED;
    return flags;
}

static void show_addresses(struct text *text)
{
    struct address6 address;
    struct net_link *link;

    net_lock();
    nd_clock_advance();
    list_for_each(link, &NET_SERVER.links, node) {
        for (unsigned i = 0; address6_get(link, i, &address); i++) {
            print_hex(text, &address.ip);
            text_printf(text, " %02x %02x %02x %02x %8s\n", link_index(link),
                        address.prefix, scope_of(&address.ip),
                        flags_of(&address), link->interface->name);
        }
    }
    net_unlock();
}
PROC_FILE(net_if_inet6) = {"net/if_inet6", show_addresses, NULL};

static void route_line(struct text *text, const struct route6 *route,
                       unsigned flags)
{
    static const ip6_addr_t none;

    print_hex(text, &route->to);
    text_printf(text, " %02x ", route->prefix);
    print_hex(text, &none);
    text_printf(text, " 00 ");
    print_hex(text, &route->gateway);
    text_printf(text, " %08x %08x %08x %08x %8s\n", route->metric, 1, 0, flags,
                route->link->interface->name);
}

static unsigned route_flags(const struct route6 *route)
{
    unsigned flags = RTF_UP;

    if (!ip6_addr_isany(&route->gateway))
        flags |= RTF_GATEWAY;
    if (route->protocol == ROUTE6_RA)
        flags |= RTF_EXPIRES | RTF_ADDRCONF |
                 (route->prefix ? RTF_PREFIX : RTF_DEFAULT);
    return flags;
}

// What is addressed to this machine, as routes.
static void local_routes(struct text *text, struct net_link *link)
{
    struct address6 address;

    for (unsigned i = 0; address6_get(link, i, &address); i++) {
        struct route6 route = {.to = address.ip, .prefix = 128, .link = link};

        if (ip6_addr_isvalid(address.state))
            route_line(text, &route, RTF_UP | RTF_NONEXTHOP | RTF_LOCAL);
    }
}

static void show_routes(struct text *text)
{
    struct net_link *link;
    struct route6 route;

    net_lock();
    for (unsigned i = 0; route6_get(i, &route); i++)
        route_line(text, &route, route_flags(&route));
    list_for_each(link, &NET_SERVER.links, node)
        local_routes(text, link);
    net_unlock();
}
PROC_FILE(net_ipv6_route) = {"net/ipv6_route", show_routes, NULL};
