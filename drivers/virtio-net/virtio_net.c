// SPDX-License-Identifier: MIT
//
// virtio-net (virtio 1.2, section 5.1; QEMU's -device virtio-net-device): one
// receive and one transmit queue behind a struct net_interface. rx.c and tx.c
// are the two directions, docs/virtio-net.md is the whole story.

#include "virtio_net.h"

#include <abi/errno.h>
#include <abi/packet.h>
#include <lib/log.h>
#include <lib/random.h>
#include <mm/kmalloc.h>
#include <string.h>

#define CONFIG_MAC     0
#define CONFIG_STATUS  6
#define STATUS_LINK_UP 1

#define WANTED_FEATURES                                                \
    (VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS | VIRTIO_NET_F_MRG_RXBUF | \
     VIRTIO_F_EVENT_IDX | VIRTIO_F_ANY_LAYOUT)

static void read_link(struct virtio_net *net)
{
    bool up = !virtio_has(net->device, VIRTIO_NET_F_STATUS) ||
              virtio_config16(net->device, CONFIG_STATUS) & STATUS_LINK_UP;
    WRITE_ONCE(net->link, up);
}

// Interrupt context. Both queues share the interrupt, so the thread looks at
// both; poll turns it on again.
static void interrupt(struct virtio_device *device, bool queues, bool config)
{
    struct virtio_net *net = device->driver;
    __atomic_fetch_add(&net->counters.interrupts, 1, __ATOMIC_RELAXED);
    if (queues) {
        virtqueue_disarm(net->rx.queue);
        virtqueue_disarm(net->tx.queue);
    }
    if (config)
        read_link(net);
    net->interface.notify(&net->interface);
}

void virtio_net_check(struct virtio_net *net)
{
    const char *why = net->rx.queue->broken;
    if (!why)
        why = net->tx.queue->broken;
    if (!why || net->broken)
        return;
    log_line("%s: stopped, the device %s", net->interface.name, why);
    net->broken = true;
    WRITE_ONCE(net->link, false);
    virtio_reset(net->device);
    rx_abandon(net);
    tx_abandon(net);
}

static void local_mac_address(struct net_interface *interface, uint8_t *mac)
{
    memcpy(mac, virtio_net_of(interface)->mac, ETHERNET_ADDRESS_SIZE);
}

static bool link_up(struct net_interface *interface)
{
    return READ_ONCE(virtio_net_of(interface)->link);
}

static void counters(struct net_interface *interface, struct net_counters *to)
{
    *to = virtio_net_of(interface)->counters;
}

static const struct net_interface_ops ops = {
    .send = tx_send,
    .flush = tx_flush,
    .local_mac_address = local_mac_address,
    .reclaim = tx_reclaim,
    .poll = rx_poll,
    .release = rx_release,
    .link_up = link_up,
    .counters = counters,
};

// Until the server takes the interface over.
static void nobody_notified(struct net_interface *interface)
{
    (void)interface;
}

// The device's address, or a random one with the bit "locally administered".
static void choose_mac(struct virtio_net *net)
{
    bool given = virtio_has(net->device, VIRTIO_NET_F_MAC);
    for (unsigned i = 0; given && i < ETHERNET_ADDRESS_SIZE; i++)
        net->mac[i] = virtio_config8(net->device, CONFIG_MAC + i);
    if (!given) {
        random_bytes(net->mac, sizeof(net->mac));
        net->mac[0] = (net->mac[0] & ~1) | 2;
    }
    const uint8_t *m = net->mac;
    log_line("%s: virtio-net, %s, address %02x:%02x:%02x:%02x:%02x:%02x%s",
             net->interface.name, net->device->modern ? "modern" : "legacy",
             m[0], m[1], m[2], m[3], m[4], m[5], given ? "" : " (random)");
}

static int start(struct virtio_net *net)
{
    struct virtio_device *device = net->device;
    int error = virtio_negotiate(device, WANTED_FEATURES);
    if (error)
        return error;
    net->mergeable = virtio_has(device, VIRTIO_NET_F_MRG_RXBUF);
    net->header_size =
        net->mergeable || device->modern ? HEADER_SIZE : HEADER_SIZE_SHORT;
    if ((error = rx_init(net)) || (error = tx_init(net)))
        return error;
    read_link(net);
    return virtio_start(device);
}

static int probe(struct virtio_device *device)
{
    struct virtio_net *net = kzalloc(sizeof(*net));
    if (!net)
        return -ENOMEM;
    net->device = device;
    net->interface = (struct net_interface){
        .ops = &ops,
        .hardware = ARPHRD_ETHER,
        .capabilities = NET_RX_FOREIGN,
        .mtu = 1500,
        .driver = net,
        .notify = nobody_notified,
    };
    device->driver = net;
    device->interrupt = interrupt;
    int error = start(net);
    if (error) {
        kfree(net->tx.slots);
        kfree(net);
        return error;
    }
    net_device_register(&net->interface);
    choose_mac(net);
    rx_start(net);
    return 0;
}

VIRTIO_DRIVER(net) = {.id = 1, .name = "virtio-net", .probe = probe};
