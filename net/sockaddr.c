// SPDX-License-Identifier: MIT
//
// Socket addresses cross the user boundary here, and nowhere else: lengths and
// families are checked, bytes are swapped. IPv6's form is in net/sockaddr6.c.

#include <abi/errno.h>
#include <abi/inet.h>
#include <lwip/def.h>
#include <mm/uaccess.h>
#include <net/server.h>
#include <net/sockaddr.h>
#include <string.h>

#include "sockaddr6.h"

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

struct endpoint endpoint_any(const struct socket *socket)
{
    struct endpoint any = {0};

    if (socket->family == AF_INET6)
        IP_SET_TYPE_VAL(any.ip, endpoint_is_dual(socket) ? IPADDR_TYPE_ANY
                                                         : IPADDR_TYPE_V6);
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

int endpoint_from_address(struct endpoint *to, const struct socket *socket,
                          const struct socket_address *from)
{
    bool ipv4 = socket->family == AF_INET ||
                (from->length >= sizeof(from->family) &&
                 from->family == AF_INET && socket->type == SOCK_DGRAM);
    int error = ipv4 ? from_ipv4(to, from) : endpoint_from_ipv6(to, from);

    if (error == 0 && socket->family == AF_INET6 && IP_IS_V4_VAL(to->ip) &&
        !endpoint_is_dual(socket))
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

int endpoint_to_bind(struct endpoint *to, const struct socket *socket,
                     const struct socket_address *from)
{
    struct socket_address address = *from;
    struct abi_sockaddr_in *in = (void *)address.data;

    if (socket->family == AF_INET6)
        return endpoint_ipv6_to_bind(to, socket, from);
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

void endpoint_to_address(struct socket_address *to, const struct socket *socket,
                         const struct endpoint *from)
{
    memset(to, 0, sizeof(*to));
    if (socket->family == AF_INET6)
        endpoint_to_ipv6(to, from);
    else
        to_ipv4(to, from);
}
