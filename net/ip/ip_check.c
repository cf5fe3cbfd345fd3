// SPDX-License-Identifier: MIT
//
// IPv4 packets that nobody may have sent like this, and that lwIP would take:
// the input hook (net/ip/ip_input.c) asks about each packet. RFC 791, RFC 1122
// (3.2.1.3, 3.3.5, 3.3.6), RFC 6274. A wrong version, length or checksum is
// lwIP's to find.

#include <lwip/etharp.h>
#include <lwip/ip.h>
#include <lwip/stats.h>
#include <net/ip_check.h>
#include <net/route.h>
#include <net/server.h>
#include <string.h>

#define OPTION_END          0
#define OPTION_NO_OPERATION 1
#define OPTION_LOOSE_ROUTE  131
#define OPTION_STRICT_ROUTE 137

// What a datagram may be long, behind its header.
#define PAYLOAD_MAX (UINT16_MAX - IP_HLEN)

// Each option ends within the header, and none asks for a route of the
// sender's choice, by which a forger would get to see the answers.
static bool options_are_good(const struct ip_hdr *ip)
{
    const uint8_t *at = (const uint8_t *)(ip + 1);
    const uint8_t *end = (const uint8_t *)ip + IPH_HL_BYTES(ip);

    while (at < end && *at != OPTION_END) {
        if (*at == OPTION_NO_OPERATION) {
            at++;
            continue;
        }
        if (*at == OPTION_LOOSE_ROUTE || *at == OPTION_STRICT_ROUTE)
            return false;
        if (end - at < 2 || at[1] < 2 || at[1] > end - at)
            return false;
        at += at[1];
    }
    return true;
}

// A fragment with others behind it carries a multiple of 8 bytes, and none
// reaches beyond the largest datagram.
static bool fragment_is_good(const struct ip_hdr *ip)
{
    unsigned offset = lwip_ntohs(IPH_OFFSET(ip));
    size_t length = lwip_ntohs(IPH_LEN(ip)) - IPH_HL_BYTES(ip);

    if ((offset & (IP_OFFMASK | IP_MF)) == 0)
        return true;
    if ((offset & IP_MF) && (length == 0 || length % 8 != 0))
        return false;
    return (offset & IP_OFFMASK) * 8 + length <= PAYLOAD_MAX;
}

// Addresses that no packet from outside has: this machine's own, loopback's,
// those that were never given out. 0.0.0.0 asks for an address, everybody.
static bool addresses_are_good(const struct ip_hdr *ip)
{
    ip_addr_t from, to;
    const ip4_addr_t *source = ip_2_ip4(&from), *destination = ip_2_ip4(&to);

    ip_addr_copy_from_ip4(from, ip->src);
    ip_addr_copy_from_ip4(to, ip->dest);
    if (ip4_addr_isloopback(source) || ip4_addr_isloopback(destination) ||
        ip4_addr_get_byte(source, 0) >= 240)
        return false;
    if (ip4_addr_isany(source))
        return ip4_addr_get_byte(destination, 0) >= 224;
    return !route_is_local(&from);
}

// RFC 1122, 3.3.6: what was sent to everybody, for one alone to answer, would
// make all of them answer. A machine without an address may need it for DHCP.
static bool is_for_one_of_all(const struct pbuf *p, const struct ip_hdr *ip,
                              const struct netif *netif)
{
    ip_addr_t to;

    ip_addr_copy_from_ip4(to, ip->dest);
    return (p->flags & (PBUF_FLAG_LLBCAST | PBUF_FLAG_LLMCAST)) &&
           !ip4_addr_isany(netif_ip4_addr(netif)) &&
           !ip_addr_ismulticast(&to) && !route_is_broadcast(&to);
}

bool arp_is_good(const struct etharp_hdr *arp)
{
    ip_addr_t sender = IPADDR4_INIT(0);

    memcpy(ip_2_ip4(&sender), &arp->sipaddr, sizeof(ip4_addr_t));
    return ip_addr_isany(&sender) || !route_is_local(&sender);
}

bool ip4_is_good(const struct pbuf *p, const struct netif *netif)
{
    const struct ip_hdr *ip = p->payload;
    unsigned header = IPH_HL_BYTES(ip);

    if (p->len < IP_HLEN)
        return false;
    if (header < IP_HLEN || header > p->len || lwip_ntohs(IPH_LEN(ip)) < header)
        return true;  // lwIP drops it
    if (!options_are_good(ip) || !fragment_is_good(ip)) {
        MIB2_STATS_INC(mib2.ipinhdrerrors);
        return false;
    }
    if (NET_SERVER.taking_looped || (p->flags & PBUF_FLAG_MCASTLOOP))
        return true;  // it is this machine's own
    if (!addresses_are_good(ip)) {
        MIB2_STATS_INC(mib2.ipinaddrerrors);
        return false;
    }
    return !is_for_one_of_all(p, ip, netif);
}
