// SPDX-License-Identifier: MIT
//
// Private to the virtio-net driver. The core mutex of the network server
// serialises everything (c), except what the interrupt handler and the watchdog
// touch, which is atomic (a).

#pragma once

#include <dev/timer.h>
#include <drivers/net_interface.h>
#include <drivers/virtio.h>

// Section 5.1.3.
#define VIRTIO_NET_F_CSUM       (1ull << 0)
#define VIRTIO_NET_F_GUEST_CSUM (1ull << 1)
#define VIRTIO_NET_F_MAC        (1ull << 5)
#define VIRTIO_NET_F_MRG_RXBUF  (1ull << 15)
#define VIRTIO_NET_F_STATUS     (1ull << 16)

#define ETHERNET_HEADER_SIZE 14

// In front of each frame, both ways (virtio 1.2, section 5.1.6).
struct virtio_net_header {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t header_length;
    uint16_t gso_size;
    uint16_t checksum_start;
    uint16_t checksum_offset;
    uint16_t buffers;  // of this frame; not there in the short form
};
enum header_flags {
    HEADER_NEEDS_CHECKSUM = 1,
    HEADER_DATA_VALID = 2,
};
#define HEADER_GSO_ECN    0x80
#define HEADER_SIZE       12
#define HEADER_SIZE_SHORT 10  // legacy without MRG_RXBUF

struct rx_ring {
    struct virtqueue *queue;         // (c)
    struct rx_buffer *first, *last;  // (c) the frame that is being put together
    unsigned missing;                // (c) buffers that it still lacks
};

// What the driver keeps of a frame that the device is sending.
struct tx_slot {
    struct virtio_net_header header;
    struct tx_frame *frame;  // NULL: the slot is free
    struct tx_slot *next;    // free ones
};

struct tx_ring {
    struct virtqueue *queue;  // (c)
    struct tx_slot *slots;    // (i)
    struct tx_slot *free;     // (c)
    struct timer watchdog;    // armed while frames are in flight
    uint32_t watched;         // (a) 1: it is
    bool was_busy;            // (watchdog) at its last run: the device had work
    uint16_t last_used;       // (watchdog) ... and this used index
};

struct virtio_net {
    struct net_interface interface;
    struct virtio_device *device;        // (i)
    size_t header_size;                  // (i) HEADER_SIZE or the short one
    bool mergeable;                      // (i) MRG_RXBUF was negotiated
    uint8_t mac[ETHERNET_ADDRESS_SIZE];  // (i)
    bool link;                           // (a)
    bool broken;                         // (c) stopped after it broke the rules
    struct rx_ring rx;
    struct tx_ring tx;
    struct net_counters counters;  // (c) except interrupts, tx_rescues (a)
};

static inline struct virtio_net *virtio_net_of(struct net_interface *interface)
{
    return interface->driver;
}

// Stop the device if it broke the rules of one of its queues.
void virtio_net_check(struct virtio_net *net);

// rx.c
int rx_init(struct virtio_net *net);    // makes the queue
void rx_start(struct virtio_net *net);  // once the device runs
unsigned rx_poll(struct net_interface *interface, unsigned budget);
void rx_release(struct net_interface *interface, struct rx_buffer *buffer);
void rx_abandon(struct virtio_net *net);  // after a reset

// tx.c
int tx_init(struct virtio_net *net);
int tx_send(struct net_interface *interface, struct tx_frame *frame);
void tx_flush(struct net_interface *interface);
void tx_reclaim(struct net_interface *interface);
void tx_abandon(struct virtio_net *net);  // after a reset
