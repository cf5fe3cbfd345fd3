// SPDX-License-Identifier: MIT
//
// Raw sockets: sending, with an IP header of ours, or of the user's own
// (IP_HDRINCL).

#include <abi/errno.h>
#include <abi/inet.h>
#include <lwip/inet_chksum.h>
#include <lwip/prot/ip4.h>
#include <net/datagram.h>
#include <net/errors.h>
#include <net/server.h>

#include "raw.h"

// RFC 3542, 3: the port of an address is the protocol, or 0.
static int check_port(const struct socket *socket, const struct endpoint *to)
{
    if (socket->family != AF_INET6 || socket->type != SOCK_RAW ||
        to->port == 0 || to->port == socket->protocol)
        return 0;
    return socket->protocol == IPPROTO_RAW && to->port <= UINT8_MAX ? 0
                                                                    : -EINVAL;
}

int raw_destination(struct socket *socket, const struct message *message,
                    struct endpoint *to)
{
    struct raw_socket *raw = raw_of(socket);

    if (!message->address) {
        WITH_LOCK(&socket->lock) {
            if (socket->state != SOCKET_CONNECTED)
                return -EDESTADDRREQ;
            *to = raw->peer;
        }
        return 0;
    }
    int error = endpoint_from_address(to, socket, message->address);
    if (error == 0 && socket->family == AF_INET6 && IP_IS_V4_VAL(to->ip))
        error = -ENETUNREACH;
    return error < 0 ? error : check_port(socket, to);
}

// IPV6_CHECKSUM. p is in one piece.
static int set_checksum(const struct raw_socket *raw, struct pbuf *p,
                        const struct ip_send *how)
{
    uint16_t *at;

    if (raw->checksum_at < 0)
        return 0;
    if (raw->checksum_at + sizeof(*at) > p->tot_len)
        return -EINVAL;
    at = (uint16_t *)((uint8_t *)p->payload + raw->checksum_at);
    *at = 0;
    *at = ip_chksum_pseudo(p, raw->socket.protocol, p->tot_len, &how->source,
                           &how->to.ip);
    if (*at == 0 && raw->socket.protocol == IPPROTO_UDP)
        *at = 0xffff;  // 0 means: none
    return 0;
}

// What raw(7) says is filled in of an IPv4 header: the checksum and the length
// always, the source and the identification where they are 0.
static int complete_header4(struct pbuf *p, const struct ip_send *how)
{
    struct ip_hdr *ip = p->payload;
    size_t length = IPH_HL_BYTES(ip);

    if (p->len < IP_HLEN || length > p->len)
        return -EINVAL;
    if (length < IP_HLEN)
        return 0;  // no header at all: it goes as it is, as on Linux
    if (ip->src.addr == 0)
        ip4_addr_copy(ip->src, *ip_2_ip4(&how->source));
    if (IPH_ID(ip) == 0)
        IPH_ID_SET(ip, lwip_htons(ip_send_identification()));
    IPH_LEN_SET(ip, lwip_htons(p->tot_len));
    IPH_CHKSUM_SET(ip, 0);
    IPH_CHKSUM_SET(ip, inet_chksum(ip, length));
    return 0;
}

// A packet with a header of the user's is not fragmented, and goes to where
// sendto says, whatever the header does.
static int transmit_whole(struct pbuf *p, struct ip_send *how)
{
    struct netif *netif = how->netif;
    bool is_v6 = IP_IS_V6_VAL(how->to.ip);
    int error = 0;

    if (is_v6)
        ip6_addr_assign_zone(ip_2_ip6(&how->to.ip), IP6_UNKNOWN, netif);
    if (netif->mtu && p->tot_len > (is_v6 ? netif_mtu6(netif) : netif->mtu))
        return -EMSGSIZE;
    if (!is_v6)
        error = complete_header4(p, how);
    if (error < 0)
        return error;
    return datagram_sent(
        is_v6 ? netif->output_ip6(netif, p, ip_2_ip6(&how->to.ip))
              : netif->output(netif, p, ip_2_ip4(&how->to.ip)),
        how);
}

static int transmit(struct socket *socket, struct pbuf *p, struct ip_send *how)
{
    struct raw_socket *raw = raw_of(socket);

    endpoint_any_is_loopback(&how->to, &raw->local.ip);
    int error = ip_send_route(how, socket, &raw->local.ip);
    if (error < 0)
        return error;
    if (READ_ONCE(raw->header_included))
        return transmit_whole(p, how);
    error = ip_send_fits(how, p->tot_len);
    if (error == 0)
        error = set_checksum(raw, p, how);
    return error < 0 ? error
                     : datagram_sent(ip_send(how, socket->protocol, p), how);
}

// Linux looks at an ICMP message's type and code before anything else.
static int check_length(const struct raw_socket *raw, size_t length)
{
    int protocol = raw->socket.protocol;

    if (length > UINT16_MAX)
        return -EMSGSIZE;
    return (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6) &&
                   !raw->header_included && length < 2
               ? -EFAULT
               : 0;
}

ssize_t raw_send_op(struct socket *socket, struct message *message)
{
    nsec_t until = socket_deadline(message->flags & MSG_DONTWAIT,
                                   socket->options.send_timeout);
    size_t length = message->uio->resid;
    struct endpoint to;
    struct ip_send how;
    struct pbuf *p;

    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP;
    int error = check_length(raw_of(socket), length);
    if (error == 0)
        error = raw_destination(socket, message, &to);
    if (error == 0)
        error = ip_send_prepare(&how, socket, message);
    if (error == 0)
        error = datagram_send_state(socket);
    if (error < 0)
        return error;
    how.to = to;
    p = datagram_copy(message, &error);
    if (!p)
        return error;
    error = datagram_send(socket, p, &how, until, transmit);
    return error < 0 ? error : (ssize_t)length;
}
