// SPDX-License-Identifier: MIT
//
// Ancillary data, cmsg(3): how sendmsg checks it and how recvmsg lays it out,
// tried with SO_TIMESTAMP on UDP. What other items mean is tested with their
// options.
#include "harness.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

// The names that a libc gives to the options of 64-bit systems.
#ifndef SCM_TIMESTAMP
#define SCM_TIMESTAMP SO_TIMESTAMP
#endif
#ifndef SCM_TIMESTAMPNS
#define SCM_TIMESTAMPNS SO_TIMESTAMPNS
#endif

static void set(int fd, int name, int value)
{
    CHECK_OK(setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value)));
}

static int get(int fd, int name)
{
    int value;
    socklen_t length = sizeof(value);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, name, &value, &length));
    return value;
}

// A pair whose second socket has a datagram "stamped" with a time.
static void stamped_pair(int pair[2])
{
    udp_pair(pair);
    set(pair[1], SO_TIMESTAMP, 1);
    CHECK_EQ(send(pair[0], "stamped", 7, 0), 7);
}

static char buffer[64];
static struct iovec in = {buffer, sizeof(buffer)};

static struct msghdr message_with(void *control, size_t length)
{
    return (struct msghdr){.msg_iov = &in,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = length};
}

static ssize_t receive(int fd, struct msghdr *message, int flags)
{
    return syscall(SYS_recvmsg, fd, message, flags);
}

static long long milliseconds_apart(struct timespec a, struct timespec b)
{
    return llabs((a.tv_sec - b.tv_sec) * 1000LL +
                 (a.tv_nsec - b.tv_nsec) / 1000000);
}

// The time that a datagram brings with it, as an item of this type.
static struct timespec stamp(int fd, int type)
{
    char control[64] __attribute__((aligned(8)));
    struct msghdr message = message_with(control, sizeof(control));
    struct timespec time;

    CHECK_EQ(receive(fd, &message, 0), 7);
    CHECK_EQ(message.msg_flags, 0);
    CHECK_EQ(message.msg_controllen, CMSG_SPACE(16));
    struct cmsghdr *item = CMSG_FIRSTHDR(&message);
    CHECK(item != NULL);
    CHECK_EQ(item->cmsg_level, SOL_SOCKET);
    CHECK_EQ(item->cmsg_type, type);
    CHECK_EQ(item->cmsg_len, CMSG_LEN(16));
    memcpy(&time, CMSG_DATA(item), sizeof(time));
    return time;
}

TEST(timestamp)
{
    struct timespec now, time;
    int pair[2];

    stamped_pair(pair);
    CHECK_OK(clock_gettime(CLOCK_REALTIME, &now));
    time = stamp(pair[1], SCM_TIMESTAMP);
    CHECK_BETWEEN(time.tv_nsec, 0, 999999);  // a struct timeval
    time.tv_nsec *= 1000;
    CHECK(milliseconds_apart(now, time) < 2000);
}

// Milliseconds that a datagram had waited when it was read, by its time stamp.
static long long stamped_wait(const int pair[2], int wait)
{
    struct timespec now;

    CHECK_EQ(send(pair[0], "stamped", 7, 0), 7);
    pause_ms(wait);
    CHECK_OK(clock_gettime(CLOCK_REALTIME, &now));
    return milliseconds_apart(now, stamp(pair[1], SCM_TIMESTAMPNS));
}

// Linux begins to stamp arrivals some time after the first socket of the
// machine has asked for it; until then it is the time of reading.
TEST(timestamp_is_of_the_arrival)
{
    long long deadline = now_ms() + 10000;
    int pair[2];

    udp_pair(pair);
    set(pair[1], SO_TIMESTAMPNS, 1);
    while (!on_wharf() && stamped_wait(pair, 30) < 20)
        CHECK(now_ms() < deadline);
    CHECK_BETWEEN(stamped_wait(pair, 300), 250, 15000);
}

TEST(timestamp_options)
{
    int fd = udp_socket();
    CHECK_EQ(get(fd, SO_TIMESTAMP), 0);
    set(fd, SO_TIMESTAMP, 1);
    CHECK_EQ(get(fd, SO_TIMESTAMP), 1);
    CHECK_EQ(get(fd, SO_TIMESTAMPNS), 0);
    set(fd, SO_TIMESTAMPNS, 1);  // one takes the other's place
    CHECK_EQ(get(fd, SO_TIMESTAMP), 0);
    CHECK_EQ(get(fd, SO_TIMESTAMPNS), 1);
    set(fd, SO_TIMESTAMP, 0);  // and either switches both off
    CHECK_EQ(get(fd, SO_TIMESTAMPNS), 0);
}

TEST(timestamp_new_names)
{
    static const int names[] = {63,
                                64};  // SO_TIMESTAMP_NEW, .._TIMESTAMPNS_NEW
    int pair[2];

    udp_pair(pair);
    for (int i = 0; i < 2; i++) {
        set(pair[1], names[i], 1);
        CHECK_EQ(get(pair[1], names[i]), 1);
        CHECK_EQ(get(pair[1], SO_TIMESTAMP), 0);
        CHECK_EQ(send(pair[0], "stamped", 7, 0), 7);
        stamp(pair[1], names[i]);
    }
}

TEST(no_room_at_all)
{
    char control[64] __attribute__((aligned(8)));
    int pair[2];

    for (size_t room = 0; room < sizeof(struct cmsghdr); room += 15) {
        stamped_pair(pair);
        struct msghdr message = message_with(control, room);
        CHECK_EQ(receive(pair[1], &message, 0), 7);
        CHECK_EQ(message.msg_flags, MSG_CTRUNC);
        CHECK_EQ(message.msg_controllen, 0);
    }
    stamped_pair(pair);
    struct msghdr message = message_with(NULL, 64);
    CHECK_EQ(receive(pair[1], &message, 0), 7);
    CHECK_EQ(message.msg_flags, MSG_CTRUNC);
}

TEST(cut_item)
{
    char control[64] __attribute__((aligned(8)));
    struct cmsghdr *item = (struct cmsghdr *)control;
    struct msghdr message = message_with(control, CMSG_LEN(5));
    int pair[2];

    stamped_pair(pair);
    memset(control, 0x55, sizeof(control));
    CHECK_EQ(receive(pair[1], &message, 0), 7);
    CHECK_EQ(message.msg_flags, MSG_CTRUNC);
    CHECK_EQ(message.msg_controllen, CMSG_LEN(5));
    CHECK_EQ(item->cmsg_len, CMSG_LEN(5));
    CHECK_EQ(control[CMSG_LEN(5)], 0x55);
}

TEST(peeking_shows_it_too)
{
    char control[64] __attribute__((aligned(8)));
    struct msghdr message = message_with(control, sizeof(control));
    int pair[2];

    stamped_pair(pair);
    CHECK_EQ(receive(pair[1], &message, MSG_PEEK), 7);
    CHECK_EQ(message.msg_controllen, CMSG_SPACE(16));
    stamp(pair[1], SCM_TIMESTAMP);
}

TEST(nothing_to_say)
{
    char control[64] __attribute__((aligned(8)));
    struct msghdr message = message_with(control, sizeof(control));
    int pair[2];

    udp_pair(pair);
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    CHECK_EQ(receive(pair[1], &message, 0), 1);
    CHECK_EQ(message.msg_controllen, 0);
    CHECK_EQ(message.msg_flags, 0);
}

// Linux forgets the item, and delivers the data without it.
TEST(bad_pointer_loses_nothing)
{
    struct msghdr message = message_with(bad_pointer(), 64);
    int pair[2];

    if (!on_wharf())
        return;
    stamped_pair(pair);
    CHECK_ERRNO(receive(pair[1], &message, 0), EFAULT);
    stamp(pair[1], SCM_TIMESTAMP);
}

TEST(read_only_header_loses_nothing)
{
    int pair[2];
    struct msghdr *header = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(header != MAP_FAILED);
    *header = message_with(NULL, 0);
    CHECK_OK(mprotect(header, 4096, PROT_READ));
    stamped_pair(pair);
    CHECK_ERRNO(receive(pair[1], header, 0), EFAULT);
    if (on_wharf())
        stamp(pair[1], SCM_TIMESTAMP);
}

// ---- sending ----

static ssize_t send_with(void *control, size_t length)
{
    struct msghdr message = message_with(control, length);
    int pair[2];

    udp_pair(pair);
    return syscall(SYS_sendmsg, pair[0], &message, 0);
}

TEST(malformed_lengths)
{
    char control[64] __attribute__((aligned(8))) = {0};
    struct cmsghdr *item = (struct cmsghdr *)control;

    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    static const size_t bad[] = {0, 1, 15, 33, 64, 1UL << 32, 1UL << 63, -1UL};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        item->cmsg_len = bad[i];
        CHECK_ERRNO(send_with(control, 32), EINVAL);
    }
    item->cmsg_len = 32;
    CHECK_EQ(send_with(control, 32), sizeof(buffer));
}

// What a stream takes of level SOL_SOCKET, and that nothing is sent otherwise.
TEST(unknown_items_on_tcp)
{
    char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0};
    struct cmsghdr *item = (struct cmsghdr *)control;
    struct msghdr message = message_with(control, sizeof(control));
    int pair[2];

    tcp_pair(pair);
    item->cmsg_len = CMSG_LEN(sizeof(int));
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = 1000;
    CHECK_ERRNO(sendmsg(pair[0], &message, 0), EINVAL);
    CHECK_ERRNO(recv(pair[1], buffer, 1, MSG_DONTWAIT), EAGAIN);
    item->cmsg_type = SCM_RIGHTS;
    CHECK_EQ(sendmsg(pair[0], &message, 0), sizeof(buffer));
    item->cmsg_level = IPPROTO_IP;
    item->cmsg_type = 1000;
    CHECK_EQ(sendmsg(pair[0], &message, 0), sizeof(buffer));
    // What the connection is comes first.
    item->cmsg_level = SOL_SOCKET;
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK_ERRNO(sendmsg(pair[0], &message, MSG_NOSIGNAL), EPIPE);
}

TEST(second_item_is_looked_at)
{
    char control[64] __attribute__((aligned(8))) = {0};
    struct cmsghdr *items[] = {(void *)control, (void *)(control + 24)};

    for (int i = 0; i < 2; i++) {
        items[i]->cmsg_level = SOL_SOCKET;
        items[i]->cmsg_type = SCM_RIGHTS;
        items[i]->cmsg_len = 20;
    }
    CHECK_EQ(send_with(control, 44), sizeof(buffer));
    items[1]->cmsg_len = 21;
    CHECK_ERRNO(send_with(control, 44), EINVAL);
    // What is too short for a header is no item.
    CHECK_EQ(send_with(control, 24 + 15), sizeof(buffer));
    CHECK_EQ(send_with(control, 22), sizeof(buffer));
}

TEST(short_control_data)
{
    char control[16] __attribute__((aligned(8))) = {0};
    CHECK_EQ(send_with(control, 15), sizeof(buffer));
    CHECK_EQ(send_with(control, 0), sizeof(buffer));
    CHECK_ERRNO(send_with(control, 16), EINVAL);
}

TEST(bad_control_pointer)
{
    CHECK_ERRNO(send_with(bad_pointer(), 16), EFAULT);
    CHECK_ERRNO(send_with(NULL, 16), EFAULT);
    CHECK_EQ(send_with(bad_pointer(), 0), sizeof(buffer));
}

TEST(too_much_control_data)
{
    size_t most = strtoul(read_file("/proc/sys/net/core/optmem_max"), NULL, 10);
    char *control = calloc(1, most + 32);

    struct cmsghdr *item = (struct cmsghdr *)control;
    item->cmsg_level = 12345;  // nobody's
    item->cmsg_len = most + 32;
    CHECK_ERRNO(send_with(control, most + 32), ENOBUFS);
    CHECK_ERRNO(send_with(control, 1UL << 31), ENOBUFS);
    item->cmsg_len = 16;
    CHECK_EQ(send_with(control, 16), sizeof(buffer));
}

TEST(unknown_types)
{
    char control[24] __attribute__((aligned(8))) = {0};
    struct cmsghdr *item = (struct cmsghdr *)control;

    item->cmsg_len = 20;
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = 9999;
    CHECK_ERRNO(send_with(control, 24), EINVAL);
    item->cmsg_level = IPPROTO_IP;
    CHECK_ERRNO(send_with(control, 24), EINVAL);
    item->cmsg_level = 12345;  // another protocol's: passed over
    CHECK_EQ(send_with(control, 24), sizeof(buffer));
}
