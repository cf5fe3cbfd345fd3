// SPDX-License-Identifier: MIT
//
// `lo`: what is sent comes back. The shortest complete net_interface, and the
// model for a new one: it has no hardware, so that only the contract is left.
// NET_SERVER registers it, gives it 127.0.0.1/8 and routes to it whatever is
// addressed to this machine.

#include <abi/errno.h>
#include <abi/packet.h>
#include <mm/kmalloc.h>
#include <net/loopback.h>
#include <string.h>

#define LOOPBACK_MTU 65535  // lwIP's mtu has 16 bits; Linux has 65536

// A frame on its way back.
struct looped_frame {
    struct rx_buffer buffer;
    struct list_node node;
    uint8_t data[];
};

static struct list_node queue = LIST_INIT(queue);  // (core)
static struct net_counters counters;               // (core)

static size_t frame_length(const struct tx_frame *frame)
{
    size_t length = 0;

    for (unsigned i = 0; i < frame->count; i++)
        length += frame->segments[i].length;
    return length;
}

static int loopback_send(struct net_interface *interface,
                         struct tx_frame *frame)
{
    size_t length = frame_length(frame);
    struct looped_frame *looped = kmalloc(sizeof(*looped) + length);

    if (!looped)
        return -ENOMEM;
    looped->buffer = (struct rx_buffer){.data = looped->data,
                                        .length = length,
                                        .size = kmalloc_size(looped),
                                        .interface = interface};
    uint8_t *to = looped->data;
    for (unsigned i = 0; i < frame->count; i++) {
        memcpy(to, frame->segments[i].data, frame->segments[i].length);
        to += frame->segments[i].length;
    }
    list_push_back(&queue, &looped->node);
    counters.tx_packets++;
    counters.tx_bytes += length;
    frame->done(frame);
    interface->notify(interface);
    return 0;
}

static unsigned loopback_poll(struct net_interface *interface, unsigned budget)
{
    // Memory needs no checksum.
    static const struct net_offload good = {.checksum_valid = true};
    unsigned n = 0;

    while (n < budget) {
        struct looped_frame *frame =
            list_pop_front(&queue, struct looped_frame, node);
        if (!frame)
            break;
        counters.rx_packets++;
        counters.rx_bytes += frame->buffer.length;
        interface->receive(interface, &frame->buffer, &good);
        n++;
    }
    return n;
}

static void loopback_release(struct net_interface *interface,
                             struct rx_buffer *buffer)
{
    (void)interface;
    kfree(container_of(buffer, struct looped_frame, buffer));
}

static void loopback_flush(struct net_interface *interface)
{
    (void)interface;  // nothing is ever held back
}

static void loopback_address(struct net_interface *interface, uint8_t *mac)
{
    (void)interface;
    memset(mac, 0, ETHERNET_ADDRESS_SIZE);
}

static bool loopback_link_up(struct net_interface *interface)
{
    (void)interface;
    return true;
}

static void loopback_counters(struct net_interface *interface,
                              struct net_counters *to)
{
    (void)interface;
    *to = counters;
}

static const struct net_interface_ops loopback_ops = {
    .send = loopback_send,
    .flush = loopback_flush,
    .local_mac_address = loopback_address,
    .reclaim = loopback_flush,
    .poll = loopback_poll,
    .release = loopback_release,
    .link_up = loopback_link_up,
    .counters = loopback_counters,
};

struct net_interface loopback_interface = {
    .ops = &loopback_ops,
    .name = "lo",
    .hardware = ARPHRD_LOOPBACK,
    .mtu = LOOPBACK_MTU,
    .capabilities = NET_BARE_IP | NET_RX_CHECKSUM | NET_TX_CHECKSUM,
};
