// SPDX-License-Identifier: MIT
//
// IPV6_PKTINFO, IPV6_HOPLIMIT and IPV6_TCLASS as ancillary data (RFC 3542), for
// datagrams of IPv6, as net/ip/ip_control.c is for those of IPv4.

#include <abi/errno.h>
#include <abi/inet.h>
#include <net/ip_control.h>
#include <net/server.h>
#include <string.h>

// ---- sending ----

static int sent_packet_info(struct ip_send *how,
                            const struct control_item *item)
{
    const struct abi_in6_pktinfo *info = item->data;
    ip6_addr_t source = {0};

    if (item->length < sizeof(*info))
        return -EINVAL;
    if (info->interface) {
        // A socket of one interface sends by no other.
        if (how->device && how->device != info->interface)
            return -EINVAL;
        how->device = info->interface;
    }
    memcpy(source.addr, info->address, sizeof(info->address));
    if (!ip6_addr_isany(&source))
        ip_addr_copy_from_ip6(how->source, source);
    return 0;
}

// An int from -1, which leaves it to the socket, to 255.
static int sent_byte(const struct control_item *item, int *byte)
{
    int value;
    int error = control_integer(item, &value);

    if (error == 0 && (value < -1 || value > 255))
        error = -EINVAL;
    if (error == 0)
        *byte = value;
    return error;
}

int ip6_control_sent_item(struct ip_send *how, const struct control_item *item)
{
    switch (item->type) {
    case IPV6_PKTINFO:
        return sent_packet_info(how, item);
    case IPV6_HOPLIMIT:
        return sent_byte(item, &how->ttl);
    case IPV6_TCLASS:
        return sent_byte(item, &how->tos);
    default:
        return -EINVAL;
    }
}

// ---- receiving ----

static int put_packet_info(struct message *message,
                           const struct arrival *arrival)
{
    struct abi_in6_pktinfo info = {.interface = arrival->interface};
    ip6_addr_t to = {0};

    // What came by IPv4 to an AF_INET6 socket has an address there too.
    if (IP_IS_V6_VAL(arrival->to))
        ip6_addr_copy(to, *ip_2_ip6(&arrival->to));
    else
        ip4_2_ipv4_mapped_ipv6(&to, ip_2_ip4(&arrival->to));
    memcpy(info.address, to.addr, sizeof(info.address));
    return control_put(message, IPPROTO_IPV6, IPV6_PKTINFO, &info,
                       sizeof(info));
}

int ip6_control_put(struct message *message, const struct socket *socket,
                    const struct arrival *arrival)
{
    unsigned wanted = READ_ONCE(socket->options.receive6);
    bool is_v6 = IP_IS_V6_VAL(arrival->from);
    int error = 0;

    if (wanted & IP_RECEIVE_PKTINFO)
        error = put_packet_info(message, arrival);
    if (error == 0 && is_v6 && wanted & IP_RECEIVE_TTL)
        error = control_put_integer(message, IPPROTO_IPV6, IPV6_HOPLIMIT,
                                    arrival->ttl);
    if (error == 0 && is_v6 && wanted & IP_RECEIVE_TOS)
        error = control_put_integer(message, IPPROTO_IPV6, IPV6_TCLASS,
                                    arrival->tos);
    return error;
}
