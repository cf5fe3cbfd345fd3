// SPDX-License-Identifier: MIT
//
// A look at every arriving IPv6 packet before lwIP takes it (its input hook),
// as net/ip/ip_input.c is for IPv4. Messages of neighbour discovery that lwIP
// would take although RFC 4861 and 8201 forbid it are dropped.

#include <abi/inet.h>
#include <lwip/icmp6.h>
#include <lwip/inet_chksum.h>
#include <lwip/ip6.h>
#include <lwip/priv/nd6_priv.h>
#include <lwip/prot/icmp6.h>
#include <lwip/prot/nd6.h>
#include <lwip/prot/udp.h>
#include <lwip_hooks.h>
#include <net/icmp_error.h>
#include <net/server.h>
#include <string.h>

// A packet whose headers are in one piece; length: of what follows the IPv6
// header, no more than what is in that piece.
struct view {
    const struct ip6_hdr *ip;
    const uint8_t *payload;
    size_t length;
};

static void view_addresses(const struct ip6_hdr *ip, ip_addr_t *source,
                           ip_addr_t *destination, struct netif *netif)
{
    ip_addr_copy_from_ip6_packed(*source, ip->src);
    ip_addr_copy_from_ip6_packed(*destination, ip->dest);
    ip6_addr_assign_zone(ip_2_ip6(source), IP6_UNKNOWN, netif);
    ip6_addr_assign_zone(ip_2_ip6(destination), IP6_UNKNOWN, netif);
}

// The header that follows the extension headers of a packet, and its protocol;
// NULL: not all there, or a later fragment.
static const uint8_t *skip_extensions(const struct view *packet,
                                      uint8_t *protocol, size_t *length)
{
    const uint8_t *at = packet->payload, *end = at + packet->length;

    *protocol = IP6H_NEXTH(packet->ip);
    while (*protocol == IP6_NEXTH_HOPBYHOP || *protocol == IP6_NEXTH_ROUTING ||
           *protocol == IP6_NEXTH_FRAGMENT || *protocol == IP6_NEXTH_DESTOPTS) {
        if (end - at < 8)
            return NULL;
        bool fragment = *protocol == IP6_NEXTH_FRAGMENT;
        if (fragment && (at[2] || (at[3] & 0xf8)))
            return NULL;
        *protocol = at[0];
        at += fragment ? 8 : 8 * (1 + at[1]);
        if (at > end)
            return NULL;
    }
    *length = end - at;
    return at;
}

#define QUOTED 8  // bytes of the transport's header: its ports

// The packet that an ICMPv6 error quotes: ours, sent from report->local.
static void quoted_packet(const struct view *icmp, struct netif *netif,
                          struct icmp_report *report)
{
    struct view quoted = {
        .ip = (const void *)(icmp->payload + sizeof(struct icmp6_hdr)),
        .payload = icmp->payload + sizeof(struct icmp6_hdr) + IP6_HLEN,
        .length = icmp->length - sizeof(struct icmp6_hdr) - IP6_HLEN};
    uint8_t protocol;
    size_t length;
    const uint8_t *transport = skip_extensions(&quoted, &protocol, &length);
    const uint16_t *ports = (const void *)transport;

    if (!transport || length < QUOTED)
        return;
    view_addresses(quoted.ip, &report->local.ip, &report->peer.ip, netif);
    report->local.port = lwip_ntohs(ports[0]);
    report->peer.port = lwip_ntohs(ports[1]);
    report->payload = transport + QUOTED;
    report->length = length - QUOTED;
    uint32_t sequence =
        (uint32_t)lwip_ntohs(ports[2]) << 16 | lwip_ntohs(ports[3]);
    raw_icmp_error(protocol, report);
    if (protocol == IP6_NEXTH_UDP)
        udp_icmp_error(report);
    else if (protocol == IP6_NEXTH_TCP)
        tcp_icmp_error(report, sequence);
}

static void icmp6_error(const struct view *icmp, struct netif *netif)
{
    const struct icmp6_hdr *header = (const void *)icmp->payload;
    struct icmp_report report = {.error =
                                     icmp6_errno(header->type, header->code),
                                 .is_v6 = true,
                                 .type = header->type,
                                 .code = header->code,
                                 .info = lwip_ntohl(header->data),
                                 .interface = link_index(netif->state)};
    ip_addr_t to;

    view_addresses(icmp->ip, &report.offender, &to, netif);
    if (report.error && icmp->length >= sizeof(*header) + IP6_HLEN)
        quoted_packet(icmp, netif, &report);
}

static bool checksum_is_good(struct pbuf *p, const struct view *icmp)
{
    uint16_t length = IP6H_PLEN(icmp->ip);
    ip_addr_t source, destination;

    ip_addr_copy_from_ip6_packed(source, icmp->ip->src);
    ip_addr_copy_from_ip6_packed(destination, icmp->ip->dest);
    if (p->tot_len < IP6_HLEN + length)
        return false;
    pbuf_remove_header(p, IP6_HLEN);
    uint16_t sum =
        ip6_chksum_pseudo_partial(p, IP6_NEXTH_ICMP6, length, length,
                                  ip_2_ip6(&source), ip_2_ip6(&destination));
    pbuf_add_header_force(p, IP6_HLEN);
    return sum == 0;
}

// Where the options of a neighbour discovery message begin; 0: it is none.
static size_t discovery_options(uint8_t type)
{
    switch (type) {
    case ICMP6_TYPE_RS:
        return sizeof(struct rs_header);
    case ICMP6_TYPE_RA:
        return sizeof(struct ra_header);
    case ICMP6_TYPE_NS:
        return sizeof(struct ns_header);
    case ICMP6_TYPE_NA:
        return sizeof(struct na_header);
    case ICMP6_TYPE_RD:
        return sizeof(struct redirect_header);
    default:
        return 0;
    }
}

// RFC 4861, 6.1 and 7.1: from this link (hop limit 255), and all options have a
// length, within the packet. RFC 8201, 4: no link has an MTU below 1280.
static bool discovery_is_valid(const struct view *icmp)
{
    const struct icmp6_hdr *header = (const void *)icmp->payload;
    size_t at = discovery_options(header->type);

    if (header->type == ICMP6_TYPE_PTB)
        return lwip_ntohl(header->data) >= IP6_MIN_MTU_LENGTH;
    if (at == 0)
        return true;
    if (IP6H_HOPLIM(icmp->ip) != ND6_HOPLIM || icmp->length < at)
        return false;
    while (at < icmp->length) {
        if (icmp->length - at < 8 || icmp->payload[at + 1] == 0)
            return false;
        at += 8 * icmp->payload[at + 1];
    }
    return at == icmp->length;
}

// RFC 8106: the name servers that a router knows. Options are known to be
// whole.
static void router_advertisement(const struct view *icmp, struct netif *netif)
{
    size_t at = sizeof(struct ra_header);

    for (; at < icmp->length; at += 8 * icmp->payload[at + 1]) {
        const struct rdnss_option *option = (const void *)&icmp->payload[at];
        size_t length = 8 * option->length;

        if (option->type != ND6_OPTION_TYPE_RDNSS)
            continue;
        for (size_t i = SIZEOF_RDNSS_OPTION_BASE; i + 16 <= length; i += 16) {
            ip6_addr_t server = {0};
            memcpy(server.addr, &icmp->payload[at + i], sizeof(server.addr));
            ip6_addr_assign_zone(&server, IP6_UNKNOWN, netif);
            config6_name_server(&server, lwip_ntohl(option->lifetime));
        }
    }
}

// False: the message is to be dropped. What has a bad checksum is lwIP's to
// drop and count.
static bool icmp6_message(struct pbuf *p, const struct view *icmp,
                          struct netif *netif)
{
    nd_clock_advance();
    if (icmp->length < sizeof(struct icmp6_hdr) || !checksum_is_good(p, icmp))
        return true;
    icmp6_error(icmp, netif);
    if (!discovery_is_valid(icmp))
        return false;
    if (*icmp->payload == ICMP6_TYPE_RA)
        router_advertisement(icmp, netif);
    return true;
}

// RFC 8200, 8.1: IPv6 has no checksum, so UDP must have one.
static bool udp_is_valid(const struct view *datagram)
{
    const struct udp_hdr *udp = (const void *)datagram->payload;

    return datagram->length < UDP_HLEN || udp->chksum != 0 ||
           NET_SERVER.taking_looped;
}

// Only `lo` has ::1 (RFC 4291, 2.5.3).
static bool is_martian(const struct ip6_hdr *ip)
{
    ip6_addr_t source;

    ip6_addr_copy_from_packed(source, ip->src);
    return !NET_SERVER.taking_looped && ip6_addr_isloopback(&source);
}

// LWIP_HOOK_IP6_INPUT. lwIP has checked nothing yet but the version.
int net_ip6_input_hook(struct pbuf *p, struct netif *netif)
{
    const struct ip6_hdr *ip = p->payload;
    bool pass = true;

    if (p->len < IP6_HLEN)
        return 0;
    struct view packet = {.ip = ip,
                          .payload = (const uint8_t *)(ip + 1),
                          .length = p->len - IP6_HLEN};
    packet.length = MIN(packet.length, (size_t)IP6H_PLEN(ip));
    if (is_martian(ip))
        pass = false;
    else if (IP6H_NEXTH(ip) == IP6_NEXTH_ICMP6)
        pass = icmp6_message(p, &packet, netif);
    else if (IP6H_NEXTH(ip) == IP6_NEXTH_UDP)
        pass = udp_is_valid(&packet);
    if (!pass)
        pbuf_free(p);
    return !pass;
}
