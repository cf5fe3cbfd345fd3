// SPDX-License-Identifier: MIT
//
// Closing: FIN and RST in each state, TIME_WAIT, and closed sockets that are
// left alone by their peers.

#include "net.h"

#include <abi/inet.h>

TEST(closed_here_first)
{
    int fd = guest_connected(NULL);

    CHECK_OK(sys_close(fd));
    mark_event();
    expect_now("F. 1:1(0) ack 1");
    inject(". 1:1(0) ack 2");
    inject("F. 1:1(0) ack 2");
    expect_now(". 2:2(0) ack 2");
    // TIME_WAIT: the peer did not hear it.
    inject("F. 1:1(0) ack 2");
    expect_now(". 2:2(0) ack 2");
    expect_silence(120);
}

TEST(closed_there_first)
{
    int fd = guest_accepted(guest_listener(5), NULL);

    inject("F. 1:1(0) ack 1");
    expect(0, 0.5, ". 1:1(0) ack 2");
    CHECK_EQ(guest_poll(fd) & (POLLIN | POLLRDHUP | POLLHUP),
             POLLIN | POLLRDHUP);
    CHECK_EQ(guest_read_result(fd), 0);
    guest_write(fd, 0, 10);
    expect_now("P. 1:11(10) ack 2");
    inject(". 2:2(0) ack 11");
    CHECK_OK(sys_close(fd));
    mark_event();
    expect(0, 0.001, "F. 11:11(0) ack 2");
    inject(". 2:2(0) ack 12");
    expect_silence(60);
}

TEST(closed_by_both_at_once)
{
    int fd = guest_connected(NULL);

    CHECK_OK(sys_close(fd));
    mark_event();
    expect_now("F. 1:1(0) ack 1");
    inject("F. 1:1(0) ack 1");
    expect(0, 0.5, ". 2:2(0) ack 2");
    inject(". 2:2(0) ack 2");
    expect_silence(60);
}

TEST(half_closed)
{
    int fd = guest_connected(NULL);

    CHECK_OK(sys_shutdown(fd, SHUT_WR));
    mark_event();
    expect_now("F. 1:1(0) ack 1");
    inject(". 1:1(0) ack 2");
    inject("P. 1:101(100) ack 2");
    expect(0, 0.5, ". 2:2(0) ack 101");
    guest_read(fd, 0, 100);
    CHECK_EQ(sys_write(fd, (uaddr) "x", 1), -EPIPE);
    // As long as the file is open the peer may take all the time it wants.
    host_sleep(300 * NSEC_PER_SEC);
    inject("F. 101:101(0) ack 2");
    expect(0, 0.5, ". 2:2(0) ack 102");
    CHECK_EQ(guest_read_result(fd), 0);
    CHECK_EQ(guest_poll(fd) & POLLHUP, POLLHUP);
}

TEST(a_fin_is_repeated)
{
    int fd = guest_connected(NULL);

    CHECK_OK(sys_close(fd));
    mark_event();
    expect_now("F. 1:1(0) ack 1");
    expect(0.2, 3, "F. 1:1(0) ack 1");
    expect(0.4, 6, "F. 1:1(0) ack 1");
}

TEST(data_goes_before_the_fin)
{
    int fd = guest_connected("<mss 1000>");

    guest_write(fd, 0, 1000);
    expect_now("P. 1:1001(1000) ack 1");
    inject(". 1:1(0) ack 1001 win 0");
    guest_write(fd, 1000, 500);
    CHECK_OK(sys_close(fd));
    inject(". 1:1(0) ack 1001 win 8000");
    mark_event();
    const char *first = next_segment(0.4);
    CHECK(strstr(first, "1001:1501(500)"));
    if (*first != 'F') {
        inject(". 1:1(0) ack 1501");
        expect_now("F. 1501:1501(0) ack 1");
    }
    inject(". 1:1(0) ack 1502");
    expect_silence(20);
}

TEST(closing_with_unread_data_resets)
{
    int fd = guest_connected(NULL);

    inject("P. 1:101(100) ack 1");
    expect(0, 0.5, ". 1:1(0) ack 101");
    CHECK_OK(sys_close(fd));
    mark_event();
    expect_now("R. 1:1(0) ack 101");
    expect_silence(60);
}

TEST(linger_zero_resets)
{
    int fd = guest_connected(NULL);
    struct abi_linger linger = {1, 0};

    CHECK_OK(sys_setsockopt(fd, SOL_SOCKET, SO_LINGER, (uaddr)&linger,
                            sizeof(linger)));
    CHECK_OK(sys_close(fd));
    mark_event();
    expect_now("R. 1:1(0) ack 1");
    expect_silence(60);
}

TEST(linger_waits_for_the_end)
{
    int fd = guest_connected(NULL);
    struct abi_linger linger = {1, 5};

    CHECK_OK(sys_setsockopt(fd, SOL_SOCKET, SO_LINGER, (uaddr)&linger,
                            sizeof(linger)));
    CHECK_OK(sys_fcntl(fd, F_SETFL, 0));
    guest_write(fd, 0, 10);
    expect_now("P. 1:11(10) ack 1");
    struct call *call = BEGIN(sys_close, fd);
    host_sleep(NSEC_PER_SEC / 10);
    CHECK(!call_is_over(call));
    inject(". 1:1(0) ack 12");
    CHECK_EQ(call_result(call, clock_monotonic() + NSEC_PER_SEC / 10), 0);
}

// Nobody will ever read what comes for a closed socket.
TEST(data_for_a_closed_socket_is_reset)
{
    int fd = guest_connected(NULL);

    CHECK_OK(sys_close(fd));
    mark_event();
    expect_now("F. 1:1(0) ack 1");
    inject(". 1:1(0) ack 2");
    inject("P. 1:101(100) ack 2");
    expect(0, 0.5, "R* 2:2(0)");
}

// Closed here, and the peer never closes: the connection is not kept for ever.
TEST(fin_wait_2_ends)
{
    int fd = guest_connected(NULL);

    CHECK_OK(sys_close(fd));
    mark_event();
    expect_now("F. 1:1(0) ack 1");
    inject(". 1:1(0) ack 2");
    host_sleep(90 * NSEC_PER_SEC);
    mark_event();
    inject("P. 1:101(100) ack 2");
    expect_now("R* 2:2(0)");
}

static void into_time_wait(void)
{
    int fd = guest_accepted(guest_listener(5), NULL);

    CHECK_OK(sys_close(fd));
    mark_event();
    expect_now("F. 1:1(0) ack 1");
    inject("F. 1:1(0) ack 2");
    expect_now(". 2:2(0) ack 2");
}

TEST(time_wait_lasts_a_minute)
{
    into_time_wait();
    host_sleep(50 * NSEC_PER_SEC);
    mark_event();
    inject("F. 1:1(0) ack 2");
    expect_now(". 2:2(0) ack 2");
    host_sleep(70 * NSEC_PER_SEC);
    mark_event();
    inject("F. 1:1(0) ack 2");
    expect_now("R* 2:2(0)");
}

// RFC 6191 and common sense: a later number begins a new connection.
TEST(time_wait_gives_way_to_a_new_connection)
{
    into_time_wait();
    flow.peer_isn += 100000;
    flow.guest_known = false;
    inject("S 0:0(0) win 65535 <mss 1460>");
    expect_now("S. 0:0(0) ack 1");
}

TEST(time_wait_does_not_mind_resets)
{
    into_time_wait();
    inject("R 2:2(0)");
    host_sleep(1);
    inject("F. 1:1(0) ack 2");
    const char *answer = next_segment(1);
    CHECK(*answer == '.' || *answer == 'R');
}

// Connections that a closed listener has not handed out are reset.
TEST(a_closed_listener_resets_what_waits)
{
    int listener = guest_listener(5);

    inject("S 0:0(0) win 65535 <mss 1460>");
    expect_now("S. 0:0(0) ack 1");
    inject(". 1:1(0) ack 1");
    host_sleep(1);
    CHECK_OK(sys_close(listener));
    mark_event();
    expect_now("R. 1:1(0) ack 1");
}
