// SPDX-License-Identifier: MIT
//
// virtio-blk (virtio 1.2, section 5.2; QEMU's -device virtio-blk-device): one
// queue of requests. A caller puts its request into the ring and sleeps until
// the device has used it; several may be under way.

#include <abi/errno.h>
#include <drivers/virtio.h>
#include <fs/block.h>
#include <lib/log.h>
#include <lib/wait.h>
#include <mm/kmalloc.h>
#include <riscv/memory_layout.h>

#define VIRTIO_BLK_F_RO    (1ull << 5)
#define VIRTIO_BLK_F_FLUSH (1ull << 9)

#define CONFIG_CAPACITY 0  // sectors, 64 bits

#define QUEUE_SIZE 64

enum request_type {
    REQUEST_IN = 0,
    REQUEST_OUT = 1,
    REQUEST_FLUSH = 4,
};

enum request_status {
    STATUS_OK = 0,
    STATUS_UNFINISHED = 0xff,  // ours; the device never says it
};

// One request (5.2.6). In memory of its own, since kernel stacks are not
// physically contiguous.
struct request {
    struct {
        uint32_t type, reserved;
        uint64_t sector;
    } header;        // read by the device
    uint8_t status;  // written by the device
    bool finished;   // (a) the device is done with it
};

struct virtio_blk {
    struct block_device block;
    struct virtio_device *device;
    struct spinlock lock;    // RANK_DEVICE: the queue
    struct wait_queue wait;  // a request is finished
};

// Interrupt context.
static void interrupt(struct virtio_device *device, bool queues, bool config)
{
    struct virtio_blk *disk = device->driver;
    struct request *request;
    uint32_t written;

    (void)queues, (void)config;
    WITH_LOCK(&disk->lock) {
        while ((request = virtqueue_get(device->queues[0], &written)))
            __atomic_store_n(&request->finished, true, __ATOMIC_RELEASE);
    }
    wake_up_all(&disk->wait);
}

// Put the request into the ring. -EAGAIN: it is full.
static int submit(struct virtio_blk *disk, struct request *request, void *data,
                  size_t n)
{
    struct virtqueue *queue = disk->device->queues[0];
    struct virtq_segment segments[3];
    unsigned count = 0, out = 1;
    int error;

    segments[count++] = (struct virtq_segment){virt_to_phys(&request->header),
                                               sizeof(request->header)};
    if (n) {
        segments[count++] = (struct virtq_segment){virt_to_phys(data), n};
        out += request->header.type == REQUEST_OUT;
    }
    segments[count++] = (struct virtq_segment){virt_to_phys(&request->status),
                                               sizeof(request->status)};
    spin_lock(&disk->lock);
    error = virtqueue_add(queue, segments, out, count - out, request);
    if (error == 0)
        virtio_kick(disk->device, queue);
    spin_unlock(&disk->lock);
    return error;
}

static bool is_finished(struct virtio_blk *disk, struct request *request)
{
    return __atomic_load_n(&request->finished, __ATOMIC_ACQUIRE) ||
           READ_ONCE(disk->device->queues[0]->broken);
}

static bool has_room(struct virtio_blk *disk)
{
    const struct virtqueue *queue = disk->device->queues[0];

    return READ_ONCE(queue->free_count) >= 3 || READ_ONCE(queue->broken);
}

static int run(struct virtio_blk *disk, struct request *request, void *data,
               size_t n)
{
    int error;

    while ((error = submit(disk, request, data, n)) == -EAGAIN)
        wait_event(&disk->wait, has_room(disk));
    if (error)
        return error;
    wait_event(&disk->wait, is_finished(disk, request));
    if (!READ_ONCE(request->finished)) {
        // The queue broke: no word from the device counts any more, and its
        // hand must be off the memory before that is given back.
        virtio_reset(disk->device);
        return -EIO;
    }
    return READ_ONCE(request->status) == STATUS_OK ? 0 : -EIO;
}

static int perform(struct block_device *block, enum request_type type,
                   uint64_t sector, void *data, size_t n)
{
    struct virtio_blk *disk = block->driver;
    struct request *request = kzalloc(sizeof(*request));

    if (!request)
        return -ENOMEM;
    request->header.type = type;
    request->header.sector = sector;
    request->status = STATUS_UNFINISHED;
    int error = run(disk, request, data, n);
    kfree(request);
    return error;
}

static int transfer(struct block_device *block, bool write, uint64_t sector,
                    void *data, size_t n)
{
    if (write && block->read_only)
        return -EROFS;
    return perform(block, write ? REQUEST_OUT : REQUEST_IN, sector, data, n);
}

static int flush(struct block_device *block)
{
    struct virtio_blk *disk = block->driver;

    // Without the feature, the device has no cache that could be lost.
    if (!virtio_has(disk->device, VIRTIO_BLK_F_FLUSH))
        return 0;
    return perform(block, REQUEST_FLUSH, 0, NULL, 0);
}

static const struct block_device_ops block_ops = {
    .transfer = transfer,
    .flush = flush,
};

static uint64_t capacity(struct virtio_device *device)
{
    uint64_t sectors = 0;

    for (unsigned i = 0; i < 4; i++)
        sectors |= (uint64_t)virtio_config16(device, CONFIG_CAPACITY + 2 * i)
                   << 16 * i;
    return sectors;
}

static int start(struct virtio_blk *disk)
{
    struct virtio_device *device = disk->device;
    int error = virtio_negotiate(device, VIRTIO_F_ANY_LAYOUT | VIRTIO_BLK_F_RO |
                                             VIRTIO_BLK_F_FLUSH);

    if (error == 0)
        error = virtio_make_queue(device, 0, QUEUE_SIZE);
    if (error == 0)
        error = virtio_start(device);
    if (error)
        return error;
    disk->block.sectors = capacity(device);
    disk->block.read_only = virtio_has(device, VIRTIO_BLK_F_RO);
    error = block_device_register(&disk->block);
    if (error == 0)
        log_line("%s: virtio-blk, %lu MiB%s", disk->block.name,
                 disk->block.sectors * SECTOR_SIZE / MiB,
                 disk->block.read_only ? ", read-only" : "");
    return error;
}

static int probe(struct virtio_device *device)
{
    struct virtio_blk *disk = kzalloc(sizeof(*disk));

    if (!disk)
        return -ENOMEM;
    disk->device = device;
    disk->block.ops = &block_ops;
    disk->block.driver = disk;
    spin_init(&disk->lock, RANK_DEVICE, "virtio-blk");
    wait_queue_init(&disk->wait);
    device->driver = disk;
    device->interrupt = interrupt;
    int error = start(disk);
    if (error)
        kfree(disk);
    return error;
}

VIRTIO_DRIVER(blk) = {.id = 2, .name = "virtio-blk", .probe = probe};
