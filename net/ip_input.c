// SPDX-License-Identifier: MIT
//
// A look at every arriving IPv4 packet before lwIP takes it (its input hook):
// what lwIP lacks is done here. Impossible packets are dropped
// (net/ip_check.c), and ICMP errors find the socket that they are about (RFC
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

// The packet that an ICMP error quotes: its IP header and the first 8 bytes of
// what follows, which both TCP and UDP begin with their ports.
static void quoted_packet(const struct ip_hdr *ip,
                          const struct icmp_errno *error)
{
    const uint16_t *ports =
        (const void *)((const uint8_t *)ip + IPH_HL_BYTES(ip));
    uint32_t sequence =
        (uint32_t)lwip_ntohs(ports[2]) << 16 | lwip_ntohs(ports[3]);
    struct endpoint local = {.port = lwip_ntohs(ports[0])};
    struct endpoint peer = {.port = lwip_ntohs(ports[1])};

    ip_addr_copy_from_ip4(local.ip, ip->src);
    ip_addr_copy_from_ip4(peer.ip, ip->dest);
    if (IPH_PROTO(ip) == IP_PROTO_UDP)
        udp_icmp_error(&local, &peer, error);
    else if (IPH_PROTO(ip) == IP_PROTO_TCP)
        tcp_icmp_error(&local, &peer, sequence, error);
}

static void icmp_error(const struct ip_hdr *ip, size_t length)
{
    static const struct icmp_errno time_exceeded = {EHOSTUNREACH, false};
    static const struct icmp_errno parameter_problem = {EPROTO, true};
    size_t header = IPH_HL_BYTES(ip);
    size_t total = lwip_ntohs(IPH_LEN(ip));
    const struct icmp_hdr *icmp = (const void *)((const uint8_t *)ip + header);
    const struct ip_hdr *quoted = (const void *)(icmp + 1);
    const struct icmp_errno *error = NULL;

    if (header < IP_HLEN || total > length ||
        total < header + sizeof(*icmp) + IP_HLEN ||
        total < header + sizeof(*icmp) + IPH_HL_BYTES(quoted) + 8 ||
        (IPH_OFFSET(ip) & PP_HTONS(IP_OFFMASK | IP_MF)) ||
        inet_chksum(ip, header) != 0 || inet_chksum(icmp, total - header) != 0)
        return;
    if (icmp->type == ICMP_DUR)
        error = icmp_unreachable_errno(icmp->code);
    else if (icmp->type == ICMP_TE)
        error = &time_exceeded;
    else if (icmp->type == ICMP_PP)
        error = &parameter_problem;
    if (error && !(IPH_OFFSET(quoted) & PP_HTONS(IP_OFFMASK)))
        quoted_packet(quoted, error);
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
        icmp_error(ip, p->len);
    return 0;
}
