// SPDX-License-Identifier: MIT
//
// The option table's rows of level IPPROTO_IP, ip(7), for every AF_INET socket.
// Groups are in net/option/multicast_option.c.

#include <abi/errno.h>
#include <abi/inet.h>
#include <lwip/opt.h>
#include <net/error_queue.h>
#include <net/ip_control.h>
#include <net/ip_option.h>
#include <net/option.h>
#include <net/server.h>
#include <net/socket.h>
#include <proc/task.h>

#define IP_OPTION(row, name, getter, setter) \
    INTEGER_OPTION(row, IPPROTO_IP, name, AF_INET, 0, getter, setter)

void ip_option_init(struct socket *socket, int ttl)
{
    socket->options.ttl = ttl;
    socket->options.hop_limit = ttl;
    socket->options.mtu_discover6 = IP_PMTUDISC_WANT;
    socket->options.ip = (struct ip_settings){.mtu_discover = IP_PMTUDISC_WANT,
                                              .multicast_ttl = 1,
                                              .multicast_loop = true,
                                              .multicast_all = true};
}

// ---- bytes of the header ----

static int get_ttl(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.ttl;
    return 0;
}

static int set_ttl(struct socket *socket, const union option_value *value)
{
    int ttl = value->integer == -1 ? IP_DEFAULT_TTL : value->integer;

    if (ttl < 1 || ttl > 255)
        return -EINVAL;
    socket->options.ttl = ttl;
    socket_apply(socket);
    return 0;
}
IP_OPTION(ip_ttl, IP_TTL, get_ttl, set_ttl);

static int get_tos(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.tos;
    return 0;
}

// Linux's SO_PRIORITY for the four bits of RFC 1349.
static int priority_of_tos(int tos)
{
    static const uint8_t priorities[] = {0, 1, 0, 0, 2, 2, 2, 2,
                                         6, 6, 6, 6, 4, 4, 4, 4};

    return priorities[tos >> 1 & 15];
}

static int set_tos(struct socket *socket, const union option_value *value)
{
    socket->options.tos = value->integer & 0xff;
    WRITE_ONCE(socket->options.priority, priority_of_tos(value->integer));
    socket_apply(socket);
    return 0;
}
IP_OPTION(ip_tos, IP_TOS, get_tos, set_tos);

// ---- what recvmsg is to tell ----

static int get_receive(const struct socket *socket, unsigned bit,
                       union option_value *value)
{
    value->integer = (READ_ONCE(socket->options.ip.receive) & bit) != 0;
    return 0;
}

static int set_receive(struct socket *socket, unsigned bit,
                       const union option_value *value)
{
    ip_option_set_bit(&socket->options.ip.receive, bit, value->integer);
    return 0;
}

#define RECEIVE_OPTION(row, name, bit)                                     \
    static int get_##row(struct socket *socket, union option_value *value) \
    {                                                                      \
        return get_receive(socket, bit, value);                            \
    }                                                                      \
    static int set_##row(struct socket *socket,                            \
                         const union option_value *value)                  \
    {                                                                      \
        return set_receive(socket, bit, value);                            \
    }                                                                      \
    IP_OPTION(row, name, get_##row, set_##row)

RECEIVE_OPTION(ip_pktinfo, IP_PKTINFO, IP_RECEIVE_PKTINFO);
RECEIVE_OPTION(ip_recvttl, IP_RECVTTL, IP_RECEIVE_TTL);
RECEIVE_OPTION(ip_recvtos, IP_RECVTOS, IP_RECEIVE_TOS);
RECEIVE_OPTION(ip_recvorigdstaddr, IP_RECVORIGDSTADDR, IP_RECEIVE_ORIGDSTADDR);

// ---- plain switches and numbers ----

#define FIELD_OPTION(row, name, field, valid)                              \
    static int get_##row(struct socket *socket, union option_value *value) \
    {                                                                      \
        value->integer = READ_ONCE(socket->options.ip.field);              \
        return 0;                                                          \
    }                                                                      \
    static int set_##row(struct socket *socket,                            \
                         const union option_value *value)                  \
    {                                                                      \
        int v = value->integer;                                            \
                                                                           \
        if (!(valid))                                                      \
            return -EINVAL;                                                \
        WRITE_ONCE(socket->options.ip.field, v);                           \
        return 0;                                                          \
    }                                                                      \
    IP_OPTION(row, name, get_##row, set_##row)

FIELD_OPTION(ip_mtu_discover, IP_MTU_DISCOVER, mtu_discover,
             v >= IP_PMTUDISC_DONT && v <= IP_PMTUDISC_OMIT);
FIELD_OPTION(ip_minttl, IP_MINTTL, min_ttl, v >= 0 && v <= 255);
FIELD_OPTION(ip_freebind, IP_FREEBIND, free_bind, true);
FIELD_OPTION(ip_bind_address_no_port, IP_BIND_ADDRESS_NO_PORT,
             bind_without_port, true);

static int get_errors(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.ip.receive_errors;
    return 0;
}

static int set_errors(struct socket *socket, const union option_value *value)
{
    WRITE_ONCE(socket->options.ip.receive_errors, value->integer != 0);
    if (!value->integer)
        error_queue_clear(socket);
    return 0;
}
IP_OPTION(ip_recverr, IP_RECVERR, get_errors, set_errors);

// Packets with addresses that are not this machine's cannot be had here, so
// switching it on is what it is on Linux for those who may not.
static int get_transparent(struct socket *socket, union option_value *value)
{
    (void)socket;
    value->integer = 0;
    return 0;
}

static int set_transparent(struct socket *socket,
                           const union option_value *value)
{
    (void)socket;
    return value->integer ? -EPERM : 0;
}
IP_OPTION(ip_transparent, IP_TRANSPARENT, get_transparent, set_transparent);

// ---- the way ----

int ip_option_get_mtu(struct socket *socket, union option_value *value)
{
    struct socket_address peer;
    struct ip_send how = {0};
    int error = -ENOTCONN;

    if (READ_ONCE(socket->state) == SOCKET_CONNECTED)
        error = socket->ops->peer_address(socket, &peer);
    if (error == 0)
        error = endpoint_from_address(&how.to, socket, &peer);
    if (error < 0)
        return -ENOTCONN;
    net_lock();
    error = ip_send_route(
        &how, socket, IP_IS_V6_VAL(how.to.ip) ? IP6_ADDR_ANY : IP4_ADDR_ANY);
    net_unlock();
    value->integer = how.mtu;
    return error < 0 ? -ENOTCONN : 0;
}
IP_OPTION(ip_mtu, IP_MTU, ip_option_get_mtu, NULL);

// An index in network byte order.
static int get_unicast_interface(struct socket *socket,
                                 union option_value *value)
{
    value->integer = lwip_htonl(socket->options.ip.unicast_interface);
    return 0;
}

static int set_unicast_interface(struct socket *socket,
                                 const union option_value *value)
{
    uint32_t index = lwip_ntohl(value->integer);
    uint32_t device = READ_ONCE(socket->options.device);

    net_lock();
    bool exists = index == 0 || link_by_index(index);
    net_unlock();
    if (!exists)
        return -EADDRNOTAVAIL;
    if (index && device && index != device)
        return -EINVAL;
    WRITE_ONCE(socket->options.ip.unicast_interface, index);
    return 0;
}
IP_OPTION(ip_unicast_if, IP_UNICAST_IF, get_unicast_interface,
          set_unicast_interface);

// Bounds for the port that bind(2) and connect(2) choose: the first in the
// lower half, the last in the upper; 0 leaves a bound as it is.
static int get_port_range(struct socket *socket, union option_value *value)
{
    const struct ip_settings *ip = &socket->options.ip;

    value->integer = ip->port_first | (uint32_t)ip->port_last << 16;
    return 0;
}

static int set_port_range(struct socket *socket,
                          const union option_value *value)
{
    uint16_t first = value->integer, last = (uint32_t)value->integer >> 16;

    if (first && last && first > last)
        return -EINVAL;
    WRITE_ONCE(socket->options.ip.port_first, first);
    WRITE_ONCE(socket->options.ip.port_last, last);
    return 0;
}
IP_OPTION(ip_local_port_range, IP_LOCAL_PORT_RANGE, get_port_range,
          set_port_range);
