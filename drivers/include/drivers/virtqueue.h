// SPDX-License-Identifier: MIT
//
// The split virtqueue of virtio 1.2, section 2.7: a table of descriptors, a
// ring of chains that the driver makes available, and a ring of chains that the
// device has used. Pure: memory is the caller's, device registers are the
// transport's (<drivers/virtio.h>), and the host runs the unit tests.
//
// What the device writes is checked. A device that breaks the rules turns the
// queue broken, after which it hands out nothing and takes nothing.
//
// The owner serialises all calls, except that virtqueue_disarm and the
// functions that only read may be called in an interrupt handler beside them.

#pragma once

#include <lib/types.h>

// The parts that the device sees (2.7.5, 2.7.6, 2.7.8), little-endian.
struct virtq_descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};

struct virtq_avail {
    uint16_t flags;
    uint16_t index;
    uint16_t ring[];  // followed by used_event
};

struct virtq_used_element {
    uint32_t id;
    uint32_t length;
};

struct virtq_used {
    uint16_t flags;
    uint16_t index;
    struct virtq_used_element ring[];  // followed by avail_event
};

// What the driver keeps for each descriptor, out of the device's reach.
struct virtq_slot {
    void *cookie;       // of the chain that starts here, NULL: none does
    uint32_t writable;  // bytes that the device may write into that chain
    uint16_t count;     // descriptors of that chain
    uint16_t next;      // in the chain, or in the list of free ones
};

struct virtqueue {
    struct virtq_descriptor *descriptors;  // (i) read by the device
    struct virtq_avail *avail;             // (i) read by the device
    struct virtq_used *used;               // (i) written by the device
    struct virtq_slot *slots;              // (i)
    unsigned number;                       // (i) of the queue in its device
    unsigned size;          // (i) descriptors, a power of 2 up to 32768
    bool event_index;       // (i) VIRTIO_F_EVENT_IDX was negotiated
    unsigned free_count;    // descriptors in no chain
    unsigned in_flight;     // chains that the device holds
    uint16_t free_head;     // first free descriptor
    uint16_t avail_index;   // the next entry of avail
    uint16_t kicked_index;  // avail_index when a kick was last considered
    uint16_t used_index;    // the next entry of used
    const char *broken;     // what the device did wrong, NULL: nothing
};

// Bytes of the rings of a queue. The layout suits both kinds of virtio-mmio:
// the used ring starts on the next page (2.7.2).
#define VIRTQ_ALIGN 4096ul
size_t virtqueue_bytes(unsigned size);

// ring: zeroed, aligned to VIRTQ_ALIGN. slots: `size` of them.
void virtqueue_init(struct virtqueue *vq, unsigned number, unsigned size,
                    void *ring, struct virtq_slot *slots, bool event_index);

// Make a chain of `out` segments for the device to read and `in` to write
// available; the memory is the device's until virtqueue_get returns the cookie
// (not NULL). 0, -EAGAIN: too few free descriptors, -EMSGSIZE: more segments
// than the queue will ever have, -EIO: broken.
struct virtq_segment {
    uint64_t address;  // physical
    uint32_t length;
};
int virtqueue_add(struct virtqueue *vq, const struct virtq_segment *segments,
                  unsigned out, unsigned in, void *cookie);

// The next chain that the device is done with: its cookie, and how many bytes
// it wrote, which is no more than it was given. NULL: none, or broken.
void *virtqueue_get(struct virtqueue *vq, uint32_t *written);

// How many chains virtqueue_get would return at once.
unsigned virtqueue_used_count(const struct virtqueue *vq);

// After the device has been reset: take back a chain that was not used. NULL
// past the last.
void *virtqueue_detach(struct virtqueue *vq);

// ---- suppression of notifications (2.7.7, 2.7.9, 2.7.10) ----
//
// Each side stores its index and then looks at the other's wish, so a full
// barrier has to stand between: see virtio_kick and virtio_arm.

// Has anything been added since virtqueue_kicked? Does the device want to know?
bool virtqueue_has_new(const struct virtqueue *vq);
bool virtqueue_wants_kick(const struct virtqueue *vq);
void virtqueue_kicked(struct virtqueue *vq);

// Ask for an interrupt when `count` (at least 1) chains can be got. Without
// EVENT_IDX it comes at each one.
void virtqueue_arm(struct virtqueue *vq, unsigned count);
// Ask for none; a hint. With EVENT_IDX nothing is to be done, since an event
// that has passed does not come again.
void virtqueue_disarm(struct virtqueue *vq);

// Does an index that moves from `before` to `after` pass `event` (2.7.10)? All
// count modulo 65536.
static inline bool virtq_passes(uint16_t event, uint16_t before, uint16_t after)
{
    return (uint16_t)(after - event - 1) < (uint16_t)(after - before);
}
