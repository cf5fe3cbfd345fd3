// SPDX-License-Identifier: MIT
//
// AF_PACKET: PACKET_RX_RING with TPACKET_V2, which libpcap cannot do without
// (Linux's Documentation/networking/packet_mmap): slots of equal size in memory
// that the user maps. A slot's status word says whose it is; the kernel fills
// the user's next one, and sets its status last.
//
//     slot:  tpacket2_hdr | sockaddr_ll | room | link header | packet

#include "socket.h"

#include <abi/errno.h>
#include <mm/kmalloc.h>
#include <mm/mm.h>
#include <net/filter.h>
#include <net/option.h>
#include <stdio.h>
#include <string.h>

#define HEADER      sizeof(struct abi_tpacket2_hdr)
#define SLOT_HEADER (HEADER + sizeof(struct abi_sockaddr_ll))
#define LINK_ROOM   16  // at least so much lies before the packet
#define ALIGNED(n)  ALIGN_UP((size_t)(n), TPACKET_ALIGNMENT)

struct packet_ring {
    uint32_t refs;                 // (a) the socket's, and one for each mapping
    struct page_cache cache;       // what is mapped
    uint8_t **pages;               // (i) its memory, page by page; references
    size_t page_count;             // (i)
    struct abi_tpacket_req shape;  // (i)
    uint32_t next;                 // (c) slot to fill
};

static void ring_free(struct packet_ring *ring)
{
    for (size_t i = 0; i < ring->page_count; i++)
        page_put(virt_to_page(ring->pages[i]));
    page_cache_destroy(&ring->cache);
    kfree(ring->pages);
    kfree(ring);
}

void packet_ring_put(struct packet_ring *ring)
{
    if (__atomic_sub_fetch(&ring->refs, 1, __ATOMIC_ACQ_REL) == 0)
        ring_free(ring);
}

static int fill_with_pages(struct packet_ring *ring, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct page *page;
        int error = page_cache_get(&ring->cache, i, true, &page);

        if (error < 0)
            return -ENOMEM;
        ring->pages[i] = page_to_virt(page);
        ring->page_count++;
    }
    return 0;
}

static int ring_create(const struct abi_tpacket_req *shape,
                       struct packet_ring **result)
{
    size_t size = (size_t)shape->block_size * shape->blocks;
    size_t count = size / PAGE_SIZE;
    struct packet_ring *ring = kzalloc(sizeof(*ring));

    if (!ring)
        return -ENOMEM;
    ring->refs = 1;
    ring->shape = *shape;
    page_cache_init(&ring->cache, NULL);
    ring->cache.size = size;
    ring->pages = kmalloc(count * sizeof(*ring->pages));
    int error = ring->pages ? fill_with_pages(ring, count) : -ENOMEM;
    if (error < 0)
        ring_free(ring);
    *result = ring;
    return error;
}

// ---- slots ----

static size_t slot_position(const struct packet_ring *ring, uint32_t slot)
{
    uint32_t per_block = ring->shape.block_size / ring->shape.frame_size;

    return (size_t)(slot / per_block) * ring->shape.block_size +
           (size_t)(slot % per_block) * ring->shape.frame_size;
}

static void *memory_at(const struct packet_ring *ring, size_t position)
{
    return ring->pages[position / PAGE_SIZE] + position % PAGE_SIZE;
}

// Slots begin at multiples of 16, so that a status word is in one page.
static uint32_t *status_of(const struct packet_ring *ring, uint32_t slot)
{
    return memory_at(ring, slot_position(ring, slot));
}

// What follows may lie in several pages.
static void store(const struct packet_ring *ring, size_t position,
                  const void *from, size_t n)
{
    while (n > 0) {
        size_t part = MIN(n, PAGE_SIZE - position % PAGE_SIZE);

        memcpy(memory_at(ring, position), from, part);
        from = (const uint8_t *)from + part;
        position += part;
        n -= part;
    }
}

static void store_packet(const struct packet_ring *ring, size_t position,
                         const struct filter_packet *view, size_t n)
{
    for (size_t done = 0, part; done < n; done += part) {
        part = MIN(n - done, PAGE_SIZE - (position + done) % PAGE_SIZE);
        filter_packet_copy(view, view->origin + done,
                           memory_at(ring, position + done), part);
    }
}

bool packet_ring_store(struct packet_socket *ps,
                       const struct captured_frame *frame,
                       const struct filter_packet *view)
{
    struct packet_ring *ring = ps->ring;
    uint32_t *status = status_of(ring, ring->next);
    size_t position = slot_position(ring, ring->next);
    size_t room = MAX(frame->network, LINK_ROOM);
    size_t network = ALIGNED(SLOT_HEADER + room) + ps->ring_reserve;
    size_t link = network - frame->network;

    if (network > UINT16_MAX ||
        __atomic_load_n(status, __ATOMIC_ACQUIRE) != TP_STATUS_KERNEL)
        return false;
    ring->next = (ring->next + 1) % ring->shape.frames;
    size_t kept = MIN(frame->kept, ring->shape.frame_size -
                                       MIN(link, ring->shape.frame_size));
    struct abi_tpacket2_hdr header = {
        .length = frame->length,
        .captured = kept,
        .link_offset = link,
        .network_offset = network,
        .seconds = frame->arrived / NSEC_PER_SEC,
        .nanoseconds = frame->arrived % NSEC_PER_SEC,
    };
    store(ring, position, &header, sizeof(header));
    store(ring, position + HEADER, &frame->from, sizeof(frame->from));
    store_packet(ring, position + link, view, kept);
    __atomic_store_n(status,
                     TP_STATUS_USER | frame->status |
                         (READ_ONCE(ps->drops) ? TP_STATUS_LOSING : 0),
                     __ATOMIC_RELEASE);
    return true;
}

// As Linux sees it: the latest slot is the user's.
bool packet_ring_readable(const struct packet_ring *ring)
{
    uint32_t next = READ_ONCE(ring->next);
    uint32_t latest = (next ? next : ring->shape.frames) - 1;

    return __atomic_load_n(status_of(ring, latest), __ATOMIC_ACQUIRE) !=
           TP_STATUS_KERNEL;
}

// ---- mapping ----

static void mapping_get(void *file)
{
    struct packet_ring *ring = file;

    __atomic_fetch_add(&ring->refs, 1, __ATOMIC_RELAXED);
}

static void mapping_put(void *file)
{
    packet_ring_put(file);
}

static void mapping_describe(void *file, char *path, size_t n, uint64_t *inode)
{
    (void)file;
    snprintf(path, n, "socket:[packet ring]");
    *inode = 0;
}

static const struct vma_file_ops mapping_ops = {
    .get = mapping_get,
    .put = mapping_put,
    .describe = mapping_describe,
};

// Only the whole of a ring can be mapped.
int packet_mmap_op(struct socket *socket, struct mm_map *map)
{
    struct packet_socket *ps = packet_socket_of(socket);
    int error = -EINVAL;

    net_lock();
    struct packet_ring *ring = ps->ring;
    if (ring && map->cache_index == 0 &&
        ALIGN_UP(map->length, PAGE_SIZE) == ring->cache.size) {
        mapping_get(ring);
        map->cache = &ring->cache;
        map->file = ring;
        map->file_ops = &mapping_ops;
        error = 0;
    }
    net_unlock();
    return error;
}

// ---- options ----

static bool is_good_shape(const struct packet_socket *ps,
                          const struct abi_tpacket_req *shape)
{
    if ((int32_t)shape->block_size <= 0 || shape->block_size % PAGE_SIZE ||
        shape->frame_size < SLOT_HEADER + ps->ring_reserve ||
        shape->frame_size % TPACKET_ALIGNMENT)
        return false;
    uint64_t per_block = shape->block_size / shape->frame_size;
    return per_block && shape->blocks <= UINT32_MAX / shape->block_size &&
           per_block * shape->blocks == shape->frames;
}

// Is a new ring, or none, possible now? Core mutex held.
static int check(const struct packet_socket *ps,
                 const struct abi_tpacket_req *shape)
{
    if (ps->ring && (__atomic_load_n(&ps->ring->refs, __ATOMIC_ACQUIRE) > 1 ||
                     shape->blocks))
        return -EBUSY;
    if (shape->blocks == 0)
        return shape->frames ? -EINVAL : 0;
    return ps->ring_version == TPACKET_V2 && is_good_shape(ps, shape) ? 0
                                                                      : -EINVAL;
}

static int set_ring(struct socket *socket, const void *value, size_t length)
{
    struct packet_socket *ps = packet_socket_of(socket);
    struct packet_ring *ring = NULL, *old = NULL;
    struct abi_tpacket_req shape;

    (void)length;
    memcpy(&shape, value, sizeof(shape));
    mutex_lock(&socket->recv_mutex);
    net_lock();
    int error = check(ps, &shape);
    net_unlock();
    if (error == 0 && shape.blocks)
        error = ring_create(&shape, &ring);
    if (error == 0) {
        net_lock();
        WITH_LOCK(&socket->lock) {
            old = ps->ring;
            ps->ring = ring;
        }
        net_unlock();
        packet_queue_clear(socket);
    }
    mutex_unlock(&socket->recv_mutex);
    if (old)
        packet_ring_put(old);
    return error;
}
SOCKET_OPTION(packet_rx_ring) = {
    .level = SOL_PACKET,
    .name = PACKET_RX_RING,
    .family = AF_PACKET,
    .size = sizeof(struct abi_tpacket_req),
    .max_size = sizeof(struct abi_tpacket_req),
    .set_bytes = set_ring,
};

static int get_version(struct socket *socket, union option_value *value)
{
    value->integer = packet_socket_of(socket)->ring_version;
    return 0;
}

// The default is TPACKET_V1, whose rings are refused.
static int set_version(struct socket *socket, const union option_value *value)
{
    struct packet_socket *ps = packet_socket_of(socket);
    int error = value->integer == TPACKET_V2 ? 0 : -EINVAL;

    net_lock();
    if (ps->ring)
        error = -EBUSY;
    if (error == 0)
        ps->ring_version = value->integer;
    net_unlock();
    return error;
}
SOCKET_OPTION(packet_version) = {
    .level = SOL_PACKET,
    .name = PACKET_VERSION,
    .family = AF_PACKET,
    .size = sizeof(int),
    .get = get_version,
    .set = set_version,
};

static int get_reserve(struct socket *socket, union option_value *value)
{
    value->integer = packet_socket_of(socket)->ring_reserve;
    return 0;
}

static int set_reserve(struct socket *socket, const union option_value *value)
{
    struct packet_socket *ps = packet_socket_of(socket);
    int error = value->integer < 0 ? -EINVAL : 0;

    net_lock();
    if (ps->ring)
        error = -EBUSY;
    if (error == 0)
        ps->ring_reserve = value->integer;
    net_unlock();
    return error;
}
SOCKET_OPTION(packet_reserve) = {
    .level = SOL_PACKET,
    .name = PACKET_RESERVE,
    .family = AF_PACKET,
    .size = sizeof(int),
    .get = get_reserve,
    .set = set_reserve,
};
