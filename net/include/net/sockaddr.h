// SPDX-License-Identifier: MIT
//
// Addresses at the border: struct sockaddr in network byte order outside,
// lwIP's ip_addr_t and host-order ports inside.

#pragma once

#include <lwip/ip_addr.h>
#include <net/socket.h>

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

// 0, -EINVAL (too short), -EAFNOSUPPORT (another family).
int endpoint_from_address(struct endpoint *to,
                          const struct socket_address *from);
// The same for bind, which on Linux takes AF_UNSPEC with the address 'any' for
// AF_INET.
int endpoint_to_bind(struct endpoint *to, const struct socket_address *from);
void endpoint_to_address(struct socket_address *to,
                         const struct endpoint *from);
