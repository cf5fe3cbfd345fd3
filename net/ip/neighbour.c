// SPDX-License-Identifier: MIT
//
// Neighbours of both versions of IP: see net/neighbour.h. lwIP keeps them; of
// its ARP table it shows the entries with a hardware address, and not which of
// them were set by hand, which is remembered here.

#include <abi/errno.h>
#include <abi/rtnetlink.h>
#include <lib/list.h>
#include <lwip/etharp.h>
#include <lwip/priv/nd6_priv.h>
#include <mm/kmalloc.h>
#include <net/ip6.h>
#include <net/neighbour.h>
#include <net/observer.h>
#include <net/route_table.h>
#include <net/server.h>
#include <string.h>

// One that was set by hand.
struct permanent {
    struct list_node node;
    const struct net_link *link;
    ip_addr_t ip;
};
static struct list_node permanents = LIST_INIT(permanents);  // (core)

static struct permanent *find_permanent(const struct net_link *link,
                                        const ip_addr_t *ip)
{
    struct permanent *permanent;

    list_for_each(permanent, &permanents, node) {
        if (permanent->link == link && ip_addr_eq(&permanent->ip, ip))
            return permanent;
    }
    return NULL;
}

// ---- listing ----

// Entry i of lwIP's ARP table; false: it has no hardware address.
static bool arp_entry(size_t i, struct neighbour *to)
{
    ip4_addr_t *address;
    struct netif *netif;
    struct eth_addr *mac;

    if (!etharp_get_entry(i, &address, &netif, &mac))
        return false;
    to->link = netif->state;
    ip_addr_copy_from_ip4(to->ip, *address);
    memcpy(to->mac, mac, sizeof(to->mac));
    to->state =
        find_permanent(to->link, &to->ip) ? NUD_PERMANENT : NUD_REACHABLE;
    to->router = false;
    return true;
}

static bool get_arp(unsigned *n, struct neighbour *to)
{
    for (size_t i = 0; i < ARP_TABLE_SIZE; i++) {
        if (arp_entry(i, to) && (*n)-- == 0)
            return true;
    }
    return false;
}

static uint16_t nd_state(uint8_t state)
{
    switch (state) {
    case ND6_INCOMPLETE:
        return NUD_INCOMPLETE;
    case ND6_REACHABLE:
        return NUD_REACHABLE;
    case ND6_DELAY:
        return NUD_DELAY;
    case ND6_PROBE:
        return NUD_PROBE;
    default:
        return NUD_STALE;
    }
}

static bool get_nd(unsigned *n, struct neighbour *to)
{
    for (size_t i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++) {
        const struct nd6_neighbor_cache_entry *entry = &neighbor_cache[i];

        if (entry->state == ND6_NO_ENTRY || !entry->netif || (*n)-- > 0)
            continue;
        to->link = entry->netif->state;
        ip_addr_copy_from_ip6(to->ip, entry->next_hop_address);
        memcpy(to->mac, entry->lladdr, sizeof(to->mac));
        to->state = nd_state(entry->state);
        to->router = entry->isrouter;
        return true;
    }
    return false;
}

bool neighbour_get(unsigned n, struct neighbour *neighbour)
{
    return get_arp(&n, neighbour) || get_nd(&n, neighbour);
}

bool neighbour_find(const struct net_link *link, const ip_addr_t *ip,
                    struct neighbour *neighbour)
{
    for (unsigned n = 0; neighbour_get(n, neighbour); n++) {
        if (neighbour->link == link &&
            IP_GET_TYPE(&neighbour->ip) == IP_GET_TYPE(ip) &&
            (IP_IS_V6(ip)
                 ? ip6_addr_zoneless_eq(ip_2_ip6(&neighbour->ip), ip_2_ip6(ip))
                 : ip_addr_eq(&neighbour->ip, ip)))
            return true;
    }
    return false;
}

// ---- changing ----

// lwIP asks its router for the link of a static entry.
static int check_link(const struct net_link *link, const ip_addr_t *ip)
{
    const struct route *route;

    if (!IP_IS_V4(ip) || !(link->netif.flags & NETIF_FLAG_ETHARP))
        return -EOPNOTSUPP;
    if (ip_addr_isany(ip) || ip_addr_ismulticast(ip))
        return -EINVAL;
    if (route_lookup(ip, NULL, &route) < 0 || route->type != RTN_UNICAST ||
        route->link != link)
        return -ENETUNREACH;
    return 0;
}

int neighbour_set(struct net_link *link, const ip_addr_t *ip,
                  const uint8_t *mac)
{
    struct permanent *permanent;
    struct eth_addr address;
    int error = check_link(link, ip);

    if (error < 0)
        return error;
    memcpy(&address, mac, sizeof(address));
    permanent = find_permanent(link, ip);
    if (!permanent) {
        permanent = kmalloc(sizeof(*permanent));
        if (!permanent)
            return -ENOMEM;
        permanent->link = link;
        ip_addr_copy(permanent->ip, *ip);
        list_push_back(&permanents, &permanent->node);
    }
    if (etharp_add_static_entry(ip_2_ip4(ip), &address) != ERR_OK) {
        list_remove(&permanent->node);
        kfree(permanent);
        return -ENOBUFS;
    }
    neighbours_scan();
    return 0;
}

// An entry that ARP made is made static first: these are the ones that lwIP
// lets go.
int neighbour_remove(struct net_link *link, const ip_addr_t *ip)
{
    struct neighbour neighbour;
    struct permanent *permanent = find_permanent(link, ip);
    struct eth_addr mac;

    if (!neighbour_find(link, ip, &neighbour))
        return -ENOENT;
    if (!IP_IS_V4(ip))
        return -EOPNOTSUPP;
    memcpy(&mac, neighbour.mac, sizeof(mac));
    if (!permanent)
        etharp_add_static_entry(ip_2_ip4(ip), &mac);
    etharp_remove_static_entry(ip_2_ip4(ip));
    if (permanent) {
        list_remove(&permanent->node);
        kfree(permanent);
    }
    neighbours_scan();
    return 0;
}

void neighbours_link_down(const struct net_link *link)
{
    struct permanent *permanent, *next;

    list_for_each_safe(permanent, next, &permanents, node) {
        if (permanent->link == link) {
            list_remove(&permanent->node);
            kfree(permanent);
        }
    }
    neighbours_scan();
}

// ---- changes ----

// What the observers know: a place for each entry of lwIP's table.
static struct neighbour known[ARP_TABLE_SIZE];  // (core) link NULL: none

static bool same(const struct neighbour *a, const struct neighbour *b)
{
    return a->link == b->link && ip_addr_eq(&a->ip, &b->ip);
}

static void entry_is(struct neighbour *old, const struct neighbour *new)
{
    struct neighbour before = *old;

    *old = *new;
    if (before.link && !same(&before, new))
        observe_neighbour(&before, true);
    if (new->link && (!same(&before, new) || before.state != new->state ||
                      memcmp(before.mac, new->mac, sizeof(new->mac)) != 0))
        observe_neighbour(new, false);
}

void neighbours_scan(void)
{
    for (size_t i = 0; i < ARP_TABLE_SIZE; i++) {
        struct neighbour now = {0};

        if (!arp_entry(i, &now))
            now.link = NULL;
        entry_is(&known[i], &now);
    }
}
