// SPDX-License-Identifier: MIT
//
// Between a driver's net_interface and lwIP's netif: attaching one, and the way
// in. A received buffer becomes a pbuf without a copy and goes back to its
// driver when the pbuf is freed; a small frame is copied instead, so that a
// slow reader of small packets does not hold the driver's buffers. The way out
// is in net/transmit.c.

#include <abi/packet.h>
#include <lib/log.h>
#include <lib/trace.h>
#include <lwip/etharp.h>
#include <lwip/ip.h>
#include <lwip/prot/ip6.h>
#include <mm/kmalloc.h>
#include <net/address.h>
#include <net/ip6.h>
#include <net/ip_check.h>
#include <net/loopback.h>
#include <net/neighbour.h>
#include <net/observer.h>
#include <net/packet.h>
#include <net/packet_trace.h>
#include <net/route_table.h>
#include <net/server.h>
#include <netif/ethernet.h>
#include <string.h>

#define COPY_BREAK  256  // frames up to this many bytes are copied
#define POLL_BUDGET 64   // frames taken in before timers get their turn

// A pbuf around a driver's buffer, living in the buffer's scratch area.
struct rx_pbuf {
    struct pbuf_custom custom;
    struct rx_buffer *buffer;
};
_Static_assert(sizeof(struct rx_pbuf) <= sizeof(((struct rx_buffer *)0)->upper),
               "the pbuf fits in rx_buffer's scratch");

// The last reference to the pbuf is gone: the driver has its buffer back.
static void rx_pbuf_free(struct pbuf *p)
{
    struct rx_buffer *buffer = ((struct rx_pbuf *)p)->buffer;

    buffer->interface->ops->release(buffer->interface, buffer);
}

size_t pbuf_true_size(const struct pbuf *p)
{
    size_t size = 0;

    for (; p; p = p->next) {
        const struct rx_pbuf *rx = (const struct rx_pbuf *)p;

        if ((p->flags & PBUF_FLAG_IS_CUSTOM) &&
            rx->custom.custom_free_function == rx_pbuf_free)
            size += rx->buffer->size;
        else
            size += sizeof(*p) + p->len;
    }
    return size;
}

void (*packet_tap)(struct net_link *link, const struct pbuf *p, bool framed,
                   bool outgoing);

static struct pbuf *wrap(struct rx_buffer *buffer)
{
    struct rx_pbuf *rx = (struct rx_pbuf *)buffer->upper;

    buffer->next = NULL;
    rx->buffer = buffer;
    rx->custom.custom_free_function = rx_pbuf_free;
    return pbuf_alloced_custom(PBUF_RAW, buffer->length, PBUF_REF, &rx->custom,
                               buffer->data, buffer->length);
}

// A pbuf chain for a received frame; takes the buffers. NULL: no memory, or an
// impossible length.
static struct pbuf *frame_to_pbuf(struct rx_buffer *frame)
{
    struct pbuf *p;

    if (!frame->next && frame->length <= COPY_BREAK) {
        p = pbuf_alloc(PBUF_RAW, frame->length, PBUF_RAM);
        if (p)
            memcpy(p->payload, frame->data, frame->length);
        frame->interface->ops->release(frame->interface, frame);
        return p;
    }
    struct rx_buffer *next = frame->next;
    bool fits = true;
    p = wrap(frame);
    while (next) {
        struct rx_buffer *buffer = next;
        next = buffer->next;
        fits &= p->tot_len + buffer->length <= UINT16_MAX;
        pbuf_cat(p, wrap(buffer));
    }
    if (fits)
        return p;
    pbuf_free(p);  // lwIP counts a packet's bytes with 16 bits
    return NULL;
}

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

    if (p->len >= SIZEOF_ETH_HDR + IP_HLEN &&
        ethernet->type == PP_HTONS(ETHTYPE_IP)) {
        ip_addr_copy_from_ip4(*target, ((const struct ip_hdr *)inner)->dest);
        return true;
    }
    if (p->len >= SIZEOF_ETH_HDR + SIZEOF_ETHARP_HDR &&
        ethernet->type == PP_HTONS(ETHTYPE_ARP)) {
        memcpy(ip_2_ip4(target), &((const struct etharp_hdr *)inner)->dipaddr,
               sizeof(ip4_addr_t));
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

static err_t ethernet_receive(struct pbuf *p, struct netif *netif)
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
static err_t packet_receive(struct pbuf *p, struct netif *netif)
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
static void bare_input4(struct pbuf *p, struct netif *netif)
{
    ip4_addr_t own = *netif_ip4_addr(netif);
    const struct ip_hdr *ip = p->payload;

    ip4_addr_copy(*ip_2_ip4(&netif->ip_addr), ip->dest);
    ip_input(p, netif);
    ip4_addr_copy(*ip_2_ip4(&netif->ip_addr), own);
}

// The same for IPv6, where it is the interface that owns the address that takes
// the packet in: the scope of a link-local address is that interface.
static void bare_input6(struct pbuf *p, struct netif *netif)
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

static err_t bare_input(struct pbuf *p, struct netif *netif)
{
    NET_SERVER.taking_looped = true;
    if (p->len >= IP6_HLEN && IP_HDR_GET_VERSION(p->payload) == 6)
        bare_input6(p, netif);
    else if (p->len >= IP_HLEN && IP_HDR_GET_VERSION(p->payload) == 4)
        bare_input4(p, netif);
    else
        pbuf_free(p);
    NET_SERVER.taking_looped = false;
    return ERR_OK;
}

uint8_t link_frame_type(const struct net_link *link, const void *destination)
{
    const uint8_t *to = destination;

    if (to[0] & 1)  // `lo` has no broadcast address
        return link != NET_SERVER.loopback &&
                       memcmp(to, &ethbroadcast, ETH_HWADDR_LEN) == 0
                   ? PACKET_BROADCAST
                   : PACKET_MULTICAST;
    return memcmp(to, link->netif.hwaddr, ETH_HWADDR_LEN) == 0
               ? PACKET_HOST
               : PACKET_OTHERHOST;
}

// A frame for another station on the same wire: only AF_PACKET may look at it.
static bool is_foreign(const struct net_link *link, const struct pbuf *p)
{
    return p->len >= SIZEOF_ETH_HDR &&
           link_frame_type(link, p->payload) == PACKET_OTHERHOST;
}

// Does the driver hand up foreign frames that nobody asked for?
static bool is_filtered(const struct net_link *link)
{
    return (link->interface->capabilities & NET_RX_FOREIGN) &&
           !link->promiscuous;
}

// net_interface.receive: called by the driver's poll.
static void link_receive(struct net_interface *interface,
                         struct rx_buffer *frame,
                         const struct net_offload *offload)
{
    struct net_link *link = interface->server;
    struct netif *netif = &link->netif;
    uint16_t checks = netif->chksum_flags;
    struct pbuf *p = frame_to_pbuf(frame);

    if (!p) {
        LINK_STATS_INC(link.memerr);
        return;
    }
    if (!netif_is_up(netif)) {
        pbuf_free(p);
        return;
    }
    bool framed = !(interface->capabilities & NET_BARE_IP);
    if (trace_enabled(TRACE_PACKETS))
        packet_trace(interface->name, '<', p, framed);
    bool foreign = framed && is_foreign(link, p);
    if (packet_tap && !(foreign && is_filtered(link)))
        packet_tap(link, p, framed, false);
    if (foreign) {
        pbuf_free(p);
        return;
    }
    if (offload->needs_checksum || offload->checksum_valid)
        netif->chksum_flags &=
            ~(NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP);
    if (netif->input(p, netif) != ERR_OK)
        pbuf_free(p);
    netif->chksum_flags = checks;
}

static err_t link_init_netif(struct netif *netif)
{
    struct net_link *link = netif->state;
    struct net_interface *interface = link->interface;

    netif->name[0] = interface->name[0];
    netif->name[1] = interface->name[1];
    netif->hostname = "wharf";
    netif->mtu = interface->mtu;
    netif->hwaddr_len = link_address_length(link);
    interface->ops->local_mac_address(interface, netif->hwaddr);
    if (interface->capabilities & NET_BARE_IP) {
        netif->output = transmit_ip_bare;
        netif->output_ip6 = transmit_ip6_bare;
        netif->input = packet_receive;
    }
    if (interface == &loopback_interface) {
        netif->input = bare_input;
        netif->chksum_flags &=
            ~(NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP);
    }
    if (interface->capabilities & NET_BARE_IP)
        return ERR_OK;
    netif->flags |= NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
                    NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
    netif->output = transmit_ip;
    netif->output_ip6 = transmit_ip6;
    netif->linkoutput = transmit_ethernet;
    netif->input = ethernet_receive;
    return ERR_OK;
}

int link_attach(struct net_interface *interface, struct net_link **result)
{
    struct net_link *link = kzalloc(sizeof(*link));

    if (!link)
        return -ENOMEM;
    link->refs = 1;
    link->interface = interface;
    interface->server = link;
    list_init(&link->addresses);
    if (!netif_add(&link->netif, NULL, NULL, NULL, link, link_init_netif,
                   NULL)) {
        kfree(link);
        return -ENOMEM;
    }
    link->netif.num = link_index(link) - 1;  // its zone is its index
    if (interface == &loopback_interface)
        list_push_front(&NET_SERVER.links, &link->node);  // index 1
    else
        list_push_back(&NET_SERVER.links, &link->node);
    link->was_up = interface->ops->link_up(interface);
    if (link->was_up)
        netif_set_link_up(&link->netif);
    interface->receive = link_receive;
    interface->serve = link_serve;
    observe_link(link, false);
    *result = link;
    return 0;
}

struct net_link *link_get(struct net_link *link)
{
    __atomic_fetch_add(&link->refs, 1, __ATOMIC_RELAXED);
    return link;
}

void link_put(struct net_link *link)
{
    if (__atomic_sub_fetch(&link->refs, 1, __ATOMIC_ACQ_REL) == 0)
        kfree(link);
}

// Has the driver another hardware address than we know?
static void link_check_address(struct net_link *link)
{
    uint8_t mac[ETHERNET_ADDRESS_SIZE];

    link->interface->ops->local_mac_address(link->interface, mac);
    if (memcmp(mac, link->netif.hwaddr, sizeof(mac)) == 0)
        return;
    memcpy(link->netif.hwaddr, mac, sizeof(mac));
    observe_link(link, false);
}

static void link_check_state(struct net_link *link)
{
    bool up = link->interface->ops->link_up(link->interface);

    if (up == link->was_up)
        return;
    link->was_up = up;
    log_line("net: %s: link is %s", link->interface->name, up ? "up" : "down");
    if (up)
        netif_set_link_up(&link->netif);
    else
        netif_set_link_down(&link->netif);
    observe_link(link, false);
}

bool link_poll(struct net_link *link)
{
    struct net_interface *interface = link->interface;

    interface->ops->reclaim(interface);
    if (link->stalled) {
        link->stalled = false;
        tcp_transmit_ready();
        wake_up_all(&NET_SERVER.room);
    }
    link_check_state(link);
    link_check_address(link);
    return interface->ops->poll(interface, POLL_BUDGET) == POLL_BUDGET;
}

struct net_link *link_by_name(const char *name)
{
    struct net_link *link;

    list_for_each(link, &NET_SERVER.links, node) {
        if (strncmp(link->interface->name, name, IFNAMSIZ) == 0)
            return link;
    }
    return NULL;
}

struct net_link *link_by_index(unsigned index)
{
    struct net_link *link;

    list_for_each(link, &NET_SERVER.links, node) {
        if (link_index(link) == index)
            return link;
    }
    return NULL;
}

// `lo` is 1, as everywhere; the others follow in order of registration.
unsigned link_index(const struct net_link *link)
{
    unsigned index = link->interface->index;

    if (link->interface == &loopback_interface)
        return 1;
    return index < loopback_interface.index ? index + 2 : index + 1;
}

size_t link_address_length(const struct net_link *link)
{
    return link->interface->hardware == ARPHRD_NONE ? 0 : ETHERNET_ADDRESS_SIZE;
}
