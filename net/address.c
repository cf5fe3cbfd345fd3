// SPDX-License-Identifier: MIT
//
// Addresses of interfaces: see net/address.h. Each brings routes with it: to
// itself and to its network's broadcast addresses in table `local`, to its
// network in `main`.

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

// ---- bits ----

unsigned ip_bits(const ip_addr_t *ip)
{
    return IP_IS_V6(ip) ? 128 : 32;
}

// The n words of an address, in network byte order.
static uint32_t *words_of(ip_addr_t *ip)
{
    return IP_IS_V6(ip) ? ip_2_ip6(ip)->addr : &ip_2_ip4(ip)->addr;
}

uint32_t ip4_mask_of(unsigned bits)
{
    return bits ? lwip_htonl(~0u << (32 - bits)) : 0;
}

void ip_prefix_only(ip_addr_t *ip, unsigned bits)
{
    unsigned words = ip_bits(ip) / 32;

    for (unsigned i = 0; i < words; i++, bits -= MIN(bits, 32u))
        words_of(ip)[i] &= ip4_mask_of(MIN(bits, 32u));
}

bool ip_prefix_equal(const ip_addr_t *a, const ip_addr_t *b, unsigned bits)
{
    const uint32_t *x = words_of((ip_addr_t *)a);
    const uint32_t *y = words_of((ip_addr_t *)b);

    if (IP_GET_TYPE(a) != IP_GET_TYPE(b))
        return false;
    for (; bits > 0; bits -= MIN(bits, 32u)) {
        if ((*x++ ^ *y++) & ip4_mask_of(MIN(bits, 32u)))
            return false;
    }
    return true;
}

// ---- the routes of an address ----

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

static void add_routes(const struct link_address *address)
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

static void remove_routes(const struct link_address *address)
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

// ---- lists ----

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
    add_routes(new);
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

    remove_routes(address);
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

// ---- links and leases ----

void addresses_link_up(struct net_link *link)
{
    const struct link_address *address;

    list_for_each(address, &link->addresses, node)
        add_routes(address);
}

void addresses_link_gone(struct net_link *link)
{
    struct link_address *address, *next;

    list_for_each_safe(address, next, &link->addresses, node)
        remove_one(address);
}

static struct link_address *leased_address(const struct net_link *link)
{
    struct link_address *address;

    list_for_each(address, &link->addresses, node) {
        if (address->leased)
            return address;
    }
    return NULL;
}

static void add_lease(struct net_link *link)
{
    // How long it lasts, lwIP knows (address_lifetime).
    struct link_address lease = {.leased = true, .preferred = 0, .valid = 0};
    struct route gateway = {.type = RTN_UNICAST,
                            .protocol = RTPROT_DHCP,
                            .table = RT_TABLE_MAIN,
                            .link = link};
    const struct netif *netif = &link->netif;

    ip_addr_copy(lease.ip, netif->ip_addr);
    ip_addr_copy(lease.peer, netif->ip_addr);
    lease.prefix = __builtin_popcount(ip_2_ip4(&netif->netmask)->addr);
    ip_addr_set_ip4_u32(&lease.broadcast,
                        ip_2_ip4(&lease.ip)->addr | ~ip4_mask_of(lease.prefix));
    (void)address_add(link, &lease);
    ip_addr_set_zero_ip4(&gateway.to);
    ip_addr_set_zero_ip4(&gateway.source);
    ip_addr_copy(gateway.gateway, netif->gw);
    if (!ip_addr_isany(&gateway.gateway))
        (void)route_add(&gateway, ROUTE_APPEND);
}

void address_lease_changed(struct net_link *link)
{
    struct link_address *old = leased_address(link);
    bool bound = dhcp_supplied_address(&link->netif);

    if (old && bound && ip_addr_eq(&old->ip, &link->netif.ip_addr))
        return;
    if (old) {
        old->leased = false;  // the client goes on
        address_remove(old);
    }
    if (bound)
        add_lease(link);
}

// ---- lifetimes ----

static uint32_t lease_lifetime(const struct net_link *link)
{
    const struct dhcp *dhcp = netif_dhcp_data(&link->netif);
    uint32_t used = dhcp->lease_used;

    return used < dhcp->t0_timeout
               ? (dhcp->t0_timeout - used) * DHCP_COARSE_TIMER_SECS
               : 0;
}

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
        *preferred = *valid = lease_lifetime(address->link);
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
