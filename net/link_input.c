// SPDX-License-Identifier: MIT
//
// netif->input of the kinds of links: what lwIP has to be told, or must not be
// given, before it takes a frame or packet in.

#include <lwip/etharp.h>
#include <lwip/ip.h>
#include <lwip/prot/ip6.h>
#include <net/address.h>
#include <net/ip6.h>
#include <net/ip_check.h>
#include <net/neighbour.h>
#include <net/route_table.h>
#include <net/server.h>
#include <netif/ethernet.h>
#include <string.h>

// lwIP reads a header before it asks whether all of it is there: the least that
// has to be of each kind.
static size_t least_header(uint16_t type)
{
    switch (lwip_ntohs(type)) {
    case ETHTYPE_ARP:
        return SIZEOF_ETHARP_HDR;
    case ETHTYPE_IP:
        return IP_HLEN;
    case ETHTYPE_IPV6:
        return IP6_HLEN;
    default:
        return 0;
    }
}

// Whom a frame's packet or question is for. False: cannot be told.
static bool frame_target(const struct pbuf *p, ip_addr_t *target)
{
    const struct eth_hdr *ethernet = p->payload;
    const void *inner = ethernet + 1;
    ip4_addr_t asked;

    if (p->len >= SIZEOF_ETH_HDR + IP_HLEN &&
        ethernet->type == PP_HTONS(ETHTYPE_IP)) {
        ip_addr_copy_from_ip4(*target, ((const struct ip_hdr *)inner)->dest);
        return true;
    }
    if (p->len >= SIZEOF_ETH_HDR + SIZEOF_ETHARP_HDR &&
        ethernet->type == PP_HTONS(ETHTYPE_ARP)) {
        IPADDR_WORDALIGNED_COPY_TO_IP4_ADDR_T(
            &asked, &((const struct etharp_hdr *)inner)->dipaddr);
        ip_addr_copy_from_ip4(*target, asked);
        return true;
    }
    return false;
}

// lwIP takes in what is for the one address that it knows of the interface. For
// another address of this machine, or another network's broadcast address, what
// it shall take for its own meanwhile, in netif->ip_addr and netmask.
static void take_role(struct netif *netif, const ip_addr_t *target)
{
    const struct route *route;
    const struct link_address *own;

    if (ip_addr_eq(target, &netif->ip_addr) ||
        route_lookup(target, NULL, &route) < 0)
        return;
    if (route->type == RTN_LOCAL && route->link != NET_SERVER.loopback) {
        ip_addr_copy(netif->ip_addr, *target);
    } else if (route->type == RTN_BROADCAST && route->link == netif->state) {
        own = address_find(route->link, &route->source, -1);
        ip_addr_copy(netif->ip_addr, route->source);
        if (own)
            ip_addr_set_ip4_u32(&netif->netmask, ip4_mask_of(own->prefix));
    }
}

// Take a packet or frame in with the role that its target asks for.
static err_t input_for(const ip_addr_t *target, struct pbuf *p,
                       struct netif *netif,
                       err_t (*input)(struct pbuf *p, struct netif *netif))
{
    ip_addr_t address = netif->ip_addr, mask = netif->netmask, role;

    take_role(netif, target);
    ip_addr_copy(role, netif->ip_addr);
    err_t error = input(p, netif);
    // DHCP may have set another address meanwhile, which stays.
    if (ip_addr_eq(&netif->ip_addr, &role) && !ip_addr_eq(&role, &address)) {
        ip_addr_copy(netif->ip_addr, address);
        ip_addr_copy(netif->netmask, mask);
    }
    return error;
}

err_t input_ethernet(struct pbuf *p, struct netif *netif)
{
    const struct eth_hdr *ethernet = p->payload;
    ip_addr_t target;

    if (p->len < SIZEOF_ETH_HDR ||
        p->len < SIZEOF_ETH_HDR + least_header(ethernet->type)) {
        LINK_STATS_INC(link.lenerr);
        return ERR_VAL;
    }
    if (ethernet->type == PP_HTONS(ETHTYPE_ARP)) {
        if (!arp_is_good((const void *)(ethernet + 1)))
            return ERR_VAL;
        timers_saw_arp();
    }
    if (!frame_target(p, &target))
        return ethernet_input(p, netif);
    bool arp = ethernet->type == PP_HTONS(ETHTYPE_ARP);
    err_t error = input_for(&target, p, netif, ethernet_input);
    if (arp)
        neighbours_scan();
    return error;
}

// The packets of an interface without a link layer that is not `lo`.
err_t input_packet(struct pbuf *p, struct netif *netif)
{
    const struct ip_hdr *ip = p->payload;
    ip_addr_t target;

    if (p->len >= IP6_HLEN && IP_HDR_GET_VERSION(ip) == 6)
        return ip_input(p, netif);
    if (p->len < IP_HLEN || IP_HDR_GET_VERSION(ip) != 4) {
        LINK_STATS_INC(link.lenerr);
        return ERR_VAL;
    }
    ip_addr_copy_from_ip4(target, ip->dest);
    return input_for(&target, p, netif, ip_input);
}

// lwIP accepts a packet only at an address of its netif. What reaches `lo` was
// routed there for being addressed to this machine (any address of 127/8, or
// another interface's), so lo's address is the packet's while it is taken in.
static void looped_input4(struct pbuf *p, struct netif *netif)
{
    ip4_addr_t own = *netif_ip4_addr(netif);
    const struct ip_hdr *ip = p->payload;

    ip4_addr_copy(*ip_2_ip4(&netif->ip_addr), ip->dest);
    ip_input(p, netif);
    ip4_addr_copy(*ip_2_ip4(&netif->ip_addr), own);
}

// The same for IPv6, where it is the interface that owns the address that takes
// the packet in: the scope of a link-local address is that interface.
static void looped_input6(struct pbuf *p, struct netif *netif)
{
    const struct ip6_hdr *ip6 = p->payload;
    ip6_addr_t to;
    struct net_link *owner;

    ip6_addr_copy_from_packed(to, ip6->dest);
    owner = link_by_address6(&to);
    struct netif *taker = owner ? &owner->netif : netif;
    uint16_t checks = taker->chksum_flags;
    taker->chksum_flags &=
        ~(NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP);
    ip_input(p, taker);
    taker->chksum_flags = checks;
}

err_t input_looped(struct pbuf *p, struct netif *netif)
{
    NET_SERVER.taking_looped = true;
    if (p->len >= IP6_HLEN && IP_HDR_GET_VERSION(p->payload) == 6)
        looped_input6(p, netif);
    else if (p->len >= IP_HLEN && IP_HDR_GET_VERSION(p->payload) == 4)
        looped_input4(p, netif);
    else
        pbuf_free(p);
    NET_SERVER.taking_looped = false;
    return ERR_OK;
}
