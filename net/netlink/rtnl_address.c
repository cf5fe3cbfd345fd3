// SPDX-License-Identifier: MIT
//
// NETLINK_ROUTE: addresses of links, rtnetlink(7), of both versions of IP:
// lists and notifications.

#include <abi/errno.h>
#include <abi/rtnetlink.h>
#include <dev/timer.h>
#include <lwip/netif.h>
#include <net/address.h>
#include <net/ip6.h>
#include <net/server.h>

#include "netlink.h"
#include "rtnl.h"

// ---- writing ----

static void put_lifetimes(struct netlink_writer *w,
                          const struct link_address *address)
{
    const nsec_t tick = NSEC_PER_SEC / 100;
    struct abi_ifa_cacheinfo info = {.created = address->created / tick,
                                     .updated = address->updated / tick};

    address_lifetimes_left(address, &info.preferred, &info.valid);
    netlink_put(w, IFA_CACHEINFO, &info, sizeof(info));
}

static uint32_t flags_of(const struct link_address *address)
{
    uint32_t preferred, valid;

    address_lifetimes_left(address, &preferred, &valid);
    return address->flags | (preferred ? 0 : IFA_F_DEPRECATED);
}

static bool write_address(struct netlink_writer *w, const void *item,
                          uint16_t type, uint16_t flags, uint32_t sequence,
                          uint32_t port)
{
    const struct link_address *address = item;
    uint32_t address_flags = flags_of(address);
    struct abi_ifaddrmsg *body =
        netlink_begin(w, type, flags, sequence, port, sizeof(*body));

    if (!body)
        return false;
    body->family = rtnl_family(&address->ip);
    body->prefix = address->prefix;
    body->flags = address_flags;
    body->scope = address->scope;
    body->index = link_index(address->link);
    netlink_put_ip(w, IFA_ADDRESS, &address->peer);
    if (IP_IS_V4(&address->ip)) {
        netlink_put_ip(w, IFA_LOCAL, &address->ip);
        if (!ip_addr_isany(&address->broadcast))
            netlink_put_ip(w, IFA_BROADCAST, &address->broadcast);
        netlink_put_string(w, IFA_LABEL, address->label);
        if (address->route_metric)
            netlink_put_u32(w, IFA_RT_METRIC, address->route_metric);
    }
    if (address->protocol)
        netlink_put_u8(w, IFA_PROTO, address->protocol);
    put_lifetimes(w, address);
    netlink_put_u32(w, IFA_FLAGS, address_flags);
    return netlink_end(w, body);
}

// ---- IPv6 ----

static uint8_t scope6(const ip6_addr_t *ip)
{
    if (ip6_addr_isloopback(ip))
        return RT_SCOPE_HOST;
    return ip6_addr_islinklocal(ip) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

static uint32_t flags6(const struct address6 *address)
{
    uint32_t flags = address->permanent ? IFA_F_PERMANENT : 0;

    if (ip6_addr_istentative(address->state))
        flags |= IFA_F_TENTATIVE;
    if (ip6_addr_isduplicated(address->state))
        flags |= IFA_F_TENTATIVE | IFA_F_DADFAILED;
    return flags;
}

// An address of lwIP's as the others are.
static struct link_address from_address6(const struct net_link *link,
                                         const struct address6 *address)
{
    struct link_address result = {.link = (struct net_link *)link,
                                  .prefix = address->prefix,
                                  .scope = scope6(&address->ip),
                                  .flags = flags6(address),
                                  .preferred = address->preferred,
                                  .valid = address->valid,
                                  .updated = clock_monotonic()};

    ip_addr_copy_from_ip6(result.ip, address->ip);
    ip_addr_copy_from_ip6(result.peer, address->ip);
    return result;
}

// ---- lists ----

// A list by family and, for those who asked strictly, by link.
static int start_addresses(struct netlink_request *request,
                           struct netlink_dump *dump)
{
    const struct abi_ifaddrmsg *body = request->body;

    if (!READ_ONCE(request->from->strict))
        return 0;
    if (request->length < sizeof(*body))
        return netlink_refuse(request, -EINVAL, "the header is too short");
    if (body->prefix || body->flags || body->scope)
        return netlink_refuse(request, -EINVAL,
                              "a list of addresses takes a link alone");
    if (body->index) {
        if (!link_by_index(body->index))
            return -ENODEV;
        dump->index = body->index;
        dump->flags |= NLM_F_DUMP_FILTERED;
    }
    return 0;
}

static bool dump_one(struct netlink_dump *dump, struct netlink_writer *w,
                     const struct link_address *address, unsigned *n)
{
    if (!netlink_dump_due(dump, (*n)++))
        return true;
    if (!write_address(w, address, RTM_NEWADDR, dump->flags, dump->sequence,
                       dump->port))
        return false;
    dump->at = *n;
    return true;
}

// False: there is no more room.
static bool dump_link4(struct netlink_dump *dump, struct netlink_writer *w,
                       const struct net_link *link, unsigned *n)
{
    const struct link_address *address;

    list_for_each(address, &link->addresses, node) {
        if (!dump_one(dump, w, address, n))
            return false;
    }
    return true;
}

static bool dump_link6(struct netlink_dump *dump, struct netlink_writer *w,
                       const struct net_link *link, unsigned *n)
{
    struct address6 found;

    for (unsigned i = 0; address6_get(link, i, &found); i++) {
        struct link_address address = from_address6(link, &found);
        if (!dump_one(dump, w, &address, n))
            return false;
    }
    return true;
}

static bool next_addresses(struct netlink_dump *dump, struct netlink_writer *w)
{
    static const struct {
        uint8_t family;
        bool (*dump)(struct netlink_dump *dump, struct netlink_writer *w,
                     const struct net_link *link, unsigned *n);
    } versions[] = {{AF_INET, dump_link4}, {AF_INET6, dump_link6}};
    const struct net_link *link;
    unsigned n = 0;

    nd_clock_advance();
    for (unsigned i = 0; i < ARRAY_SIZE(versions); i++) {
        if (!rtnl_family_wanted(dump->family, versions[i].family))
            continue;
        list_for_each(link, &NET_SERVER.links, node) {
            if (dump->index && dump->index != link_index(link))
                continue;
            if (!versions[i].dump(dump, w, link, &n))
                return true;
        }
    }
    return false;
}

NETLINK_HANDLER(get_address) = {
    .type = RTM_GETADDR, .start = start_addresses, .next = next_addresses};
// ---- notifications ----

void rtnl_address_changed(const struct link_address *address, bool gone)
{
    netlink_notify(IP_IS_V6(&address->ip) ? RTNLGRP_IPV6_IFADDR
                                          : RTNLGRP_IPV4_IFADDR,
                   gone ? RTM_DELADDR : RTM_NEWADDR, write_address, address);
}

// The address in its list, which tells its lifetimes; else what is known of one
// that is gone.
static struct address6 describe6(const struct net_link *link, int i)
{
    const struct netif *netif = &link->netif;
    struct address6 found;

    for (unsigned n = 0; address6_get(link, n, &found); n++) {
        if (ip6_addr_eq(&found.ip, netif_ip6_addr(netif, i)))
            return found;
    }
    return (struct address6){.ip = *netif_ip6_addr(netif, i),
                             .prefix = link->prefix6[i] ? link->prefix6[i] : 64,
                             .permanent = true,
                             .valid = LIFETIME_FOREVER,
                             .preferred = LIFETIME_FOREVER};
}

// lwIP changed the state of an address.
void rtnl_address6_changed(struct netif *netif, int i, uint8_t before)
{
    uint8_t state = netif_ip6_addr_state(netif, i);
    struct address6 found = describe6(netif->state, i);
    struct link_address address = from_address6(netif->state, &found);

    // Each check for duplicates is a state of its own, but no change.
    if (!ip6_addr_istentative(state) || !ip6_addr_istentative(before))
        rtnl_address_changed(&address, ip6_addr_isinvalid(state));
}
