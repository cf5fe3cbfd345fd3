// SPDX-License-Identifier: MIT
//
// Raw sockets: receiving. Each that a packet suits gets a copy of it: with its
// header from IPv4, without from IPv6 (RFC 3542, 3). lwIP has checked the IP
// header and has put fragments together.

#include <abi/inet.h>
#include <lwip/inet_chksum.h>
#include <lwip/ip.h>
#include <lwip/prot/ieee.h>
#include <mm/kmalloc.h>
#include <net/datagram.h>
#include <net/filter.h>
#include <net/multicast.h>
#include <net/server.h>

#include "raw.h"

bool raw_arrives_at(const struct raw_socket *raw)
{
    uint32_t device = READ_ONCE(raw->socket.options.device);

    return !device || device == arrival_now(ip_current_input_netif()).interface;
}

// How much of the packet the socket's filter leaves; 0: it is not for it.
static size_t filtered_length(struct socket *socket, const struct pbuf *p)
{
    const struct net_link *link = ip_current_input_netif()->state;
    struct filter_packet packet = {
        .data = p,
        .link = FILTER_NOWHERE,
        .network = socket->family == AF_INET6 ? FILTER_NOWHERE : 0,
        .protocol = socket->family == AF_INET6 ? ETHTYPE_IPV6 : ETHTYPE_IP,
        .hardware = link->interface->hardware,
        .interface = link_index(link),
    };

    return READ_ONCE(socket->filter) ? filter_run(socket, &packet) : p->tot_len;
}

// The part of a packet from an offset on, in one piece. NULL: no memory.
static struct pbuf *copy_from_offset(const struct pbuf *p, size_t offset)
{
    struct pbuf *copy = pbuf_alloc(PBUF_RAW, p->tot_len - offset, PBUF_RAM);

    if (copy)
        pbuf_copy_partial(p, copy->payload, copy->tot_len, offset);
    return copy;
}

// A copy whose checksum, if the socket has one at a place, is good.
static bool checksum_is_good(const struct raw_socket *raw, struct pbuf *copy)
{
    return raw->checksum_at < 0 ||
           ip_chksum_pseudo(copy, raw->socket.protocol, copy->tot_len,
                            ip_current_src_addr(), ip_current_dest_addr()) == 0;
}

void raw_deliver(struct raw_socket *raw, const struct pbuf *p, size_t offset)
{
    struct socket *socket = &raw->socket;
    struct pbuf *copy = copy_from_offset(p, offset);
    struct packet *packet = NULL;

    if (copy && checksum_is_good(raw, copy)) {
        size_t keep = filtered_length(socket, copy);

        pbuf_realloc(copy, keep);
        if (keep > 0)
            packet = packet_create(copy, socket);
    }
    if (packet) {
        packet->arrival = arrival_now(ip_current_input_netif());
        datagram_queue(socket, packet);
    } else if (copy) {
        pbuf_free(copy);
    }
}

// ICMP_FILTER covers the types below 32, ICMP6_FILTER all.
static bool type_is_wanted(const struct raw_socket *raw, const struct pbuf *p,
                           size_t header)
{
    bool is_v6 = raw->socket.family == AF_INET6;
    uint8_t type = pbuf_get_at(p, header);

    if (raw->socket.protocol != (is_v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
        return true;
    if (!is_v6 && type >= 32)
        return true;
    return !(READ_ONCE(raw->filter[type / 32]) & (1u << type % 32));
}

// Has the socket nothing against the group, or the source in it? One of IPv6 is
// asked only when it is bound to the group, as on Linux.
static bool group_is_wanted(const struct raw_socket *raw)
{
    struct arrival arrival = arrival_now(ip_current_input_netif());

    return !ip_addr_ismulticast(&arrival.to) ||
           (IP_IS_V6_VAL(arrival.to) && ip_addr_isany(&raw->pcb->local_ip)) ||
           multicast_wanted(&raw->socket, &arrival);
}

// raw_recv_fn: 0 says that others want to see the packet, too.
u8_t raw_receive(void *argument, struct raw_pcb *pcb, struct pbuf *p,
                 const ip_addr_t *from)
{
    struct raw_socket *raw = argument;
    size_t header = ip_current_header_tot_len();

    (void)pcb, (void)from;
    if (p->tot_len >= header && raw_arrives_at(raw) && group_is_wanted(raw) &&
        type_is_wanted(raw, p, header))
        raw_deliver(raw, p, raw->socket.family == AF_INET6 ? header : 0);
    return 0;
}
