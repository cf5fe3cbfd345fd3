// SPDX-License-Identifier: MIT
//
// drivers/virtio/virtqueue.c, with this file in the part of the device.

#include "unit.h"

#include <abi/errno.h>
#include <drivers/virtqueue.h>

#define SIZE 8

static struct virtqueue vq;
static void *ring;
static uint16_t seen;  // the device's place in the avail ring

static void start(unsigned size, bool event_index)
{
    static struct virtq_slot *slots;
    free(ring);
    free(slots);
    ring =
        aligned_alloc(VIRTQ_ALIGN, (virtqueue_bytes(size) + VIRTQ_ALIGN - 1) &
                                       ~(VIRTQ_ALIGN - 1));
    slots = calloc(size, sizeof(*slots));
    memset(ring, 0, virtqueue_bytes(size));
    virtqueue_init(&vq, 0, size, ring, slots, event_index);
    seen = 0;
}

// ---- the device ----

static uint16_t device_take(void)
{
    CHECK(seen != vq.avail->index);
    return vq.avail->ring[seen++ % vq.size];
}

static void device_use(uint32_t id, uint32_t length)
{
    uint16_t index = vq.used->index;
    vq.used->ring[index % vq.size] = (struct virtq_used_element){id, length};
    vq.used->index = index + 1;
}

// ---- the driver ----

static int cookies[65536];

static int add(unsigned out, unsigned in, int cookie)
{
    struct virtq_segment segments[16];
    for (unsigned i = 0; i < out + in; i++)
        segments[i] = (struct virtq_segment){0x1000 * (i + 1), 100 + i};
    return virtqueue_add(&vq, segments, out, in, &cookies[cookie]);
}

// The number of the cookie, -1 if there is none.
static int take(uint32_t *written)
{
    int *cookie = virtqueue_get(&vq, written);
    return cookie ? (int)(cookie - cookies) : -1;
}

TEST(layout_is_that_of_legacy_devices)
{
    start(256, false);
    CHECK_EQ((char *)vq.avail - (char *)ring, 16 * 256);
    CHECK_EQ((char *)vq.used - (char *)ring, 8192);
    CHECK_EQ(virtqueue_bytes(256), 8192 + 6 + 8 * 256);
}

TEST(a_chain_goes_out_and_comes_back)
{
    uint32_t written;
    start(SIZE, false);
    CHECK_EQ(take(&written), -1);
    CHECK_EQ(add(2, 1, 7), 0);
    CHECK_EQ(vq.free_count, SIZE - 3);
    const struct virtq_descriptor *d = &vq.descriptors[device_take()];
    CHECK_EQ(d->address, 0x1000);
    CHECK_EQ(d->length, 100);
    CHECK_EQ(d->flags, 1);
    d = &vq.descriptors[d->next];
    CHECK_EQ(d->address, 0x2000);
    CHECK_EQ(d->flags, 1);
    d = &vq.descriptors[d->next];
    CHECK_EQ(d->address, 0x3000);
    CHECK_EQ(d->length, 102);
    CHECK_EQ(d->flags, 2);
    CHECK_EQ(take(&written), -1);
    device_use(0, 102);
    CHECK_EQ(virtqueue_used_count(&vq), 1);
    CHECK_EQ(take(&written), 7);
    CHECK_EQ(written, 102);
    CHECK_EQ(vq.free_count, SIZE);
    CHECK_EQ(vq.in_flight, 0);
}

TEST(a_full_ring_refuses_and_recovers)
{
    uint32_t written;
    start(SIZE, false);
    CHECK_EQ(add(9, 0, 0), -EMSGSIZE);
    for (int i = 0; i < SIZE / 2; i++)
        CHECK_EQ(add(1, 1, i), 0);
    CHECK_EQ(add(1, 0, 5), -EAGAIN);
    device_use(device_take(), 0);
    CHECK_EQ(take(&written), 0);
    CHECK_EQ(add(3, 0, 5), -EAGAIN);
    CHECK_EQ(add(2, 0, 5), 0);
    CHECK_EQ(vq.free_count, 0);
}

TEST(indices_wrap_at_65536)
{
    unsigned random = 1;
    uint32_t written;
    start(SIZE, true);
    int next_in = 0, next_out = 0;
    while (next_out < 200000) {
        random = random * 1103515245 + 12345;
        unsigned parts = 1 + (random >> 16) % 3;
        if (add(parts, 0, next_in % 65536) == 0) {
            next_in++;
            continue;
        }
        while (seen != vq.avail->index && (random >>= 1) & 1)
            device_use(device_take(), 0);
        int cookie;
        while ((cookie = take(&written)) >= 0)
            CHECK_EQ(cookie, next_out++ % 65536);
        CHECK(!vq.broken);
    }
    CHECK_EQ(vq.avail_index, (uint16_t)next_in);
}

TEST(chains_may_be_used_out_of_order)
{
    uint32_t written;
    start(SIZE, false);
    uint16_t heads[3];
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(add(1, 1, i), 0);
        heads[i] = device_take();
    }
    device_use(heads[2], 0);
    device_use(heads[0], 0);
    CHECK_EQ(take(&written), 2);
    CHECK_EQ(take(&written), 0);
    CHECK_EQ(add(3, 3, 3), 0);
    CHECK_EQ(vq.free_count, 0);
    device_use(heads[1], 0);
    CHECK_EQ(take(&written), 1);
    device_use(device_take(), 0);
    CHECK_EQ(take(&written), 3);
    CHECK_EQ(vq.free_count, SIZE);
}

// ---- a device that breaks the rules ----

static void check_broken(void)
{
    uint32_t written;
    CHECK_EQ(take(&written), -1);
    CHECK(vq.broken);
    CHECK_EQ(add(1, 0, 1), -EIO);
    CHECK_EQ(take(&written), -1);
}

TEST(hostile_id_out_of_range)
{
    start(SIZE, false);
    add(1, 1, 1);
    device_use(SIZE, 0);
    check_broken();
    start(SIZE, false);
    add(1, 1, 1);
    device_use(0xffffffff, 0);
    check_broken();
}

TEST(hostile_id_inside_a_chain)
{
    start(SIZE, false);
    add(1, 1, 1);
    device_use(1, 0);
    check_broken();
}

TEST(hostile_id_used_twice)
{
    uint32_t written;
    start(SIZE, false);
    add(1, 1, 1);
    add(1, 1, 2);
    device_use(0, 0);
    CHECK_EQ(take(&written), 1);
    device_use(0, 0);
    check_broken();
}

TEST(hostile_length)
{
    uint32_t written;
    start(SIZE, false);
    add(1, 2, 1);  // 101 + 102 bytes to write
    device_use(0, 203);
    CHECK_EQ(take(&written), 1);
    add(1, 2, 1);
    device_use(0, 204);
    check_broken();
    start(SIZE, false);
    add(1, 0, 1);
    device_use(0, 1);
    check_broken();
}

TEST(hostile_index_jumps)
{
    start(SIZE, false);
    vq.used->index = 1;
    check_broken();
    start(SIZE, false);
    add(1, 0, 1);
    vq.used->index = 0x8000;
    check_broken();
}

TEST(hostile_descriptor_table_does_not_matter)
{
    uint32_t written;
    start(SIZE, false);
    add(2, 2, 1);
    memset(vq.descriptors, 0xff, SIZE * sizeof(*vq.descriptors));
    device_use(0, 0);
    CHECK_EQ(take(&written), 1);
    CHECK_EQ(vq.free_count, SIZE);
    CHECK_EQ(add(4, 4, 2), 0);
}

TEST(detach_takes_back_what_is_in_flight)
{
    uint32_t written;
    start(SIZE, false);
    for (int i = 0; i < 3; i++)
        add(1, 1, i);
    device_use(1, 0);
    CHECK_EQ(take(&written), -1);
    CHECK(vq.broken);
    for (int i = 0; i < 3; i++)
        CHECK_EQ((int *)virtqueue_detach(&vq) - cookies, i);
    CHECK(!virtqueue_detach(&vq));
    CHECK_EQ(vq.free_count, SIZE);
}

// ---- notifications ----

static void set_avail_event(uint16_t event)
{
    memcpy(&vq.used->ring[vq.size], &event, sizeof(event));
}

TEST(event_arithmetic)
{
    CHECK(virtq_passes(0, 0, 1));
    CHECK(!virtq_passes(1, 0, 1));
    CHECK(virtq_passes(5, 3, 9));
    CHECK(!virtq_passes(2, 3, 9));
    CHECK(!virtq_passes(9, 3, 9));
    CHECK(!virtq_passes(7, 7, 7));
    CHECK(virtq_passes(65535, 65534, 1));
    CHECK(virtq_passes(0, 65534, 1));
    CHECK(!virtq_passes(1, 65534, 1));
    CHECK(!virtq_passes(65533, 65534, 1));
}

TEST(kick_follows_avail_event)
{
    start(SIZE, true);
    CHECK(!virtqueue_has_new(&vq));
    add(1, 0, 1);
    CHECK(virtqueue_has_new(&vq));
    CHECK(virtqueue_wants_kick(&vq));
    virtqueue_kicked(&vq);
    CHECK(!virtqueue_has_new(&vq));
    add(1, 0, 2);
    CHECK(!virtqueue_wants_kick(&vq));
    set_avail_event(1);
    CHECK(virtqueue_wants_kick(&vq));
    set_avail_event(2);
    CHECK(!virtqueue_wants_kick(&vq));
    add(1, 0, 3);
    CHECK(virtqueue_wants_kick(&vq));
}

TEST(kick_follows_the_flag)
{
    start(SIZE, false);
    add(1, 0, 1);
    CHECK(virtqueue_wants_kick(&vq));
    vq.used->flags = 1;
    CHECK(!virtqueue_wants_kick(&vq));
}

TEST(arming)
{
    start(SIZE, true);
    for (int i = 0; i < 5; i++)
        add(1, 0, i);
    virtqueue_arm(&vq, 1);
    CHECK_EQ(vq.avail->ring[SIZE], 0);
    virtqueue_arm(&vq, 4);
    CHECK_EQ(vq.avail->ring[SIZE], 3);
    virtqueue_disarm(&vq);
    CHECK_EQ(vq.avail->flags, 0);
    start(SIZE, false);
    virtqueue_disarm(&vq);
    CHECK_EQ(vq.avail->flags, 1);
    virtqueue_arm(&vq, 1);
    CHECK_EQ(vq.avail->flags, 0);
}
