// SPDX-License-Identifier: MIT
//
// The option table's rows about groups: of level IPPROTO_IP (ip(7)), of level
// IPPROTO_IPV6 (ipv6(7)), and those of RFC 3678, which are of both.

#include <abi/errno.h>
#include <abi/inet.h>
#include <net/address.h>
#include <net/ip6.h>
#include <net/ip_option.h>
#include <net/multicast.h>
#include <net/option.h>
#include <net/route.h>
#include <net/server.h>
#include <string.h>

// A stream has one peer: Linux has no groups for it.
static bool is_stream(const struct socket *socket)
{
    return socket->type == SOCK_STREAM;
}

static ip_addr_t ip4(uint32_t address)
{
    ip_addr_t ip = {0};

    ip_2_ip4(&ip)->addr = address;
    return ip;
}

// ---- which interface ----

static struct net_link *link_of_address(uint32_t address)
{
    ip_addr_t ip = ip4(address);
    struct net_link *link;

    list_for_each(link, &NET_SERVER.links, node) {
        if (address && address_find(link, &ip, -1))
            return link;
    }
    return NULL;
}

static struct net_link *link_by_route(const ip_addr_t *group)
{
    ip_addr_t source;
    struct netif *netif;

    ip_addr_set_any(IP_IS_V6(group), &source);
    return route_find(group, &source, &netif, &source) == 0 ? netif->state
                                                            : NULL;
}

// The index of an interface that is given by its index, by an address of it, or
// left to the route; 0: there is none.
static uint32_t choose_interface(uint32_t index, uint32_t address,
                                 const ip_addr_t *group)
{
    struct net_link *link =
        index ? link_by_index(index) : link_of_address(address);

    if (!link && !index)
        link = link_by_route(group);
    return link ? link_index(link) : 0;
}

// ---- IPv4 ----

static int join4(struct socket *socket, const struct abi_ip_mreqn *request)
{
    ip_addr_t group = ip4(request->group);

    if (!ip_addr_ismulticast(&group))
        return -EINVAL;
    return multicast_join(
        socket, &group,
        choose_interface(request->interface, request->address, &group));
}

static int leave4(struct socket *socket, const struct abi_ip_mreqn *request)
{
    ip_addr_t group = ip4(request->group);

    uint32_t interface =
        choose_interface(request->interface, request->address, &group);
    if (!interface && !request->interface && !request->address)
        return -ENODEV;
    return multicast_leave(socket, &group, interface);
}

// struct ip_mreq, or the longer struct ip_mreqn.
static int change4(struct socket *socket, const void *value, size_t length,
                   int (*change)(struct socket *socket,
                                 const struct abi_ip_mreqn *request))
{
    struct abi_ip_mreqn request = {0};

    if (is_stream(socket))
        return -EPROTO;
    memcpy(&request, value,
           length < sizeof(request) ? IP_MREQ_SIZE : sizeof(request));
    net_lock();
    int error = change(socket, &request);
    net_unlock();
    return error;
}

static int set_join4(struct socket *socket, const void *value, size_t length)
{
    return change4(socket, value, length, join4);
}

static int set_leave4(struct socket *socket, const void *value, size_t length)
{
    return change4(socket, value, length, leave4);
}

#define MREQ_OPTION(row, option, setter)                           \
    SOCKET_OPTION(row) = {.level = IPPROTO_IP,                     \
                          .name = option,                          \
                          .family = AF_INET,                       \
                          .size = IP_MREQ_SIZE,                    \
                          .max_size = sizeof(struct abi_ip_mreqn), \
                          .set_bytes = setter}
MREQ_OPTION(ip_add_membership, IP_ADD_MEMBERSHIP, set_join4);
MREQ_OPTION(ip_drop_membership, IP_DROP_MEMBERSHIP, set_leave4);

static int change_source4(struct socket *socket, const void *value,
                          size_t length, enum source_change change)
{
    const struct abi_ip_mreq_source *request = value;
    ip_addr_t group = ip4(request->group), source = ip4(request->source);

    if (length != sizeof(*request))
        return -EINVAL;
    net_lock();
    int error = multicast_change_source(
        socket, &group, choose_interface(0, request->address, &group), &source,
        change);
    net_unlock();
    return error;
}

#define SOURCE_OPTION(row, option, change)                                   \
    static int set_##row(struct socket *socket, const void *value,           \
                         size_t length)                                      \
    {                                                                        \
        return change_source4(socket, value, length, change);                \
    }                                                                        \
    SOCKET_OPTION(row) = {.level = IPPROTO_IP,                               \
                          .name = option,                                    \
                          .family = AF_INET,                                 \
                          .max_size = sizeof(struct abi_ip_mreq_source) + 1, \
                          .set_bytes = set_##row}
SOURCE_OPTION(ip_add_source, IP_ADD_SOURCE_MEMBERSHIP, SOURCE_JOIN);
SOURCE_OPTION(ip_drop_source, IP_DROP_SOURCE_MEMBERSHIP, SOURCE_LEAVE);
SOURCE_OPTION(ip_block_source, IP_BLOCK_SOURCE, SOURCE_BLOCK);
SOURCE_OPTION(ip_unblock_source, IP_UNBLOCK_SOURCE, SOURCE_UNBLOCK);

// IP_MULTICAST_IF: an address, or struct ip_mreq or ip_mreqn.
static int get_interface4(struct socket *socket, void *value, size_t *length)
{
    memcpy(value, &socket->options.ip.multicast_source, sizeof(uint32_t));
    *length = sizeof(uint32_t);
    return 0;
}

static int set_interface4(struct socket *socket, const void *value,
                          size_t length)
{
    struct abi_ip_mreqn request = {0};
    uint32_t device = READ_ONCE(socket->options.device);
    struct net_link *link;

    if (is_stream(socket))
        return -EINVAL;
    if (length >= sizeof(request))
        memcpy(&request, value, sizeof(request));
    else if (length >= IP_MREQ_SIZE)
        memcpy(&request, value, IP_MREQ_SIZE);
    else
        memcpy(&request.address, value, sizeof(request.address));
    if (request.interface || request.address) {
        net_lock();
        link = request.interface ? link_by_index(request.interface)
                                 : link_of_address(request.address);
        request.interface = link ? link_index(link) : 0;
        net_unlock();
        if (!link)
            return -EADDRNOTAVAIL;
    }
    if (device && request.interface && request.interface != (int)device)
        return -EINVAL;
    WRITE_ONCE(socket->options.ip.multicast_interface, request.interface);
    WRITE_ONCE(socket->options.ip.multicast_source, request.address);
    return 0;
}
SOCKET_OPTION(ip_multicast_if) = {.level = IPPROTO_IP,
                                  .name = IP_MULTICAST_IF,
                                  .family = AF_INET,
                                  .size = sizeof(uint32_t),
                                  .max_size = sizeof(struct abi_ip_mreqn),
                                  .get_bytes = get_interface4,
                                  .set_bytes = set_interface4};

static int get_ttl(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.ip.multicast_ttl;
    return 0;
}

static int set_ttl(struct socket *socket, const union option_value *value)
{
    int ttl = value->integer == -1 ? 1 : value->integer;

    if (is_stream(socket) || ttl < 0 || ttl > 255)
        return -EINVAL;
    WRITE_ONCE(socket->options.ip.multicast_ttl, ttl);
    return 0;
}
INTEGER_OPTION(ip_multicast_ttl, IPPROTO_IP, IP_MULTICAST_TTL, AF_INET, 0,
               get_ttl, set_ttl);

static int get_loop(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.ip.multicast_loop;
    return 0;
}

static int set_loop(struct socket *socket, const union option_value *value)
{
    WRITE_ONCE(socket->options.ip.multicast_loop, value->integer != 0);
    return 0;
}
INTEGER_OPTION(ip_multicast_loop, IPPROTO_IP, IP_MULTICAST_LOOP, AF_INET, 0,
               get_loop, set_loop);

static int get_all(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.ip.multicast_all;
    return 0;
}

static int set_all(struct socket *socket, const union option_value *value)
{
    if (value->integer != 0 && value->integer != 1)
        return -EINVAL;
    WRITE_ONCE(socket->options.ip.multicast_all, value->integer);
    return 0;
}
INTEGER_OPTION(ip_multicast_all, IPPROTO_IP, IP_MULTICAST_ALL, AF_INET, 0,
               get_all, set_all);

// ---- IPv6 ----

static int change6(struct socket *socket, const void *value, bool join)
{
    const struct abi_ipv6_mreq *request = value;
    ip6_addr_t address = {0};
    ip_addr_t group;

    if (is_stream(socket))
        return -EPROTO;
    memcpy(address.addr, request->group, sizeof(request->group));
    ip_addr_copy_from_ip6(group, address);
    if (!ip6_addr_ismulticast(&address))
        return join ? -EINVAL : -EADDRNOTAVAIL;
    net_lock();
    uint32_t interface = choose_interface(request->interface, 0, &group);
    struct net_link *link = link_by_index(interface);
    if (link)
        ip6_addr_assign_zone(ip_2_ip6(&group), IP6_MULTICAST, &link->netif);
    int error = join ? multicast_join(socket, &group, interface)
                     : multicast_leave(socket, &group, interface);
    net_unlock();
    return error;
}

static int set_join6(struct socket *socket, const void *value, size_t length)
{
    (void)length;
    return change6(socket, value, true);
}

static int set_leave6(struct socket *socket, const void *value, size_t length)
{
    (void)length;
    return change6(socket, value, false);
}

#define MREQ6_OPTION(row, option, setter)                           \
    SOCKET_OPTION(row) = {.level = IPPROTO_IPV6,                    \
                          .name = option,                           \
                          .family = AF_INET6,                       \
                          .size = sizeof(struct abi_ipv6_mreq),     \
                          .max_size = sizeof(struct abi_ipv6_mreq), \
                          .set_bytes = setter}
MREQ6_OPTION(ip6_join_group, IPV6_JOIN_GROUP, set_join6);
MREQ6_OPTION(ip6_leave_group, IPV6_LEAVE_GROUP, set_leave6);

static int get_interface6(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.multicast_interface6;
    return 0;
}

static int set_interface6(struct socket *socket,
                          const union option_value *value)
{
    uint32_t device = READ_ONCE(socket->options.device);
    uint32_t index = value->integer;

    if (is_stream(socket))
        return -ENOPROTOOPT;
    net_lock();
    bool exists = index == 0 || link_by_index(index);
    net_unlock();
    if (!exists)
        return -ENODEV;
    if (index && device && device != index)
        return -EINVAL;
    WRITE_ONCE(socket->options.multicast_interface6, index);
    return 0;
}
INTEGER_OPTION(ip6_multicast_if, IPPROTO_IPV6, IPV6_MULTICAST_IF, AF_INET6, 0,
               get_interface6, set_interface6);

// Kept as 1 + the value, so that a new socket's 0 is the default.
static int get_hops6(struct socket *socket, union option_value *value)
{
    value->integer = ip_option_multicast_hops(socket);
    return 0;
}

static int set_hops6(struct socket *socket, const union option_value *value)
{
    int hops = value->integer == -1 ? 1 : value->integer;

    if (is_stream(socket))
        return -ENOPROTOOPT;
    if (hops < 0 || hops > 255)
        return -EINVAL;
    WRITE_ONCE(socket->options.multicast_hops6, hops + 1);
    return 0;
}
INTEGER_OPTION(ip6_multicast_hops, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, AF_INET6,
               0, get_hops6, set_hops6);

// These two are on in a new socket.
#define INVERSE6_OPTION(row, option, field)                                \
    static int get_##row(struct socket *socket, union option_value *value) \
    {                                                                      \
        value->integer = !socket->options.field;                           \
        return 0;                                                          \
    }                                                                      \
    static int set_##row(struct socket *socket,                            \
                         const union option_value *value)                  \
    {                                                                      \
        if (value->integer != 0 && value->integer != 1)                    \
            return -EINVAL;                                                \
        WRITE_ONCE(socket->options.field, !value->integer);                \
        return 0;                                                          \
    }                                                                      \
    INTEGER_OPTION(row, IPPROTO_IPV6, option, AF_INET6, 0, get_##row, set_##row)
INVERSE6_OPTION(ip6_multicast_loop, IPV6_MULTICAST_LOOP, no_multicast_loop6);
INVERSE6_OPTION(ip6_multicast_all, IPV6_MULTICAST_ALL, only_own_groups6);
