// SPDX-License-Identifier: MIT
//
// Datagrams: UDP, ICMP, and the fragments that they come in.

#include "net.h"

#include <abi/inet.h>
#include <lwip/stats.h>

#define LARGE 4000

// A UDP header in front of n bytes of the pattern; the length of both.
static size_t make_udp(uint8_t *to, uint16_t from_port, uint16_t to_port,
                       size_t n)
{
    put16(to, from_port);
    put16(to + 2, to_port);
    put16(to + 4, 8 + n);
    put16(to + 6, 0);
    for (size_t i = 0; i < n; i++)
        to[8 + i] = pattern(i);
    uint32_t sum = pseudo_sum(flow.peer_ip, GUEST_IP, 17, 8 + n);
    put16(to + 6, ~sum_fold(sum16(sum, to, 8 + n)));
    return 8 + n;
}

static int bound(uint16_t port)
{
    struct abi_address local = address_of(0, port);
    int fd = guest_socket(SOCK_DGRAM);

    CHECK_OK(sys_bind(fd, (uaddr)&local, sizeof(local)));
    return fd;
}

// The next datagram has n bytes of the pattern.
static void receives(int fd, size_t n)
{
    static uint8_t data[65536];

    host_sleep(1);
    CHECK_EQ(sys_recvfrom(fd, (uaddr)data, sizeof(data), 0, 0, 0), n);
    for (size_t i = 0; i < n; i++)
        CHECK_EQ(data[i], pattern(i));
}

TEST(there_and_back)
{
    struct abi_address peer = address_of(PEER_IP, 2000);
    uint8_t packet[200];
    int fd = bound(1000);

    wire_inject_ip(17, packet, make_udp(packet, 2000, 1000, 100));
    receives(fd, 100);
    CHECK_EQ(sys_sendto(fd, (uaddr)packet, 50, 0, (uaddr)&peer, sizeof(peer)),
             50);
    mark_event();
    expect_now("udp 1000 2000 (50)");
}

TEST(a_wrong_checksum_is_dropped)
{
    uint8_t packet[200];
    int fd = bound(1000);
    size_t n = make_udp(packet, 2000, 1000, 100);

    packet[20] ^= 1;
    wire_inject_ip(17, packet, n);
    host_sleep(1);
    CHECK_EQ(guest_read_result(fd), -EAGAIN);
    packet[20] ^= 1;
    wire_inject_ip(17, packet, n);
    receives(fd, 100);
}

TEST(a_length_that_lies_is_dropped)
{
    uint8_t packet[200];
    int fd = bound(1000);
    size_t n = make_udp(packet, 2000, 1000, 100);

    put16(packet + 4, 150);
    put16(packet + 6, 0);  // no checksum
    wire_inject_ip(17, packet, n);
    put16(packet + 4, 4);
    wire_inject_ip(17, packet, n);
    wire_inject_ip(17, packet, 5);
    host_sleep(1);
    CHECK_EQ(guest_read_result(fd), -EAGAIN);
    put16(packet + 4, 8 + 40);  // and padding
    wire_inject_ip(17, packet, n);
    receives(fd, 40);
}

TEST(nobody_is_there)
{
    uint8_t packet[200];

    wire_inject_ip(17, packet, make_udp(packet, 2000, 1000, 100));
    mark_event();
    expect_now("icmp 3 3");
}

static void inject_unreachable(uint8_t code, const uint8_t *ip, size_t n)
{
    uint8_t icmp[600] = {3, code};

    memcpy(icmp + 8, ip, n);
    put16(icmp + 2, ~sum_fold(sum16(0, icmp, 8 + n)));
    wire_inject_ip(1, icmp, 8 + n);
}

TEST(an_unreachable_port_is_an_error)
{
    struct abi_address peer = address_of(PEER_IP, 2000);
    int fd = guest_socket(SOCK_DGRAM);

    CHECK_OK(sys_connect(fd, (uaddr)&peer, sizeof(peer)));
    CHECK_EQ(sys_write(fd, (uaddr) "hello", 5), 5);
    struct frame *frame = wire_take(clock_monotonic() + 1000);
    CHECK(frame != NULL);
    inject_unreachable(3, frame->data + 14, 28);
    free(frame);
    host_sleep(1);
    CHECK_EQ(guest_read_result(fd), -ECONNREFUSED);
    CHECK_EQ(guest_read_result(fd), -EAGAIN);
}

TEST(ping)
{
    uint8_t icmp[64] = {8, 0, 0, 0, 1, 2, 3, 4};

    put16(icmp + 2, ~sum_fold(sum16(0, icmp, sizeof(icmp))));
    wire_inject_ip(1, icmp, sizeof(icmp));
    mark_event();
    expect_now("icmp 0 0");
}

// ---- fragments ----

static uint8_t large[LARGE + 8];

static void inject_piece(uint16_t id, size_t from, size_t to)
{
    wire_inject_fragment(17, id, from, to < sizeof(large), large + from,
                         to - from);
}

static int fragments_expected(void)
{
    CHECK_EQ(make_udp(large, 2000, 1000, LARGE), sizeof(large));
    return bound(1000);
}

TEST(fragments_in_order)
{
    int fd = fragments_expected();

    inject_piece(7, 0, 1480);
    inject_piece(7, 1480, 2960);
    host_sleep(1);
    CHECK_EQ(guest_read_result(fd), -EAGAIN);
    inject_piece(7, 2960, sizeof(large));
    receives(fd, LARGE);
}

TEST(fragments_in_any_order)
{
    int fd = fragments_expected();

    inject_piece(7, 2960, sizeof(large));
    inject_piece(7, 0, 1480);
    inject_piece(7, 1480, 2960);
    receives(fd, LARGE);
}

TEST(fragments_of_two_datagrams)
{
    int fd = fragments_expected();

    inject_piece(7, 0, 1480);
    inject_piece(8, 0, 1480);
    inject_piece(7, 1480, 2960);
    inject_piece(8, 1480, 2960);
    inject_piece(8, 2960, sizeof(large));
    receives(fd, LARGE);
    inject_piece(7, 2960, sizeof(large));
    receives(fd, LARGE);
}

static unsigned waiting_fragments(void)
{
    return lwip_stats.memp[MEMP_REASSDATA]->used;
}

// RFC 791: what stays incomplete is dropped, and RFC 1122: its sender told.
TEST(incomplete_datagrams_time_out)
{
    int fd = fragments_expected();

    inject_piece(7, 0, 1480);
    host_sleep(20 * NSEC_PER_SEC);
    CHECK_EQ(waiting_fragments(), 1);
    mark_event();
    expect(0, 20, "icmp 11 1");
    CHECK_EQ(waiting_fragments(), 0);
    inject_piece(7, 1480, 2960);
    inject_piece(7, 2960, sizeof(large));
    host_sleep(1);
    CHECK_EQ(guest_read_result(fd), -EAGAIN);
}

// Nobody fills the memory with beginnings.
TEST(a_flood_of_first_fragments_is_bounded)
{
    int fd = fragments_expected();

    for (unsigned id = 100; id < 5000; id++) {
        inject_piece(id, 0, 1480);
        host_sleep(1000);
    }
    CHECK(waiting_fragments() <= 1024);
    struct frame *frame;
    while ((frame = wire_take(clock_monotonic() + 60 * NSEC_PER_SEC)))
        free(frame);
    CHECK_EQ(waiting_fragments(), 0);
    inject_piece(7, 0, 1480);
    inject_piece(7, 1480, 2960);
    inject_piece(7, 2960, sizeof(large));
    receives(fd, LARGE);
}

TEST(a_large_datagram_leaves_in_fragments)
{
    struct abi_address peer = address_of(PEER_IP, 2000);
    int fd = fragments_expected();
    size_t at = 0;
    bool more = true;

    CHECK_EQ(sys_sendto(fd, (uaddr)(large + 8), LARGE, 0, (uaddr)&peer,
                        sizeof(peer)),
             LARGE);
    while (more) {
        struct frame *frame = wire_take(clock_monotonic() + 1000);
        CHECK(frame != NULL);
        const uint8_t *ip = frame->data + 14;
        size_t n = get16(ip + 2) - 20;
        CHECK_EQ((get16(ip + 6) & 0x1fff) * 8, at);
        more = get16(ip + 6) & 0x2000;
        if (at > 0)
            CHECK(memcmp(ip + 20, large + at, n) == 0);
        at += n;
        free(frame);
    }
    CHECK_EQ(at, sizeof(large));
}
