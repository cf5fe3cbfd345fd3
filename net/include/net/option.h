// SPDX-License-Identifier: MIT
//
// The option table: a row in the linker set socket_options for each option that
// getsockopt(2) and setsockopt(2) know. The rows stand in net/option/, and in
// the folder of the protocol that they are of.

#pragma once

#include <net/socket.h>

// An option that getsockopt and setsockopt know. protocol 0: every socket's;
// family 0: every family's, AF_INET: also AF_INET6's, which speak IPv4 too. A
// missing getter or setter is ENOPROTOOPT.
//
// Most values have one size, and get and set. A value of variable length (a
// name, a list, a structure that grew over the years) has get_bytes and
// set_bytes, which work on kernel memory of max_size bytes: set_bytes gets what
// the user gave, from `size` bytes on (fewer is EINVAL) and cut at max_size;
// get_bytes finds in *length the room that the user offers, at most max_size,
// and stores how long its value is (as much of it as there is room for is
// copied out).
union option_value {
    int32_t integer;
    uint64_t number;
    struct abi_linger linger;
    struct abi_socket_timeval time;
};
struct socket_option {
    int level, name;
    int family, protocol;
    size_t size;  // of the value, or the least of it
    int (*get)(struct socket *socket, union option_value *value);
    int (*set)(struct socket *socket, const union option_value *value);
    size_t max_size;  // 0: the value has one size
    int (*get_bytes)(struct socket *socket, void *value, size_t *length);
    int (*set_bytes)(struct socket *socket, const void *value, size_t length);
    // Instead of get: for a length in user memory that does not count bytes.
    int (*get_user)(struct socket *socket, uaddr value, uaddr length);
};
LINKSET_DECLARE(socket_options, struct socket_option);
#define SOCKET_OPTION(name) \
    LINKSET_ENTRY(socket_options, struct socket_option, socket_option_##name)
// A row whose value is an int.
#define INTEGER_OPTION(row, option_level, option_name, of_family, of_protocol, \
                       getter, setter)                                         \
    SOCKET_OPTION(row) = {.level = (option_level),                             \
                          .name = (option_name),                               \
                          .family = (of_family),                               \
                          .protocol = (of_protocol),                           \
                          .size = sizeof(int32_t),                             \
                          .get = (getter),                                     \
                          .set = (setter)}

// Tell the protocol that options changed.
void socket_apply(struct socket *socket);

// getsockopt(2), setsockopt(2); value and length in user memory.
int socket_get_option(struct socket *socket, int level, int name, uaddr value,
                      uaddr length);
int socket_set_option(struct socket *socket, int level, int name, uaddr value,
                      int length);
