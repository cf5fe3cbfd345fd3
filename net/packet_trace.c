// SPDX-License-Identifier: MIT
//
// A line in the log for each packet (trace=packets), in the manner of tcpdump:
//
//     eth0 < 10.0.2.2:40312 > 10.0.2.15:80 tcp S seq 7 ack 0 win 65535 len 0
//     eth0 > [fe80::1]:80 > [fe80::2]:9 tcp A seq 8 ack 9 win 501 len 0

#include <lib/log.h>
#include <lwip/etharp.h>
#include <lwip/prot/ethernet.h>
#include <lwip/prot/icmp.h>
#include <lwip/prot/ip.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/ip6.h>
#include <lwip/prot/tcp.h>
#include <lwip/prot/udp.h>
#include <net/ip6.h>
#include <net/packet_trace.h>
#include <stdio.h>

// A header at an offset of the packet; false if it is cut off.
static bool header_at(const struct pbuf *p, size_t offset, void *header,
                      size_t n)
{
    return pbuf_copy_partial(p, header, n, offset) == n;
}

// What the headers say of a packet, whichever the version of IP.
struct packet_view {
    ip_addr_t from, to;
    uint8_t protocol;
    size_t offset, length;  // of what follows the IP header
    unsigned fragment;      // where it begins in the whole datagram
    uint16_t ports[2];      // network byte order; 0: none
};

#define ENDPOINT_NAME_MAX (IP6ADDR_STRLEN_MAX + sizeof("[]:65535"))

static void name_endpoint(char *name, const ip_addr_t *address, uint16_t port)
{
    char ip[IP6ADDR_STRLEN_MAX];
    bool brackets = IP_IS_V6(address) && port;

    if (IP_IS_V6(address))
        address6_name(ip, ip_2_ip6(address));
    else
        ip4addr_ntoa_r(ip_2_ip4(address), ip, sizeof(ip));
    name += snprintf(name, ENDPOINT_NAME_MAX, brackets ? "[%s]" : "%s", ip);
    if (port)
        snprintf(name, sizeof(":65535"), ":%u", lwip_ntohs(port));
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
static void describe(const struct pbuf *p, struct packet_view *view, char *text,
                     size_t n)
{
    struct icmp_hdr icmp;  // ICMPv6's begins alike
    struct tcp_hdr tcp;
    struct udp_hdr udp;
    char flags[8];

    if (view->fragment) {
        snprintf(text, n, "fragment at %u, len %zu", view->fragment,
                 view->length);
    } else if (view->protocol == IP_PROTO_TCP &&
               header_at(p, view->offset, &tcp, sizeof(tcp))) {
        view->ports[0] = tcp.src, view->ports[1] = tcp.dest;
        tcp_flags(flags, TCPH_FLAGS(&tcp));
        snprintf(text, n, "tcp %s seq %u ack %u win %u len %zu", flags,
                 lwip_ntohl(tcp.seqno), lwip_ntohl(tcp.ackno),
                 lwip_ntohs(tcp.wnd), view->length - TCPH_HDRLEN_BYTES(&tcp));
    } else if (view->protocol == IP_PROTO_UDP &&
               header_at(p, view->offset, &udp, sizeof(udp))) {
        view->ports[0] = udp.src, view->ports[1] = udp.dest;
        snprintf(text, n, "udp len %u",
                 (unsigned)(lwip_ntohs(udp.len) - sizeof(udp)));
    } else if ((view->protocol == IP_PROTO_ICMP ||
                view->protocol == IP6_NEXTH_ICMP6) &&
               header_at(p, view->offset, &icmp, sizeof(icmp))) {
        snprintf(text, n, "icmp type %u code %u", icmp.type, icmp.code);
    } else {
        snprintf(text, n, "protocol %u len %zu", view->protocol, view->length);
    }
}

static bool view_ip4(const struct pbuf *p, size_t offset,
                     struct packet_view *view)
{
    struct ip_hdr ip;

    if (!header_at(p, offset, &ip, sizeof(ip)))
        return false;
    ip_addr_copy_from_ip4(view->from, ip.src);
    ip_addr_copy_from_ip4(view->to, ip.dest);
    view->protocol = IPH_PROTO(&ip);
    view->offset = offset + IPH_HL_BYTES(&ip);
    view->length = lwip_ntohs(IPH_LEN(&ip)) - IPH_HL_BYTES(&ip);
    view->fragment = (lwip_ntohs(IPH_OFFSET(&ip)) & IP_OFFMASK) * 8;
    return true;
}

static bool view_ip6(const struct pbuf *p, size_t offset,
                     struct packet_view *view)
{
    struct ip6_hdr ip;

    if (!header_at(p, offset, &ip, sizeof(ip)))
        return false;
    ip_addr_copy_from_ip6_packed(view->from, ip.src);
    ip_addr_copy_from_ip6_packed(view->to, ip.dest);
    view->protocol = IP6H_NEXTH(&ip);
    view->offset = offset + IP6_HLEN;
    view->length = IP6H_PLEN(&ip);
    return true;
}

static void trace_ip(const char *name, char direction, const struct pbuf *p,
                     size_t offset)
{
    char from[ENDPOINT_NAME_MAX], to[ENDPOINT_NAME_MAX], text[80];
    struct packet_view view = {0};
    uint8_t version;

    if (!header_at(p, offset, &version, 1))
        return;
    if (!(version >> 4 == 6 ? view_ip6 : view_ip4)(p, offset, &view))
        return;
    describe(p, &view, text, sizeof(text));
    name_endpoint(from, &view.from, view.ports[0]);
    name_endpoint(to, &view.to, view.ports[1]);
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
    if (header.type == PP_HTONS(ETHTYPE_IP) ||
        header.type == PP_HTONS(ETHTYPE_IPV6))
        trace_ip(name, direction, p, sizeof(header));
    else
        log_line("%s %c %s len %u", name, direction,
                 header.type == PP_HTONS(ETHTYPE_ARP) ? "arp" : "other",
                 p->tot_len);
}
