// SPDX-License-Identifier: MIT
//
// The ioctls SIOCADDRT and SIOCDELRT, by which route(8) changes the table, of
// both versions of IP.

#include <abi/errno.h>
#include <abi/socket.h>
#include <mm/uaccess.h>
#include <net/address.h>
#include <net/ifioctl.h>
#include <net/ip6.h>
#include <net/route_settle.h>
#include <net/server.h>
#include <string.h>

// The prefix of the route's destination. 0 or -errno.
static int parse_prefix(const struct abi_rtentry *entry, struct route *route)
{
    uint32_t mask = entry->mask.address;

    route->prefix = 32;
    if (entry->flags & RTF_HOST)
        return 0;
    if (entry->mask.family != AF_INET && (mask || entry->mask.family))
        return -EAFNOSUPPORT;
    route->prefix = __builtin_popcount(mask);
    if (ip4_mask_of(route->prefix) != mask)
        return -EINVAL;
    return 0;
}

static int parse_link(const struct abi_rtentry *entry, struct route *route)
{
    struct abi_ifreq named = {0};
    const struct link_address *address;

    if (!entry->device)
        return 0;
    // A name that ends before the page does need not be followed by memory.
    for (unsigned i = 0; i < IFNAMSIZ - 1; i++) {
        int error = copy_from_user(&named.name[i], entry->device + i, 1);
        if (error < 0)
            return error;
        if (!named.name[i])
            break;
    }
    net_lock();
    route->link = ifreq_link(&named);
    address = route->link && strchr(named.name, ':')
                  ? ifreq_address(route->link, &named)
                  : NULL;
    if (address)
        ip_addr_copy(route->source, address->ip);
    net_unlock();
    return route->link ? 0 : -ENODEV;
}

// What an entry says, all but the link. 0 or -errno.
static int parse(const struct abi_rtentry *entry, struct route *route)
{
    const char *why;
    bool gateway = entry->gateway.family == AF_INET && entry->gateway.address;

    if (entry->to.family != AF_INET)
        return -EAFNOSUPPORT;
    if ((entry->flags & RTF_MTU && entry->mtu) ||
        (entry->flags & RTF_WINDOW && entry->window) || entry->flags & RTF_IRTT)
        return -EOPNOTSUPP;
    *route = (struct route){
        .type = entry->flags & RTF_REJECT ? RTN_UNREACHABLE : RTN_UNICAST,
        .scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
        .protocol = RTPROT_BOOT,
        .table = RT_TABLE_MAIN,
        .metric = entry->metric > 0 ? entry->metric - 1 : 0};
    ip_addr_set_ip4_u32(&route->to, entry->to.address);
    ip_addr_set_ip4_u32(&route->gateway, gateway ? entry->gateway.address : 0);
    ip_addr_set_zero_ip4(&route->source);
    int error = parse_prefix(entry, route);
    return error < 0 ? error : route_check_prefix(route, &why);
}

static long change(uaddr argument, bool add)
{
    struct abi_rtentry entry;
    struct route route;
    const char *why;
    int error = GET_USER(&entry, argument);

    if (error == 0)
        error = parse(&entry, &route);
    if (error == 0 && add && entry.flags & RTF_GATEWAY &&
        ip_addr_isany(&route.gateway))
        error = -EINVAL;
    if (error == 0)
        error = parse_link(&entry, &route);
    if (error < 0)
        return error;
    net_lock();
    if (add) {
        error = route_settle(&route, &why);
        if (error == 0)
            error = route_add(&route, ROUTE_PREPEND);
    } else {
        route.scope = RT_SCOPE_NOWHERE;
        route.protocol = RTPROT_UNSPEC;
        error = route_delete(&route);
    }
    net_unlock();
    return error;
}

static long add_route(uaddr argument)
{
    return change(argument, true);
}
NET_IOCTL(add_route) = {
    .command = SIOCADDRT, .root = true, .only4 = true, .run = add_route};

static long delete_route(uaddr argument)
{
    return change(argument, false);
}
NET_IOCTL(delete_route) = {
    .command = SIOCDELRT, .root = true, .only4 = true, .run = delete_route};

// ---- IPv6 ----

static int parse6(const struct abi_in6_rtmsg *entry, struct route6 *route)
{
    if (entry->prefix > 128)
        return -EINVAL;
    if (entry->flags & RTF_REJECT)
        return -EOPNOTSUPP;
    *route = (struct route6){.prefix = entry->prefix,
                             .metric = entry->metric ? entry->metric : 1024,
                             .protocol = ROUTE6_BOOT,
                             .link = link_by_index(entry->index)};
    memcpy(route->to.addr, entry->to, sizeof(entry->to));
    memcpy(route->gateway.addr, entry->gateway, sizeof(entry->gateway));
    if (!route->link)
        return -ENODEV;
    ip6_addr_assign_zone(&route->gateway, IP6_UNICAST, &route->link->netif);
    return 0;
}

static long change6(uaddr argument, int (*act)(const struct route6 *route))
{
    struct abi_in6_rtmsg entry;
    struct route6 route;
    int error = GET_USER(&entry, argument);

    if (error < 0)
        return error;
    net_lock();
    error = parse6(&entry, &route);
    if (error == 0)
        error = act(&route);
    net_unlock();
    return error;
}

static long add_route6(uaddr argument)
{
    return change6(argument, route6_add);
}
NET_IOCTL(add_route6) = {
    .command = SIOCADDRT, .root = true, .only6 = true, .run = add_route6};

static long delete_route6(uaddr argument)
{
    return change6(argument, route6_remove);
}
NET_IOCTL(delete_route6) = {
    .command = SIOCDELRT, .root = true, .only6 = true, .run = delete_route6};

// SIOCSIFADDR and SIOCDIFADDR of an AF_INET6 socket: another address, or one
// less.
static long change_address6(uaddr argument, bool add)
{
    struct abi_in6_ifreq request;
    struct net_link *link;
    ip6_addr_t ip;
    int error = GET_USER(&request, argument);

    if (error < 0)
        return error;
    if (request.prefix > 128)
        return -EINVAL;
    memset(&ip, 0, sizeof(ip));
    memcpy(ip.addr, request.address, sizeof(request.address));
    net_lock();
    link = link_by_index(request.index);
    if (!link)
        error = -ENODEV;
    else
        error = add ? address6_add(link, &ip, request.prefix)
                    : address6_remove(link, &ip, request.prefix);
    net_unlock();
    return error;
}

static long add_address6(uaddr argument)
{
    return change_address6(argument, true);
}
NET_IOCTL(add_address6) = {
    .command = SIOCSIFADDR, .root = true, .only6 = true, .run = add_address6};

static long delete_address6(uaddr argument)
{
    return change_address6(argument, false);
}
NET_IOCTL(delete_address6) = {.command = SIOCDIFADDR,
                              .root = true,
                              .only6 = true,
                              .run = delete_address6};
