// SPDX-License-Identifier: MIT
//
// TCP's options by what they do on the wire, tcp(7).

#include "net.h"

#include <abi/inet.h>

// ---- TCP_CORK, MSG_MORE ----

TEST(cork_makes_one_segment)
{
    int fd = guest_connected(NULL);

    guest_set(fd, IPPROTO_TCP, TCP_CORK, 1);
    for (int i = 0; i < 5; i++)
        guest_write(fd, i * 100, 100);
    expect_silence(0.05);
    guest_set(fd, IPPROTO_TCP, TCP_CORK, 0);
    expect_now("P. 1:501(500) ack 1");
}

TEST(cork_sends_full_segments)
{
    int fd = guest_connected(NULL);

    guest_set(fd, IPPROTO_TCP, TCP_CORK, 1);
    guest_write(fd, 0, 2000);
    expect_now("* 1:1461(1460)");
    expect_silence(0.05);
}

TEST(cork_ends_after_200_ms)
{
    int fd = guest_connected(NULL);

    guest_set(fd, IPPROTO_TCP, TCP_CORK, 1);
    guest_write(fd, 0, 100);
    mark_event();
    expect(0.1, 0.35, "P. 1:101(100) ack 1");
    inject(". 1:1(0) ack 101");
    guest_write(fd, 100, 100);  // and anew
    mark_event();
    expect(0.1, 0.35, "P. 101:201(100) ack 1");
}

TEST(no_delay_pulls_the_cork_once)
{
    int fd = guest_connected(NULL);

    guest_set(fd, IPPROTO_TCP, TCP_CORK, 1);
    guest_write(fd, 0, 100);
    guest_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    expect_now("P. 1:101(100) ack 1");
    guest_write(fd, 100, 100);
    expect_silence(0.05);
}

TEST(a_close_pulls_the_cork)
{
    int fd = guest_connected(NULL);

    guest_set(fd, IPPROTO_TCP, TCP_CORK, 1);
    guest_write(fd, 0, 100);
    CHECK_OK(sys_close(fd));
    expect_now("FP. 1:101(100) ack 1");
}

// With timestamps a full segment has 12 bytes less of data.
TEST(cork_counts_options)
{
    int fd = guest_connected("<mss 1460,TS 1 0>");

    guest_set(fd, IPPROTO_TCP, TCP_CORK, 1);
    guest_write(fd, 0, 1460);
    expect_now("* 1:1449(1448)");
    expect_silence(0.05);
}

// ---- giving up ----

TEST(syn_count)
{
    struct abi_address peer = address_of(PEER_IP, PEER_PORT);
    int fd = CHECK_OK(sys_socket(AF_INET, SOCK_STREAM, 0));

    guest_set(fd, IPPROTO_TCP, TCP_SYNCNT, 2);
    struct call *call = BEGIN(sys_connect, fd, (long)&peer, sizeof(peer));
    mark_event();
    expect_now("S 0:0(0)");
    expect(0.9, 1.2, "S 0:0(0)");
    expect(1.8, 2.4, "S 0:0(0)");
    CHECK_EQ(call_result(call, clock_monotonic() + 5 * NSEC_PER_SEC),
             -ETIMEDOUT);
    expect_silence(60);
}

TEST(user_timeout_of_a_connect)
{
    struct abi_address peer = address_of(PEER_IP, PEER_PORT);
    int fd = CHECK_OK(sys_socket(AF_INET, SOCK_STREAM, 0));

    guest_set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 2000);
    struct call *call = BEGIN(sys_connect, fd, (long)&peer, sizeof(peer));
    host_sleep(1500 * NSEC_PER_MSEC);
    CHECK(!call_is_over(call));
    CHECK_EQ(call_result(call, clock_monotonic() + NSEC_PER_SEC), -ETIMEDOUT);
}

TEST(user_timeout_of_data)
{
    int fd = guest_connected(NULL);

    guest_set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 3000);
    host_sleep(100 * NSEC_PER_SEC);  // an idle connection does not mind
    guest_write(fd, 0, 100);
    host_sleep(2500 * NSEC_PER_MSEC);
    CHECK_EQ(guest_error(fd), 0);
    host_sleep(1000 * NSEC_PER_MSEC);
    CHECK_EQ(guest_error(fd), ETIMEDOUT);
}

TEST(user_timeout_counts_from_progress)
{
    int fd = guest_connected(NULL);

    guest_set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 3000);
    guest_write(fd, 0, 1000);
    host_sleep(2000 * NSEC_PER_MSEC);
    inject(". 1:1(0) ack 501");
    host_sleep(2000 * NSEC_PER_MSEC);
    CHECK_EQ(guest_error(fd), 0);
    host_sleep(2000 * NSEC_PER_MSEC);
    CHECK_EQ(guest_error(fd), ETIMEDOUT);
}

TEST(linger2)
{
    int fd = guest_connected(NULL);

    guest_set(fd, IPPROTO_TCP, TCP_LINGER2, 5);
    CHECK_OK(sys_close(fd));
    expect_now("F. 1:1(0) ack 1");
    inject(". 1:1(0) ack 2");
    host_sleep(4 * NSEC_PER_SEC);
    CHECK(strstr(guest_proc("net/tcp"), " 05 "));
    host_sleep(2 * NSEC_PER_SEC);
    CHECK(!strstr(guest_proc("net/tcp"), " 05 "));
}

// ---- TCP_DEFER_ACCEPT ----

TEST(defer_accept_waits_for_data)
{
    int listener = guest_listener(5);

    guest_set(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 30);
    inject("S 0:0(0) win 65535 <mss 1460>");
    expect_now("S. 0:0(0) ack 1");
    inject(". 1:1(0) ack 1");
    host_sleep(NSEC_PER_SEC / 2);
    CHECK_EQ(sys_accept4(listener, 0, 0, SOCK_NONBLOCK), -EAGAIN);
    inject("P. 1:11(10) ack 1");
    host_sleep(1);
    int fd = CHECK_OK(sys_accept4(listener, 0, 0, SOCK_NONBLOCK));
    guest_read(fd, 0, 10);
}

TEST(defer_accept_ends)
{
    int listener = guest_listener(5);

    guest_set(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, 3);
    inject("S 0:0(0) win 65535 <mss 1460>");
    expect_now("S. 0:0(0) ack 1");
    inject(". 1:1(0) ack 1");
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(sys_accept4(listener, 0, 0, SOCK_NONBLOCK), -EAGAIN);
        expect(0.5, 2.5, "S. 0:0(0) ack 1");
        inject(". 1:1(0) ack 1");
    }
    host_sleep(1);
    CHECK_OK(sys_accept4(listener, 0, 0, SOCK_NONBLOCK));
}

// ---- acknowledgements and windows ----

TEST(quick_acknowledgements)
{
    int fd = guest_connected(NULL);

    inject("P. 1:101(100) ack 1");
    expect_now(". 1:1(0) ack 101");
    guest_set(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
    inject("P. 101:201(100) ack 1");
    expect_silence(0.01);
    guest_set(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
    expect_now(". 1:1(0) ack 201");
    inject("P. 201:301(100) ack 1");
    expect_now(". 1:1(0) ack 301");
}

TEST(window_clamp)
{
    struct abi_address peer = address_of(PEER_IP, PEER_PORT);
    int fd = guest_socket(SOCK_STREAM);

    guest_set(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, 5000);
    CHECK_EQ(sys_connect(fd, (uaddr)&peer, sizeof(peer)), -EINPROGRESS);
    expect_now("S 0:0(0) win 5000");
}

TEST(unsent_low_mark)
{
    int fd = guest_connected(NULL);

    guest_set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 5000);
    CHECK_EQ(guest_poll(fd) & POLLOUT, POLLOUT);
    guest_write(fd, 0, 10 * 1460 + 5000);  // ten segments are under way
    CHECK_EQ(guest_poll(fd) & POLLOUT, 0);
    inject(". 1:1(0) ack 14601");
    host_sleep(1);
    CHECK_EQ(guest_poll(fd) & POLLOUT, POLLOUT);
}

// ---- TCP_INFO ----

static struct abi_tcp_info info_of(int fd)
{
    struct abi_tcp_info info = {0};
    int length = sizeof(info);

    CHECK_OK(sys_getsockopt(fd, IPPROTO_TCP, TCP_INFO, (uaddr)&info,
                            (uaddr)&length));
    CHECK_EQ(length, ABI_TCP_INFO_SIZE);
    return info;
}

TEST(info)
{
    int fd = guest_connected("<mss 1000,nop,wscale 3,sackOK>");
    struct abi_tcp_info info = info_of(fd);

    CHECK_EQ(info.state, ABI_TCP_ESTABLISHED);
    CHECK_EQ(info.options, TCPI_OPT_WSCALE | TCPI_OPT_SACK);
    CHECK_EQ(info.window_scales & 15, 3);
    CHECK_EQ(info.send_mss, 1000);
    CHECK_EQ(info.congestion_window, 10);
    CHECK_EQ(info.unacked, 0);

    guest_write(fd, 0, 3000);
    info = info_of(fd);
    CHECK_EQ(info.unacked, 3);
    CHECK_EQ(info.bytes_acked, 0);
    inject(". 1:1(0) ack 1001");
    host_sleep(5 * NSEC_PER_SEC);
    info = info_of(fd);
    CHECK_EQ(info.bytes_acked, 1000);
    CHECK_EQ(info.congestion_state, TCP_CA_LOSS);
    CHECK(info.total_retransmits >= 2 && info.retransmits >= 1);
    inject("F. 1:1(0) ack 3001");
    host_sleep(1);
    info = info_of(fd);
    CHECK_EQ(info.state, ABI_TCP_CLOSE_WAIT);
    CHECK_EQ(info.bytes_acked, 3000);
}
