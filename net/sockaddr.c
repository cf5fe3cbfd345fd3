// SPDX-License-Identifier: MIT
//
// Socket addresses cross the user boundary here, and nowhere else: lengths and
// families are checked, bytes are swapped.

#include <abi/errno.h>
#include <abi/inet.h>
#include <lwip/def.h>
#include <mm/uaccess.h>
#include <net/server.h>
#include <net/sockaddr.h>
#include <string.h>

int address_from_user(struct socket_address *to, uaddr from, uint64_t length)
{
    if ((int)length < 0 || length > SOCKADDR_MAX)
        return -EINVAL;
    memset(to, 0, sizeof(*to));
    to->length = length;
    return copy_from_user(to->data, from, length);
}

// The room that the user offers, in *room.
static int user_room(uaddr length, uint32_t *room)
{
    int error = GET_USER(room, length);

    if (error < 0)
        return error;
    return (int32_t)*room < 0 ? -EINVAL : 0;
}

int address_to_user(const struct socket_address *from, uaddr to, uaddr length)
{
    uint32_t room;
    int error = user_room(length, &room);

    if (error < 0)
        return error;
    error = copy_to_user(to, from->data, MIN(room, from->length));
    return error < 0 ? error : PUT_USER(length, from->length);
}

int address_user_check(uaddr to, uaddr length)
{
    uint8_t bytes[SOCKADDR_MAX];
    uint32_t room;
    int error = user_room(length, &room);

    if (error == 0)
        error = PUT_USER(length, room);
    room = MIN(room, sizeof(bytes));
    if (error == 0)
        error = copy_from_user(bytes, to, room);
    return error == 0 ? copy_to_user(to, bytes, room) : error;
}

static bool is_dual(const struct socket *socket)
{
    return socket->family == AF_INET6 && !socket->options.ipv6_only;
}

struct endpoint endpoint_any(const struct socket *socket)
{
    struct endpoint any = {0};

    if (socket->family == AF_INET6)
        IP_SET_TYPE_VAL(any.ip,
                        is_dual(socket) ? IPADDR_TYPE_ANY : IPADDR_TYPE_V6);
    return any;
}

static int from_ipv4(struct endpoint *to, const struct socket_address *from)
{
    const struct abi_sockaddr_in *in = (const void *)from->data;

    if (from->length < sizeof(*in))
        return -EINVAL;
    if (in->family != AF_INET)
        return -EAFNOSUPPORT;
    ip_addr_set_ip4_u32(&to->ip, in->address);
    to->port = lwip_ntohs(in->port);
    return 0;
}

// The scope of a link-local address, which is lwIP's zone.
static int set_zone(ip6_addr_t *address, uint32_t scope)
{
    struct net_link *link;

    if (scope == 0 || !ip6_addr_has_scope(address, IP6_UNKNOWN))
        return 0;
    net_lock();
    link = link_by_index(scope);
    if (link)
        ip6_addr_assign_zone(address, IP6_UNKNOWN, &link->netif);
    net_unlock();
    return link ? 0 : -ENODEV;
}

static int from_ipv6(struct endpoint *to, const struct socket_address *from)
{
    const struct abi_sockaddr_in6 *in6 = (const void *)from->data;
    ip6_addr_t address = {0};

    if (from->length < SOCKADDR_IN6_MIN)
        return -EINVAL;
    if (in6->family != AF_INET6)
        return -EAFNOSUPPORT;
    memcpy(address.addr, in6->address, sizeof(in6->address));
    to->port = lwip_ntohs(in6->port);
    if (ip6_addr_isipv4mappedipv6(&address)) {
        ip_addr_set_ip4_u32(&to->ip, address.addr[3]);
        return 0;
    }
    // Where the scope was left out, the rest of the buffer is 0.
    int error = set_zone(&address, in6->scope);
    ip_addr_copy_from_ip6(to->ip, address);
    return error;
}

int endpoint_from_address(struct endpoint *to, const struct socket *socket,
                          const struct socket_address *from)
{
    bool ipv4 = socket->family == AF_INET ||
                (from->length >= sizeof(from->family) &&
                 from->family == AF_INET && socket->type == SOCK_DGRAM);
    int error = ipv4 ? from_ipv4(to, from) : from_ipv6(to, from);

    if (error == 0 && socket->family == AF_INET6 && IP_IS_V4_VAL(to->ip) &&
        !is_dual(socket))
        error = -ENETUNREACH;
    return error;
}

int endpoint_to_connect(struct endpoint *to, const struct socket *socket,
                        const struct socket_address *from)
{
    int error = endpoint_from_address(to, socket, from);

    if (error == -ENETUNREACH && from->family == AF_INET)
        return -EAFNOSUPPORT;
    if (error == 0 && IP_IS_V6_VAL(to->ip) &&
        ip6_addr_lacks_zone(ip_2_ip6(&to->ip), IP6_UNKNOWN))
        return -EINVAL;
    return error;
}

static int ipv6_to_bind(struct endpoint *to, const struct socket *socket,
                        const struct socket_address *from)
{
    int error = from_ipv6(to, from);

    if (error < 0)
        return error;
    if (IP_IS_V4_VAL(to->ip))
        return is_dual(socket) ? 0 : -EINVAL;
    if (ip6_addr_lacks_zone(ip_2_ip6(&to->ip), IP6_UNKNOWN))
        return -EINVAL;
    if (ip_addr_isany(&to->ip))
        to->ip = endpoint_any(socket).ip;
    return 0;
}

int endpoint_to_bind(struct endpoint *to, const struct socket *socket,
                     const struct socket_address *from)
{
    struct socket_address address = *from;
    struct abi_sockaddr_in *in = (void *)address.data;

    if (socket->family == AF_INET6)
        return ipv6_to_bind(to, socket, from);
    if (in->family == AF_UNSPEC && in->address == 0)
        in->family = AF_INET;
    return from_ipv4(to, &address);
}

void endpoint_any_is_loopback(struct endpoint *peer, const ip_addr_t *local)
{
    bool ipv4 = IP_IS_V4(local) || IP_IS_V4_VAL(peer->ip);

    if (ip_addr_isany(&peer->ip))
        ip_addr_set_loopback(!ipv4, &peer->ip);
}

static void to_ipv4(struct socket_address *to, const struct endpoint *from)
{
    struct abi_sockaddr_in *in = (void *)to->data;

    to->length = sizeof(*in);
    in->family = AF_INET;
    in->port = lwip_htons(from->port);
    in->address = ip_addr_get_ip4_u32(&from->ip);
}

static void to_ipv6(struct socket_address *to, const struct endpoint *from)
{
    struct abi_sockaddr_in6 *in6 = (void *)to->data;
    ip6_addr_t address = {0};

    to->length = sizeof(*in6);
    in6->family = AF_INET6;
    in6->port = lwip_htons(from->port);
    if (IP_IS_V6_VAL(from->ip))
        ip6_addr_copy(address, *ip_2_ip6(&from->ip));
    else if (IP_IS_V4_VAL(from->ip))
        ip4_2_ipv4_mapped_ipv6(&address, ip_2_ip4(&from->ip));
    memcpy(in6->address, address.addr, sizeof(in6->address));
    in6->scope = ip6_addr_zone(&address);
}

void endpoint_to_address(struct socket_address *to, const struct socket *socket,
                         const struct endpoint *from)
{
    memset(to, 0, sizeof(*to));
    if (socket->family == AF_INET6)
        to_ipv6(to, from);
    else
        to_ipv4(to, from);
}
