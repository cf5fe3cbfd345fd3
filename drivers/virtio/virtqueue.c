// SPDX-License-Identifier: MIT
//
// The split virtqueue, virtio 1.2 section 2.7. See <drivers/virtqueue.h>.

#include <drivers/virtqueue.h>

#include <abi/errno.h>
#include <lib/log.h>

enum descriptor_flags {
    DESCRIPTOR_NEXT = 1,   // the chain goes on
    DESCRIPTOR_WRITE = 2,  // the device writes
};
#define AVAIL_NO_INTERRUPT 1
#define USED_NO_NOTIFY     1

static size_t used_offset(unsigned size)
{
    size_t avail = sizeof(struct virtq_avail) + (size + 1) * sizeof(uint16_t);
    return ALIGN_UP(size * sizeof(struct virtq_descriptor) + avail,
                    VIRTQ_ALIGN);
}

size_t virtqueue_bytes(unsigned size)
{
    return used_offset(size) + sizeof(struct virtq_used) +
           size * sizeof(struct virtq_used_element) + sizeof(uint16_t);
}

void virtqueue_init(struct virtqueue *vq, unsigned number, unsigned size,
                    void *ring, struct virtq_slot *slots, bool event_index)
{
    assert(size > 0 && size <= 32768 && (size & (size - 1)) == 0);
    struct virtq_descriptor *descriptors = ring;
    *vq = (struct virtqueue){
        .descriptors = descriptors,
        .avail = (struct virtq_avail *)&descriptors[size],
        .used = (struct virtq_used *)((char *)ring + used_offset(size)),
        .slots = slots,
        .number = number,
        .size = size,
        .event_index = event_index,
        .free_count = size,
    };
    for (unsigned i = 0; i < size; i++)
        slots[i] = (struct virtq_slot){.next = i + 1};
}

// The two event fields stand behind the rings of the other direction.
static uint16_t *used_event(const struct virtqueue *vq)
{
    return &vq->avail->ring[vq->size];
}

static uint16_t *avail_event(const struct virtqueue *vq)
{
    return (uint16_t *)&vq->used->ring[vq->size];
}

int virtqueue_add(struct virtqueue *vq, const struct virtq_segment *segments,
                  unsigned out, unsigned in, void *cookie)
{
    unsigned count = out + in;
    assert(count > 0 && cookie);
    if (vq->broken)
        return -EIO;
    if (count > vq->size)
        return -EMSGSIZE;
    if (count > vq->free_count)
        return -EAGAIN;

    uint16_t head = vq->free_head, at = head;
    struct virtq_slot *chain = &vq->slots[head];
    *chain = (struct virtq_slot){cookie, 0, count, chain->next};
    for (unsigned i = 0; i < count; i++) {
        uint16_t next = vq->slots[at].next;
        vq->descriptors[at] = (struct virtq_descriptor){
            .address = segments[i].address,
            .length = segments[i].length,
            .flags = (i + 1 < count ? DESCRIPTOR_NEXT : 0) |
                     (i >= out ? DESCRIPTOR_WRITE : 0),
            .next = i + 1 < count ? next : 0,
        };
        if (i >= out)
            chain->writable += segments[i].length;
        at = next;
    }
    vq->free_head = at;
    vq->free_count -= count;
    vq->in_flight++;

    vq->avail->ring[vq->avail_index % vq->size] = head;
    vq->avail_index++;
    // The chain is complete in memory before the device can see its index.
    __atomic_store_n(&vq->avail->index, vq->avail_index, __ATOMIC_RELEASE);
    return 0;
}

// Put the chain's descriptors in front of the free ones.
static void *free_chain(struct virtqueue *vq, uint16_t head)
{
    struct virtq_slot *chain = &vq->slots[head];
    void *cookie = chain->cookie;
    uint16_t last = head;
    for (unsigned i = 1; i < chain->count; i++)
        last = vq->slots[last].next;
    vq->slots[last].next = vq->free_head;
    vq->free_head = head;
    vq->free_count += chain->count;
    vq->in_flight--;
    chain->cookie = NULL;
    return cookie;
}

static void *set_broken(struct virtqueue *vq, const char *why)
{
    vq->broken = why;
    return NULL;
}

unsigned virtqueue_used_count(const struct virtqueue *vq)
{
    // Nothing of an entry is read before the index that covers it.
    uint16_t index = __atomic_load_n(&vq->used->index, __ATOMIC_ACQUIRE);
    return (uint16_t)(index - vq->used_index);
}

void *virtqueue_get(struct virtqueue *vq, uint32_t *written)
{
    unsigned used = virtqueue_used_count(vq);
    if (vq->broken || used == 0)
        return NULL;
    if (used > vq->in_flight)
        return set_broken(vq, "used more chains than it was given");

    // Read once, since the device could change it after the checks.
    struct virtq_used_element *entry =
        &vq->used->ring[vq->used_index % vq->size];
    uint32_t id = READ_ONCE(entry->id);
    uint32_t length = READ_ONCE(entry->length);
    if (id >= vq->size)
        return set_broken(vq, "used a descriptor that does not exist");
    if (!vq->slots[id].cookie)
        return set_broken(vq, "used a chain that it was not given");
    if (length > vq->slots[id].writable)
        return set_broken(vq, "wrote more than it was given room for");

    vq->used_index++;
    *written = length;
    return free_chain(vq, id);
}

void *virtqueue_detach(struct virtqueue *vq)
{
    for (unsigned head = 0; head < vq->size; head++)
        if (vq->slots[head].cookie)
            return free_chain(vq, head);
    return NULL;
}

// ---- suppression of notifications ----

bool virtqueue_has_new(const struct virtqueue *vq)
{
    return vq->avail_index != vq->kicked_index;
}

bool virtqueue_wants_kick(const struct virtqueue *vq)
{
    if (!vq->event_index)
        return !(READ_ONCE(vq->used->flags) & USED_NO_NOTIFY);
    return virtq_passes(READ_ONCE(*avail_event(vq)), vq->kicked_index,
                        vq->avail_index);
}

void virtqueue_kicked(struct virtqueue *vq)
{
    vq->kicked_index = vq->avail_index;
}

void virtqueue_arm(struct virtqueue *vq, unsigned count)
{
    if (vq->event_index)
        WRITE_ONCE(*used_event(vq), vq->used_index + count - 1);
    else
        WRITE_ONCE(vq->avail->flags, 0);
}

void virtqueue_disarm(struct virtqueue *vq)
{
    if (!vq->event_index)
        WRITE_ONCE(vq->avail->flags, AVAIL_NO_INTERRUPT);
}
