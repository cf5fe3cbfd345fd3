// SPDX-License-Identifier: MIT
//
// virtio-rng (virtio 1.2, section 5.4; QEMU's -device virtio-rng-device): one
// queue of buffers that the device fills with entropy. The kernel's generator
// is seeded with one of them at start-up; it needs no more than that. Also the
// shortest example of a virtio driver.

#include <abi/errno.h>
#include <drivers/virtio.h>
#include <lib/random.h>
#include <mm/kmalloc.h>
#include <riscv/memory_layout.h>
#include <string.h>

#define SEED_SIZE 64

// Interrupt context. The device may give less than it was asked for.
static void interrupt(struct virtio_device *device, bool queues, bool config)
{
    (void)config;
    uint32_t written;
    uint8_t *seed;
    if (!queues || !(seed = virtqueue_get(device->queues[0], &written)))
        return;
    random_add(seed, written, 8 * written);
    memset(seed, 0, SEED_SIZE);
    kfree(seed);
}

static int probe(struct virtio_device *device)
{
    int error = virtio_negotiate(device, VIRTIO_F_ANY_LAYOUT);
    if (!error)
        error = virtio_make_queue(device, 0, 1);
    if (error)
        return error;
    uint8_t *seed = kmalloc(SEED_SIZE);
    if (!seed)
        return -ENOMEM;
    struct virtq_segment segment = {virt_to_phys(seed), SEED_SIZE};
    virtqueue_add(device->queues[0], &segment, 0, 1, seed);
    device->interrupt = interrupt;
    error = virtio_start(device);
    if (error) {
        kfree(seed);
        return error;
    }
    virtio_kick(device, device->queues[0]);
    return 0;
}

VIRTIO_DRIVER(rng) = {.id = 4, .name = "virtio-rng", .probe = probe};
