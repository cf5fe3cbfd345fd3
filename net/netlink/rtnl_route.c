// SPDX-License-Identifier: MIT
//
// NETLINK_ROUTE: routes, rtnetlink(7): lists of both versions of IP, the way to
// one destination, and changes. IPv6's are kept elsewhere (net/ip6.h) and look
// alike from here.

#include <abi/errno.h>
#include <abi/rtnetlink.h>
#include <net/address.h>
#include <net/ip6.h>
#include <net/route.h>
#include <net/route_table.h>
#include <net/server.h>
#include <string.h>

#include "netlink.h"
#include "rtnl.h"

// ---- writing ----

// One on which packets cannot leave.
static uint32_t link_down_flag(const struct route *route)
{
    return route->link && !route->link->was_up ? RTNH_F_LINKDOWN : 0;
}

static void put_route6_info(struct netlink_writer *w, uint32_t expires)
{
    const struct abi_rta_cacheinfo info = {.expires = expires * 100};

    netlink_put(w, RTA_CACHEINFO, &info, sizeof(info));
    netlink_put_u8(w, RTA_PREF, 0);  // medium
}

static bool write_route(struct netlink_writer *w, const void *item,
                        uint16_t type, uint16_t flags, uint32_t sequence,
                        uint32_t port)
{
    const struct route *route = item;
    struct abi_rtmsg *body =
        netlink_begin(w, type, flags, sequence, port, sizeof(*body));

    if (!body)
        return false;
    body->family = rtnl_family(&route->to);
    body->to_prefix = route->prefix;
    body->table = route->table < 256 ? route->table : RT_TABLE_COMPAT;
    body->protocol = route->protocol;
    body->scope = route->scope;
    body->type = route->type;
    body->flags = route->flags | link_down_flag(route);
    netlink_put_u32(w, RTA_TABLE, route->table);
    if (route->prefix)
        netlink_put_ip(w, RTA_DST, &route->to);
    if (route->metric)
        netlink_put_u32(w, RTA_PRIORITY, route->metric);
    if (!ip_addr_isany(&route->source))
        netlink_put_ip(w, RTA_PREFSRC, &route->source);
    if (!ip_addr_isany(&route->gateway))
        netlink_put_ip(w, RTA_GATEWAY, &route->gateway);
    if (route->link)
        netlink_put_u32(w, RTA_OIF, link_index(route->link));
    if (IP_IS_V6(&route->to))
        put_route6_info(w, route->expires);
    return netlink_end(w, body);
}

static struct route from_route6(const struct route6 *route6)
{
    struct route route = {.prefix = route6->prefix,
                          .type = RTN_UNICAST,
                          .protocol = route6->protocol,
                          .table = RT_TABLE_MAIN,
                          .metric = route6->metric,
                          .expires = route6->expires,
                          .link = route6->link};

    ip_addr_copy_from_ip6(route.to, route6->to);
    ip_addr_copy_from_ip6(route.gateway, route6->gateway);
    ip_addr_set_zero_ip6(&route.source);
    return route;
}

// ---- lists ----

// Attributes that a strict request for a list may have.
static int parse_filter(struct netlink_request *request,
                        struct netlink_dump *dump)
{
    const struct abi_rtmsg *body = request->body;
    const struct abi_nlattr *attributes[RTA_MAX + 1];
    int error = netlink_attributes(request, sizeof(*body), attributes, RTA_MAX);

    if (error < 0)
        return error;
    if (body->to_prefix || body->from_prefix || body->tos || body->scope)
        return netlink_refuse(request, -EINVAL,
                              "a list of routes is not asked for by prefix");
    dump->type = body->type;
    dump->protocol = body->protocol;
    dump->table = body->table;
    error = netlink_get_u32(attributes[RTA_TABLE], &dump->table);
    if (error == 0)
        error = netlink_get_u32(attributes[RTA_OIF], &dump->index);
    if (error == 0 && dump->index && !link_by_index(dump->index))
        error = -ENODEV;
    if (dump->type || dump->protocol || dump->table || dump->index)
        dump->flags |= NLM_F_DUMP_FILTERED;
    return error;
}

static int start_routes(struct netlink_request *request,
                        struct netlink_dump *dump)
{
    const struct abi_rtmsg *body = request->body;

    if (request->length >= sizeof(*body) && body->flags & RTM_F_CLONED)
        dump->type = RTN_NONE;  // a cache, which there is not
    return READ_ONCE(request->from->strict) ? parse_filter(request, dump) : 0;
}

static bool is_wanted(const struct netlink_dump *dump,
                      const struct route *route)
{
    return (!dump->type || dump->type == route->type) &&
           (!dump->protocol || dump->protocol == route->protocol) &&
           (!dump->table || dump->table == route->table) &&
           (!dump->index ||
            (route->link && dump->index == link_index(route->link)));
}

// False: there is no more room.
static bool dump_one(struct netlink_dump *dump, struct netlink_writer *w,
                     const struct route *route, unsigned *n)
{
    if (!netlink_dump_due(dump, (*n)++) || !is_wanted(dump, route))
        return true;
    if (!write_route(w, route, RTM_NEWROUTE, dump->flags, dump->sequence,
                     dump->port))
        return false;
    dump->at = *n;
    return true;
}

static bool next_routes(struct netlink_dump *dump, struct netlink_writer *w)
{
    const struct route *route;
    struct route6 route6;
    unsigned n = 0;

    if (rtnl_family_wanted(dump->family, AF_INET)) {
        list_for_each(route, &route_table, node) {
            if (!dump_one(dump, w, route, &n))
                return true;
        }
    }
    if (!rtnl_family_wanted(dump->family, AF_INET6))
        return false;
    for (unsigned i = 0; route6_get(i, &route6); i++) {
        struct route copy = from_route6(&route6);
        if (!dump_one(dump, w, &copy, &n))
            return true;
    }
    return false;
}

// ---- the way to one destination ----

static int find_route4(struct route *answer, const struct net_link *out,
                       bool entry)
{
    const struct route *route;
    ip_addr_t to = answer->to;
    int error = route_lookup(&to, out, &route);

    if (error < 0)
        return error;
    *answer = *route;
    if (entry)
        return 0;
    error = route_source(route, &to, &answer->source);
    answer->prefix = 32;
    answer->to = to;
    answer->scope = RT_SCOPE_UNIVERSE;
    answer->protocol = RTPROT_UNSPEC;
    answer->flags = RTM_F_CLONED;
    answer->metric = 0;
    if (route->type == RTN_LOCAL) {
        answer->link = NET_SERVER.loopback;
        answer->flags |= RTCF_LOCAL;
    }
    return error;
}

// The gateway is what the longest matching listed route says.
static void find_gateway6(struct route *answer)
{
    struct route6 route, best = {0};
    bool found = false;

    for (unsigned i = 0; route6_get(i, &route); i++) {
        ip_addr_t to;
        ip_addr_copy_from_ip6(to, route.to);
        if (route.link == answer->link &&
            ip_prefix_equal(&to, &answer->to, route.prefix) &&
            (!found || route.prefix > best.prefix)) {
            best = route;
            found = true;
        }
    }
    ip_addr_copy_from_ip6(answer->gateway, best.gateway);
    answer->metric = best.metric;
    answer->protocol = best.protocol;
}

struct net_link *rtnl_link_to6(const ip_addr_t *ip)
{
    ip_addr_t source;
    struct netif *netif;

    return route6_find(ip, IP6_ADDR_ANY, &netif, &source) == 0 ? netif->state
                                                               : NULL;
}

static int find_route6(struct route *answer)
{
    struct netif *netif;
    int error = route6_find(&answer->to, IP6_ADDR_ANY, &netif, &answer->source);

    if (error < 0)
        return error;
    answer->link = netif->state;
    answer->type =
        netif == &NET_SERVER.loopback->netif ? RTN_LOCAL : RTN_UNICAST;
    answer->table = answer->type == RTN_LOCAL ? RT_TABLE_LOCAL : RT_TABLE_MAIN;
    answer->prefix = 128;
    find_gateway6(answer);
    return 0;
}

static int get_route(struct netlink_request *request)
{
    const struct abi_rtmsg *body = request->body;
    const struct abi_nlattr *attributes[RTA_MAX + 1];
    struct route answer = {0};
    const struct net_link *out = NULL;
    uint32_t index = 0;
    int error = netlink_attributes(request, sizeof(*body), attributes, RTA_MAX);

    if (error < 0)
        return error;
    if (body->family != AF_INET && body->family != AF_INET6)
        return -EOPNOTSUPP;
    if (attributes[RTA_IIF])
        return netlink_refuse(request, -EOPNOTSUPP, "nothing is forwarded");
    rtnl_any(&answer.to, body->family);
    error = netlink_get_ip(attributes[RTA_DST], body->family, &answer.to);
    if (error == 0)
        error = netlink_get_u32(attributes[RTA_OIF], &index);
    if (error == 0 && index) {
        out = link_by_index(index);
        error = out ? 0 : -ENODEV;
    }
    if (error == 0)
        error = body->family == AF_INET
                    ? find_route4(&answer, out, body->flags & RTM_F_FIB_MATCH)
                    : find_route6(&answer);
    if (error < 0)
        return error;
    if (!(body->flags & RTM_F_LOOKUP_TABLE))
        answer.table = RT_TABLE_MAIN;  // as Linux, whatever it was
    return netlink_reply(request, RTM_NEWROUTE, write_route, &answer);
}

NETLINK_HANDLER(get_route) = {RTM_GETROUTE, get_route, start_routes,
                              next_routes};

// ---- notifications ----

void rtnl_route_changed(const struct route *route, bool gone)
{
    netlink_notify(IP_IS_V6(&route->to) ? RTNLGRP_IPV6_ROUTE
                                        : RTNLGRP_IPV4_ROUTE,
                   gone ? RTM_DELROUTE : RTM_NEWROUTE, write_route, route);
}

void rtnl_route6_changed(const struct route6 *route6, bool gone)
{
    struct route route = from_route6(route6);

    rtnl_route_changed(&route, gone);
}
