// SPDX-License-Identifier: MIT
//
// A line in the log for each packet (trace=packets), in the manner of tcpdump:
//
//     eth0 < 10.0.2.2:40312 > 10.0.2.15:80 tcp S seq 7 ack 0 win 65535 len 0

#include <lib/log.h>
#include <lwip/etharp.h>
#include <lwip/prot/ethernet.h>
#include <lwip/prot/icmp.h>
#include <lwip/prot/ip.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/tcp.h>
#include <lwip/prot/udp.h>
#include <net/packet_trace.h>
#include <stdio.h>

// A header at an offset of the packet; false if it is cut off.
static bool header_at(const struct pbuf *p, size_t offset, void *header,
                      size_t n)
{
    return pbuf_copy_partial(p, header, n, offset) == n;
}

static void name_endpoint(char *name, size_t n, const ip4_addr_p_t *address,
                          uint16_t port)
{
    const uint8_t *b = (const uint8_t *)address;

    if (port)
        snprintf(name, n, "%u.%u.%u.%u:%u", b[0], b[1], b[2], b[3],
                 lwip_ntohs(port));
    else
        snprintf(name, n, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
}

static void tcp_flags(char *to, unsigned flags)
{
    static const char letters[] = "FSRPA";

    for (int i = 0; letters[i]; i++) {
        if (flags & (1u << i))
            *to++ = letters[i];
    }
    *to = '\0';
}

// The words that follow the addresses; ports, if there are any, are stored.
static void describe(const struct pbuf *p, size_t offset,
                     const struct ip_hdr *ip, char *text, size_t n,
                     uint16_t ports[2])
{
    size_t length = lwip_ntohs(IPH_LEN(ip)) - IPH_HL_BYTES(ip);
    struct icmp_hdr icmp;
    struct tcp_hdr tcp;
    struct udp_hdr udp;
    char flags[8];

    if (IPH_OFFSET(ip) & PP_HTONS(IP_OFFMASK)) {
        snprintf(text, n, "fragment at %u, len %zu",
                 (lwip_ntohs(IPH_OFFSET(ip)) & IP_OFFMASK) * 8, length);
    } else if (IPH_PROTO(ip) == IP_PROTO_TCP &&
               header_at(p, offset, &tcp, sizeof(tcp))) {
        ports[0] = tcp.src, ports[1] = tcp.dest;
        tcp_flags(flags, TCPH_FLAGS(&tcp));
        snprintf(text, n, "tcp %s seq %u ack %u win %u len %zu", flags,
                 lwip_ntohl(tcp.seqno), lwip_ntohl(tcp.ackno),
                 lwip_ntohs(tcp.wnd), length - TCPH_HDRLEN_BYTES(&tcp));
    } else if (IPH_PROTO(ip) == IP_PROTO_UDP &&
               header_at(p, offset, &udp, sizeof(udp))) {
        ports[0] = udp.src, ports[1] = udp.dest;
        snprintf(text, n, "udp len %u",
                 (unsigned)(lwip_ntohs(udp.len) - sizeof(udp)));
    } else if (IPH_PROTO(ip) == IP_PROTO_ICMP &&
               header_at(p, offset, &icmp, sizeof(icmp))) {
        snprintf(text, n, "icmp type %u code %u", icmp.type, icmp.code);
    } else {
        snprintf(text, n, "protocol %u len %zu", IPH_PROTO(ip), length);
    }
}

static void trace_ip(const char *name, char direction, const struct pbuf *p,
                     size_t offset)
{
    char from[24], to[24], text[80];
    uint16_t ports[2] = {0};
    struct ip_hdr ip;

    if (!header_at(p, offset, &ip, sizeof(ip)))
        return;
    describe(p, offset + IPH_HL_BYTES(&ip), &ip, text, sizeof(text), ports);
    name_endpoint(from, sizeof(from), &ip.src, ports[0]);
    name_endpoint(to, sizeof(to), &ip.dest, ports[1]);
    log_line("%s %c %s > %s %s", name, direction, from, to, text);
}

void packet_trace(const char *name, char direction, const struct pbuf *p,
                  bool ethernet)
{
    struct eth_hdr header;

    if (!ethernet) {
        trace_ip(name, direction, p, 0);
        return;
    }
    if (!header_at(p, 0, &header, sizeof(header)))
        return;
    if (header.type == PP_HTONS(ETHTYPE_IP))
        trace_ip(name, direction, p, sizeof(header));
    else
        log_line("%s %c %s len %u", name, direction,
                 header.type == PP_HTONS(ETHTYPE_ARP) ? "arp" : "other",
                 p->tot_len);
}
