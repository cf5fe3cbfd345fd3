// SPDX-License-Identifier: MIT
//
// Opening connections: handshakes from both sides, and what becomes of them
// when nobody answers.

#include "net.h"

TEST(connect)
{
    int fd = guest_connected(NULL);

    CHECK_EQ(guest_poll(fd), POLLOUT | POLLWRNORM);
    CHECK_EQ(guest_read_result(fd), -EAGAIN);
}

TEST(a_blocking_connect_ends_with_the_handshake)
{
    struct abi_address peer = address_of(PEER_IP, PEER_PORT);
    int fd = CHECK_OK(sys_socket(AF_INET, SOCK_STREAM, 0));
    struct call *call = BEGIN(sys_connect, fd, (long)&peer, sizeof(peer));

    expect_now("S 0:0(0) <mss 1460>");
    host_sleep(NSEC_PER_SEC / 2);
    CHECK(!call_is_over(call));
    inject("S. 0:0(0) ack 1 win 65535 <mss 1460>");
    expect_now(". 1:1(0) ack 1");
    CHECK_EQ(call_result(call, clock_monotonic()), 0);
}

TEST(accept)
{
    int fd = guest_accepted(guest_listener(5), NULL);

    CHECK_EQ(guest_poll(fd), POLLOUT | POLLWRNORM);
}

// net.ipv4.tcp_syn_retries: six, at intervals that double, then ETIMEDOUT.
TEST(connect_without_an_answer_times_out)
{
    struct abi_address peer = address_of(PEER_IP, PEER_PORT);
    int fd = CHECK_OK(sys_socket(AF_INET, SOCK_STREAM, 0));
    struct call *call = BEGIN(sys_connect, fd, (long)&peer, sizeof(peer));

    mark_event();
    expect_now("S 0:0(0)");
    for (double wait = 1; wait <= 32; wait *= 2)
        expect(wait * 0.9, wait * 1.2, "S 0:0(0)");
    CHECK_EQ(call_result(call, clock_monotonic() + 80 * NSEC_PER_SEC),
             -ETIMEDOUT);
    expect_silence(60);
}

TEST(connect_is_refused)
{
    struct abi_address peer = address_of(PEER_IP, PEER_PORT);
    int fd = guest_socket(SOCK_STREAM);

    CHECK_EQ(sys_connect(fd, (uaddr)&peer, sizeof(peer)), -EINPROGRESS);
    CHECK_EQ(sys_connect(fd, (uaddr)&peer, sizeof(peer)), -EALREADY);
    mark_event();
    expect_now("S 0:0(0)");
    inject("R. 0:0(0) ack 1 win 0");
    CHECK_EQ(guest_error(fd), ECONNREFUSED);
    expect_silence(10);
}

// A reset that acknowledges something else is somebody's guess.
TEST(a_wrong_reset_does_not_refuse)
{
    struct abi_address peer = address_of(PEER_IP, PEER_PORT);
    int fd = guest_socket(SOCK_STREAM);

    CHECK_EQ(sys_connect(fd, (uaddr)&peer, sizeof(peer)), -EINPROGRESS);
    mark_event();
    expect_now("S 0:0(0)");
    inject("R. 0:0(0) ack 99 win 0");
    CHECK_EQ(guest_error(fd), 0);
    inject("S. 0:0(0) ack 1 win 65535 <mss 1460>");
    expect_now(". 1:1(0) ack 1");
}

TEST(nobody_listens)
{
    flow.guest_port = 81;
    inject("S 0:0(0) win 65535 <mss 1460>");
    expect_now("R. 0:0(0) ack 1");
    inject(". 1:1(0) ack 1");
    expect_now("R* 1:1(0)");
    inject("R 1:1(0)");
    expect_silence(5);
}

// net.ipv4.tcp_synack_retries: the answer to a SYN is repeated, then forgotten.
TEST(a_handshake_that_nobody_ends)
{
    int listener = guest_listener(5);

    inject("S 0:0(0) win 65535 <mss 1460>");
    expect_now("S. 0:0(0) ack 1");
    expect(0.9, 1.3, "S. 0:0(0) ack 1");
    host_sleep(200 * NSEC_PER_SEC);
    while (next_segment(1000)[0] == 'S')
        ;
    CHECK_EQ(sys_accept(listener, 0, 0), -EAGAIN);
}

TEST(a_handshake_whose_end_is_lost)
{
    int listener = guest_listener(5);

    inject("S 0:0(0) win 65535 <mss 1460>");
    expect_now("S. 0:0(0) ack 1");
    expect(0.9, 1.3, "S. 0:0(0) ack 1");
    // Data acknowledges as well.
    inject("P. 1:11(10) ack 1");
    host_sleep(1);
    int fd = CHECK_OK(sys_accept4(listener, 0, 0, SOCK_NONBLOCK));
    guest_read(fd, 0, 10);
}

// Whatever a second SYN says of options, the first one's count.
TEST(a_repeated_syn)
{
    int listener = guest_listener(5);

    inject("S 0:0(0) win 65535 <mss 1460>");
    expect_now("S. 0:0(0) ack 1");
    inject("S 0:0(0) win 65535 <mss 536,wscale 7>");
    expect_now("S. 0:0(0) ack 1");
    inject("S 5000:5000(0) win 65535 <mss 100,wscale 7>");
    expect_now(". 1:1(0) ack 1");
    inject(". 1:1(0) ack 1 win 500");
    host_sleep(1);
    int fd = CHECK_OK(sys_accept4(listener, 0, 0, SOCK_NONBLOCK));
    guest_write(fd, 0, 500);
    expect_now("P. 1:501(500) ack 1");
}
