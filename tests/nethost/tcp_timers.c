// SPDX-License-Identifier: MIT
//
// What long silence does: keep-alive.

#include "net.h"

#include <abi/inet.h>

TEST(keep_alive_is_off_by_default)
{
    int fd = guest_connected(NULL);

    expect_silence(3 * 3600);
    CHECK_EQ(guest_error(fd), 0);
}

// tcp(7): two hours, then nine probes at 75 seconds.
TEST(keep_alive_times_out)
{
    int fd = guest_connected(NULL);

    guest_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    mark_event();
    expect(7195, 7205, ". 0:0(0) ack 1");
    for (int i = 1; i < 9; i++)
        expect(74, 77, ". 0:0(0) ack 1");
    const char *last = next_segment(80);
    CHECK(!*last || *last == 'R');
    CHECK_EQ(guest_error(fd), ETIMEDOUT);
}

TEST(an_answer_begins_the_wait_anew)
{
    int fd = guest_connected(NULL);

    guest_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    guest_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
    guest_set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 2);
    guest_set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
    mark_event();
    for (int i = 0; i < 5; i++) {
        expect(9, 11.5, ". 0:0(0) ack 1");
        expect(1.5, 3, ". 0:0(0) ack 1");
        inject(". 1:1(0) ack 1");
    }
    expect(9, 11.5, ". 0:0(0) ack 1");
    expect(1.5, 3, ". 0:0(0) ack 1");
    expect(1.5, 3, ". 0:0(0) ack 1");
    host_sleep(4 * NSEC_PER_SEC);
    CHECK_EQ(guest_error(fd), ETIMEDOUT);
}

TEST(a_reset_in_answer_to_a_probe)
{
    int fd = guest_connected(NULL);

    guest_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    guest_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
    mark_event();
    expect(9, 11.5, ". 0:0(0) ack 1");
    inject("R 1:1(0)");
    CHECK_EQ(guest_error(fd), ECONNRESET);
}

// A thousand idle connections do not make a timer tick more often than one.
TEST(an_idle_machine_is_silent)
{
    expect_silence(24 * 3600);
}
