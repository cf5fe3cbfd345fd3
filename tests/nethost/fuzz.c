// SPDX-License-Identifier: MIT
//
// Frames at random, most of them nearly right, at a machine whose programs do
// things at random too: nothing is read or written out of bounds, no invariant
// breaks, and in the end all memory is free again. The seed (-s) repeats a run,
// -n makes it longer.

#include "fuzz.h"

#include <abi/inet.h>
#include <lib/random.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/stats.h>
#include <mm/kmalloc.h>
#include <net/socket.h>

#define ROUNDS  20000
#define SOCKETS 24

static const uint8_t peer_mac[6] = {0x52, 0x54, 0, 0, 0, 2};
static const uint8_t guest_mac[6] = {0x52, 0x54, 0, 0, 0, 1};

static unsigned below(unsigned n)
{
    return random_below(n);
}

static bool chance(unsigned one_in)
{
    return below(one_in) == 0;
}

// ---- frames ----

// What the guest sent last, to be answered.
static uint8_t latest[1600];
static size_t latest_length;

static size_t random_data(uint8_t *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = random_u32();
    return n;
}

// Numbers that come close to what the guest expects.
static uint32_t near(uint32_t number)
{
    static const int distances[] = {0, 0, 0, 1, -1, 100, 1460, 65535, -65536};

    if (chance(20))
        return random_u32();
    return number + distances[below(ARRAY_SIZE(distances))];
}

static size_t make_options(uint8_t *to)
{
    static const uint8_t kinds[][10] = {
        {2, 4, 5, 0xb4}, {3, 3, 7}, {4, 2, 1, 1}, {1, 1, 1, 1},
        {5, 10},         {8, 10},   {2, 4, 0, 0}, {3, 3, 255},
        {2, 0},          {5, 255},  {0},          {254, 3, 1},
    };
    size_t n = 0;

    for (unsigned i = below(4); i && n < 28; i--) {
        const uint8_t *kind = kinds[below(ARRAY_SIZE(kinds))];
        memcpy(to + n, kind, 10);
        n += MIN(10, MAX(1, kind[1]));
    }
    while (n % 4)
        to[n++] = 1;
    return n;
}

// An answer to the latest segment, or one of nobody's.
static size_t make_tcp(uint8_t *to)
{
    const uint8_t *sent = latest + 34;
    bool answers = latest_length >= 54 && latest[23] == 6 && !chance(8);
    size_t header = 20 + (chance(3) ? make_options(to + 20) : 0);
    size_t n = chance(2) ? below(4) * below(370) : 0;

    memset(to, 0, 20);
    if (answers) {
        memcpy(to, sent + 2, 2);
        memcpy(to + 2, sent, 2);
        put32(to + 4, near(get32(sent + 8)));
        put32(to + 8, near(get32(sent + 4) + latest_length - 54));
    } else {
        put16(to, 1024 + below(64));
        put16(to + 2, 80);
        random_data(to + 4, 8);
    }
    static const uint8_t flags[] = {0x02, 0x10, 0x10, 0x18, 0x18, 0x12,
                                    0x11, 0x14, 0x04, 0x01, 0x29, 0x00};
    to[12] = header / 4 << 4;
    to[13] = chance(30) ? random_u32() : flags[below(sizeof(flags))];
    put16(to + 14, chance(4) ? below(3000) : 65535);
    random_data(to + header, n);
    return header + n;
}

static size_t make_udp(uint8_t *to)
{
    static const uint16_t ports[] = {1000, 68, 53, 67, 5353, 1};
    size_t n = chance(10) ? below(1472) : below(300);

    put16(to, chance(2) ? 67 : 53);
    put16(to + 2, ports[below(ARRAY_SIZE(ports))]);
    put16(to + 4, chance(20) ? below(65536) : 8 + n);
    put16(to + 6, 0);
    random_data(to + 8, n);
    if (chance(2) && n > 240) {  // something of a DHCP message
        to[8] = 2;
        put32(to + 8 + 236, 0x63825363);
    }
    return 8 + n;
}

// An echo request, or an error about what the guest sent.
static size_t make_icmp(uint8_t *to)
{
    size_t n = below(64);

    memset(to, 0, 8);
    to[0] = chance(2) ? 3 : below(20);
    to[1] = below(16);
    if (latest_length > 34 && chance(2)) {
        n = MIN(latest_length - 14, 28 + below(100));
        memcpy(to + 8, latest + 14, n);
    } else {
        random_data(to + 8, n);
    }
    put16(to + 6, below(1600));
    return 8 + n;
}

static void seal(uint8_t *ip, size_t n, uint8_t protocol, size_t payload)
{
    static const unsigned places[] = {[1] = 2, [2] = 2, [6] = 16, [17] = 6};
    uint8_t *at = ip + 20 + places[protocol];
    uint32_t sum =
        protocol == 6 || protocol == 17
            ? pseudo_sum(get32(ip + 12), get32(ip + 16), protocol, payload)
            : 0;

    put16(at, 0);
    put16(at, ~sum_fold(sum16(sum, ip + 20, payload)));
    put16(ip + 2, n);
    put16(ip + 10, 0);
    put16(ip + 10, ~sum_fold(sum16(0, ip, 20)));
}

static size_t make_ip(uint8_t *ip)
{
    static const uint8_t protocols[] = {6, 6, 6, 6, 17, 17, 1, 2};
    uint8_t protocol = protocols[below(sizeof(protocols))];
    size_t payload;

    memset(ip, 0, 20);
    ip[0] = 0x45;
    put16(ip + 4, below(8));
    ip[8] = 64;
    ip[9] = protocol;
    put32(ip + 12, chance(30) ? random_u32() : PEER_IP + below(2));
    put32(ip + 16, chance(30) ? 0xe0000001 + below(3) : GUEST_IP);
    switch (protocol) {
    case 6:
        payload = make_tcp(ip + 20);
        break;
    case 17:
        payload = make_udp(ip + 20);
        break;
    case 1:
        payload = make_icmp(ip + 20);
        break;
    default:
        payload = random_data(ip + 20, 8 + 4 * below(4));
        ip[20] = 0x11 + below(18);
    }
    seal(ip, 20 + payload, protocol, payload);
    if (chance(6)) {  // as one of several fragments
        put16(ip + 6, below(20) | (chance(2) ? 0x2000 : 0));
        put16(ip + 10, 0);
        put16(ip + 10, ~sum_fold(sum16(0, ip, 20)));
    }
    return 20 + payload;
}

static size_t make_arp(uint8_t *to)
{
    memcpy(to, "\0\1\10\0\6\4\0\1", 8);
    to[7] = 1 + below(2);
    memcpy(to + 8, peer_mac, 6);
    put32(to + 14, PEER_IP + below(300));
    memcpy(to + 18, guest_mac, 6);
    put32(to + 24, GUEST_IP + below(2));
    return 28;
}

// An IPv6 header with extension headers, and ICMPv6 or noise in it.
static size_t make_ip6(uint8_t *to)
{
    static const uint8_t headers[] = {58, 58, 58, 0, 43, 44, 60, 6, 17, 59};
    uint8_t next = headers[below(sizeof(headers))];
    size_t n = 40;

    memset(to, 0, 40);
    to[0] = 0x60;
    to[7] = 255;
    to[6] = next;
    to[8] = 0xfe, to[9] = 0x80, to[23] = 2;
    to[24] = 0xff, to[25] = 2, to[39] = 1;
    for (unsigned i = below(4); i && next != 58 && next != 59; i--) {
        random_data(to + n, 8);
        to[n] = next = headers[below(sizeof(headers))];
        to[n + 1] = chance(4) ? below(4) : 0;
        n += 8;
    }
    size_t payload = random_data(to + n, below(80));
    to[n] = 128 + below(16);
    put16(to + n + 2, 0);
    uint32_t sum = sum16(0, to + 8, 32);
    sum += payload + 58;
    put16(to + n + 2, ~sum_fold(sum16(sum, to + n, payload)));
    put16(to + 4, n + payload - 40);
    return n + payload;
}

static void damage(uint8_t *frame, size_t *n)
{
    for (unsigned i = 1 + below(4); i; i--)
        frame[below(*n)] ^= 1 << below(8);
    if (chance(3))
        *n = 1 + below(*n);
}

void fuzz_inject_frame(void)
{
    static uint8_t frame[4096];
    size_t n;

    memcpy(frame, guest_mac, 6);
    memcpy(frame + 6, peer_mac, 6);
    if (chance(12)) {
        put16(frame + 12, 0x0806);
        n = make_arp(frame + 14);
    } else if (chance(8)) {
        put16(frame + 12, 0x86dd);
        n = make_ip6(frame + 14);
    } else {
        put16(frame + 12, 0x0800);
        n = make_ip(frame + 14);
    }
    n = MIN(n + 14, 1514ul);
    if (chance(5))
        damage(frame, &n);
    wire_inject(frame, n);
}

void fuzz_take_what_was_sent(void)
{
    struct frame *frame;

    while ((frame = wire_take(clock_monotonic()))) {
        if (frame->data[12] == 8 && frame->data[13] == 0) {
            latest_length = MIN(frame->length, sizeof(latest));
            memcpy(latest, frame->data, latest_length);
        }
        free(frame);
    }
}

// ---- programs ----

static int fds[SOCKETS];

static int open_something(void)
{
    struct abi_address local = address_of(0, 0), peer;
    unsigned kind = below(4);
    int fd = sys_socket(
        AF_INET, (kind < 3 ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    put16(local.port, kind == 3 ? 1000 : 80);
    peer = address_of(PEER_IP + below(2), 1024 + below(64));
    if (kind != 1)
        sys_bind(fd, (uaddr)&local, sizeof(local));
    if (kind == 0)
        sys_listen(fd, below(8));
    if (kind == 1 || (kind == 3 && chance(2)))
        sys_connect(fd, (uaddr)&peer, sizeof(peer));
    return fd;
}

static void set_something(int fd)
{
    static const struct {
        int level, name;
    } options[] = {
        {SOL_SOCKET, SO_RCVBUF},    {SOL_SOCKET, SO_SNDBUF},
        {SOL_SOCKET, SO_KEEPALIVE}, {IPPROTO_TCP, TCP_NODELAY},
        {IPPROTO_TCP, TCP_MAXSEG},  {IPPROTO_TCP, TCP_KEEPIDLE},
        {SOL_SOCKET, SO_REUSEADDR}, {IPPROTO_IP, IP_TTL},
    };
    unsigned i = below(ARRAY_SIZE(options));
    int value = chance(2) ? (int)below(2) : (int)below(100000);

    sys_setsockopt(fd, options[i].level, options[i].name, (uaddr)&value,
                   sizeof(value));
}

static void do_something(void)
{
    static uint8_t data[20000];
    struct abi_linger linger = {1, 0};
    int *fd = &fds[below(SOCKETS)];

    if (*fd < 0)
        *fd = open_something();
    if (*fd < 0)
        return;
    switch (below(9)) {
    case 0:
    case 1:
        sys_read(*fd, (uaddr)data, below(sizeof(data)));
        break;
    case 2:
    case 3:
        sys_write(*fd, (uaddr)data, below(chance(3) ? sizeof(data) : 500));
        break;
    case 4:
        set_something(*fd);
        break;
    case 5:
        sys_shutdown(*fd, below(3));
        break;
    case 6: {
        int *free_fd = &fds[below(SOCKETS)];
        int child = sys_accept4(*fd, 0, 0, SOCK_NONBLOCK);
        if (child >= 0 && *free_fd >= 0)
            sys_close(*free_fd);
        if (child >= 0)
            *free_fd = child;
        break;
    }
    case 7:
        if (chance(4))
            sys_setsockopt(*fd, SOL_SOCKET, SO_LINGER, (uaddr)&linger,
                           sizeof(linger));
        break;
    case 8:
        if (chance(3)) {
            sys_close(*fd);
            *fd = -1;
        }
    }
}

static void rounds(unsigned failing_allocation)
{
    unsigned count = rounds_argument ? rounds_argument : ROUNDS;

    host_seed = seed_argument * 2 + 1;
    for (unsigned i = 0; i < SOCKETS; i++)
        fds[i] = -1;
    for (unsigned i = 0; i < count; i++) {
        host_failing_allocation = failing_allocation;
        if (!chance(3))
            fuzz_inject_frame();
        else
            do_something();
        wire.full = chance(200);
        if (!wire.full)
            wire_make_room();
        host_sleep(chance(10) ? below(2000) * NSEC_PER_MSEC : 1);
        fuzz_take_what_was_sent();
    }
    host_failing_allocation = 0;
    wire_make_room();
}

void fuzz_pass_time(void)
{
    for (int i = 0; i < 40; i++) {
        host_sleep(60 * NSEC_PER_SEC);
        fuzz_take_what_was_sent();
    }
}

// Everybody goes, and time passes: then nothing is left.
static void check_nothing_is_left(size_t before)
{
    for (unsigned i = 0; i < SOCKETS; i++)
        if (fds[i] >= 0)
            CHECK_OK(sys_close(fds[i]));
    fuzz_pass_time();
    if (socket_count)
        host_fail("%u sockets are left:\n%s", socket_count,
                  guest_proc("net/tcp"));
    CHECK(!tcp_active_pcbs && !tcp_tw_pcbs && !tcp_bound_pcbs);
    CHECK_EQ(host_pages_live(), 0);
    CHECK_EQ(lwip_stats.memp[MEMP_REASSDATA]->used, 0);
    // What a router has announced may stay: addresses, neighbours.
    if (host_report_leaks() || kmalloc_live() > before + 16 * KiB)
        host_fail("%zu bytes are not free", kmalloc_live() - before);
}

TEST(frames_at_random)
{
    size_t before = kmalloc_live();

    rounds(0);
    check_nothing_is_left(before);
}

TEST(frames_at_random_and_little_memory)
{
    size_t before = kmalloc_live();

    rounds(7);
    check_nothing_is_left(before);
}
