// SPDX-License-Identifier: MIT
//
// Sending: retransmission and its end, what the peer's window and lost
// segments do, and when small writes wait.

#include "net.h"

#include <abi/inet.h>

TEST(data_is_acknowledged)
{
    int fd = guest_connected(NULL);

    guest_write(fd, 0, 100);
    expect_now("P. 1:101(100) ack 1");
    inject(". 1:1(0) ack 101");
    expect_silence(60);
}

TEST(segments_are_as_large_as_the_peer_allows)
{
    int fd = guest_connected("<mss 1000>");

    guest_write(fd, 0, 2500);
    expect_now(". 1:1001(1000) ack 1");
    expect_now("* 1001:2001(1000) ack 1");
    inject(". 1:1(0) ack 2001");
    expect_now("P. 2001:2501(500) ack 1");
}

// net.ipv4.tcp_retries2, 15: each time at twice the interval, up to two
// minutes, and about a quarter of an hour in all.
TEST(what_nobody_acknowledges_is_given_up)
{
    int fd = guest_connected(NULL), times = 0;
    double wait, total = 0, last = 0;
    const char *segment;

    guest_write(fd, 0, 100);
    expect_now("P. 1:101(100) ack 1");
    for (;;) {
        nsec_t before = clock_monotonic();
        segment = next_segment(200);
        wait = (clock_monotonic() - before) / 1e9;
        if (*segment != 'P')
            break;
        if (times > 0 && last < 40)
            CHECK(wait > 1.5 * last && wait < 2.6 * last);
        CHECK(wait < 130);
        last = wait;
        total += wait;
        times++;
    }
    CHECK(times >= 12 && times <= 16);
    CHECK(total > 400);
    CHECK_EQ(guest_poll(fd) & (POLLERR | POLLHUP), POLLERR | POLLHUP);
    CHECK_EQ(guest_read_result(fd), -ETIMEDOUT);
    CHECK_EQ(guest_read_result(fd), 0);
    CHECK_EQ(sys_write(fd, (uaddr) "x", 1), -EPIPE);
    CHECK_EQ(host_signals, 1);
}

TEST(an_acknowledgement_ends_the_back_off)
{
    int fd = guest_connected(NULL);

    guest_write(fd, 0, 100);
    expect_now("P. 1:101(100) ack 1");
    for (int i = 0; i < 4; i++)
        expect(0.2, 10, "P. 1:101(100) ack 1");
    inject(". 1:1(0) ack 101");
    expect_silence(100);
    // Karn: the old interval counts until there is a new measurement.
    guest_write(fd, 100, 100);
    expect_now("P. 101:201(100) ack 1");
    inject(". 1:1(0) ack 201");
    guest_write(fd, 200, 100);
    expect_now("P. 201:301(100) ack 1");
    expect(0.2, 3, "P. 201:301(100) ack 1");
}

// RFC 5681: the third duplicate acknowledgement.
TEST(fast_retransmission)
{
    int fd = guest_connected(NULL);

    // The congestion window has to be large enough first.
    guest_write(fd, 0, 1460);
    expect_now("P. 1:1461(1460) ack 1");
    inject(". 1:1(0) ack 1461");
    guest_write(fd, 1460, 2 * 1460);
    expect_now("* 1461:2921(1460)");
    expect_now("* 2921:4381(1460)");
    inject(". 1:1(0) ack 2921");
    inject(". 1:1(0) ack 4381");
    host_sleep(1);
    guest_write(fd, 4380, 4 * 1460);
    expect_now("* 4381:5841(1460)");
    expect_now("* 5841:7301(1460)");
    expect_now("* 7301:8761(1460)");
    expect_now("* 8761:10221(1460)");
    // The first of them is lost.
    inject(". 1:1(0) ack 4381");
    inject(". 1:1(0) ack 4381");
    expect_silence(0.01);
    inject(". 1:1(0) ack 4381");
    expect_now("* 4381:5841(1460)");
    inject(". 1:1(0) ack 10221");
    expect_silence(30);
    CHECK_EQ(guest_poll(fd), POLLOUT | POLLWRNORM);
}

TEST(the_congestion_window_grows)
{
    int fd = guest_connected(NULL), sent = 0;

    guest_write(fd, 0, 40 * 1460);
    while (*next_segment(0.001))
        sent++;
    int first = sent;
    CHECK(first >= 1 && first <= 10);
    char text[80];
    snprintf(text, sizeof(text), ". 1:1(0) ack %d", 1 + sent * 1460);
    inject(text);
    while (*next_segment(0.001))
        sent++;
    CHECK(sent - first > first);
}

// The window closes; probes ask for it at intervals that grow, and never end
// while they are answered.
TEST(zero_window_probes)
{
    int fd = guest_connected("<mss 1000>");
    double shortest = 1000, longest = 0;

    guest_write(fd, 0, 1000);
    expect_now("P. 1:1001(1000) ack 1");
    inject(". 1:1(0) ack 1001 win 0");
    guest_write(fd, 1000, 500);
    for (int i = 0; i < 30; i++) {
        nsec_t before = clock_monotonic();
        const char *probe = next_segment(130);
        CHECK(probe[0] == '.' || probe[0] == 'P');
        double wait = (clock_monotonic() - before) / 1e9;
        shortest = MIN(shortest, wait);
        longest = MAX(longest, wait);
        inject(". 1:1(0) ack 1001 win 0");
    }
    CHECK(shortest < 2 && longest > 10);
    CHECK_EQ(guest_error(fd), 0);
    inject(". 1:1(0) ack 1001 win 8000");
    expect(0, 0.3, "P. 1001:1501(500) ack 1");
    inject(". 1:1(0) ack 1501 win 8000");
    expect_silence(60);
}

TEST(zero_window_probes_without_an_answer_time_out)
{
    int fd = guest_connected("<mss 1000>"), probes = 0;

    guest_write(fd, 0, 1000);
    expect_now("P. 1:1001(1000) ack 1");
    inject(". 1:1(0) ack 1001 win 0");
    guest_write(fd, 1000, 500);
    while (*next_segment(300))
        CHECK(++probes < 40);
    CHECK(probes >= 10);
    CHECK_EQ(guest_error(fd), ETIMEDOUT);
}

// A window that is closed from the start, then opens a crack.
TEST(a_window_that_never_was_open)
{
    struct abi_address peer = address_of(PEER_IP, PEER_PORT);
    int fd = guest_socket(SOCK_STREAM);

    CHECK_EQ(sys_connect(fd, (uaddr)&peer, sizeof(peer)), -EINPROGRESS);
    expect_now("S 0:0(0)");
    inject("S. 0:0(0) ack 1 win 0 <mss 1460>");
    expect_now(". 1:1(0) ack 1");
    guest_write(fd, 0, 300);
    expect(0.1, 2, "* 1:2(1)");
    inject(". 1:1(0) ack 1 win 100");
    for (unsigned sent = 0; sent < 300;) {
        unsigned first, last;
        char text[40];
        CHECK_EQ(sscanf(next_segment(10), "%*s %u:%u", &first, &last), 2);
        CHECK(last - first <= 100);
        sent = last - 1;
        snprintf(text, sizeof(text), ". 1:1(0) ack %u win 100", last);
        inject(text);
        guest_poll(fd);
    }
    expect_silence(60);
}

TEST(no_more_than_the_window)
{
    int fd = guest_connected("<mss 1000>");

    guest_write(fd, 0, 1000);
    expect_now("P. 1:1001(1000) ack 1");
    inject(". 1:1(0) ack 1001 win 1500");
    host_sleep(1);
    guest_write(fd, 1000, 4000);
    expect_now(". 1001:2001(1000) ack 1");
    // What does not fit waits, or comes cut; nothing goes beyond the window.
    const char *next = next_segment(0.1);
    CHECK(!*next || strstr(next, "2001:2501(500)"));
    inject(". 1:1(0) ack 2001 win 4000");
    next = next_segment(1);
    CHECK(strstr(next, "2001:"));
}

TEST(nagle)
{
    int fd = guest_connected(NULL);

    guest_write(fd, 0, 10);
    expect_now("P. 1:11(10) ack 1");
    guest_write(fd, 10, 10);
    guest_write(fd, 20, 10);
    expect_silence(0.1);
    inject(". 1:1(0) ack 11");
    expect_now("P. 11:31(20) ack 1");
}

TEST(no_delay)
{
    int fd = guest_connected(NULL);

    guest_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    guest_write(fd, 0, 10);
    expect_now("P. 1:11(10) ack 1");
    guest_write(fd, 10, 10);
    expect_now("P. 11:21(10) ack 1");
}

TEST(msg_more_waits)
{
    int fd = guest_connected(NULL);
    uint8_t data[20];

    for (int i = 0; i < 20; i++)
        data[i] = pattern(i);
    CHECK_EQ(sys_sendto(fd, (uaddr)data, 10, MSG_MORE, 0, 0), 10);
    mark_event();
    expect_silence(0.05);
    CHECK_EQ(sys_sendto(fd, (uaddr)(data + 10), 10, 0, 0, 0), 10);
    expect_now("P. 1:21(20) ack 1");
}

// SO_SNDBUF bounds what is written and not acknowledged.
TEST(a_full_send_buffer)
{
    int fd = guest_connected(NULL);
    static uint8_t data[1 << 20];
    size_t sent = 0;
    long n;

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = pattern(i);
    guest_set(fd, SOL_SOCKET, SO_SNDBUF, 16384);
    while (sent < sizeof(data) &&
           (n = sys_write(fd, (uaddr)(data + sent), sizeof(data) - sent)) > 0)
        sent += n;
    CHECK_EQ(n, -EAGAIN);
    CHECK(sent >= 8192 && sent <= 65536);
    CHECK_EQ(guest_poll(fd) & POLLOUT, 0);
    mark_event();
    size_t acked = 0;
    while (acked < sent) {
        unsigned first, last;
        const char *segment = next_segment(1);
        CHECK_EQ(sscanf(strchr(segment, ' '), " %u:%u", &first, &last), 2);
        acked = last - 1;
        char text[80];
        snprintf(text, sizeof(text), ". 1:1(0) ack %u", last);
        inject(text);
    }
    CHECK_EQ(guest_poll(fd) & POLLOUT, POLLOUT);
}

TEST(a_full_ring_loses_nothing)
{
    int fd = guest_connected(NULL);

    wire.full = true;
    guest_write(fd, 0, 1000);
    expect_silence(0.1);
    wire_make_room();
    expect(0, 0.1, "P. 1:1001(1000) ack 1");
}

TEST(writing_to_a_reset_connection)
{
    int fd = guest_connected(NULL);

    inject("R 1:1(0)");
    host_sleep(1);
    CHECK_EQ(sys_write(fd, (uaddr) "x", 1), -ECONNRESET);
    CHECK_EQ(sys_write(fd, (uaddr) "x", 1), -EPIPE);
    CHECK_EQ(host_signals, 1);
}

// Options take room too: lwIP leaves one byte for data in a segment of the size
// of the timestamps without their padding.
TEST(hardly_any_window_and_timestamps)
{
    int listener = guest_listener(5);

    inject("S 0:0(0) win 20 <mss 1460,nop,nop,TS 1 0>");
    expect_now("S. 0:0(0) ack 1");
    inject(". 1:1(0) ack 1 win 20 <nop,nop,TS 2 1>");
    host_sleep(1);
    int fd = CHECK_OK(sys_accept4(listener, 0, 0, SOCK_NONBLOCK));
    guest_write(fd, 0, 69);
    guest_write(fd, 69, 100);
    CHECK(*next_segment(1));
}
