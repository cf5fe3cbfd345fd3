// SPDX-License-Identifier: MIT
//
// The way out: lwIP's output functions. A pbuf chain becomes the scatter list
// of a tx_frame without a copy. The frame holds a reference on the pbuf, and on
// each page of a socket's send buffer that it points into, until the device is
// done: lwIP gives such a page back when it is acknowledged, and the
// acknowledgement may be of an earlier transmission.
//
// A full ring is ERR_MEM to lwIP: TCP keeps the segment and is called again by
// link_poll when there is room; a UDP sender waits at NET_SERVER.room.

#include <lib/log.h>
#include <lib/trace.h>
#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/ip.h>
#include <lwip/prot/ethernet.h>
#include <mm/kmalloc.h>
#include <mm/page.h>
#include <net/ip6.h>
#include <net/packet_trace.h>
#include <net/route.h>
#include <net/server.h>
#include <net/socket.h>
#include <netif/ethernet.h>

struct tx_packet {
    struct tx_frame frame;
    struct pbuf *pbuf;             // a reference
    struct page **pages;           // per segment: a reference, or NULL
    struct tx_segment segments[];  // frame.count; pages follow them
};

static struct tx_packet *tx_packet_create(struct pbuf *p)
{
    unsigned count = pbuf_clen(p);
    struct tx_packet *packet =
        kmalloc(sizeof(*packet) +
                count * (sizeof(packet->segments[0]) + sizeof(struct page *)));

    if (!packet)
        return NULL;
    packet->pages = (struct page **)&packet->segments[count];
    packet->frame =
        (struct tx_frame){.count = count, .segments = packet->segments};
    packet->pbuf = p;
    pbuf_ref(p);
    for (unsigned i = 0; i < count; i++, p = p->next) {
        packet->segments[i] = (struct tx_segment){p->payload, p->len};
        // PBUF_ROM is what tcp_write makes of send-buffer pages. All else
        // lives as long as its pbuf.
        packet->pages[i] = NULL;
        if (p->type_internal == PBUF_ROM) {
            packet->pages[i] = virt_to_page(p->payload);
            page_get(packet->pages[i]);
        }
    }
    return packet;
}

// tx_frame.done, and the end of one that could not be sent.
static void tx_packet_done(struct tx_frame *frame)
{
    struct tx_packet *packet = container_of(frame, struct tx_packet, frame);

    assert_debug(net_locked());
    for (unsigned i = 0; i < frame->count; i++) {
        if (packet->pages[i])
            page_put(packet->pages[i]);
    }
    pbuf_free(packet->pbuf);
    kfree(packet);
}

static err_t transmit_frame(struct netif *netif, struct pbuf *p)
{
    struct net_link *link = netif->state;
    struct net_interface *interface = link->interface;
    struct tx_packet *packet;

    if (!netif_is_up(netif))
        return ERR_IF;
    packet = tx_packet_create(p);
    if (!packet)
        return ERR_MEM;
    packet->frame.done = tx_packet_done;
    bool framed = !(interface->capabilities & NET_BARE_IP);
    if (trace_enabled(TRACE_PACKETS))
        packet_trace(interface->name, '>', p, framed);
    int error = net_send(interface, &packet->frame);
    if (error == 0) {
        if (packet_tap)
            packet_tap(link, p, framed, true);
        link->unflushed = true;
        return ERR_OK;
    }
    if (error == -EAGAIN)
        link->stalled = true;
    tx_packet_done(&packet->frame);
    return error == -EAGAIN || error == -ENOMEM ? ERR_MEM : ERR_IF;
}

// Frames of an Ethernet.
err_t transmit_ethernet(struct netif *netif, struct pbuf *p)
{
    const struct eth_hdr *ethernet = p->payload;

    if (ethernet->type == PP_HTONS(ETHTYPE_ARP))
        timers_saw_arp();
    return transmit_frame(netif, p);
}

// IP packets of an interface without a link layer.
err_t transmit_ip_bare(struct netif *netif, struct pbuf *p,
                       const ip4_addr_t *to)
{
    (void)to;
    return transmit_frame(netif, p);
}

err_t transmit_ip6_bare(struct netif *netif, struct pbuf *p,
                        const ip6_addr_t *to)
{
    (void)to;
    return transmit_frame(netif, p);
}

static bool has_borrowed_pages(const struct pbuf *p)
{
    for (; p; p = p->next) {
        if (p->type_internal == PBUF_ROM)
            return true;
    }
    return false;
}

static bool is_resolved(struct netif *netif, const ip4_addr_t *hop)
{
    struct eth_addr *mac;
    const ip4_addr_t *address;

    return etharp_find_addr(netif, hop, &mac, &address) >= 0;
}

// A question for a hardware address is asked in the name of the packet's
// source, which may be another of this machine's addresses than the one that
// lwIP knows.
static err_t resolve_and_send(struct netif *netif, struct pbuf *p,
                              const ip4_addr_t *hop)
{
    const struct ip_hdr *ip = p->payload;
    ip4_addr_t own = *netif_ip4_addr(netif);
    ip_addr_t source;

    ip_addr_copy_from_ip4(source, ip->src);
    if (!ip4_addr_eq(ip_2_ip4(&source), &own) && !ip_addr_isany(&source) &&
        route_is_local(&source))
        ip4_addr_copy(*ip_2_ip4(&netif->ip_addr), ip->src);
    err_t error = etharp_output(netif, p, hop);
    ip4_addr_copy(*ip_2_ip4(&netif->ip_addr), own);
    return error;
}

// TCP finds out what the path can carry (tcp/icmp.c), so nobody shall fragment
// its segments. The header's checksum is adapted (RFC 1624).
static void forbid_fragments(struct pbuf *p)
{
    struct ip_hdr *ip = p->payload;
    const uint32_t bit = PP_HTONS(IP_DF);

    if (IPH_PROTO(ip) != IP_PROTO_TCP || IPH_OFFSET(ip) != 0)
        return;
    uint32_t sum = (uint16_t)~IPH_CHKSUM(ip) + bit;
    IPH_OFFSET_SET(ip, bit);
    IPH_CHKSUM_SET(ip, ~(sum + (sum >> 16)));
}

// IP packets of an Ethernet. While an address is being resolved, lwIP queues
// the packet; pages of a send buffer could be reused in the meantime (the
// connection may be reset), so such a packet is queued as a copy.
err_t transmit_ip(struct netif *netif, struct pbuf *p, const ip4_addr_t *to)
{
    ip4_addr_t hop;

    forbid_fragments(p);
    route_next_hop(netif, to, &hop);
    if (!has_borrowed_pages(p) || is_resolved(netif, &hop))
        return resolve_and_send(netif, p, &hop);
    struct pbuf *copy = pbuf_clone(PBUF_LINK, PBUF_RAM, p);
    if (!copy)
        return ERR_MEM;
    err_t error = resolve_and_send(netif, copy, &hop);
    pbuf_free(copy);
    return error;
}

// The same for IPv6. lwIP's router leaves an address of our own with a scope on
// its interface; it goes to `lo` from here.
err_t transmit_ip6(struct netif *netif, struct pbuf *p, const ip6_addr_t *to)
{
    nd_clock_advance();
    if (link_by_address6(to))
        return transmit_frame(&NET_SERVER.loopback->netif, p);
    if (ip6_addr_ismulticast(to) || !has_borrowed_pages(p) ||
        neighbour6_is_resolved(to))
        return ethip6_output(netif, p, to);
    struct pbuf *copy = pbuf_clone(PBUF_LINK, PBUF_RAM, p);
    if (!copy)
        return ERR_MEM;
    err_t error = ethip6_output(netif, copy, to);
    pbuf_free(copy);
    return error;
}

int link_wait_for_room(struct net_link *link, nsec_t until)
{
    int error = -EAGAIN;

    if (until != SOCKET_NO_WAIT)
        error = socket_wait_result(WAIT_EVENT(&NET_SERVER.room,
                                              !READ_ONCE(link->stalled), until,
                                              true, false),
                                   until);
    link_put(link);
    return error;
}
