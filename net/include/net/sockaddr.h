// SPDX-License-Identifier: MIT
//
// Addresses at the border: struct sockaddr in network byte order outside,
// lwIP's ip_addr_t and host-order ports inside.

#pragma once

#include <lwip/ip_addr.h>
#include <net/socket.h>

// The type of the address says which packets it stands for: IPADDR_TYPE_V4
// (also for ::ffff:a.b.c.d of an AF_INET6 socket), IPADDR_TYPE_V6, or
// IPADDR_TYPE_ANY for the :: of an AF_INET6 socket that serves both.
struct endpoint {
    ip_addr_t ip;
    uint16_t port;  // host byte order
};

// Copy an address in, out. Out: at most the room that *length in user memory
// says, then the full length is stored there. 0, -EFAULT, -EINVAL.
int address_from_user(struct socket_address *to, uaddr from, uint64_t length);
int address_to_user(const struct socket_address *from, uaddr to, uaddr length);
// Can address_to_user succeed? Asked before something is taken out of a queue.
int address_user_check(uaddr to, uaddr length);

// No address and no port: what the socket has before bind.
struct endpoint endpoint_any(const struct socket *socket);

// To whom the socket is to connect or send. 0, -EINVAL (too short),
// -EAFNOSUPPORT (another family), -ENETUNREACH (IPv4 from a socket that is for
// IPv6 only), -ENODEV (no such scope). Core mutex not held.
int endpoint_from_address(struct endpoint *to, const struct socket *socket,
                          const struct socket_address *from);
// The same for connect, which wants a scope with a link-local address
// (-EINVAL).
int endpoint_to_connect(struct endpoint *to, const struct socket *socket,
                        const struct socket_address *from);
// The same for bind, which on Linux takes AF_UNSPEC with the address 'any' for
// AF_INET, and wants a scope with a link-local address.
int endpoint_to_bind(struct endpoint *to, const struct socket *socket,
                     const struct socket_address *from);
// The address 'any' of a peer is this machine, by the protocol that `local`
// speaks.
void endpoint_any_is_loopback(struct endpoint *peer, const ip_addr_t *local);
void endpoint_to_address(struct socket_address *to, const struct socket *socket,
                         const struct endpoint *from);
