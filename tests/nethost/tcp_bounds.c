// SPDX-License-Identifier: MIT
//
// What the network could make a machine hold without end: handshakes that
// nobody finishes, TIME_WAITs, closed connections whose peers are gone.

#include "net.h"

#include <abi/inet.h>
#include <net/sysctl.h>

// How many rows of /proc/net/tcp are in a state.
static unsigned rows_in_state(const char *state)
{
    const char *row = strchr(guest_proc("net/tcp"), '\n') + 1;
    unsigned n = 0;

    for (; *row; row = strchr(row, '\n') + 1)
        n += strncmp(row + 34, state, 2) == 0;
    return n;
}

#define ESTABLISHED "01"
#define SYN_RECV    "03"
#define FIN_WAIT2   "05"
#define TIME_WAIT   "06"
#define LAST_ACK    "09"

static void forget_frames(void)
{
    while (*next_segment(0.001))
        ;
}

// SYNs from addresses that do not answer: as many are remembered as the bound
// says, the connection that was there does not notice, and a client that does
// answer gets through in the midst of it.
TEST(a_syn_flood)
{
    int listener = guest_listener(5);
    int fd = guest_accepted(listener, NULL);
    struct flow honest = flow;

    sysctl_tcp_max_syn_backlog = 100;
    for (unsigned i = 0; i < 5000; i++) {
        flow.peer_port = 1024 + i;
        flow.guest_known = false;
        inject("S 0:0(0) win 65535 <mss 1460>");
        host_sleep(1);
    }
    CHECK_EQ(rows_in_state(SYN_RECV), 100);
    forget_frames();

    flow = honest;
    inject("P. 1:11(10) ack 1");
    host_sleep(1);
    guest_read(fd, 0, 10);
    forget_frames();

    flow.peer_port = 60000;
    flow.guest_known = false;
    CHECK(guest_accepted(listener, NULL) >= 0);
    host_sleep(70 * NSEC_PER_SEC);
    CHECK_EQ(rows_in_state(SYN_RECV), 0);
    CHECK_EQ(rows_in_state(ESTABLISHED), 2);
}

// net.ipv4.tcp_synack_retries.
TEST(a_syn_ack_is_repeated_ever_more_slowly)
{
    guest_listener(5);
    inject("S 0:0(0) win 65535 <mss 1460>");
    expect_now("S. 0:0(0) ack 1");
    for (double wait = 1; wait <= 16; wait *= 2)
        expect(wait * 0.9, wait * 1.2, "S. 0:0(0) ack 1");
    expect_silence(60);
    CHECK_EQ(rows_in_state(SYN_RECV), 0);
}

// A listener that is gone takes the handshakes with it.
TEST(a_handshake_outlived_by_nobody)
{
    int listener = guest_listener(5);

    inject("S 0:0(0) win 65535 <mss 1460>");
    expect_now("S. 0:0(0) ack 1");
    CHECK_OK(sys_close(listener));
    CHECK_EQ(rows_in_state(SYN_RECV), 0);
    inject(". 1:1(0) ack 1");
    expect_now("R* 1:1(0)");
}

// The accept queue is full: the handshake ends when there is room.
TEST(a_full_accept_queue_delays)
{
    int listener = guest_listener(0);
    struct flow first;

    inject("S 0:0(0) win 65535 <mss 1460>");
    expect_now("S. 0:0(0) ack 1");
    first = flow;
    flow.peer_port++;
    flow.guest_known = false;
    inject("S 0:0(0) win 65535 <mss 1460>");
    expect_now("S. 0:0(0) ack 1");
    inject(". 1:1(0) ack 1");
    struct flow second = flow;
    flow = first;
    inject(". 1:1(0) ack 1");  // no room
    expect(0.5, 1.5, "S. 0:0(0) ack 1");
    CHECK_OK(sys_accept4(listener, 0, 0, SOCK_NONBLOCK));
    CHECK_EQ(sys_accept4(listener, 0, 0, SOCK_NONBLOCK), -EAGAIN);
    inject(". 1:1(0) ack 1");
    host_sleep(1);
    CHECK_OK(sys_accept4(listener, 0, 0, SOCK_NONBLOCK));
    flow = second;
    expect_silence(5);
}

// ---- the end of connections ----

// Connect, close, and have the peer close too.
static void into_time_wait(void)
{
    int fd = guest_connected(NULL);

    CHECK_OK(sys_close(fd));
    expect_now("F. 1:1(0) ack 1");
    inject("F. 1:1(0) ack 2");
    expect_now(". 2:2(0) ack 2");
}

TEST(time_wait_is_bounded)
{
    sysctl_tcp_max_tw_buckets = 5;
    for (int i = 0; i < 20; i++)
        into_time_wait();
    CHECK_EQ(rows_in_state(TIME_WAIT), 5);
    inject("F. 1:1(0) ack 2");  // the youngest are those that are left
    expect_now(". 2:2(0) ack 2");
    host_sleep(62 * NSEC_PER_SEC);
    CHECK_EQ(rows_in_state(TIME_WAIT), 0);
}

// net.ipv4.tcp_fin_timeout: a closed socket whose peer does not close.
TEST(fin_wait_2_ends)
{
    int fd = guest_connected(NULL);

    CHECK_OK(sys_close(fd));
    expect_now("F. 1:1(0) ack 1");
    inject(". 1:1(0) ack 2");
    host_sleep(55 * NSEC_PER_SEC);
    CHECK_EQ(rows_in_state(FIN_WAIT2), 1);
    host_sleep(8 * NSEC_PER_SEC);
    CHECK_EQ(rows_in_state(FIN_WAIT2), 0);
    expect_silence(60);
}

// A FIN that nobody acknowledges is given up after eight repetitions.
TEST(an_orphan_is_given_up)
{
    int fd = guest_accepted(guest_listener(5), NULL), sent = 0;

    inject("F. 1:1(0) ack 1");
    CHECK_OK(sys_close(fd));
    while (*next_segment(200))
        sent++;
    CHECK(sent >= 8 && sent <= 11);
    CHECK_EQ(rows_in_state(LAST_ACK), 0);
}
