// SPDX-License-Identifier: MIT
//
// The option table's rows of level IPPROTO_IPV6, ipv6(7), for every AF_INET6
// socket.

#include <abi/errno.h>
#include <abi/inet.h>
#include <net/error_queue.h>
#include <net/ip_control.h>
#include <net/ip_option.h>
#include <net/option.h>

#define IP6_OPTION(id, option, getter, setter)  \
    SOCKET_OPTION(id) = {.level = IPPROTO_IPV6, \
                         .name = option,        \
                         .family = AF_INET6,    \
                         .size = sizeof(int),   \
                         .get = getter,         \
                         .set = setter}

void ip_option_bound(struct socket *socket, const ip_addr_t *local)
{
    if (socket->family == AF_INET6 && IP_IS_V6(local) && !ip_addr_isany(local))
        socket->options.ipv6_only = true;
}

static int get_v6_only(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.ipv6_only;
    return 0;
}

// Only before the socket has a port.
static int set_v6_only(struct socket *socket, const union option_value *value)
{
    struct socket_address local;
    const struct abi_sockaddr_in6 *in6 = (const void *)local.data;

    socket->ops->local_address(socket, &local);
    if (in6->port != 0)
        return -EINVAL;
    WRITE_ONCE(socket->options.ipv6_only, value->integer != 0);
    return 0;
}
IP6_OPTION(ip6_only, IPV6_V6ONLY, get_v6_only, set_v6_only);

static int get_hops(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.hop_limit;
    return 0;
}

static int set_hops(struct socket *socket, const union option_value *value)
{
    if (value->integer < -1 || value->integer > 255)
        return -EINVAL;
    socket->options.hop_limit =
        value->integer == -1 ? IP_DEFAULT_TTL : value->integer;
    socket_apply(socket);
    return 0;
}
IP6_OPTION(ip6_hops, IPV6_UNICAST_HOPS, get_hops, set_hops);

static int get_class(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.traffic_class;
    return 0;
}

static int set_class(struct socket *socket, const union option_value *value)
{
    if (value->integer < -1 || value->integer > 255)
        return -EINVAL;
    socket->options.traffic_class = MAX(value->integer, 0);
    socket_apply(socket);
    return 0;
}
IP6_OPTION(ip6_class, IPV6_TCLASS, get_class, set_class);

// ---- what recvmsg is to tell ----

#define RECEIVE6_OPTION(row, name, bit)                                    \
    static int get_##row(struct socket *socket, union option_value *value) \
    {                                                                      \
        value->integer = (socket->options.receive6 & (bit)) != 0;          \
        return 0;                                                          \
    }                                                                      \
    static int set_##row(struct socket *socket,                            \
                         const union option_value *value)                  \
    {                                                                      \
        ip_option_set_bit(&socket->options.receive6, bit, value->integer); \
        return 0;                                                          \
    }                                                                      \
    IP6_OPTION(row, name, get_##row, set_##row)

RECEIVE6_OPTION(ip6_recvpktinfo, IPV6_RECVPKTINFO, IP_RECEIVE_PKTINFO);
RECEIVE6_OPTION(ip6_recvhoplimit, IPV6_RECVHOPLIMIT, IP_RECEIVE_TTL);
RECEIVE6_OPTION(ip6_recvtclass, IPV6_RECVTCLASS, IP_RECEIVE_TOS);

static int get_errors(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.receive_errors6;
    return 0;
}

static int set_errors(struct socket *socket, const union option_value *value)
{
    WRITE_ONCE(socket->options.receive_errors6, value->integer != 0);
    if (!value->integer)
        error_queue_clear(socket);
    return 0;
}
IP6_OPTION(ip6_recverr, IPV6_RECVERR, get_errors, set_errors);

// ---- fragments ----

IP6_OPTION(ip6_mtu, IPV6_MTU, ip_option_get_mtu, NULL);

static int get_discover(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.mtu_discover6;
    return 0;
}

static int set_discover(struct socket *socket, const union option_value *value)
{
    if (value->integer < IP_PMTUDISC_DONT || value->integer > IP_PMTUDISC_OMIT)
        return -EINVAL;
    WRITE_ONCE(socket->options.mtu_discover6, value->integer);
    return 0;
}
IP6_OPTION(ip6_mtu_discover, IPV6_MTU_DISCOVER, get_discover, set_discover);

static int get_dont_fragment(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.dont_fragment6;
    return 0;
}

static int set_dont_fragment(struct socket *socket,
                             const union option_value *value)
{
    WRITE_ONCE(socket->options.dont_fragment6, value->integer != 0);
    return 0;
}
IP6_OPTION(ip6_dont_fragment, IPV6_DONTFRAG, get_dont_fragment,
           set_dont_fragment);
