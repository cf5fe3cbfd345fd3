// SPDX-License-Identifier: MIT
//
// Which way a datagram goes, and how: see net/ip_send.h. The packet itself is
// made in net/ip/ip_packet.c.

#include <abi/errno.h>
#include <abi/inet.h>
#include <lib/log.h>
#include <lwip/ip6.h>
#include <lwip/nd6.h>
#include <net/address.h>
#include <net/ip6.h>
#include <net/ip_control.h>
#include <net/ip_option.h>
#include <net/ip_send.h>
#include <net/path_mtu.h>
#include <net/route.h>
#include <net/route_table.h>
#include <net/server.h>

#define IP_PACKET_MAX 65535

int ip_send_prepare(struct ip_send *how, const struct socket *socket,
                    const struct message *message)
{
    *how = (struct ip_send){.device = socket->options.device,
                            .ttl = -1,
                            .tos = -1,
                            .local_only = socket->options.dont_route ||
                                          message->flags & MSG_DONTROUTE};
    return ip_control_sent(how, message);
}

// ---- which way ----

// What a datagram goes by unless something else is said: IP_MULTICAST_IF,
// IPV6_MULTICAST_IF, IP_UNICAST_IF.
static void use_default_interface(struct ip_send *how,
                                  const struct socket *socket)
{
    const struct ip_settings *ip = &socket->options.ip;
    bool is_v6 = IP_IS_V6_VAL(how->to.ip);

    if (ip_addr_ismulticast(&how->to.ip)) {
        if (!how->device)
            how->device = is_v6 ? socket->options.multicast_interface6
                                : ip->multicast_interface;
        if (!is_v6 && ip_addr_isany(&how->source) && ip->multicast_source)
            ip_addr_set_ip4_u32(&how->source, ip->multicast_source);
    } else if (!how->device && !is_v6) {
        how->device = ip->unicast_interface;
    }
}

// The interface that was asked for takes what no route is known for as if it
// were for a neighbour, as on Linux.
static int route_by_device(struct ip_send *how, struct net_link *link)
{
    const struct link_address *own = address_select(link, &how->to.ip);

    how->netif = &link->netif;
    if (ip_addr_isany(&how->source) && own)
        ip_addr_copy(how->source, own->ip);
    return 0;
}

static int find_way4(struct ip_send *how, struct net_link *link)
{
    const struct route *route;

    if (IP_IS_V6_VAL(how->source))
        return -ENETUNREACH;
    int error = route_lookup(&how->to.ip, link, &route);
    if (error == -ENETUNREACH && link)
        return route_by_device(how, link);
    if (error < 0)
        return error;
    if (how->local_only && !ip_addr_isany(&route->gateway))
        return -ENETUNREACH;
    how->netif = route->type == RTN_LOCAL ? &NET_SERVER.loopback->netif
                                          : &route->link->netif;
    return ip_addr_isany(&how->source)
               ? route_source(route, &how->to.ip, &how->source)
               : 0;
}

// The interface that was asked for is the one, but for what stays here.
static int find_way6(struct ip_send *how, struct net_link *link)
{
    ip6_addr_t *to = ip_2_ip6(&how->to.ip);
    ip_addr_t source = how->source;

    if (!link || link_by_address6(to))
        return route_find(&how->to.ip, &source, &how->netif, &how->source);
    if (ip6_addr_lacks_zone(to, IP6_UNKNOWN))
        ip6_addr_assign_zone(to, IP6_UNKNOWN, &link->netif);
    how->netif = &link->netif;
    if (!ip_addr_isany(&how->source))
        return 0;
    const ip_addr_t *own = ip6_select_source_address(&link->netif, to);
    if (!own)
        return -EADDRNOTAVAIL;
    ip_addr_copy(how->source, *own);
    return 0;
}

static int find_way(struct ip_send *how)
{
    struct net_link *link = how->device ? link_by_index(how->device) : NULL;

    if (how->device && !link)
        return -ENODEV;
    return IP_IS_V6_VAL(how->to.ip) ? find_way6(how, link)
                                    : find_way4(how, link);
}

// The address that the socket is bound to, unless it is a group's or
// everyone's.
static void use_bound_address(struct ip_send *how, const ip_addr_t *bound)
{
    if (!ip_addr_isany(&how->source))
        return;
    if (ip_addr_ismulticast(bound) || route_is_broadcast(bound))
        ip_addr_set_any(IP_IS_V6_VAL(how->to.ip), &how->source);
    else
        ip_addr_copy(how->source, *bound);
}

static void choose_header(struct ip_send *how, const struct socket *socket)
{
    const ip_addr_t *to = &how->to.ip;

    if (how->ttl < 0 && !ip_addr_ismulticast(to))
        how->ttl = ip_option_ttl(socket, to);
    else if (how->ttl < 0)
        how->ttl = IP_IS_V6(to) ? ip_option_multicast_hops(socket)
                                : socket->options.ip.multicast_ttl;
    if (how->tos < 0)
        how->tos = ip_option_tos(socket, to);
}

// IPV6_MTU_DISCOVER and IPV6_DONTFRAG. (The header has no DF: it is as if it
// were always set, and only the sender makes fragments.)
static void choose_fragmentation6(struct ip_send *how,
                                  const struct socket_settings *options)
{
    int discover = options->mtu_discover6;

    how->mtu = nd6_get_destination_mtu(ip_2_ip6(&how->to.ip), how->netif);
    how->may_fragment =
        !options->dont_fragment6 &&
        (discover < IP_PMTUDISC_DO || discover == IP_PMTUDISC_OMIT);
}

// IP_MTU_DISCOVER. Whether DF is set is known with the packet's length.
static void choose_fragmentation4(struct ip_send *how,
                                  const struct ip_settings *ip)
{
    how->mtu = how->netif->mtu ? how->netif->mtu : IP_PACKET_MAX;
    if (ip->mtu_discover == IP_PMTUDISC_WANT ||
        ip->mtu_discover == IP_PMTUDISC_DO)
        how->mtu = path_mtu_find(&how->to.ip, how->mtu);
    how->dont_fragment = ip->mtu_discover == IP_PMTUDISC_WANT ||
                         ip->mtu_discover == IP_PMTUDISC_DO ||
                         ip->mtu_discover == IP_PMTUDISC_PROBE;
    how->may_fragment = ip->mtu_discover == IP_PMTUDISC_DONT ||
                        ip->mtu_discover == IP_PMTUDISC_WANT ||
                        ip->mtu_discover == IP_PMTUDISC_OMIT;
}

int ip_send_route(struct ip_send *how, const struct socket *socket,
                  const ip_addr_t *bound)
{
    const struct ip_settings *ip = &socket->options.ip;
    bool loop = IP_IS_V6_VAL(how->to.ip) ? !socket->options.no_multicast_loop6
                                         : ip->multicast_loop;

    assert_debug(net_locked());
    use_bound_address(how, bound);
    if (ip_addr_ismulticast(&how->source))
        return -EINVAL;
    if (!route_is_local(&how->source))
        return IP_IS_V6_VAL(how->source) ? -EINVAL : -ENETUNREACH;
    use_default_interface(how, socket);
    int error = find_way(how);
    if (error < 0)
        return error;
    if (route_is_broadcast(&how->to.ip) && !socket->options.broadcast)
        return -EACCES;
    choose_header(how, socket);
    if (IP_IS_V6_VAL(how->to.ip))
        choose_fragmentation6(how, &socket->options);
    else
        choose_fragmentation4(how, ip);
    how->multicast_loop = loop && ip_addr_ismulticast(&how->to.ip);
    return 0;
}

int ip_send_fits(const struct ip_send *how, size_t length)
{
    size_t header = IP_IS_V6_VAL(how->to.ip) ? IP6_HLEN : IP_HLEN;
    size_t most = how->may_fragment ? IP_PACKET_MAX : how->mtu;

    return length + header <= most ? 0 : -EMSGSIZE;
}
