// SPDX-License-Identifier: MIT
//
// NETLINK_ROUTE: routes added and deleted, rtnetlink(7). What a route cannot be
// here (several next hops, metrics of its own) is refused, not ignored.

#include <abi/errno.h>
#include <abi/rtnetlink.h>
#include <net/address.h>
#include <net/ip6.h>
#include <net/route_settle.h>
#include <net/route_table.h>
#include <net/server.h>

#include "netlink.h"
#include "rtnl.h"

// ---- what the request says ----

static bool is_known_type(uint8_t type)
{
    return type == RTN_UNICAST || type == RTN_LOCAL || type == RTN_BROADCAST ||
           type == RTN_BLACKHOLE || type == RTN_UNREACHABLE ||
           type == RTN_PROHIBIT;
}

static int refuse_unknown(struct netlink_request *request,
                          const struct abi_nlattr *const attributes[])
{
    if (attributes[RTA_MULTIPATH])
        return netlink_refuse(request, -EOPNOTSUPP,
                              "a route has one next hop here");
    if (attributes[RTA_METRICS])
        return netlink_refuse(request, -EOPNOTSUPP,
                              "a route has no MTU or window of its own here");
    if (attributes[RTA_VIA])
        return netlink_refuse(request, -EOPNOTSUPP,
                              "the gateway is of another family");
    return 0;
}

static int parse_link(struct netlink_request *request,
                      const struct abi_nlattr *attribute, struct route *route)
{
    uint32_t index = 0;
    int error = netlink_get_u32(attribute, &index);

    if (error < 0 || !index)
        return error;
    route->link = link_by_index(index);
    return route->link ? 0 : netlink_refuse(request, -ENODEV, "no such link");
}

static int parse_ips(const struct abi_rtmsg *body,
                     const struct abi_nlattr *const attributes[],
                     struct route *route)
{
    int error;

    rtnl_any(&route->to, body->family);
    rtnl_any(&route->gateway, body->family);
    rtnl_any(&route->source, body->family);
    error = netlink_get_ip(attributes[RTA_DST], body->family, &route->to);
    if (error == 0)
        error = netlink_get_ip(attributes[RTA_GATEWAY], body->family,
                               &route->gateway);
    if (error == 0)
        error = netlink_get_ip(attributes[RTA_PREFSRC], body->family,
                               &route->source);
    return error;
}

static int parse(struct netlink_request *request, struct route *route)
{
    const struct abi_rtmsg *body = request->body;
    const struct abi_nlattr *attributes[RTA_MAX + 1];
    int error = netlink_attributes(request, sizeof(*body), attributes, RTA_MAX);

    if (error < 0)
        return error;
    if (body->family != AF_INET && body->family != AF_INET6)
        return -EOPNOTSUPP;
    *route = (struct route){.prefix = body->to_prefix,
                            .type = body->type,
                            .scope = body->scope,
                            .protocol = body->protocol,
                            .table = body->table,
                            .flags = body->flags & RTNH_F_ONLINK};
    error = refuse_unknown(request, attributes);
    if (error == 0)
        error = parse_ips(body, attributes, route);
    if (error == 0)
        error = route_check_prefix(route, &request->why);
    if (error == 0)
        error = netlink_get_u32(attributes[RTA_TABLE], &route->table);
    if (error == 0)
        error = netlink_get_u32(attributes[RTA_PRIORITY], &route->metric);
    if (error == 0)
        error = parse_link(request, attributes[RTA_OIF], route);
    if (error == 0 && body->tos)
        error = netlink_refuse(request, -EOPNOTSUPP, "no routes by TOS");
    return error;
}

// ---- adding ----

static enum route_add_mode mode_of(unsigned flags)
{
    if (flags & NLM_F_REPLACE)
        return flags & NLM_F_CREATE ? ROUTE_REPLACE : ROUTE_CHANGE;
    if (flags & NLM_F_EXCL)
        return ROUTE_EXCLUSIVE;
    return flags & NLM_F_APPEND ? ROUTE_APPEND : ROUTE_PREPEND;
}

static int add_route4(struct netlink_request *request, struct route *route)
{
    unsigned flags = request->header->flags;
    int error = route_settle(route, &request->why);

    if (error < 0)
        return error;
    if (!(flags & (NLM_F_CREATE | NLM_F_REPLACE)))
        return -ENOENT;
    return route_add(route, mode_of(flags));
}

static int add_route6(struct netlink_request *request,
                      const struct route *route)
{
    struct route6 copy = {.prefix = route->prefix,
                          .link = route->link,
                          .metric = route->metric ? route->metric : 1024,
                          .protocol = route->protocol};

    if (route->type != RTN_UNICAST || route->table != RT_TABLE_MAIN ||
        !ip_addr_isany(&route->source))
        return netlink_refuse(request, -EOPNOTSUPP,
                              "IPv6: only unicast routes, in table main");
    if (!copy.link && !ip_addr_isany(&route->gateway))
        copy.link = rtnl_link_to6(&route->gateway);
    if (!copy.link)
        return netlink_refuse(request, -ENODEV, "no link to send on");
    ip6_addr_copy(copy.to, *ip_2_ip6(&route->to));
    ip6_addr_copy(copy.gateway, *ip_2_ip6(&route->gateway));
    int error = route6_add(&copy);
    if (error == -EEXIST && request->header->flags & NLM_F_REPLACE)
        return 0;
    return error;
}

static int new_route(struct netlink_request *request)
{
    struct route route;
    int error = parse(request, &route);

    if (error < 0)
        return error;
    if (!is_known_type(route.type))
        return netlink_refuse(request, -EINVAL, "no such type of route");
    if (route.table == RT_TABLE_UNSPEC)
        route.table = RT_TABLE_MAIN;
    return IP_IS_V6(&route.to) ? add_route6(request, &route)
                               : add_route4(request, &route);
}

// ---- deleting ----

static bool matches6(const struct route6 *route, const struct route *wanted)
{
    return route->prefix == wanted->prefix &&
           ip6_addr_zoneless_eq(&route->to, ip_2_ip6(&wanted->to)) &&
           (!wanted->metric || route->metric == wanted->metric) &&
           (!wanted->link || route->link == wanted->link) &&
           (ip_addr_isany(&wanted->gateway) ||
            ip6_addr_zoneless_eq(&route->gateway, ip_2_ip6(&wanted->gateway)));
}

static int delete_route6(const struct route *wanted)
{
    struct route6 route;

    for (unsigned i = 0; route6_get(i, &route); i++) {
        if (matches6(&route, wanted))
            return route6_remove(&route);
    }
    return -ESRCH;
}

static int delete_route(struct netlink_request *request)
{
    struct route wanted;
    int error = parse(request, &wanted);

    if (error < 0)
        return error;
    if (wanted.table == RT_TABLE_UNSPEC)
        wanted.table = RT_TABLE_MAIN;
    return IP_IS_V6(&wanted.to) ? delete_route6(&wanted)
                                : route_delete(&wanted);
}

NETLINK_HANDLER(new_route) = {.type = RTM_NEWROUTE, .act = new_route};
NETLINK_HANDLER(delete_route) = {.type = RTM_DELROUTE, .act = delete_route};
