// SPDX-License-Identifier: MIT
//
// IPv6 addresses of interfaces. lwIP keeps them, checks that nobody else has
// them (RFC 4862, 5.4) and makes those that routers ask for (5.5); what it does
// not keep is the length of their prefix.

#include <abi/errno.h>
#include <ctype.h>
#include <lwip/nd6.h>
#include <lwip/netif.h>
#include <net/ip6.h>

#define NETWORK_PREFIX 64  // of addresses that lwIP makes itself

// The address's place in its netif; -1: it has it not. Zones are compared only
// if there is one.
static int find(const struct net_link *link, const ip6_addr_t *address)
{
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        const ip6_addr_t *own = netif_ip6_addr(&link->netif, i);

        if (!ip6_addr_isinvalid(netif_ip6_addr_state(&link->netif, i)) &&
            ip6_addr_zoneless_eq(own, address) &&
            (!ip6_addr_has_zone(address) ||
             ip6_addr_zone(own) == ip6_addr_zone(address)))
            return i;
    }
    return -1;
}

struct net_link *link_by_address6(const ip6_addr_t *address)
{
    struct net_link *link;

    list_for_each(link, &NET_SERVER.links, node) {
        int i = find(link, address);

        if (i >= 0 && ip6_addr_isvalid(netif_ip6_addr_state(&link->netif, i)))
            return link;
    }
    return NULL;
}

// lwIP takes a static address (one without lifetimes) for a network of 64 bits.
// One with another prefix gets a lifetime without end instead, and a route.
static int settle_prefix(struct net_link *link, int i, unsigned prefix)
{
    struct route6 route = {.prefix = prefix,
                           .link = link,
                           .metric = 256,
                           .protocol = ROUTE6_KERNEL};

    link->prefix6[i] = prefix;
    if (prefix != NETWORK_PREFIX) {
        netif_ip6_addr_set_valid_life(&link->netif, i, IP6_ADDR_LIFE_INFINITE);
        netif_ip6_addr_set_pref_life(&link->netif, i, IP6_ADDR_LIFE_INFINITE);
    }
    if (prefix == 128 || link == NET_SERVER.loopback)
        return 0;
    ip6_addr_copy(route.to, *netif_ip6_addr(&link->netif, i));
    int error = route6_add(&route);
    return error == -EEXIST ? 0 : error;
}

int address6_add(struct net_link *link, const ip6_addr_t *address,
                 unsigned prefix)
{
    s8_t i;

    if (ip6_addr_isany(address) || ip6_addr_ismulticast(address) ||
        prefix > 128)
        return -EINVAL;
    if (find(link, address) >= 0)
        return -EEXIST;
    nd_clock_advance();
    if (netif_add_ip6_address(&link->netif, address, &i) != ERR_OK)
        return -ENOBUFS;
    int error = settle_prefix(link, i, prefix);
    if (error < 0) {
        netif_ip6_addr_set_state(&link->netif, i, IP6_ADDR_INVALID);
        return error;
    }
    if (link == NET_SERVER.loopback)
        netif_ip6_addr_set_state(&link->netif, i, IP6_ADDR_PREFERRED);
    return 0;
}

int address6_remove(struct net_link *link, const ip6_addr_t *address,
                    unsigned prefix)
{
    struct route6 route = {.prefix = prefix,
                           .link = link,
                           .metric = 256,
                           .protocol = ROUTE6_KERNEL};
    int i = find(link, address);

    if (i < 0)
        return -EADDRNOTAVAIL;
    nd_clock_advance();
    ip6_addr_copy(route.to, *netif_ip6_addr(&link->netif, i));
    netif_ip6_addr_set_state(&link->netif, i, IP6_ADDR_INVALID);
    netif_ip6_addr_set_valid_life(&link->netif, i, IP6_ADDR_LIFE_STATIC);
    netif_ip6_addr_set_pref_life(&link->netif, i, IP6_ADDR_LIFE_STATIC);
    link->prefix6[i] = 0;
    route6_remove(&route);
    nd6_clear_destination_cache();
    return 0;
}

// lwIP writes capital letters, where RFC 5952 asks for small ones.
void address6_name(char *name, const ip6_addr_t *address)
{
    ip6_addr_t ip = *address;

    ip6_addr_set_zone(&ip, IP6_NO_ZONE);
    ip6addr_ntoa_r(&ip, name, IP6ADDR_STRLEN_MAX);
    for (; *name; name++)
        *name = tolower((unsigned char)*name);
}

bool address6_get(const struct net_link *link, unsigned n,
                  struct address6 *address)
{
    const struct netif *netif = &link->netif;

    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        if (ip6_addr_isinvalid(netif_ip6_addr_state(netif, i)) || n-- > 0)
            continue;
        bool is_static = netif_ip6_addr_isstatic(netif, i);
        *address = (struct address6){
            .ip = *netif_ip6_addr(netif, i),
            .prefix = link->prefix6[i] ? link->prefix6[i] : NETWORK_PREFIX,
            .state = netif_ip6_addr_state(netif, i),
            .permanent = is_static || link->prefix6[i],
            .valid =
                is_static ? UINT32_MAX : netif_ip6_addr_valid_life(netif, i),
            .preferred =
                is_static ? UINT32_MAX : netif_ip6_addr_pref_life(netif, i),
        };
        return true;
    }
    return false;
}
