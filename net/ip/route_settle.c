// SPDX-License-Identifier: MIT
//
// Routes as users ask for them: see net/route_settle.h. NETLINK_ROUTE and the
// ioctls come this way.

#include <abi/errno.h>
#include <net/address.h>
#include <net/route.h>
#include <net/route_settle.h>
#include <net/server.h>

static int refuse(int error, const char **why, const char *reason)
{
    *why = reason;
    return error;
}

int route_check_prefix(const struct route *route, const char **why)
{
    ip_addr_t to = route->to;

    if (route->prefix > ip_bits(&to))
        return refuse(-EINVAL, why, "impossible prefix length");
    ip_prefix_only(&to, route->prefix);
    if (!ip_addr_eq(&to, &route->to))
        return refuse(-EINVAL, why,
                      "the destination has bits behind its prefix");
    return 0;
}

// The gateway must be a neighbour, which says which link it is on.
static int settle_gateway(struct route *route, const char **why)
{
    const struct route *way;

    if (route->flags & RTNH_F_ONLINK)
        return route->link ? 0 : refuse(-ENODEV, why, "onlink wants a link");
    if (route_lookup(&route->gateway, NULL, &way) == 0 &&
        way->type != RTN_UNICAST && way->type != RTN_LOCAL)
        return refuse(-EINVAL, why, "the gateway is not one machine");
    if (route_lookup(&route->gateway, route->link, &way) < 0)
        return refuse(-ENETUNREACH, why, "no link leads to the gateway");
    if (!ip_addr_isany(&way->gateway))
        return refuse(-ENETUNREACH, why, "the gateway is behind a gateway");
    route->link = way->link;
    return 0;
}

static bool refuses(const struct route *route)
{
    return route->type == RTN_BLACKHOLE || route->type == RTN_UNREACHABLE ||
           route->type == RTN_PROHIBIT;
}

int route_settle(struct route *route, const char **why)
{
    bool direct = ip_addr_isany(&route->gateway);
    int error = 0;

    if (!ip_addr_isany(&route->source) && !route_is_local(&route->source))
        return refuse(-EINVAL, why, "the source is no address of ours");
    if (refuses(route)) {
        if (direct && !route->link)
            return 0;
        return refuse(-EINVAL, why, "a route of this type leads nowhere");
    }
    if (!direct)
        error = settle_gateway(route, why);
    if (error == 0 && !route->link)
        error = refuse(-ENODEV, why, "no link to send on");
    if (error == 0 && !netif_is_up(&route->link->netif))
        error = refuse(-ENETDOWN, why, "the link is down");
    return error;
}

static bool matches(const struct route *route, const struct route *wanted)
{
    return route->table == wanted->table && route->prefix == wanted->prefix &&
           ip_addr_eq(&route->to, &wanted->to) &&
           (!wanted->type || route->type == wanted->type) &&
           (wanted->scope == RT_SCOPE_NOWHERE ||
            route->scope == wanted->scope) &&
           (!wanted->protocol || route->protocol == wanted->protocol) &&
           (!wanted->metric || route->metric == wanted->metric) &&
           (!wanted->link || route->link == wanted->link) &&
           (ip_addr_isany(&wanted->gateway) ||
            ip_addr_eq(&route->gateway, &wanted->gateway)) &&
           (ip_addr_isany(&wanted->source) ||
            ip_addr_eq(&route->source, &wanted->source));
}

int route_delete(const struct route *wanted)
{
    struct route *route;

    list_for_each(route, &route_table, node) {
        if (matches(route, wanted)) {
            route_remove(route);
            return 0;
        }
    }
    return -ESRCH;
}
