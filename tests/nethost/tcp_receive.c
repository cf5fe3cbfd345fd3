// SPDX-License-Identifier: MIT
//
// Receiving: acknowledgements and when they are sent, what comes out of order,
// the window, and segments that do not belong here.

#include "net.h"

#include <abi/inet.h>

static int accepted(void)
{
    return guest_accepted(guest_listener(5), "<mss 1460,sackOK>");
}

TEST(an_acknowledgement_waits_for_company)
{
    int fd = accepted();

    guest_set(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
    inject("P. 1:101(100) ack 1");
    expect(0.01, 0.5, ". 1:1(0) ack 101");
    guest_read(fd, 0, 100);
}

TEST(every_second_segment_is_acknowledged)
{
    int fd = accepted();

    guest_set(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
    inject(". 1:1461(1460) ack 1");
    inject(". 1461:2921(1460) ack 1");
    expect_now(". 1:1(0) ack 2921");
    guest_read(fd, 0, 2920);
}

TEST(an_answer_carries_the_acknowledgement)
{
    int fd = accepted();

    guest_set(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
    inject("P. 1:101(100) ack 1");
    host_sleep(1);
    guest_read(fd, 0, 100);
    guest_write(fd, 0, 50);
    expect_now("P. 1:51(50) ack 101");
    inject(". 101:101(0) ack 51");
    expect_silence(5);
}

// RFC 2018, 5681: what leaves a gap is answered at once, and told of.
TEST(out_of_order)
{
    int fd = accepted();

    inject(". 1001:2001(1000) ack 1");
    expect_now(". 1:1(0) ack 1 <sack 1001:2001>");
    inject(". 3001:4001(1000) ack 1");
    expect_now(". 1:1(0) ack 1 <sack 3001:4001,sack 1001:2001>");
    CHECK_EQ(guest_read_result(fd), -EAGAIN);
    inject(". 1:1001(1000) ack 1");
    expect_now(". 1:1(0) ack 2001 <sack 3001:4001>");
    inject(". 2001:3001(1000) ack 1");
    expect(0, 0.5, ". 1:1(0) ack 4001");
    guest_read(fd, 0, 4000);
}

TEST(overlapping_segments)
{
    int fd = accepted();

    inject(". 501:1501(1000) ack 1");
    expect_now(". 1:1(0) ack 1");
    inject(". 1:1001(1000) ack 1");
    expect(0, 0.5, ". 1:1(0) ack 1501");
    inject("P. 1001:2001(1000) ack 1");
    host_sleep(NSEC_PER_SEC / 2);
    guest_read(fd, 0, 2000);
}

TEST(an_old_segment_is_acknowledged_again)
{
    int fd = accepted();

    inject("P. 1:101(100) ack 1");
    expect(0, 0.5, ". 1:1(0) ack 101");
    inject("P. 1:101(100) ack 1");
    expect(0, 0.5, ". 1:1(0) ack 101");
    guest_read(fd, 0, 100);
    CHECK_EQ(guest_read_result(fd), -EAGAIN);
}

// SO_RCVBUF bounds the window; what is read opens it again.
TEST(the_window_closes_and_opens)
{
    int listener = guest_listener(5), at = 0;
    unsigned window = 1;

    guest_set(listener, SOL_SOCKET, SO_RCVBUF, 8192);
    int fd = guest_accepted(listener, NULL);
    while (window) {
        char text[80];
        int n = at ? MIN(window, 1460u) : 1460;
        snprintf(text, sizeof(text), "P. %d:%d(%d) ack 1", 1 + at, 1 + at + n,
                 n);
        inject(text);
        const char *answer = next_segment(1);
        CHECK(*answer);
        at += n;
        window = strtoul(strstr(answer, "win ") + 4, NULL, 10);
        CHECK(at + window <= 8192);
    }
    // A probe is answered, and its byte is not taken.
    char probe[80], wanted[80];
    snprintf(probe, sizeof(probe), "P. %d:%d(1) ack 1", 1 + at, 2 + at);
    snprintf(wanted, sizeof(wanted), ". 1:1(0) ack %d win 0", 1 + at);
    inject(probe);
    expect(0, 0.5, wanted);
    guest_read(fd, 0, at);
    const char *update = next_segment(0.5);
    snprintf(wanted, sizeof(wanted), "ack %d", 1 + at);
    CHECK(strstr(update, wanted) && !strstr(update, "win 0"));
    CHECK_EQ(guest_read_result(fd), -EAGAIN);
}

TEST(data_outside_of_the_window)
{
    int fd = accepted();

    inject("P. 90000001:90000101(100) ack 1");
    expect(0, 0.001, ". 1:1(0) ack 1");
    CHECK_EQ(guest_read_result(fd), -EAGAIN);
}

// RFC 5961: only the exact number resets; another one in the window is asked
// about, one outside is nothing.
TEST(resets)
{
    int fd = accepted();

    inject("R 4000000000:4000000000(0)");
    expect_silence(1);
    CHECK_EQ(guest_error(fd), 0);
    inject("R 101:101(0)");
    expect_now(". 1:1(0) ack 1");
    CHECK_EQ(guest_error(fd), 0);
    inject("R 1:1(0)");
    CHECK_EQ(guest_error(fd), ECONNRESET);
    CHECK_EQ(guest_poll(fd) & POLLHUP, POLLHUP);
    expect_silence(5);
}

TEST(a_syn_does_not_reset)
{
    int fd = accepted();

    inject("S 101:101(0) win 65535");
    expect_now(". 1:1(0) ack 1");
    CHECK_EQ(guest_error(fd), 0);
    inject("P. 1:11(10) ack 1");
    host_sleep(NSEC_PER_SEC / 2);
    guest_read(fd, 0, 10);
}

TEST(an_acknowledgement_of_what_was_not_sent)
{
    int fd = accepted();

    inject("P. 1:11(10) ack 5000");
    const char *answer = next_segment(1);
    CHECK(!*answer || *answer == '.');
    CHECK_EQ(guest_error(fd), 0);
    inject("P. 1:11(10) ack 1");
    host_sleep(NSEC_PER_SEC / 2);
    guest_read(fd, 0, 10);
}

TEST(a_peeked_byte_stays)
{
    int fd = accepted();
    char byte[2];

    inject("P. 1:11(10) ack 1");
    host_sleep(1);
    CHECK_EQ(sys_recvfrom(fd, (uaddr)byte, 2, MSG_PEEK, 0, 0), 2);
    guest_read(fd, 0, 10);
}
