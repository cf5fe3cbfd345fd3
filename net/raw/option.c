// SPDX-License-Identifier: MIT
//
// The option table's rows of raw sockets: raw(7), icmp(7), RFC 3542.

#include <abi/errno.h>
#include <abi/inet.h>
#include <net/option.h>
#include <net/server.h>
#include <string.h>

#include "raw.h"

static bool is_raw(const struct socket *socket)
{
    return socket->type == SOCK_RAW;
}

// ---- the user's own IP header ----

static int get_header(struct socket *socket, union option_value *value)
{
    value->integer = is_raw(socket) && raw_of(socket)->header_included;
    return 0;
}

static int set_header(struct socket *socket, const union option_value *value)
{
    if (!is_raw(socket))
        return -ENOPROTOOPT;
    WRITE_ONCE(raw_of(socket)->header_included, value->integer != 0);
    return 0;
}
INTEGER_OPTION(ip_hdrincl, IPPROTO_IP, IP_HDRINCL, AF_INET, 0, get_header,
               set_header);

static int set_header6(struct socket *socket, const union option_value *value)
{
    if (!is_raw(socket))
        return -EINVAL;
    return set_header(socket, value);
}
INTEGER_OPTION(ip6_hdrincl, IPPROTO_IPV6, IPV6_HDRINCL, AF_INET6, 0, get_header,
               set_header6);

// ---- a checksum that the kernel fills in and checks ----

static int get_checksum(struct socket *socket, union option_value *value)
{
    if (!is_raw(socket))
        return -ENOPROTOOPT;
    value->integer = raw_of(socket)->checksum_at;
    return 0;
}

static int set_checksum(struct socket *socket, const union option_value *value)
{
    int at = value->integer;

    if (!is_raw(socket))
        return -ENOPROTOOPT;
    if (at > 0 && at % 2)
        return -EINVAL;
    WRITE_ONCE(raw_of(socket)->checksum_at, MAX(at, -1));
    return 0;
}
INTEGER_OPTION(raw_checksum, SOL_RAW, IPV6_CHECKSUM, AF_INET6, 0, get_checksum,
               set_checksum);

// ICMPv6's checksum is where RFC 4443 says.
static int set_checksum6(struct socket *socket, const union option_value *value)
{
    if (is_raw(socket) && socket->protocol == IPPROTO_ICMPV6)
        return -EINVAL;
    return set_checksum(socket, value);
}
INTEGER_OPTION(ip6_checksum, IPPROTO_IPV6, IPV6_CHECKSUM, AF_INET6, 0,
               get_checksum, set_checksum6);

// ---- ICMP types that the socket does not want ----

#define ICMP_FILTER_SIZE  4
#define ICMP6_FILTER_SIZE 32

// Is there such a filter? Else, what Linux says to a socket of another kind.
static int check_filter(const struct socket *socket, int other_kind)
{
    int icmp = socket->family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;

    if (!is_raw(socket))
        return other_kind;
    return socket->protocol == icmp ? 0 : -EOPNOTSUPP;
}

static int get_filter(struct socket *socket, void *value, size_t *length)
{
    size_t size =
        socket->family == AF_INET6 ? ICMP6_FILTER_SIZE : ICMP_FILTER_SIZE;
    int error = check_filter(socket, -EOPNOTSUPP);

    if (error < 0)
        return error;
    memcpy(value, raw_of(socket)->filter, size);
    *length = size;
    return 0;
}

// A short value leaves the rest as it is.
static int set_filter(struct socket *socket, const void *value, size_t length)
{
    int error = check_filter(socket, -ENOPROTOOPT);

    if (error == 0)
        memcpy(raw_of(socket)->filter, value, length);
    return error;
}
SOCKET_OPTION(icmp_filter) = {.level = SOL_RAW,
                              .name = ICMP_FILTER,
                              .family = AF_INET,
                              .max_size = ICMP_FILTER_SIZE,
                              .get_bytes = get_filter,
                              .set_bytes = set_filter};
SOCKET_OPTION(icmp6_filter) = {.level = IPPROTO_ICMPV6,
                               .name = ICMP6_FILTER,
                               .family = AF_INET6,
                               .max_size = ICMP6_FILTER_SIZE,
                               .get_bytes = get_filter,
                               .set_bytes = set_filter};
