// SPDX-License-Identifier: MIT
//
// Addresses: ARP's questions and how long their answers count, and a lease by
// DHCP from its beginning to its end.

#include "net.h"

#include <abi/inet.h>

static const uint8_t peer_mac[6] = {0x52, 0x54, 0, 0, 0, 2};
static const uint8_t guest_mac[6] = {0x52, 0x54, 0, 0, 0, 1};

// ---- ARP ----

static void inject_arp_reply(uint32_t ip)
{
    uint8_t frame[42];

    memcpy(frame, guest_mac, 6);
    memcpy(frame + 6, peer_mac, 6);
    put16(frame + 12, 0x0806);
    memcpy(frame + 14, "\0\1\10\0\6\4\0\2", 8);
    memcpy(frame + 22, peer_mac, 6);
    put32(frame + 28, ip);
    memcpy(frame + 32, guest_mac, 6);
    put32(frame + 38, GUEST_IP);
    wire_inject(frame, sizeof(frame));
}

static int send_to(int fd, uint32_t ip)
{
    struct abi_address peer = address_of(ip, 2000);

    mark_event();
    return sys_sendto(fd, (uaddr) "hello", 5, 0, (uaddr)&peer, sizeof(peer));
}

TEST(a_datagram_waits_for_the_answer)
{
    int fd = guest_socket(SOCK_DGRAM);

    wire.answers_arp = false;
    CHECK_EQ(send_to(fd, 0x0a000005), 5);
    expect_now("arp 1 0a000005");
    inject_arp_reply(0x0a000005);
    CHECK(strncmp(next_segment(0.1), "udp", 3) == 0);
    // It is known now.
    CHECK_EQ(send_to(fd, 0x0a000005), 5);
    CHECK(strncmp(next_segment(0.1), "udp", 3) == 0);
}

TEST(a_question_is_repeated_and_given_up)
{
    int fd = guest_socket(SOCK_DGRAM), questions = 0;

    wire.answers_arp = false;
    CHECK_EQ(send_to(fd, 0x0a000005), 5);
    while (*next_segment(10))
        CHECK(++questions < 20);
    CHECK(questions >= 3);
    // What waited is gone: a late answer sends nothing.
    inject_arp_reply(0x0a000005);
    expect_silence(1);
}

// An answer is not believed for ever.
TEST(an_answer_grows_old)
{
    int fd = guest_socket(SOCK_DGRAM);

    wire.answers_arp = false;
    CHECK_EQ(send_to(fd, 0x0a000005), 5);
    expect_now("arp 1 0a000005");
    inject_arp_reply(0x0a000005);
    CHECK(*next_segment(0.1) == 'u');
    host_sleep(600 * NSEC_PER_SEC);
    CHECK_EQ(send_to(fd, 0x0a000005), 5);
    expect_now("arp 1 0a000005");
}

TEST(questions_are_answered)
{
    uint8_t frame[42];

    memset(frame, 0xff, 6);
    memcpy(frame + 6, peer_mac, 6);
    put16(frame + 12, 0x0806);
    memcpy(frame + 14, "\0\1\10\0\6\4\0\1", 8);
    memcpy(frame + 22, peer_mac, 6);
    put32(frame + 28, PEER_IP);
    memset(frame + 32, 0, 6);
    put32(frame + 38, GUEST_IP);
    wire.answers_arp = false;
    wire_inject(frame, sizeof(frame));
    mark_event();
    expect_now("arp 2 0a000002");
}

// ---- DHCP, RFC 2131: a server in a few lines ----

#define LEASE 3600

enum {
    DISCOVER = 1,
    OFFER,
    REQUEST,
    DECLINE,
    ACK,
    NAK,
    RELEASE
};

static uint8_t message[300];  // the latest from the guest: BOOTP and options

static int option_of(const uint8_t *bootp, uint8_t wanted)
{
    for (const uint8_t *o = bootp + 240; *o != 255; o += 2 + o[1])
        if (o[0] == wanted)
            return o[2];
    return -1;
}

// The type of the guest's next message, within so many seconds; 0: none.
static int next_message(double seconds)
{
    struct frame *frame;
    nsec_t until = clock_monotonic() + (nsec_t)(seconds * 1e9);

    while ((frame = wire_take(until))) {
        const uint8_t *ip = frame->data + 14;
        bool dhcp = ip[9] == 17 && get16(ip + 22) == 67;
        if (dhcp)
            memcpy(message, ip + 28, MIN(sizeof(message), frame->length - 42));
        free(frame);
        // That it lets a lease go may come before or after its next wish.
        if (dhcp && option_of(message, 53) != RELEASE)
            return option_of(message, 53);
    }
    return 0;
}

static void reply(int type)
{
    uint8_t packet[8 + 300] = {0};
    uint8_t *bootp = packet + 8, *o = bootp + 240;

    put16(packet, 67);
    put16(packet + 2, 68);
    put16(packet + 4, sizeof(packet));
    memcpy(bootp, message, 236);
    bootp[0] = 2;
    put32(bootp + 16, GUEST_IP);
    put32(bootp + 236, 0x63825363);
    o[0] = 53, o[1] = 1, o[2] = type, o += 3;
    o[0] = 54, o[1] = 4, put32(o + 2, PEER_IP), o += 6;
    o[0] = 51, o[1] = 4, put32(o + 2, LEASE), o += 6;
    o[0] = 1, o[1] = 4, put32(o + 2, 0xffffff00), o += 6;
    o[0] = 3, o[1] = 4, put32(o + 2, PEER_IP), o += 6;
    o[0] = 255;
    wire_inject_ip(17, packet, sizeof(packet));
    host_sleep(1);
}

static bool has_address(void)
{
    int fd = guest_socket(SOCK_DGRAM);
    bool sent = send_to(fd, PEER_IP) == 5 && *next_segment(0.1) == 'u';

    CHECK_OK(sys_close(fd));
    return sent;
}

static void get_lease(void)
{
    CHECK_EQ(next_message(15), DISCOVER);
    reply(OFFER);
    CHECK_EQ(next_message(15), REQUEST);
    reply(ACK);
    host_sleep(10 * NSEC_PER_SEC);
    CHECK(has_address());
}

TEST(dhcp_lease_is_renewed)
{
    get_lease();
    // T1: half of the lease.
    CHECK_EQ(next_message(LEASE / 2 - 120), 0);
    CHECK_EQ(next_message(240), REQUEST);
    CHECK_EQ(get32(message + 12), GUEST_IP);
    reply(ACK);
    CHECK_EQ(next_message(LEASE / 2 - 120), 0);
    CHECK_EQ(next_message(240), REQUEST);
    reply(ACK);
    CHECK(has_address());
}

TEST(dhcp_lease_runs_out)
{
    get_lease();
    int requests = 0, type;
    while ((type = next_message(LEASE)) == REQUEST)
        CHECK(++requests < 100);
    CHECK(requests >= 2);
    // At its end all begins anew, without the address.
    CHECK_EQ(type, DISCOVER);
    CHECK(!has_address());
    reply(OFFER);
    CHECK_EQ(next_message(15), REQUEST);
    reply(ACK);
    host_sleep(10 * NSEC_PER_SEC);
    CHECK(has_address());
}

TEST(dhcp_refusal_begins_anew)
{
    CHECK_EQ(next_message(15), DISCOVER);
    reply(OFFER);
    CHECK_EQ(next_message(15), REQUEST);
    reply(NAK);
    CHECK_EQ(next_message(60), DISCOVER);
    reply(OFFER);
    CHECK_EQ(next_message(15), REQUEST);
    reply(ACK);
    host_sleep(10 * NSEC_PER_SEC);
    CHECK(has_address());
}

TEST(dhcp_without_a_server)
{
    int discovers = 0;

    // It never gives up, and it is not in a hurry.
    nsec_t end = clock_monotonic() + 600 * NSEC_PER_SEC;
    while (clock_monotonic() < end && next_message(120) == DISCOVER)
        discovers++;
    CHECK(discovers >= 9 && discovers <= 200);
}
