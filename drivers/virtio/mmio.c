// SPDX-License-Identifier: MIT
//
// The virtio-mmio transport (virtio 1.2, section 4.2): version 2, and version 1
// ("legacy", 4.2.4), which QEMU's virt machine has by default. The slots are
// the FDT's "virtio,mmio" nodes; most are empty (device id 0).

#include <drivers/virtio.h>

#include <abi/errno.h>
#include <dev/fdt.h>
#include <dev/mmio.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <mm/page.h>
#include <riscv/memory_layout.h>
#include <string.h>

enum virtio_register {
    MAGIC = 0x000,
    VERSION = 0x004,
    DEVICE_ID = 0x008,
    DEVICE_FEATURES = 0x010,
    DEVICE_FEATURES_SELECT = 0x014,
    DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SELECT = 0x024,
    GUEST_PAGE_SIZE = 0x028,  // legacy
    QUEUE_SELECT = 0x030,
    QUEUE_SIZE_MAX = 0x034,
    QUEUE_SIZE = 0x038,
    QUEUE_ALIGN = 0x03c,  // legacy
    QUEUE_PAGE = 0x040,   // legacy
    QUEUE_READY = 0x044,
    QUEUE_NOTIFY = 0x050,
    INTERRUPT_STATUS = 0x060,
    INTERRUPT_ACK = 0x064,
    STATUS = 0x070,
    QUEUE_DESCRIPTORS = 0x080,  // low and high half
    QUEUE_AVAIL = 0x090,
    QUEUE_USED = 0x0a0,
    CONFIG = 0x100,
};

#define MAGIC_VALUE 0x74726976  // "virt"

enum device_status {
    STATUS_ACKNOWLEDGE = 1,
    STATUS_DRIVER = 2,
    STATUS_DRIVER_OK = 4,
    STATUS_FEATURES_OK = 8,
};

enum interrupt_status {
    INTERRUPT_QUEUES = 1,
    INTERRUPT_CONFIG = 2,
};

static uint32_t get(struct virtio_device *device, enum virtio_register r)
{
    return mmio_read32(device->registers + r);
}

static void set(struct virtio_device *device, enum virtio_register r,
                uint32_t value)
{
    mmio_write32(device->registers + r, value);
}

static void set64(struct virtio_device *device, enum virtio_register r,
                  uint64_t value)
{
    set(device, r, value);
    set(device, r + 4, value >> 32);
}

static void add_status(struct virtio_device *device, enum device_status bit)
{
    set(device, STATUS, get(device, STATUS) | bit);
}

uint8_t virtio_config8(struct virtio_device *device, unsigned offset)
{
    return mmio_read8(device->registers + CONFIG + offset);
}

uint16_t virtio_config16(struct virtio_device *device, unsigned offset)
{
    return mmio_read16(device->registers + CONFIG + offset);
}

void virtio_reset(struct virtio_device *device)
{
    set(device, STATUS, 0);
}

// ---- start-up of a device (3.1.1) ----

int virtio_negotiate(struct virtio_device *device, uint64_t wanted)
{
    unsigned words = device->modern ? 2 : 1;
    uint64_t offered = 0;
    for (unsigned i = 0; i < words; i++) {
        set(device, DEVICE_FEATURES_SELECT, i);
        offered |= (uint64_t)get(device, DEVICE_FEATURES) << 32 * i;
    }
    if (device->modern)
        wanted |= VIRTIO_F_VERSION_1;
    device->features = offered & wanted;
    for (unsigned i = 0; i < words; i++) {
        set(device, DRIVER_FEATURES_SELECT, i);
        set(device, DRIVER_FEATURES, device->features >> 32 * i);
    }
    if (!device->modern)
        return 0;
    add_status(device, STATUS_FEATURES_OK);
    bool agreed = get(device, STATUS) & STATUS_FEATURES_OK;
    return agreed && virtio_has(device, VIRTIO_F_VERSION_1) ? 0 : -EIO;
}

static void set_queue_address(struct virtio_device *device,
                              const struct virtqueue *vq)
{
    paddr ring = virt_to_phys(vq->descriptors);
    if (!device->modern) {
        set(device, QUEUE_ALIGN, VIRTQ_ALIGN);
        set(device, QUEUE_PAGE, ring >> PAGE_SHIFT);
        return;
    }
    set64(device, QUEUE_DESCRIPTORS, ring);
    set64(device, QUEUE_AVAIL, virt_to_phys(vq->avail));
    set64(device, QUEUE_USED, virt_to_phys(vq->used));
    set(device, QUEUE_READY, 1);
}

// A queue and all its memory.
static struct virtqueue *queue_alloc(unsigned number, unsigned size,
                                     bool event_index)
{
    size_t bytes = virtqueue_bytes(size);
    unsigned order = 0;
    while (PAGE_SIZE << order < bytes)
        order++;
    struct virtqueue *vq = kmalloc(sizeof(*vq));
    struct virtq_slot *slots = kmalloc(size * sizeof(*slots));
    struct page *ring = page_alloc(order);
    if (!vq || !slots || !ring) {
        kfree(vq);
        kfree(slots);
        if (ring)
            page_put(ring);
        return NULL;
    }
    memset(page_to_virt(ring), 0, bytes);
    virtqueue_init(vq, number, size, page_to_virt(ring), slots, event_index);
    return vq;
}

static void queue_free(struct virtqueue *vq)
{
    if (!vq)
        return;
    page_put(virt_to_page(vq->descriptors));
    kfree(vq->slots);
    kfree(vq);
}

int virtio_make_queue(struct virtio_device *device, unsigned number,
                      unsigned max_size)
{
    assert(number < VIRTIO_MAX_QUEUES && !device->queues[number]);
    set(device, QUEUE_SELECT, number);
    unsigned size = MIN(get(device, QUEUE_SIZE_MAX), max_size);
    if (size == 0)
        return -ENODEV;
    while (size & (size - 1))
        size &= size - 1;  // down to a power of 2
    struct virtqueue *vq =
        queue_alloc(number, size, virtio_has(device, VIRTIO_F_EVENT_IDX));
    if (!vq)
        return -ENOMEM;
    device->queues[number] = vq;
    set(device, QUEUE_SIZE, size);
    set_queue_address(device, vq);
    return 0;
}

// ---- notifications ----

void virtio_order(struct virtio_device *device)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    (void)get(device, INTERRUPT_STATUS);  // no side effects
}

void virtio_kick_always(struct virtio_device *device, unsigned queue)
{
    set(device, QUEUE_NOTIFY, queue);
}

// A wish that is seen too early can only be out of date, so the order matters
// just where there seems to be none.
bool virtio_kick(struct virtio_device *device, struct virtqueue *vq)
{
    if (!virtqueue_has_new(vq))
        return false;
    bool wanted = virtqueue_wants_kick(vq);
    if (!wanted) {
        virtio_order(device);
        wanted = virtqueue_wants_kick(vq);
    }
    virtqueue_kicked(vq);
    if (wanted)
        virtio_kick_always(device, vq->number);
    return wanted;
}

bool virtio_arm(struct virtio_device *device, struct virtqueue *vq,
                unsigned count)
{
    virtqueue_arm(vq, count);
    virtio_order(device);
    return virtqueue_used_count(vq) >= count;
}

static void virtio_interrupt(void *argument)
{
    struct virtio_device *device = argument;
    uint32_t status = get(device, INTERRUPT_STATUS);
    set(device, INTERRUPT_ACK, status);
    device->interrupt(device, status & INTERRUPT_QUEUES,
                      status & INTERRUPT_CONFIG);
}

int virtio_start(struct virtio_device *device)
{
    device->irq.handler = virtio_interrupt;
    device->irq.argument = device;
    int error = irq_register(&device->irq);
    if (!error)
        add_status(device, STATUS_DRIVER_OK);
    return error;
}

// ---- finding devices ----

static const struct virtio_driver *find_driver(uint32_t id)
{
    const struct virtio_driver *driver;
    linkset_for_each(driver, virtio_drivers)
        if (driver->id == id)
            return driver;
    return NULL;
}

static int probe_device(struct virtio_device *device,
                        const struct virtio_driver *driver)
{
    virtio_reset(device);
    add_status(device, STATUS_ACKNOWLEDGE);
    add_status(device, STATUS_DRIVER);
    if (!device->modern)
        set(device, GUEST_PAGE_SIZE, PAGE_SIZE);
    int error = driver->probe(device);
    if (!error)
        return 0;
    virtio_reset(device);
    for (int i = 0; i < VIRTIO_MAX_QUEUES; i++)
        queue_free(device->queues[i]);
    return error;
}

static void probe_slot(int node)
{
    paddr start;
    uint64_t size;
    if (!fdt_reg(node, 0, &start, &size))
        return;
    struct virtio_device slot = {
        .registers = (uint64_t)phys_to_virt(start),
        .irq.source = fdt_interrupt(node),
    };
    uint32_t version = get(&slot, VERSION);
    if (get(&slot, MAGIC) != MAGIC_VALUE || version < 1 || version > 2)
        return;
    slot.modern = version == 2;
    slot.id = get(&slot, DEVICE_ID);
    const struct virtio_driver *driver = find_driver(slot.id);
    if (!driver)
        return;
    slot.irq.name = driver->name;
    struct virtio_device *device = kmalloc(sizeof(*device));
    int error = -ENOMEM;
    if (device) {
        *device = slot;
        error = probe_device(device, driver);
    }
    if (error) {
        log_line("%s at %#lx: error %d", driver->name, start, error);
        kfree(device);
    }
}

static int virtio_init(void)
{
    int node = -1;
    while ((node = fdt_find_compatible(node, "virtio,mmio")) >= 0)
        probe_slot(node);
    return 0;
}

INITCALL(INIT_DRIVERS, virtio_init);
