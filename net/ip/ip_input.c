// SPDX-License-Identifier: MIT
//
// A look at every arriving IPv4 packet before lwIP takes it (its input hook):
// what lwIP lacks is done here. Impossible packets are dropped
// (net/ip/ip_check.c), and ICMP errors find the socket that they are about (RFC
// 1122, 4.1.3.3 and 4.2.3.9).

#include <abi/inet.h>
#include <lwip/icmp.h>
#include <lwip/inet_chksum.h>
#include <lwip/ip.h>
#include <lwip/prot/udp.h>
#include <lwip_hooks.h>
#include <net/icmp_error.h>
#include <net/ip_check.h>
#include <net/server.h>

#define QUOTED 8  // bytes that are quoted at least behind the IP header

// The packet that an ICMP error quotes: its IP header and the first 8 bytes of
// what follows, which both TCP and UDP begin with their ports. length: of all
// that is quoted.
static void quoted_packet(const struct ip_hdr *ip, size_t length,
                          struct icmp_report *report)
{
    const uint8_t *transport = (const uint8_t *)ip + IPH_HL_BYTES(ip);
    const uint16_t *ports = (const void *)transport;
    uint32_t sequence =
        (uint32_t)lwip_ntohs(ports[2]) << 16 | lwip_ntohs(ports[3]);

    ip_addr_copy_from_ip4(report->local.ip, ip->src);
    ip_addr_copy_from_ip4(report->peer.ip, ip->dest);
    report->local.port = lwip_ntohs(ports[0]);
    report->peer.port = lwip_ntohs(ports[1]);
    report->payload = transport + QUOTED;
    report->length = length - IPH_HL_BYTES(ip) - QUOTED;
    raw_icmp_error(IPH_PROTO(ip), report);
    if (IPH_PROTO(ip) == IP_PROTO_UDP)
        udp_icmp_error(report);
    else if (IPH_PROTO(ip) == IP_PROTO_TCP)
        tcp_icmp_error(report, sequence);
}

// What a message means; NULL: it is no error.
static const struct icmp_errno *meaning_of(const struct icmp_hdr *icmp)
{
    static const struct icmp_errno time_exceeded = {EHOSTUNREACH, false};
    static const struct icmp_errno parameter_problem = {EPROTO, true};

    switch (icmp->type) {
    case ICMP_DUR:
        return icmp_unreachable_errno(icmp->code);
    case ICMP_TE:
        return &time_exceeded;
    case ICMP_PP:
        return &parameter_problem;
    default:
        return NULL;
    }
}

// The field behind the checksum: an MTU (RFC 1191), or where the bad parameter
// is.
static uint32_t information_of(const struct icmp_hdr *icmp)
{
    if (icmp->type == ICMP_DUR && icmp->code == ICMP_DUR_FRAG)
        return lwip_ntohl(icmp->data) & 0xffff;
    return icmp->type == ICMP_PP ? lwip_ntohl(icmp->data) >> 24 : 0;
}

static void icmp_error(const struct ip_hdr *ip, size_t length,
                       const struct netif *netif)
{
    size_t header = IPH_HL_BYTES(ip);
    size_t total = lwip_ntohs(IPH_LEN(ip));
    const struct icmp_hdr *icmp = (const void *)((const uint8_t *)ip + header);
    const struct ip_hdr *quoted = (const void *)(icmp + 1);

    if (header < IP_HLEN || total > length ||
        total < header + sizeof(*icmp) + IP_HLEN ||
        total < header + sizeof(*icmp) + IPH_HL_BYTES(quoted) + QUOTED ||
        (IPH_OFFSET(ip) & PP_HTONS(IP_OFFMASK | IP_MF)) ||
        inet_chksum(ip, header) != 0 || inet_chksum(icmp, total - header) != 0)
        return;
    struct icmp_report report = {.error = meaning_of(icmp),
                                 .type = icmp->type,
                                 .code = icmp->code,
                                 .info = information_of(icmp),
                                 .interface = link_index(netif->state)};
    ip_addr_copy_from_ip4(report.offender, ip->src);
    if (report.error && !(IPH_OFFSET(quoted) & PP_HTONS(IP_OFFMASK)))
        quoted_packet(quoted, total - header - sizeof(*icmp), &report);
}

// LWIP_HOOK_IP4_INPUT. lwIP has checked nothing yet but the version.
int net_ip4_input_hook(struct pbuf *p, struct netif *netif)
{
    const struct ip_hdr *ip = p->payload;

    if (!ip4_is_good(p, netif)) {
        pbuf_free(p);
        return 1;
    }
    if (IPH_PROTO(ip) == IP_PROTO_ICMP)
        icmp_error(ip, p->len, netif);
    return 0;
}
