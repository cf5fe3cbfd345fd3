// SPDX-License-Identifier: MIT
//
// MCAST_JOIN_GROUP and its kin (RFC 3678, 5): groups and sources of either
// protocol, as the level says.

#include <abi/errno.h>
#include <abi/inet.h>
#include <net/ip6.h>
#include <net/multicast.h>
#include <net/option.h>
#include <net/route.h>
#include <net/server.h>
#include <string.h>

// An address out of a struct sockaddr_storage. 0, -EINVAL for one of another
// protocol than the level's.
static int address_at(ip_addr_t *address, const uint8_t *storage, int level)
{
    const struct abi_sockaddr_in *in = (const void *)storage;
    const struct abi_sockaddr_in6 *in6 = (const void *)storage;
    ip6_addr_t ip6 = {0};

    if (in->family != (level == IPPROTO_IP ? AF_INET : AF_INET6))
        return -EINVAL;
    if (level == IPPROTO_IP) {
        ip_addr_set_ip4_u32(address, in->address);
        return 0;
    }
    memcpy(ip6.addr, in6->address, sizeof(in6->address));
    ip_addr_copy_from_ip6(*address, ip6);
    return 0;
}

static uint32_t find_interface(uint32_t index, ip_addr_t *group)
{
    struct net_link *link = index ? link_by_index(index) : NULL;
    ip_addr_t source = *group;
    struct netif *netif;

    ip_addr_set_any(IP_IS_V6(group), &source);
    if (!index && route_find(group, &source, &netif, &source) == 0)
        link = netif->state;
    if (link && IP_IS_V6(group))
        ip6_addr_assign_zone(ip_2_ip6(group), IP6_MULTICAST, &link->netif);
    return link ? link_index(link) : 0;
}

static int change_group(struct socket *socket, const void *value, int level,
                        bool join)
{
    const struct abi_group_request *request = value;
    ip_addr_t group;
    int error = address_at(&group, request->group, level);

    if (error < 0)
        return error;
    if (socket->type == SOCK_STREAM)
        return -EPROTO;
    net_lock();
    uint32_t interface = find_interface(request->interface, &group);
    error = join ? multicast_join(socket, &group, interface)
                 : multicast_leave(socket, &group, interface);
    net_unlock();
    return error;
}

static int change_source(struct socket *socket, const void *value, int level,
                         enum source_change change)
{
    const struct abi_group_source_request *request = value;
    ip_addr_t group, source;
    int error = address_at(&group, request->group, level);

    if (error == 0)
        error = address_at(&source, request->source, level);
    if (error < 0)
        return error;
    net_lock();
    error = multicast_change_source(socket, &group,
                                    find_interface(request->interface, &group),
                                    &source, change);
    net_unlock();
    return error;
}

// A row for each level.
#define GROUP_ROW(row, option, of_level, of_family, structure, call) \
    static int set_##row(struct socket *socket, const void *value,   \
                         size_t length)                              \
    {                                                                \
        (void)length;                                                \
        return call;                                                 \
    }                                                                \
    SOCKET_OPTION(row) = {.level = of_level,                         \
                          .name = option,                            \
                          .family = of_family,                       \
                          .size = sizeof(structure),                 \
                          .max_size = sizeof(structure),             \
                          .set_bytes = set_##row}
#define GROUP_OPTION(name, option, join)                                   \
    GROUP_ROW(name, option, IPPROTO_IP, AF_INET, struct abi_group_request, \
              change_group(socket, value, IPPROTO_IP, join));              \
    GROUP_ROW(name##6, option, IPPROTO_IPV6, AF_INET6,                     \
              struct abi_group_request,                                    \
              change_group(socket, value, IPPROTO_IPV6, join))
#define GROUP_SOURCE_OPTION(name, option, change)                \
    GROUP_ROW(name, option, IPPROTO_IP, AF_INET,                 \
              struct abi_group_source_request,                   \
              change_source(socket, value, IPPROTO_IP, change)); \
    GROUP_ROW(name##6, option, IPPROTO_IPV6, AF_INET6,           \
              struct abi_group_source_request,                   \
              change_source(socket, value, IPPROTO_IPV6, change))

GROUP_OPTION(mcast_join, MCAST_JOIN_GROUP, true);
GROUP_OPTION(mcast_leave, MCAST_LEAVE_GROUP, false);
GROUP_SOURCE_OPTION(mcast_join_source, MCAST_JOIN_SOURCE_GROUP, SOURCE_JOIN);
GROUP_SOURCE_OPTION(mcast_leave_source, MCAST_LEAVE_SOURCE_GROUP, SOURCE_LEAVE);
GROUP_SOURCE_OPTION(mcast_block, MCAST_BLOCK_SOURCE, SOURCE_BLOCK);
GROUP_SOURCE_OPTION(mcast_unblock, MCAST_UNBLOCK_SOURCE, SOURCE_UNBLOCK);
