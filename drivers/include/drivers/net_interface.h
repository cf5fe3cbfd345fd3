// SPDX-License-Identifier: MIT
//
// What a network driver provides, and what it calls: the border between
// drivers/ and net/. A driver knows frames and nothing of sockets or lwIP; the
// network server knows this structure and nothing of rings.

#pragma once

#include <lib/list.h>
#include <lib/lock.h>
#include <lib/types.h>

#define ETHERNET_ADDRESS_SIZE 6

struct net_interface;

// Work that a frame leaves to the device, or that it reports done: the fields
// of a virtio-net header, in the host's byte order.
struct net_offload {
    bool needs_checksum;  // TX: fill in; RX: not filled in, but data is good
    bool checksum_valid;  // RX: the device has checked it
    uint16_t checksum_start, checksum_offset;
    uint8_t gso_type;        // NET_GSO_*
    uint16_t gso_size;       // payload bytes of each segment
    uint16_t header_length;  // bytes of headers in front of the payload
};

enum net_gso {
    NET_GSO_NONE = 0,
    NET_GSO_TCPV4 = 1,
    NET_GSO_UDP = 3,
    NET_GSO_TCPV6 = 4,
};

// A frame to send: a scatter list of kernel memory, starting with the Ethernet
// header. It belongs to the sender, who gets it back by done.
struct tx_segment {
    const void *data;
    size_t length;
};
struct tx_frame {
    struct net_offload offload;
    // The device no longer reads the memory. Called from send, flush, poll or
    // reclaim, with the server's core mutex held, never from an interrupt.
    void (*done)(struct tx_frame *frame);
    unsigned count;  // of segments
    struct tx_segment *segments;
};

// A received buffer: part of a frame, handed up without a copy.
struct rx_buffer {
    void *data;
    size_t length;
    size_t size;             // of the memory behind it, for accounting
    struct rx_buffer *next;  // further parts of the same frame
    struct net_interface *interface;
    uint64_t upper[16];  // scratch of the owner above (its pbuf)
};

struct net_counters {
    uint64_t rx_packets, rx_bytes, rx_errors, rx_dropped, rx_multicast;
    uint64_t tx_packets, tx_bytes, tx_errors, tx_dropped;
    uint64_t tx_stalls;   // the ring was full
    uint64_t tx_rescues;  // the watchdog had to notify the device again
    uint64_t kicks, interrupts;
};

enum net_capabilities {
    NET_TX_CHECKSUM = 1,
    NET_TX_TSO4 = 2,
    NET_TX_TSO6 = 4,
    NET_RX_CHECKSUM = 8,
    NET_RX_MERGED = 16,   // frames over the MTU (large receive) may come
    NET_BARE_IP = 32,     // no Ethernet: a frame is an IP packet (loopback)
    NET_RX_FOREIGN = 64,  // frames for other stations come up unasked
};

// All operations are called by the network server with its core mutex held.
struct net_interface_ops {
    // Queue a frame. 0: the frame is the driver's until done. -EAGAIN: the ring
    // is full; notify comes when there is room. -EMSGSIZE, -EIO.
    int (*send)(struct net_interface *interface, struct tx_frame *frame);
    // Let the device see what send queued (one notification for a batch).
    void (*flush)(struct net_interface *interface);
    // The hardware address, six bytes.
    void (*local_mac_address)(struct net_interface *interface, uint8_t *mac);
    // Give back frames whose transmission is over, by done.
    void (*reclaim)(struct net_interface *interface);
    // Hand up to `budget` received frames to interface->receive; how many.
    // When fewer than budget, interrupts are on again.
    unsigned (*poll)(struct net_interface *interface, unsigned budget);
    // Take a buffer back into the ring; a whole chain by its first.
    void (*release)(struct net_interface *interface, struct rx_buffer *buffer);
    bool (*link_up)(struct net_interface *interface);
    // Another hardware address: 0, -EADDRNOTAVAIL. Missing: it has only one.
    int (*set_mac_address)(struct net_interface *interface, const uint8_t *mac);
    // A copy; also without the core mutex, then of a moment between.
    void (*counters)(struct net_interface *interface,
                     struct net_counters *counters);
};

struct net_interface {
    // Set by the driver.
    const struct net_interface_ops *ops;  // (i)
    char name[16];                        // (i) "" is made "eth0" and so on
    uint16_t hardware;                    // (i) ARPHRD_*
    unsigned mtu;                         // (i) bytes of payload
    unsigned capabilities;                // (i) NET_*
    unsigned queue_length;                // (i) frames it holds for sending
    void *driver;                         // (i)
    unsigned index;                       // (i) by net_device_register
    struct list_node node;                // registry's

    // Set by the server when it takes the interface over, notify last; no poll
    // comes before, so nothing is received.
    // A received frame (chain): takes the buffer. Core mutex held.
    void (*receive)(struct net_interface *interface, struct rx_buffer *frame,
                    const struct net_offload *offload);
    // Something happened (frames to poll, room to send, link): called in
    // interrupt context; wakes the network thread.
    void (*notify)(struct net_interface *interface);
    // The same for a task that holds no lock: poll is called before it returns.
    void (*serve)(struct net_interface *interface);
    void *server;
    bool up;  // (core) as ifconfig(8) says: frames pass
};

// The registry (drivers/net_device.c). All of it may sleep.
//
// An index is not used again before all others were, so that whoever still
// knows one of an interface that is gone does not find another in its place.
#define NET_INDEX_MAX 253  // lwIP numbers interfaces with 8 bits
// 0, -ENFILE (no index is free), or what attach says.
int net_device_register(struct net_interface *interface);
// It is the driver's again: no operation but release is called any more, and
// no callback may be.
void net_device_unregister(struct net_interface *interface);
// The one with the index; NULL: none.
struct net_interface *get_net_device(unsigned index);
// Call a function for each, in order of registration.
void net_device_for_each(void (*function)(struct net_interface *interface,
                                          void *argument),
                         void *argument);

// Who takes interfaces over is told when they come and go from then on. attach:
// 0, or -errno (-EEXIST: the name is taken), and the interface is not
// registered.
struct net_device_listener {
    int (*attach)(struct net_interface *interface);
    void (*detach)(struct net_interface *interface);
};
void net_device_listen(const struct net_device_listener *listener);

static inline int net_send(struct net_interface *i, struct tx_frame *frame)
{
    return i->ops->send(i, frame);
}
