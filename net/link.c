// SPDX-License-Identifier: MIT
//
// Links: a driver's net_interface and lwIP's netif tied together. Making one,
// finding one, and looking after it once per pass of the network thread.

#include <abi/netdevice.h>
#include <lib/log.h>
#include <lwip/etharp.h>
#include <mm/kmalloc.h>
#include <net/loopback.h>
#include <net/observer.h>
#include <net/server.h>
#include <netif/ethernet.h>
#include <string.h>

#define POLL_BUDGET 64  // frames taken in before timers get their turn

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
        netif->input = input_packet;
    }
    if (interface == &loopback_interface) {
        netif->flags |= NETIF_FLAG_IGMP;  // groups are joined on `lo` too
        netif->input = input_looped;
        netif->chksum_flags &=
            ~(NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP);
    }
    if (interface->capabilities & NET_BARE_IP)
        return ERR_OK;
    netif->flags |= NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
                    NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    netif->output = transmit_ip;
    netif->output_ip6 = transmit_ip6;
    netif->linkoutput = transmit_ethernet;
    netif->input = input_ethernet;
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
