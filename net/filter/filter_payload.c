// SPDX-License-Identifier: MIT
//
// The length of a packet's headers (SKF_AD_PAY_OFFSET): IPv4 or IPv6 with its
// extension headers (RFC 8200, 4), then TCP, UDP, ICMP or IGMP. tcpdump uses it
// to keep headers alone.

#include <lwip/prot/ieee.h>
#include <lwip/prot/ip.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/ip6.h>
#include <net/filter_payload.h>

#define IPV6_HEADER 40

// Both walk from *at to the transport header; its protocol, or -1 where there
// is none: cut off, or a later fragment. *at is how far they came.

static int skip_ipv4(const struct filter_packet *packet, size_t *at)
{
    struct ip_hdr ip;

    if (!filter_packet_copy(packet, *at, &ip, sizeof(ip)) ||
        IPH_HL_BYTES(&ip) < IP_HLEN)
        return -1;
    *at += IPH_HL_BYTES(&ip);
    return IPH_OFFSET(&ip) & PP_HTONS(IP_OFFMASK) ? -1 : IPH_PROTO(&ip);
}

static int skip_ipv6(const struct filter_packet *packet, size_t *at)
{
    uint8_t header[8];  // next header, length in units of 8 after the first
    int next;

    if (!filter_packet_copy(packet, *at, header, sizeof(header)))
        return -1;
    next = header[6];
    *at += IPV6_HEADER;
    while (next == IP6_NEXTH_HOPBYHOP || next == IP6_NEXTH_ROUTING ||
           next == IP6_NEXTH_DESTOPTS || next == IP6_NEXTH_FRAGMENT) {
        if (!filter_packet_copy(packet, *at, header, sizeof(header)))
            return -1;
        bool later =
            next == IP6_NEXTH_FRAGMENT && (header[2] || header[3] & 0xf8);
        *at += next == IP6_NEXTH_FRAGMENT ? 8 : 8 * (header[1] + 1);
        if (later)
            return -1;
        next = header[0];
    }
    return next;
}

static size_t transport_header(const struct filter_packet *packet, size_t at,
                               int protocol)
{
    uint8_t data_offset;

    switch (protocol) {
    case IP_PROTO_TCP:
        if (!filter_packet_copy(packet, at + 12, &data_offset, 1))
            return 0;
        return MAX((data_offset >> 4) * 4, 20);
    case IP_PROTO_UDP:
    case IP_PROTO_ICMP:
    case IP6_NEXTH_ICMP6:
    case IP_PROTO_IGMP:
        return 8;
    default:
        return 0;
    }
}

uint32_t filter_payload_offset(const struct filter_packet *packet)
{
    size_t at = packet->network;
    int protocol;

    if (at == FILTER_NOWHERE)
        return 0;
    if (packet->protocol == ETHTYPE_IP)
        protocol = skip_ipv4(packet, &at);
    else if (packet->protocol == ETHTYPE_IPV6)
        protocol = skip_ipv6(packet, &at);
    else
        return 0;
    return at + transport_header(packet, at, protocol) - packet->origin;
}
