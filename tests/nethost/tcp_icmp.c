// SPDX-License-Identifier: MIT
//
// What routers say of a connection's segments.

#include "net.h"

#include <abi/inet.h>

// Destination unreachable, about the guest's segment that begins at `first`.
static void inject_unreachable(unsigned code, unsigned mtu, uint32_t first)
{
    uint8_t icmp[8 + 20 + 8] = {3, code}, *ip = icmp + 8, *tcp = ip + 20;

    put16(icmp + 6, mtu);
    ip[0] = 0x45;
    put16(ip + 2, 1500);
    ip[8] = 64, ip[9] = 6;
    put32(ip + 12, GUEST_IP);
    put32(ip + 16, flow.peer_ip);
    put16(ip + 10, ~sum_fold(sum16(0, ip, 20)));
    put16(tcp, flow.guest_port);
    put16(tcp + 2, flow.peer_port);
    put32(tcp + 4, flow.guest_isn + first);
    put16(icmp + 2, ~sum_fold(sum16(0, icmp, sizeof(icmp))));
    wire_inject_ip(1, icmp, sizeof(icmp));
    mark_event();
}

#define HOST_UNREACHABLE 1
#define PORT_UNREACHABLE 3
#define TOO_LARGE        4

TEST(segments_are_not_to_be_fragmented)
{
    int fd = guest_connected(NULL);

    guest_write(fd, 0, 100);
    struct frame *frame = wire_take(clock_monotonic() + NSEC_PER_SEC);
    CHECK_EQ(get16(frame->data + 14 + 6), 0x4000);
    free(frame);
}

TEST(a_smaller_path)
{
    int fd = guest_connected(NULL);

    guest_write(fd, 0, 2 * 1460);
    expect_now("* 1:1461(1460)");
    expect_now("* 1461:2921(1460)");
    inject_unreachable(TOO_LARGE, 1000, 1);
    expect_now("* 1:961(960)");
    expect_now("* 961:1461(500)");
    expect_now("* 1461:2421(960)");
    expect_now("* 2421:2921(500)");
    inject(". 1:1(0) ack 2921");
    guest_write(fd, 2920, 2000);
    expect_now("* 2921:3881(960)");
    expect_now("* 3881:4841(960)");
    inject(". 1:1(0) ack 4841");
    expect_now("P. 4841:4921(80)");
    inject(". 1:1(0) ack 4921");
    expect_silence(60);
}

TEST(a_path_is_remembered)
{
    int fd = guest_connected(NULL);

    guest_write(fd, 0, 1460);
    expect_now("* 1:1461(1460)");
    inject_unreachable(TOO_LARGE, 1000, 1);
    expect_now("* 1:961(960)");
    expect_now("* 961:1461(500)");
    inject(". 1:1(0) ack 1461");
    flow.guest_known = false;
    fd = guest_connected(NULL);
    guest_write(fd, 0, 960);
    expect_now("* 1:961(960)");
    guest_write(fd, 960, 960);
    expect_now("* 961:1921(960)");
    inject(". 1:1(0) ack 1921");
    host_sleep(700 * NSEC_PER_SEC);  // and forgotten
    flow.guest_known = false;
    fd = guest_connected(NULL);
    guest_write(fd, 0, 1460);
    expect_now("* 1:1461(1460)");
}

// RFC 5927: not about anything in flight; and less than any path has.
TEST(a_forged_path)
{
    int fd = guest_connected(NULL);

    inject_unreachable(TOO_LARGE, 600, 5000000);
    guest_write(fd, 0, 1460);
    expect_now("* 1:1461(1460)");
    inject_unreachable(TOO_LARGE, 68, 1);
    expect_now("* 1:513(512)");
}

TEST(an_attempt_to_connect_fails)
{
    struct abi_address peer = address_of(PEER_IP, PEER_PORT);
    int fd = guest_socket(SOCK_STREAM);

    CHECK_EQ(sys_connect(fd, (uaddr)&peer, sizeof(peer)), -EINPROGRESS);
    expect_now("S 0:0(0)");
    inject_unreachable(PORT_UNREACHABLE, 0, 7);  // a guess
    CHECK_EQ(guest_error(fd), 0);
    inject_unreachable(HOST_UNREACHABLE, 0, 0);
    CHECK_EQ(guest_error(fd), EHOSTUNREACH);
    expect_silence(60);
}

// A connection does not end by it; but when it does, that is the reason.
TEST(a_connection_rides_it_out)
{
    int fd = guest_connected(NULL);

    guest_set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
    guest_write(fd, 0, 100);
    expect_now("P. 1:101(100) ack 1");
    inject_unreachable(HOST_UNREACHABLE, 0, 1);
    CHECK_EQ(guest_error(fd), 0);
    inject(". 1:1(0) ack 101");
    guest_write(fd, 100, 100);
    expect_now("P. 101:201(100) ack 1");
    inject_unreachable(HOST_UNREACHABLE, 0, 101);
    host_sleep(6 * NSEC_PER_SEC);
    CHECK_EQ(guest_error(fd), EHOSTUNREACH);
}

TEST(with_recverr_it_is_told_at_once)
{
    int fd = guest_connected(NULL);

    guest_set(fd, IPPROTO_IP, IP_RECVERR, 1);
    guest_write(fd, 0, 100);
    expect_now("P. 1:101(100) ack 1");
    inject_unreachable(HOST_UNREACHABLE, 0, 1);
    CHECK_EQ(guest_error(fd), EHOSTUNREACH);
    inject(". 1:1(0) ack 101");
    CHECK_EQ(guest_poll(fd), POLLOUT | POLLWRNORM);
}
