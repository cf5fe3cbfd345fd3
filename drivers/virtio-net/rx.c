// SPDX-License-Identifier: MIT
//
// Receiving. The ring is kept full of buffers; a frame goes up in the buffers
// that the device wrote it to, and they come back by rx_release whenever the
// layers above are done. Buffers that are held up there are replaced by new
// ones, so a slow reader takes memory but never the ring.
//
// A buffer is one block of memory: struct rx_buffer, then the device's part,
// which is the virtio header and the frame.

#include "virtio_net.h"

#include <abi/errno.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <riscv/memory_layout.h>

#define RX_RING_SIZE 256
#define BUFFER_SIZE  2048  // holds a frame of the largest ordinary size

// The frame's place in the block: the IP header behind 14 bytes of Ethernet is
// aligned to 8, and there is room for the virtio header in front.
#define FRAME_OFFSET (ALIGN_UP(sizeof(struct rx_buffer) + HEADER_SIZE, 8) + 2)

static char *frame_start(struct rx_buffer *buffer)
{
    return (char *)buffer + FRAME_OFFSET;
}

// Give the buffer to the device. Without MRG_RXBUF the header gets a descriptor
// of its own, as legacy devices may insist on (5.1.6.3.1).
static int post(struct virtio_net *net, struct rx_buffer *buffer)
{
    size_t header = net->header_size, frame = BUFFER_SIZE - FRAME_OFFSET;
    paddr start = virt_to_phys(frame_start(buffer)) - header;
    struct virtq_segment whole[] = {{start, header + frame}};
    struct virtq_segment split[] = {{start, header}, {start + header, frame}};
    return virtqueue_add(net->rx.queue, net->mergeable ? whole : split, 0,
                         net->mergeable ? 1 : 2, buffer);
}

static struct rx_buffer *buffer_alloc(struct virtio_net *net)
{
    struct rx_buffer *buffer = kmalloc(BUFFER_SIZE);
    if (buffer) {
        buffer->size = BUFFER_SIZE;
        buffer->interface = &net->interface;
    }
    return buffer;
}

// Fill the ring. Short of memory it stays emptier until buffers come back.
static void refill(struct virtio_net *net)
{
    struct rx_buffer *buffer;
    unsigned each = net->mergeable ? 1 : 2;
    while (net->rx.queue->free_count >= each && (buffer = buffer_alloc(net)))
        post(net, buffer);
    virtio_kick(net->device, net->rx.queue);
}

// Chains go back to the ring, and to the allocator once that is full. The
// device notices by itself unless it ran dry.
void rx_release(struct net_interface *interface, struct rx_buffer *buffer)
{
    struct virtio_net *net = virtio_net_of(interface);
    while (buffer) {
        struct rx_buffer *next = buffer->next;
        if (post(net, buffer))
            kfree(buffer);
        buffer = next;
    }
    if (!net->broken && net->rx.queue->in_flight < RX_RING_SIZE / 4)
        virtio_kick(net->device, net->rx.queue);
}

static size_t frame_length(const struct rx_buffer *frame)
{
    size_t n = 0;
    for (; frame; frame = frame->next)
        n += frame->length;
    return n;
}

static void drop(struct virtio_net *net, struct rx_buffer *frame)
{
    net->counters.rx_errors++;
    rx_release(&net->interface, frame);
}

static void append(struct rx_ring *rx, struct rx_buffer *buffer)
{
    if (rx->first)
        rx->last->next = buffer;
    else
        rx->first = buffer;
    rx->last = buffer;
}

// A buffer that the device has written to. True if it completes a frame.
static bool assemble(struct virtio_net *net, struct rx_buffer *buffer,
                     uint32_t written)
{
    struct rx_ring *rx = &net->rx;
    size_t header = net->header_size;
    buffer->next = NULL;
    buffer->data = frame_start(buffer) - header;
    buffer->length = written;
    if (rx->missing == 0) {
        const struct virtio_net_header *h = buffer->data;
        rx->missing = net->mergeable && written >= header ? h->buffers : 1;
        if (written < header || rx->missing == 0 ||
            rx->missing > RX_RING_SIZE) {
            rx->missing = 0;
            drop(net, buffer);
            return false;
        }
        buffer->data = frame_start(buffer);
        buffer->length -= header;
    }
    append(rx, buffer);
    return --rx->missing == 0;
}

// Translate the header; false if it contradicts the frame.
static bool offload_of(const struct virtio_net *net, struct rx_buffer *frame,
                       size_t length, struct net_offload *offload)
{
    const struct virtio_net_header *h =
        (void *)(frame_start(frame) - net->header_size);
    *offload = (struct net_offload){0};
    if (!virtio_has(net->device, VIRTIO_NET_F_GUEST_CSUM))
        return true;
    *offload = (struct net_offload){
        .needs_checksum = h->flags & HEADER_NEEDS_CHECKSUM,
        .checksum_valid = h->flags & HEADER_DATA_VALID,
        .checksum_start = h->checksum_start,
        .checksum_offset = h->checksum_offset,
        .gso_type = h->gso_type & ~HEADER_GSO_ECN,
        .gso_size = h->gso_size,
        .header_length = h->header_length,
    };
    size_t checksum_end = h->checksum_start + h->checksum_offset + 2;
    return !offload->needs_checksum || checksum_end <= length;
}

static void hand_up(struct virtio_net *net)
{
    struct rx_buffer *frame = net->rx.first;
    size_t length = frame_length(frame);
    struct net_offload offload;
    net->rx.first = NULL;
    if (length < ETHERNET_HEADER_SIZE ||
        !offload_of(net, frame, length, &offload)) {
        drop(net, frame);
        return;
    }
    net->counters.rx_packets++;
    net->counters.rx_bytes += length;
    net->counters.rx_multicast += *(uint8_t *)frame->data & 1;
    net->interface.receive(&net->interface, frame, &offload);
}

// Interrupts stay off while frames come faster than the budget; the last step
// is to turn them on and look once more.
unsigned rx_poll(struct net_interface *interface, unsigned budget)
{
    struct virtio_net *net = virtio_net_of(interface);
    struct rx_buffer *buffer;
    unsigned frames = 0;
    uint32_t written;
    do {
        while (frames < budget &&
               (buffer = virtqueue_get(net->rx.queue, &written))) {
            if (assemble(net, buffer, written)) {
                hand_up(net);
                frames++;
            }
        }
        virtio_net_check(net);
        if (net->broken)
            return 0;
        refill(net);
    } while (frames < budget && virtio_arm(net->device, net->rx.queue, 1));
    return frames;
}

void rx_abandon(struct virtio_net *net)
{
    struct rx_buffer *buffer;
    while ((buffer = virtqueue_detach(net->rx.queue)))
        kfree(buffer);
    while ((buffer = net->rx.first)) {
        net->rx.first = buffer->next;
        kfree(buffer);
    }
}

int rx_init(struct virtio_net *net)
{
    int error = virtio_make_queue(net->device, 0, RX_RING_SIZE);
    if (error)
        return error;
    net->rx.queue = net->device->queues[0];
    return 0;
}

void rx_start(struct virtio_net *net)
{
    refill(net);
}
