// SPDX-License-Identifier: MIT
//
// Between sockaddr.c and sockaddr6.c.

#pragma once

#include <net/sockaddr.h>

// Does the socket speak IPv4 beside IPv6, by mapped addresses?
static inline bool endpoint_is_dual(const struct socket *socket)
{
    return socket->family == AF_INET6 && !socket->options.ipv6_only;
}

// struct sockaddr_in6 and back; a mapped address becomes one of IPv4. 0,
// -EINVAL (too short), -EAFNOSUPPORT, -ENODEV (no such scope).
int endpoint_from_ipv6(struct endpoint *to, const struct socket_address *from);
void endpoint_to_ipv6(struct socket_address *to, const struct endpoint *from);
// endpoint_to_bind for an AF_INET6 socket.
int endpoint_ipv6_to_bind(struct endpoint *to, const struct socket *socket,
                          const struct socket_address *from);
