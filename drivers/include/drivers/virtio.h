// SPDX-License-Identifier: MIT
//
// virtio devices on virtio-mmio (virtio 1.2, section 4.2), and the drivers that
// are matched to them. The transport finds a device, resets it and calls the
// probe function of the driver that knows its id.

#pragma once

#include <dev/irq.h>
#include <drivers/virtqueue.h>
#include <lib/linkset.h>
#include <lib/types.h>

// Features that belong to every device (section 6).
#define VIRTIO_F_ANY_LAYOUT (1ull << 27)  // legacy only
#define VIRTIO_F_EVENT_IDX  (1ull << 29)
#define VIRTIO_F_VERSION_1  (1ull << 32)

#define VIRTIO_MAX_QUEUES 4

struct virtio_device {
    uint64_t registers;  // (i) virtual address
    bool modern;         // (i) version 2 of the register layout
    uint32_t id;         // (i) kind of device (section 5)
    uint64_t features;   // (i after virtio_negotiate)
    struct interrupt irq;
    struct virtqueue *queues[VIRTIO_MAX_QUEUES];  // (i after probe)
    // Interrupt context; set by the driver before virtio_start. queues: chains
    // may have been used. config: the configuration has changed.
    void (*interrupt)(struct virtio_device *device, bool queues, bool config);
    void *driver;
};

// probe runs with the device in state DRIVER (3.1.1, step 3): it negotiates,
// makes queues and starts the device. 0 or -errno; after an error the transport
// resets the device and frees its queues. May sleep.
struct virtio_driver {
    uint32_t id;
    const char *name;
    int (*probe)(struct virtio_device *device);
};
LINKSET_DECLARE(virtio_drivers, struct virtio_driver);
#define VIRTIO_DRIVER(name) \
    LINKSET_ENTRY(virtio_drivers, struct virtio_driver, virtio_driver_##name)

// Settle on those of `wanted` that the device offers; device->features has the
// result. 0, or -EIO: the device does not agree.
int virtio_negotiate(struct virtio_device *device, uint64_t wanted);

static inline bool virtio_has(const struct virtio_device *device,
                              uint64_t feature)
{
    return (device->features & feature) != 0;
}

// Make queue `number` with at most max_size descriptors. -ENODEV: the device
// has no such queue. -ENOMEM.
int virtio_make_queue(struct virtio_device *device, unsigned number,
                      unsigned max_size);

// Register the interrupt and let the device go. 0 or -errno.
int virtio_start(struct virtio_device *device);

// Stop the device: it touches no memory afterwards. Its chains can be taken
// back with virtqueue_detach.
void virtio_reset(struct virtio_device *device);

// Fields of the device's configuration.
uint8_t virtio_config8(struct virtio_device *device, unsigned offset);
uint16_t virtio_config16(struct virtio_device *device, unsigned offset);

// ---- notifications ----

// Order what this hart stored before against what it loads after, as the device
// sees it; also where fences are lost (docs/virtio-net.md).
void virtio_order(struct virtio_device *device);

// Tell the device of the chains that were added, if it wants to know. Returns
// whether it was told.
bool virtio_kick(struct virtio_device *device, struct virtqueue *vq);

// Tell it in any case. Any context, without the queue's owner.
void virtio_kick_always(struct virtio_device *device, unsigned queue);

// Ask for an interrupt when `count` chains are used. Returns true if they have
// been used already, in which case no interrupt may come.
bool virtio_arm(struct virtio_device *device, struct virtqueue *vq,
                unsigned count);
