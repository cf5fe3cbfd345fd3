// SPDX-License-Identifier: MIT
//
// PACKET_RX_RING, packet(7) and Linux's packet_mmap.rst: the shape of a ring of
// TPACKET_V2, mapping it, and what is in its slots.
#include "harness.h"

#include "private_network.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <sys/mman.h>
#include <time.h>

#define PROTOCOL 0x88b5
#define V2       1

// What <linux/if_packet.h> has, which musl lacks.
struct ring_shape {
    unsigned block_size, blocks, frame_size, frames;
};
struct slot {
    uint32_t status, length, captured;
    uint16_t mac, net;
    uint32_t seconds, nanoseconds;
    uint16_t tci, tpid;
    uint8_t pad[4];
    struct sockaddr_ll from;
};

static int lo;
static unsigned char frame[100] = {[12] = 0x88, 0xb5, 'r', 'i', 'n', 'g'};

static int packet_socket(int type)
{
    private_network();
    lo = interface_index("lo");
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = htons(PROTOCOL),
                                  .sll_ifindex = lo};
    int fd = socket(AF_PACKET, type, 0);
    if (fd < 0 && errno == EPERM && !on_wharf())
        skip("needs root");
    CHECK_OK(fd);
    CHECK_OK(bind(fd, (void *)&address, sizeof(address)));
    return fd;
}

static int set(int fd, int name, int value)
{
    return setsockopt(fd, SOL_PACKET, name, &value, sizeof(value));
}

static int make_ring(int fd, unsigned block_size, unsigned blocks,
                     unsigned frame_size, unsigned frames)
{
    struct ring_shape shape = {block_size, blocks, frame_size, frames};

    return setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &shape, sizeof(shape));
}

static char *map_ring(int fd, size_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

static struct slot *slot_at(char *ring, size_t position)
{
    return (struct slot *)(ring + position);
}

static void send_frame(void)
{
    static int sender;
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = lo};

    if (!sender)
        sender = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));
    CHECK_EQ(sendto(sender, frame, sizeof(frame), 0, (void *)&to, sizeof(to)),
             sizeof(frame));
}

TEST(versions)
{
    int fd = packet_socket(SOCK_RAW), value = V2;
    socklen_t length = sizeof(value);

    CHECK_OK(getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, &value, &length));
    CHECK_EQ(value, 32);
    value = 77;
    CHECK_ERRNO(getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, &value, &length),
                EINVAL);
    length = 3;
    CHECK_ERRNO(getsockopt(fd, SOL_PACKET, PACKET_HDRLEN, &value, &length),
                EINVAL);
    CHECK_ERRNO(set(fd, PACKET_VERSION, 77), EINVAL);
    CHECK_OK(set(fd, PACKET_VERSION, V2));
    length = sizeof(value);
    CHECK_OK(getsockopt(fd, SOL_PACKET, PACKET_VERSION, &value, &length));
    CHECK_EQ(value, V2);
}

TEST(bad_shapes)
{
    struct ring_shape shape = {4096, 1, 2048, 2};
    int fd = packet_socket(SOCK_RAW);

    CHECK_OK(set(fd, PACKET_VERSION, V2));
    CHECK_ERRNO(make_ring(fd, 4095, 1, 2048, 1), EINVAL);
    CHECK_ERRNO(make_ring(fd, 0, 1, 2048, 1), EINVAL);
    CHECK_ERRNO(make_ring(fd, 4096, 1, 2040, 2), EINVAL);
    CHECK_ERRNO(make_ring(fd, 4096, 1, 48, 85), EINVAL);
    CHECK_ERRNO(make_ring(fd, 4096, 1, 8192, 1), EINVAL);
    CHECK_ERRNO(make_ring(fd, 4096, 2, 2048, 3), EINVAL);
    CHECK_ERRNO(make_ring(fd, 4096, 0, 0, 1), EINVAL);
    CHECK_ERRNO(make_ring(fd, 1u << 31, 1, 2048, 1 << 20), EINVAL);
    if (on_wharf())  // Linux may try for long to find as much memory
        CHECK_ERRNO(make_ring(fd, 1u << 30, 16, 2048, 1 << 23), EINVAL);
    CHECK_ERRNO(setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &shape, 15), EINVAL);
}

TEST(mapping)
{
    int fd = packet_socket(SOCK_RAW);

    CHECK(map_ring(fd, 8192) == MAP_FAILED && errno == EINVAL);
    CHECK_OK(set(fd, PACKET_VERSION, V2));
    CHECK_OK(make_ring(fd, 4096, 2, 2048, 4));
    CHECK_ERRNO(make_ring(fd, 4096, 2, 2048, 4), EBUSY);
    CHECK_ERRNO(set(fd, PACKET_VERSION, V2), EBUSY);
    CHECK_ERRNO(set(fd, PACKET_RESERVE, 4), EBUSY);
    CHECK(map_ring(fd, 4096) == MAP_FAILED && errno == EINVAL);
    CHECK(map_ring(fd, 16384) == MAP_FAILED && errno == EINVAL);
    char *ring = map_ring(fd, 8192);
    CHECK(ring != MAP_FAILED);
    CHECK_ERRNO(make_ring(fd, 0, 0, 0, 0), EBUSY);
    CHECK_OK(munmap(ring, 8192));
    CHECK_OK(make_ring(fd, 0, 0, 0, 0));
    CHECK_OK(make_ring(fd, 8192, 1, 2048, 4));
    CHECK_OK(make_ring(fd, 0, 0, 0, 0));
}

TEST(slots)
{
    int fd = packet_socket(SOCK_RAW);

    CHECK_OK(set(fd, PACKET_VERSION, V2));
    CHECK_OK(set(fd, PACKET_RESERVE, 4));
    CHECK_OK(make_ring(fd, 4096, 2, 2048, 4));
    char *ring = map_ring(fd, 8192);
    CHECK(ring != MAP_FAILED);
    CHECK_EQ(poll_events(fd, POLLIN, 0), 0);
    send_frame();
    CHECK_EQ(poll_events(fd, POLLIN, 0), POLLIN);
    struct slot *slot = slot_at(ring, 0);
    CHECK_EQ(slot->status & 1, 1);
    CHECK_EQ(slot->length, sizeof(frame));
    CHECK_EQ(slot->captured, sizeof(frame));
    CHECK_EQ(slot->net, 80 + 4);  // header, address and 16, aligned; reserve
    CHECK_EQ(slot->mac, slot->net - 14);
    CHECK_MEMORY(ring + slot->mac, frame, sizeof(frame));
    CHECK_EQ(slot->from.sll_ifindex, lo);
    CHECK_EQ(slot->from.sll_protocol, htons(PROTOCOL));
    CHECK_EQ(slot->from.sll_hatype, ARPHRD_LOOPBACK);
    CHECK_BETWEEN(slot->seconds, time(NULL) - 1, time(NULL));
    CHECK_EQ(slot_at(ring, 2048)->status, 0);
    slot->status = 0;
    CHECK_EQ(poll_events(fd, POLLIN, 0), 0);
    CHECK_ERRNO(recv(fd, frame, sizeof(frame), MSG_DONTWAIT), EAGAIN);
}

TEST(a_full_ring_drops)
{
    struct {
        unsigned packets, drops;
    } stats;
    socklen_t length = sizeof(stats);
    int fd = packet_socket(SOCK_DGRAM);

    CHECK_OK(set(fd, PACKET_VERSION, V2));
    CHECK_OK(make_ring(fd, 4096, 1, 2048, 2));
    char *ring = map_ring(fd, 4096);
    CHECK(ring != MAP_FAILED);
    for (int i = 0; i < 5; i++)
        send_frame();
    CHECK_OK(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length));
    CHECK_EQ(stats.packets, 5);
    CHECK_EQ(stats.drops, 3);
    CHECK_EQ(slot_at(ring, 0)->length, sizeof(frame) - 14);
    CHECK_MEMORY(ring + slot_at(ring, 0)->net, "ring", 4);
    // The user gives a slot back, and it is the next one to be filled.
    slot_at(ring, 0)->status = 0;
    send_frame();
    CHECK_EQ(slot_at(ring, 0)->status & 1, 1);
}

TEST(what_does_not_fit_is_cut)
{
    int fd = packet_socket(SOCK_RAW);

    CHECK_OK(set(fd, PACKET_VERSION, V2));
    CHECK_OK(make_ring(fd, 4096, 1, 128, 32));
    char *ring = map_ring(fd, 4096);
    CHECK(ring != MAP_FAILED);
    send_frame();
    CHECK_EQ(slot_at(ring, 0)->length, sizeof(frame));
    CHECK_EQ(slot_at(ring, 0)->captured, 128 - slot_at(ring, 0)->mac);
}

TEST(slots_that_cross_pages)
{
    int fd = packet_socket(SOCK_RAW);

    CHECK_OK(set(fd, PACKET_VERSION, V2));
    CHECK_OK(make_ring(fd, 8192, 1, 272, 30));
    char *ring = map_ring(fd, 8192);
    CHECK(ring != MAP_FAILED);
    for (int i = 0; i < 30; i++) {
        struct slot *slot = slot_at(ring, i * 272);

        frame[20] = i;
        send_frame();
        CHECK_EQ(slot->captured, sizeof(frame));
        CHECK_MEMORY((char *)slot + slot->mac, frame, sizeof(frame));
    }
}

TEST(memory_outlives_the_socket)
{
    int fd = packet_socket(SOCK_RAW);

    CHECK_OK(set(fd, PACKET_VERSION, V2));
    CHECK_OK(make_ring(fd, 4096, 1, 2048, 2));
    char *ring = map_ring(fd, 4096);
    CHECK(ring != MAP_FAILED);
    send_frame();
    CHECK_OK(close(fd));
    CHECK_EQ(slot_at(ring, 0)->length, sizeof(frame));
    CHECK_OK(munmap(ring, 4096));
}
