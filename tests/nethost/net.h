// SPDX-License-Identifier: MIT
//
// What a test of net/ on the host needs. A test is a function that runs as a
// task of its own machine: it makes system calls (sys_socket and the rest), is
// the peer at the other end of the cable, and moves the clock by sleeping.
//
//     int fd = guest_connected(NULL);
//     guest_write(fd, 0, 100);
//     expect_now("P. 1:101(100) ack 1");
//     expect(0.9, 1.5, "P. 1:101(100) ack 1");    // not acknowledged: again
//     inject(". 1:1(0) ack 101");
//
// A segment is written as packetdrill writes it: flags (F S R P, a point for
// ACK), FIRST:LAST(LENGTH), ack N, win N, <options>. Numbers are relative to
// the initial ones of both sides. What an expectation leaves out is not
// compared (R* is R or R.); of options those that are named must be there. Data
// is a pattern that tells its place in the stream, and is checked.

#pragma once

#include "host.h"

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <abi/socket.h>
#include <dev/timer.h>
#include <lib/linkset.h>
#include <lib/list.h>
#include <lib/wait.h>
#include <stdlib.h>
#include <string.h>
#include <syscall/syscalls.h>

// ---- harness.c ----

struct net_test {
    const char *file;  // names the subject
    const char *name;
    int line;  // orders the tests of a file
    void (*function)(void);
};

#define TEST(id)                                                      \
    static void test_##id(void);                                      \
    static const struct net_test row_##id = {__FILE__, #id, __LINE__, \
                                             test_##id};              \
    static const struct net_test *const entry_##id                    \
        __attribute__((used, section("net_tests"))) = &row_##id;      \
    static void test_##id(void)

#define CHECK(expression)                                            \
    do {                                                             \
        if (!(expression))                                           \
            host_fail("%s:%d: %s", __FILE__, __LINE__, #expression); \
    } while (0)

#define CHECK_EQ(got, wanted)                                                  \
    do {                                                                       \
        long long got_ = (long long)(got), wanted_ = (long long)(wanted);      \
        if (got_ != wanted_)                                                   \
            host_fail("%s:%d: %s (got %lld, wanted %lld)", __FILE__, __LINE__, \
                      #got, got_, wanted_);                                    \
    } while (0)

// A call succeeds; its value.
#define CHECK_OK(call)                                                   \
    ({                                                                   \
        long result_ = (long)(call);                                     \
        if (result_ < 0)                                                 \
            host_fail("%s:%d: %s (got -%ld)", __FILE__, __LINE__, #call, \
                      -result_);                                         \
        result_;                                                         \
    })

extern uint64_t seed_argument;    // -s, for tests that are random
extern unsigned rounds_argument;  // -n, how long those go on

// ---- wire.c: the cable's other end ----

struct frame {
    struct list_node node;
    nsec_t time;  // when it was sent
    size_t length;
    uint8_t data[];
};

struct wire {
    bool answers_arp;  // for every address of the network but the guest's
    bool keeps_all;    // frames of IPv6, IGMP and answered ARP are kept too
    bool up;
    bool full;          // the transmit ring has no room
    unsigned dropping;  // so many frames are lost on their way out
    void (*takes)(struct frame *frame);  // all frames, instead of being kept
};
extern struct wire wire;

#define GUEST_IP 0x0a000001u
#define PEER_IP  0x0a000002u

void wire_inject(const void *frame, size_t n);
// An IPv4 packet from the peer.
void wire_inject_ip(uint8_t protocol, const void *payload, size_t n);
// An IPv4 fragment; offset in bytes.
void wire_inject_fragment(uint8_t protocol, uint16_t id, size_t offset,
                          bool more, const void *payload, size_t n);
// The next frame that the guest has sent; NULL: none until then. free() it.
struct frame *wire_take(nsec_t until);
void wire_make_room(void);  // full no longer

static inline void put16(uint8_t *p, uint16_t v)
{
    p[0] = v >> 8, p[1] = v;
}
static inline void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16), put16(p + 2, v);
}
static inline uint16_t get16(const uint8_t *p)
{
    return p[0] << 8 | p[1];
}
static inline uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}
// RFC 1071, of n bytes after a partial sum.
uint32_t sum16(uint32_t sum, const uint8_t *p, size_t n);
uint16_t sum_fold(uint32_t sum);
// That of TCP, UDP with their pseudo-header.
uint32_t pseudo_sum(uint32_t from, uint32_t to, uint8_t protocol, size_t n);

// ---- segment.c ----

// The connection that inject and expect are about.
struct flow {
    uint32_t peer_ip;
    uint16_t guest_port, peer_port;
    uint32_t guest_isn, peer_isn;
    bool guest_known;  // the guest's first number has been seen
};
extern struct flow flow;

void inject(const char *segment);
// Between so many seconds after the last event (inject, expect) this is sent,
// and nothing before it.
void expect(double from, double to, const char *segment);
void expect_now(const char *segment);
void expect_silence(double seconds);
// The next segment as text, for tests that look into it; "" if there is none.
const char *next_segment(double seconds);
double since_event(void);  // seconds
void mark_event(void);

uint8_t pattern(size_t place);  // byte of the stream

// ---- steps that many tests begin with ----

struct abi_address {
    uint16_t family;
    uint8_t port[2], ip[4], zero[8];
};
struct abi_address address_of(uint32_t ip, uint16_t port);
#define PEER_PORT  8080
#define GUEST_PORT 80

int guest_socket(int type);  // not blocking, AF_INET
// A connection that the guest opens, and one that it accepts; options: of the
// peer's SYN, NULL for an MSS of 1460 alone.
int guest_connected(const char *options);
int guest_listener(int backlog);
int guest_accepted(int listener, const char *options);
void guest_write(int fd, size_t place, size_t n);  // takes all of it
// n bytes are there and are the right ones.
void guest_read(int fd, size_t place, size_t n);
long guest_read_result(int fd);  // of one byte: 0, or -errno
int guest_error(int fd);         // SO_ERROR
void guest_set(int fd, int level, int name, int value);
unsigned guest_poll(int fd);  // POLL* bits
// The lines of a file of /proc.
const char *guest_proc(const char *path);
