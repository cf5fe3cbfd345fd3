// SPDX-License-Identifier: MIT
//
// struct sockaddr_in6 at the border: scopes, and IPv4's addresses mapped into
// IPv6 (RFC 4291, 2.5.5.2).

#include <abi/errno.h>
#include <abi/inet.h>
#include <lwip/def.h>
#include <net/server.h>
#include <string.h>

#include "sockaddr6.h"

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

int endpoint_from_ipv6(struct endpoint *to, const struct socket_address *from)
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

int endpoint_ipv6_to_bind(struct endpoint *to, const struct socket *socket,
                          const struct socket_address *from)
{
    int error = endpoint_from_ipv6(to, from);

    if (error < 0)
        return error;
    if (IP_IS_V4_VAL(to->ip))
        return endpoint_is_dual(socket) ? 0 : -EINVAL;
    if (ip6_addr_lacks_zone(ip_2_ip6(&to->ip), IP6_UNKNOWN))
        return -EINVAL;
    if (ip_addr_isany(&to->ip))
        to->ip = endpoint_any(socket).ip;
    return 0;
}

void endpoint_to_ipv6(struct socket_address *to, const struct endpoint *from)
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
