// SPDX-License-Identifier: MIT
//
// Sending. A frame is a scatter list that the device reads where it is; it is
// given back by tx_reclaim, which the network server calls on every pass.
//
// The device is asked to interrupt for used frames only when the ring fills up.
// Otherwise they are given back on the server's next pass, at the latest when
// the watchdog calls for one; it also covers a kick that was lost.

#include "virtio_net.h"

#include <abi/errno.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <riscv/memory_layout.h>

#define TX_RING_SIZE    256
#define MAX_SEGMENTS    64
#define WATCHDOG_PERIOD (10 * NSEC_PER_MSEC)

// ---- slots ----

static struct tx_slot *slot_take(struct tx_ring *tx, struct tx_frame *frame)
{
    struct tx_slot *slot = tx->free;
    tx->free = slot->next;
    slot->frame = frame;
    return slot;
}

static struct tx_frame *slot_give_back(struct tx_ring *tx, struct tx_slot *slot)
{
    struct tx_frame *frame = slot->frame;
    slot->frame = NULL;
    slot->next = tx->free;
    tx->free = slot;
    return frame;
}

static void done(struct tx_ring *tx, struct tx_slot *slot)
{
    struct tx_frame *frame = slot_give_back(tx, slot);
    frame->done(frame);
}

void tx_reclaim(struct net_interface *interface)
{
    struct virtio_net *net = virtio_net_of(interface);
    struct tx_slot *slot;
    uint32_t written;
    while ((slot = virtqueue_get(net->tx.queue, &written)))
        done(&net->tx, slot);
    virtio_net_check(net);
}

void tx_abandon(struct virtio_net *net)
{
    struct tx_slot *slot;
    while ((slot = virtqueue_detach(net->tx.queue)))
        done(&net->tx, slot);
}

// ---- notification ----

static void watch(struct tx_ring *tx)
{
    if (!__atomic_exchange_n(&tx->watched, 1u, __ATOMIC_SEQ_CST))
        timer_set(&tx->watchdog, clock_monotonic() + WATCHDOG_PERIOD);
}

// In interrupt context. Goes on for as long as frames are in flight. Where the
// device had frames to send all the time since the last run and has used none,
// its kick may be lost.
static void watchdog(struct timer *timer)
{
    struct virtio_net *net =
        container_of(timer, struct virtio_net, tx.watchdog);
    struct tx_ring *tx = &net->tx;
    __atomic_store_n(&tx->watched, 0u, __ATOMIC_SEQ_CST);
    unsigned in_flight =
        __atomic_load_n(&tx->queue->in_flight, __ATOMIC_SEQ_CST);
    bool busy = virtqueue_used_count(tx->queue) < in_flight;
    uint16_t used = READ_ONCE(tx->queue->used->index);
    if (busy && tx->was_busy && used == tx->last_used) {
        virtio_kick_always(net->device, tx->queue->number);
        __atomic_fetch_add(&net->counters.tx_rescues, 1, __ATOMIC_RELAXED);
    }
    tx->was_busy = busy;
    tx->last_used = used;
    if (in_flight == 0)
        return;
    watch(tx);
    net->interface.notify(&net->interface);
}

static void kick(struct virtio_net *net)
{
    if (virtio_kick(net->device, net->tx.queue))
        net->counters.kicks++;
    watch(&net->tx);
}

// ---- sending ----

static struct virtio_net_header header_of(const struct net_offload *offload)
{
    return (struct virtio_net_header){
        .flags = offload->needs_checksum ? HEADER_NEEDS_CHECKSUM : 0,
        .gso_type = offload->gso_type,
        .header_length = offload->header_length,
        .gso_size = offload->gso_size,
        .checksum_start = offload->checksum_start,
        .checksum_offset = offload->checksum_offset,
    };
}

static int queue_frame(struct virtio_net *net, struct tx_frame *frame)
{
    struct virtq_segment segments[1 + MAX_SEGMENTS];
    struct tx_slot *slot = slot_take(&net->tx, frame);
    slot->header = header_of(&frame->offload);
    segments[0] =
        (struct virtq_segment){virt_to_phys(&slot->header), net->header_size};
    for (unsigned i = 0; i < frame->count; i++) {
        const struct tx_segment *from = &frame->segments[i];
        assert_debug((uint64_t)from->data >= DIRECT_MAP &&
                     (uint64_t)from->data < DIRECT_MAP_END);
        segments[1 + i] =
            (struct virtq_segment){virt_to_phys(from->data), from->length};
        net->counters.tx_bytes += from->length;
    }
    net->counters.tx_packets++;
    return virtqueue_add(net->tx.queue, segments, 1 + frame->count, 0, slot);
}

// Make room for `descriptors`; if there is none, an interrupt will tell when
// half of the frames in flight are gone.
static bool make_room(struct virtio_net *net, unsigned descriptors)
{
    struct virtqueue *vq = net->tx.queue;
    if (vq->free_count < descriptors)
        tx_reclaim(&net->interface);
    while (vq->free_count < descriptors && !net->broken) {
        kick(net);
        if (!virtio_arm(net->device, vq, (vq->in_flight + 1) / 2))
            return false;
        tx_reclaim(&net->interface);
    }
    return true;
}

int tx_send(struct net_interface *interface, struct tx_frame *frame)
{
    struct virtio_net *net = virtio_net_of(interface);
    if (frame->count == 0 || frame->count > MAX_SEGMENTS) {
        net->counters.tx_errors++;
        return -EMSGSIZE;
    }
    if (!make_room(net, 1 + frame->count)) {
        net->counters.tx_stalls++;
        return -EAGAIN;
    }
    if (net->broken)
        return -EIO;
    return queue_frame(net, frame);
}

void tx_flush(struct net_interface *interface)
{
    struct virtio_net *net = virtio_net_of(interface);
    struct virtqueue *vq = net->tx.queue;
    if (net->broken || !virtqueue_has_new(vq))
        return;
    kick(net);
    unsigned half = (vq->in_flight + 1) / 2;
    if (vq->free_count < vq->size / 2 && virtio_arm(net->device, vq, half))
        tx_reclaim(interface);
}

int tx_init(struct virtio_net *net)
{
    struct tx_ring *tx = &net->tx;
    int error = virtio_make_queue(net->device, 1, TX_RING_SIZE);
    if (error)
        return error;
    tx->queue = net->device->queues[1];
    tx->slots = kzalloc(tx->queue->size * sizeof(*tx->slots));
    if (!tx->slots)
        return -ENOMEM;
    for (unsigned i = 0; i < tx->queue->size; i++)
        slot_give_back(tx, &tx->slots[i]);
    virtqueue_disarm(tx->queue);
    timer_init(&tx->watchdog, watchdog);
    return 0;
}
