// SPDX-License-Identifier: MIT
//
// System calls at random on sockets of every family that is registered, with
// every option that is, with messages to the routing socket and frames from the
// cable in between. Each argument lies in a block of memory of just its size.

#include "fuzz.h"

#include <abi/ioctl.h>
#include <lib/random.h>
#include <net/option.h>
#include <net/socket.h>

#define ROUNDS  20000
#define SOCKETS 20

static int fds[SOCKETS];

static unsigned below(unsigned n)
{
    return random_below(n);
}

static bool chance(unsigned one_in)
{
    return below(one_in) == 0;
}

// A block of n random bytes, most of them small numbers; free() it.
static uint8_t *block(size_t n)
{
    uint8_t *data = malloc(n ? n : 1);

    for (size_t i = 0; i < n; i++)
        data[i] = chance(4) ? random_u32() : i % 4 ? 0 : below(16);
    return data;
}

static int family_of(int fd)
{
    int family = 0, length = sizeof(family);

    sys_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, (uaddr)&family, (uaddr)&length);
    return family;
}

static int open_one(void)
{
    const struct socket_family *row =
        socket_families_start +
        below(socket_families_end - socket_families_start);
    int protocol =
        row->protocol == ANY_PROTOCOL ? (int)below(140) : row->protocol;

    return sys_socket(row->family, row->type | SOCK_NONBLOCK, protocol);
}

// An address that could be one of the family's; its length.
static size_t make_address(uint8_t *to, uint16_t family)
{
    memset(to, 0, 128);
    memcpy(to, &family, 2);
    switch (family) {
    case AF_INET:
        put16(to + 2, below(4) * 40);
        put32(to + 4, chance(3) ? 0 : chance(2) ? PEER_IP : GUEST_IP);
        return 16;
    case AF_INET6:
        put16(to + 2, below(4) * 40);
        if (chance(2))
            to[23] = 1;
        else
            memcpy(to + 8, "\xfe\x80\0\0\0\0\0\0\x50\x54\0\xff\xfe\0\0\2", 16);
        to[24] = below(3);
        return 28;
    case AF_UNIX:  // abstract: there is no file system
        to[3] = 'a' + below(4);
        return 2 + 1 + 1 + below(3);
    default:
        for (unsigned i = 2; i < 20; i++)
            to[i] = below(4);
        return 12 + below(9);
    }
}

// A message for the routing socket: header, fixed part, attributes.
static size_t make_netlink(uint8_t *to)
{
    size_t n = 16 + 4 * below(8);
    uint16_t type = 16 + below(24), flags = 1 | below(16) << 8 | below(8);

    for (size_t i = 16; i < n; i++)
        to[i] = chance(2) ? 0 : chance(2) ? below(32) : random_u32();
    if (chance(2))
        to[16] = chance(2) ? AF_INET : AF_INET6;
    while (n < 200 && !chance(5)) {
        uint16_t length = 4 + below(20), name = below(16);
        memcpy(to + n, &length, 2);
        memcpy(to + n + 2, &name, 2);
        for (unsigned i = 4; i < 24; i++)
            to[n + i] = chance(2) ? below(4) : random_u32();
        n += ALIGN_UP(length, 4);
    }
    uint32_t length = chance(20) ? below(400) : n;
    memcpy(to, &length, 4);
    memcpy(to + 4, &type, 2);
    memcpy(to + 6, &flags, 2);
    memset(to + 8, 0, 8);
    return n;
}

// ---- calls ----

static void set_an_option(int fd)
{
    const struct socket_option *row =
        socket_options_start + below(socket_options_end - socket_options_start);
    size_t n = chance(4) ? below(70) : row->size;
    uint8_t *value = block(n);
    struct {
        uint16_t count;
        uaddr program;
    } filter;
    uint8_t *program = NULL;

    if (row->level == SOL_SOCKET && row->name == SO_ATTACH_FILTER) {
        filter.count = below(12);
        program = block(8 * filter.count);
        filter.program = (uaddr)program;
        sys_setsockopt(fd, row->level, row->name, (uaddr)&filter,
                       sizeof(filter));
    } else {
        sys_setsockopt(fd, row->level, row->name, (uaddr)value, n);
    }
    free(program);
    free(value);
}

static void get_an_option(int fd)
{
    const struct socket_option *row =
        socket_options_start + below(socket_options_end - socket_options_start);
    int length = chance(2) ? below(300) : row->size;
    uint8_t *value = block(length);

    sys_getsockopt(fd, row->level, row->name, (uaddr)value, (uaddr)&length);
    free(value);
}

static void name_something(int fd)
{
    uint8_t address[128];
    size_t n = make_address(address, family_of(fd));
    uint8_t *exact = memcpy(malloc(n), address, n);
    int length = n;

    switch (below(4)) {
    case 0:
        sys_bind(fd, (uaddr)exact, n);
        break;
    case 1:
        sys_connect(fd, (uaddr)exact, n);
        break;
    case 2:
        sys_getsockname(fd, (uaddr)exact, (uaddr)&length);
        break;
    default:
        sys_getpeername(fd, (uaddr)exact, (uaddr)&length);
    }
    free(exact);
}

// Ancillary data: pieces that may or may not be right.
static size_t make_control(uint8_t *to)
{
    static const int32_t kinds[][2] = {
        {SOL_SOCKET, 1}, {SOL_SOCKET, 2}, {0, 8},   {0, 2},
        {0, 1},          {41, 50},        {41, 52}, {41, 67},
    };
    size_t n = 0;

    for (unsigned i = below(3); i; i--) {
        uint64_t length = chance(5) ? below(60) : 16 + 4 * below(4);
        memset(to + n, 0, 64);
        memcpy(to + n, &length, 8);
        memcpy(to + n + 8, kinds[below(ARRAY_SIZE(kinds))], 8);
        for (unsigned b = 16; b < 40; b++)
            to[n + b] = b % 4 ? 0 : below(8);
        n += ALIGN_UP(MAX(length, 16ul), 8);
    }
    return n;
}

static void send_a_message(int fd)
{
    uint8_t address[128], control[200];
    uint16_t family = family_of(fd);
    size_t n = chance(3) ? below(3000) : below(100);
    uint8_t *data = block(n + 300);
    struct iovec iov = {(uaddr)data, n};
    struct abi_msghdr header = {.iov = (uaddr)&iov, .iovlen = 1};

    if (family == AF_NETLINK)
        iov.length = make_netlink(data);
    if (chance(2)) {
        header.name = (uaddr)address;
        header.namelen = make_address(address, family);
    }
    if (chance(3)) {
        header.control = (uaddr)control;
        header.controllen = make_control(control);
    }
    sys_sendmsg(fd, (uaddr)&header,
                MSG_DONTWAIT | MSG_NOSIGNAL |
                    (chance(4) ? random_u32() & 0xffff : 0));
    free(data);
}

static void receive_a_message(int fd)
{
    size_t n = below(2000), room = 8 * below(20);
    uint8_t *data = malloc(n + 1), *control = malloc(room + 1), address[128];
    struct iovec iov = {(uaddr)data, n};
    struct abi_msghdr header = {.name = (uaddr)address,
                                .namelen = below(128),
                                .iov = (uaddr)&iov,
                                .iovlen = 1,
                                .control = (uaddr)control,
                                .controllen = room};

    sys_recvmsg(fd, (uaddr)&header,
                MSG_DONTWAIT | (chance(4) ? random_u32() & 0x2022 : 0));
    free(control);
    free(data);
}

static void accept_one(int fd)
{
    int child = sys_accept4(fd, 0, 0, SOCK_NONBLOCK);
    int *place = &fds[below(SOCKETS)];

    if (child < 0)
        return;
    if (*place >= 0)
        sys_close(*place);
    *place = child;
}

// Those with an address inside are left out: it would be any.
static void ask_by_ioctl(int fd)
{
    static const unsigned inside[] = {0x8912, 0x890b, 0x890c, 0x8946, 0x8970};
    unsigned command = chance(3) ? FIONREAD : 0x8900 + below(128);
    uint8_t *argument = block(128);

    for (unsigned i = 0; i < ARRAY_SIZE(inside); i++)
        if (command == inside[i])
            command = FIONREAD;
    if (chance(2))
        memcpy(argument, chance(2) ? "eth0" : "lo\0\0", 5);
    sys_ioctl(fd, command, (uaddr)argument);
    free(argument);
}

static void make_a_pair(void)
{
    int pair[2], *place = &fds[below(SOCKETS)];

    if (sys_socketpair(AF_UNIX, 1 + below(5), 0, (uaddr)pair) < 0)
        return;
    if (*place >= 0)
        sys_close(*place);
    *place = pair[0];
    sys_close(pair[1]);
}

static void do_something(void)
{
    static void (*const calls[])(int fd) = {
        set_an_option,     get_an_option,  name_something, name_something,
        send_a_message,    send_a_message, send_a_message, receive_a_message,
        receive_a_message, accept_one,     ask_by_ioctl,
    };
    int *fd = &fds[below(SOCKETS)];

    if (*fd < 0)
        *fd = open_one();
    if (*fd < 0)
        return;
    switch (below(20)) {
    case 0:
        sys_close(*fd);
        *fd = -1;
        break;
    case 1:
        sys_listen(*fd, below(5));
        break;
    case 2:
        sys_shutdown(*fd, below(3));
        break;
    case 3:
        guest_poll(*fd);
        break;
    case 4:
        make_a_pair();
        break;
    default:
        calls[below(ARRAY_SIZE(calls))](*fd);
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
        if (chance(3))
            fuzz_inject_frame();
        else
            do_something();
        host_failing_allocation = 0;
        host_sleep(chance(10) ? below(2000) * NSEC_PER_MSEC : 1);
        fuzz_take_what_was_sent();
    }
    // Those too that came in messages.
    CHECK_OK(sys_close_range(0, UINT32_MAX, 0));
    fuzz_pass_time();
    if (socket_count) {
        printf("%s", guest_proc("net/unix"));
        host_fail("%u sockets are left", socket_count);
    }
    if (host_report_leaks())
        host_fail("memory is lost");
}

TEST(calls_at_random)
{
    rounds(0);
}

TEST(calls_at_random_and_little_memory)
{
    rounds(7);
}
