// SPDX-License-Identifier: MIT
//
// Addresses of interfaces: see net/address.h. The routes that they bring are in
// net/ip/address_route.c, DHCP's in net/ip/address_lease.c.

#include <abi/errno.h>
#include <dev/timer.h>
#include <lib/log.h>
#include <lwip/dhcp.h>
#include <mm/kmalloc.h>
#include <net/address.h>
#include <net/observer.h>
#include <net/route.h>
#include <net/route_table.h>
#include <net/server.h>
#include <string.h>

struct link_address *address_find(const struct net_link *link,
                                  const ip_addr_t *ip, int prefix)
{
    struct link_address *address;

    list_for_each(address, &link->addresses, node) {
        if (ip_addr_eq(&address->ip, ip) &&
            (prefix < 0 || address->prefix == prefix))
            return address;
    }
    return NULL;
}

// lwIP's idea of the link's address: the first one, unless DHCP's client is
// the one who sets it.
static void sync_netif(struct net_link *link)
{
    struct netif *netif = &link->netif;
    const struct link_address *first =
        list_first(&link->addresses, struct link_address, node);

    if (netif_dhcp_data(netif))
        return;
    if (list_empty(&link->addresses)) {
        ip_addr_set_zero_ip4(&netif->ip_addr);
        ip_addr_set_zero_ip4(&netif->netmask);
        return;
    }
    ip_addr_copy(netif->ip_addr, first->ip);
    ip_addr_set_ip4_u32(&netif->netmask, ip4_mask_of(first->prefix));
}

static bool same_network(const struct link_address *a,
                         const struct link_address *b)
{
    return a->prefix == b->prefix &&
           ip_prefix_equal(&a->peer, &b->peer, a->prefix);
}

// May the link have it, and is it the first of its network?
static int check_others(const struct net_link *link, struct link_address *new)
{
    struct link_address *other;

    list_for_each(other, &link->addresses, node) {
        if (!same_network(other, new))
            continue;
        if (ip_addr_eq(&other->ip, &new->ip))
            return -EEXIST;
        if (other->scope != new->scope)
            return -EINVAL;
        new->flags |= IFA_F_SECONDARY;
    }
    return 0;
}

// First addresses of networks stand before the others, in order of arrival but
// for those that do not reach as far, which come first: Linux's order.
static void insert(struct net_link *link, struct link_address *new)
{
    struct link_address *other;
    struct list_node *at = &link->addresses;

    if (new->flags & IFA_F_SECONDARY) {
        list_push_back(&link->addresses, &new->node);
        return;
    }
    list_for_each(other, &link->addresses, node) {
        if (!new->leased && !(other->flags & IFA_F_SECONDARY) &&
            new->scope <= other->scope)
            at = &other->node;
    }
    list_insert(at, &new->node);
}

int address_add(struct net_link *link, const struct link_address *wanted)
{
    struct link_address *new = kmalloc(sizeof(*new));

    assert_debug(net_locked());
    if (!new)
        return -ENOMEM;
    *new = *wanted;
    new->link = link;
    new->flags &= ~IFA_F_SECONDARY;
    if (!new->label[0])
        memcpy(new->label, link->interface->name, sizeof(new->label));
    int error = check_others(link, new);
    if (error < 0) {
        kfree(new);
        return error;
    }
    new->created = clock_monotonic();
    insert(link, new);
    address_set_lifetimes(new, wanted->preferred, wanted->valid);
    sync_netif(link);
    address_add_routes(new);
    return 0;
}

void address_set_lifetimes(struct link_address *address, uint32_t preferred,
                           uint32_t valid)
{
    address->preferred = preferred;
    address->valid = valid;
    address->updated = clock_monotonic();
    address->flags &= ~IFA_F_PERMANENT;
    if (valid == LIFETIME_FOREVER)
        address->flags |= IFA_F_PERMANENT;
    observe_address(address, false);
}

static void remove_one(struct link_address *address)
{
    struct net_link *link = address->link;

    address_remove_routes(address);
    list_remove(&address->node);
    observe_address(address, true);
    if (!route_is_local(&address->ip))
        routes_source_gone(&address->ip);
    if (list_empty(&link->addresses))
        routes_link_gone(link);
    kfree(address);
}

void address_remove(struct link_address *address)
{
    struct net_link *link = address->link;
    struct link_address *other, *next;

    assert_debug(net_locked());
    if (!(address->flags & IFA_F_SECONDARY)) {
        list_for_each_safe(other, next, &link->addresses, node) {
            if (other != address && same_network(other, address))
                remove_one(other);
        }
    }
    bool leased = address->leased;
    remove_one(address);
    if (leased) {
        dhcp_stop(&link->netif);
        dhcp_cleanup(&link->netif);
    }
    sync_netif(link);
}

static bool usable(const struct link_address *address, uint8_t scope)
{
    return !(address->flags & IFA_F_SECONDARY) && address->scope <= scope;
}

// The first address of a link that reaches far enough, best one of the
// destination's network.
static const struct link_address *select_on(const struct net_link *link,
                                            const ip_addr_t *to, uint8_t scope)
{
    const struct link_address *address, *best = NULL;

    list_for_each(address, &link->addresses, node) {
        if (!usable(address, scope))
            continue;
        if (ip_prefix_equal(&address->peer, to, address->prefix))
            return address;
        if (!best)
            best = address;
    }
    return best;
}

const struct link_address *address_select(const struct net_link *link,
                                          const ip_addr_t *to)
{
    const struct link_address *best = select_on(link, to, RT_SCOPE_LINK);

    if (best)
        return best;
    list_for_each(link, &NET_SERVER.links, node) {
        best = select_on(link, to, RT_SCOPE_UNIVERSE);
        if (best)
            return best;
    }
    return NULL;
}

// ---- links ----

void addresses_link_up(struct net_link *link)
{
    const struct link_address *address;

    list_for_each(address, &link->addresses, node)
        address_add_routes(address);
}

void addresses_link_gone(struct net_link *link)
{
    struct link_address *address, *next;

    list_for_each_safe(address, next, &link->addresses, node)
        remove_one(address);
}

// ---- lifetimes ----

static uint32_t left(uint32_t lifetime, nsec_t since)
{
    nsec_t age = (clock_monotonic() - since) / NSEC_PER_SEC;

    if (lifetime == LIFETIME_FOREVER)
        return lifetime;
    return age < lifetime ? lifetime - age : 0;
}

void address_lifetimes_left(const struct link_address *address,
                            uint32_t *preferred, uint32_t *valid)
{
    if (address->leased) {
        *preferred = *valid = address_lease_lifetime(address->link);
        return;
    }
    *preferred = left(address->preferred, address->updated);
    *valid = left(address->valid, address->updated);
}

static nsec_t expiry(const struct link_address *address)
{
    if (address->leased || address->valid == LIFETIME_FOREVER)
        return NSEC_FOREVER;
    return address->updated + address->valid * NSEC_PER_SEC;
}

bool address_timer_wanted(void)
{
    const struct net_link *link;
    const struct link_address *address;

    list_for_each(link, &NET_SERVER.links, node) {
        list_for_each(address, &link->addresses, node) {
            if (expiry(address) != NSEC_FOREVER)
                return true;
        }
    }
    return false;
}

// An address of the link whose time is over; NULL: none.
static struct link_address *expired(const struct net_link *link)
{
    struct link_address *address;

    list_for_each(address, &link->addresses, node) {
        if (expiry(address) <= clock_monotonic())
            return address;
    }
    return NULL;
}

void address_timer(void)
{
    struct net_link *link;
    struct link_address *address;

    list_for_each(link, &NET_SERVER.links, node) {
        while ((address = expired(link)))
            address_remove(address);
    }
}
