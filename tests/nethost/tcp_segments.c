// SPDX-License-Identifier: MIT
//
// Which segments of a connection count: windows, guesses from outside (RFC
// 5961), old duplicates (PAWS), and what would break lwIP's invariants.

#include "net.h"

#include <abi/inet.h>

// ---- RFC 5961 ----

TEST(a_reset_in_the_window_is_asked_about)
{
    int fd = guest_connected(NULL);

    inject("R 100:100(0)");
    expect_now(". 1:1(0) ack 1");
    CHECK_EQ(guest_error(fd), 0);
    inject("R 1:1(0)");
    CHECK_EQ(guest_error(fd), ECONNRESET);
}

TEST(a_reset_beyond_the_window_is_ignored)
{
    int fd = guest_connected(NULL);

    inject("R 1000000000:1000000000(0)");
    expect_silence(5);
    CHECK_EQ(guest_error(fd), 0);
}

TEST(a_syn_on_a_connection_is_asked_about)
{
    int fd = guest_connected(NULL);

    inject("S 5000:5000(0) win 65535 <mss 1460>");
    expect_now(". 1:1(0) ack 1");
    inject("S. 1:1(0) ack 1 win 65535 <mss 1460>");
    expect_silence(0.3);
    CHECK_EQ(guest_error(fd), 0);
}

// However many the guesses, a challenge each half second.
TEST(challenges_are_few)
{
    int fd = guest_connected(NULL), answers = 0;

    for (int i = 0; i < 100; i++)
        inject("R 100:100(0)");
    while (*next_segment(0.3))
        answers++;
    CHECK_EQ(answers, 1);
    CHECK_EQ(guest_error(fd), 0);
}

// Data with an acknowledgement of what was never sent, or long ago.
TEST(data_with_a_wrong_acknowledgement)
{
    int fd = guest_connected(NULL);

    inject("P. 1:11(10) ack 5000");
    expect_now(". 1:1(0) ack 1");
    host_sleep(NSEC_PER_SEC);
    inject("P. 1:11(10) ack 4000000000");
    expect_now(". 1:1(0) ack 1");
    CHECK_EQ(guest_read_result(fd), -EAGAIN);
}

TEST(data_without_an_acknowledgement)
{
    int fd = guest_connected(NULL);

    inject("P 1:11(10)");
    expect_silence(5);
    CHECK_EQ(guest_read_result(fd), -EAGAIN);
}

TEST(data_beyond_the_window)
{
    int fd = guest_connected(NULL);

    inject("P. 90000000:90000010(10) ack 1");
    expect_now(". 1:1(0) ack 1");
    CHECK_EQ(guest_read_result(fd), -EAGAIN);
}

// ---- timestamps ----

static int connected_with_timestamps(void)
{
    return guest_connected("<mss 1460,TS 1000 0>");
}

TEST(timestamps_are_echoed)
{
    int fd = connected_with_timestamps();

    inject("P. 1:11(10) ack 1 <nop,nop,TS 1005 0>");
    CHECK(strstr(next_segment(1), " 1005>"));
    guest_read(fd, 0, 10);
}

TEST(no_timestamps_unless_the_peer_has_them)
{
    int fd = guest_connected(NULL);

    guest_write(fd, 0, 10);
    CHECK(!strstr(next_segment(1), "TS"));
}

TEST(an_old_duplicate_is_dropped)
{
    int fd = connected_with_timestamps();

    inject("P. 1:11(10) ack 1 <nop,nop,TS 1005 0>");
    expect(0, 0.5, ". 1:1(0) ack 11");
    inject("P. 11:21(10) ack 1 <nop,nop,TS 1004 0>");
    expect_now(". 1:1(0) ack 11");
    inject("P. 11:21(10) ack 1 <nop,nop,TS 1005 0>");
    expect(0, 0.5, ". 1:1(0) ack 21");
    guest_read(fd, 0, 20);
}

// ---- what lwIP relies on ----

// An early segment runs over the right edge; then the gap is filled.
TEST(an_early_segment_beyond_the_edge)
{
    int fd = guest_socket(SOCK_STREAM);
    struct abi_address peer = address_of(PEER_IP, PEER_PORT);

    guest_set(fd, SOL_SOCKET, SO_RCVBUF, 2048);
    CHECK_EQ(sys_connect(fd, (uaddr)&peer, sizeof(peer)), -EINPROGRESS);
    expect_now("S 0:0(0) win 2048");
    inject("S. 0:0(0) ack 1 win 65535 <mss 1460>");
    expect_now(". 1:1(0) ack 1");
    inject("P. 1001:2461(1460) ack 1");
    expect_now(". 1:1(0) ack 1");
    inject("P. 1:1001(1000) ack 1");
    expect(0, 0.5, ". 1:1(0) ack 2049");
    guest_read(fd, 0, 2048);
}

// A probe of a closed window carries the last byte there is, and is taken.
TEST(a_probe_that_takes_all)
{
    int fd = guest_connected("<mss 1000>");

    guest_write(fd, 0, 1000);
    expect_now("P. 1:1001(1000) ack 1");
    inject(". 1:1(0) ack 1001 win 0");
    guest_write(fd, 1000, 1);
    expect(0.1, 2, ". 1001:1002(1) ack 1");
    inject(". 1:1(0) ack 1002 win 0");
    expect_silence(60);
    inject(". 1:1(0) ack 1002 win 8000");
    guest_write(fd, 1001, 10);
    expect_now("P. 1002:1012(10) ack 1");
}

TEST(a_syn_with_a_fin_opens_nothing)
{
    guest_listener(5);
    inject("SF 0:0(0) win 65535 <mss 1460>");
    expect_silence(5);
}

// ---- both open at once ----

static int opening(void)
{
    struct abi_address peer = address_of(PEER_IP, PEER_PORT);
    int fd = guest_socket(SOCK_STREAM);

    CHECK_EQ(sys_connect(fd, (uaddr)&peer, sizeof(peer)), -EINPROGRESS);
    expect_now("S 0:0(0)");
    inject("S 0:0(0) win 65535 <mss 1000>");
    expect_now("S. 0:0(0) ack 1");
    return fd;
}

TEST(simultaneous_open)
{
    int fd = opening();

    CHECK_EQ(guest_poll(fd) & POLLOUT, 0);
    inject("S. 0:0(0) ack 1 win 65535 <mss 1000>");
    expect_now(". 1:1(0) ack 1");
    guest_write(fd, 0, 100);
    expect_now("P. 1:101(100) ack 1");
    inject("P. 1:11(10) ack 101");
    host_sleep(1);
    guest_read(fd, 0, 10);
}

// The peer's SYN-ACK is lost, what follows it is not.
TEST(simultaneous_open_by_data)
{
    int fd = opening();

    inject("P. 1:11(10) ack 1");
    expect_now(". 1:1(0) ack 1");
    expect_now(". 1:1(0) ack 11");
    guest_read(fd, 0, 10);
    guest_write(fd, 0, 2000);
    expect_now("* 1:1001(1000) ack 11");
}

TEST(simultaneous_open_repeats_the_answer)
{
    int fd = opening();

    expect(0.8, 1.5, "S. 0:0(0) ack 1");
    inject("R 1:1(0)");
    inject("R. 1:1(0) ack 1");
    CHECK_EQ(guest_error(fd), ECONNREFUSED);
}

// ---- loss ----

// RFC 6582: two losses in one window, and no timer.
TEST(a_partial_acknowledgement)
{
    int fd = guest_connected(NULL);

    guest_write(fd, 0, 8 * 1460);
    for (int i = 0; i < 8; i++)
        CHECK(*next_segment(0.001));
    // The first and the fourth are lost. (lwIP takes the first acknowledgement
    // after the handshake for an update of the window.)
    for (int i = 0; i < 4; i++)
        inject(". 1:1(0) ack 1");
    expect_now("* 1:1461(1460)");
    for (int i = 0; i < 3; i++)
        inject(". 1:1(0) ack 1");
    inject(". 1:1(0) ack 4381");
    expect_now("* 4381:5841(1460)");
    inject(". 1:1(0) ack 11681");
    expect_silence(60);
}

// RFC 6928.
TEST(the_initial_window_is_ten_segments)
{
    int fd = guest_connected(NULL), sent = 0;

    guest_write(fd, 0, 40 * 1460);
    while (*next_segment(0.001))
        sent++;
    CHECK_EQ(sent, 10);
}
