// SPDX-License-Identifier: MIT
//
// AF_UNIX sockets that wait only in each other's queues: nobody can receive
// them any more, so they are to be freed, with all that waits there. A pipe's
// write end that travels along shows when.
#include "unix.h"

#include <sys/uio.h>

static void send_fds(int socket, const int *fds, int count)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(8 * sizeof(int))];
    } control;
    char byte = 'x';
    struct iovec vector = {&byte, 1};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(count * sizeof(int))};

    memset(&control, 0, sizeof(control));
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
    CHECK_EQ(sendmsg(socket, &message, 0), 1);
}

static int receive_fd(int socket)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    struct iovec vector = {&byte, 1};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    int fd;

    CHECK_EQ(recvmsg(socket, &message, MSG_DONTWAIT), 1);
    CHECK_EQ(message.msg_controllen, sizeof(control));
    memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
    return fd;
}

static void make_pair(int pair[2])
{
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

// A pipe whose write end waits at the socket `to` leads to, and there alone.
static int plant(int to)
{
    int ends[2];

    CHECK_OK(pipe(ends));
    send_fds(to, &ends[1], 1);
    CHECK_OK(close(ends[1]));
    return ends[0];
}

// Is the planted end closed, soon? (Linux collects in the background.) Another
// socket that closes sets the collector off.
static bool collected(int reader)
{
    int pair[2];

    make_pair(pair);
    close(pair[0]);
    close(pair[1]);
    return poll_events(reader, POLLIN, 5000) & POLLHUP;
}

static bool alive(int reader)
{
    int pair[2];

    make_pair(pair);
    close(pair[0]);
    close(pair[1]);
    return poll_events(reader, POLLIN, 0) == 0;
}

static void close_pair(const int pair[2])
{
    CHECK_OK(close(pair[0]));
    CHECK_OK(close(pair[1]));
}

TEST(a_socket_in_its_own_queue)
{
    int pair[2];

    make_pair(pair);
    int reader = plant(pair[1]);
    send_fds(pair[1], &pair[0], 1);
    close_pair(pair);
    CHECK(collected(reader));
}

TEST(both_ends_in_one_queue)
{
    int pair[2];

    make_pair(pair);
    int reader = plant(pair[1]);
    send_fds(pair[1], pair, 2);
    close_pair(pair);
    CHECK(collected(reader));
}

TEST(two_in_each_others_queue)
{
    int a[2], b[2];

    make_pair(a);
    make_pair(b);
    int reader = plant(a[1]), other = plant(b[1]);
    send_fds(a[1], &b[0], 1);
    send_fds(b[1], &a[0], 1);
    close_pair(a);
    CHECK(alive(reader) && alive(other));  // b's end can still be read
    close_pair(b);
    CHECK(collected(reader));
    CHECK(collected(other));
}

TEST(a_long_ring)
{
    enum {
        N = 50
    };
    int pairs[N][2];

    for (int i = 0; i < N; i++)
        make_pair(pairs[i]);
    int reader = plant(pairs[N / 2][1]);
    for (int i = 0; i < N; i++)
        send_fds(pairs[i][1], &pairs[(i + 1) % N][0], 1);
    for (int i = 0; i < N; i++)
        close_pair(pairs[i]);
    CHECK(collected(reader));
}

TEST(what_can_be_received_stays)
{
    int outside[2], a[2], b[2];

    make_pair(outside);
    make_pair(a);
    make_pair(b);
    int reader = plant(b[1]);
    send_fds(a[1], &b[0], 1);        // b waits at a,
    send_fds(b[1], &a[0], 1);        // a at b,
    send_fds(outside[1], &a[0], 1);  // and a where it can be received
    close_pair(a);
    close_pair(b);
    CHECK(alive(reader));
    int fd = receive_fd(outside[0]);
    int inner = receive_fd(fd);
    int planted = receive_fd(inner);
    CHECK_OK(close(fd));
    CHECK_OK(close(inner));
    CHECK(alive(reader));
    CHECK_OK(close(planted));
    CHECK(collected(reader));
}

TEST(at_a_listener)
{
    struct name name = abstract_name("l");
    int listener = unix_listener(SOCK_STREAM, &name, 5);
    int client = unix_connected(SOCK_STREAM, &name);
    int reader = plant(client);

    send_fds(client, &listener, 1);  // it waits at a connection to itself
    CHECK_OK(close(listener));
    CHECK_OK(close(client));
    CHECK(collected(reader));
}

TEST(datagrams_too)
{
    struct name name = abstract_name("d");
    int fd = unix_bound(SOCK_DGRAM, &name);

    CHECK_OK(try_connect(fd, &name));
    int reader = plant(fd);
    send_fds(fd, &fd, 1);
    CHECK_OK(close(fd));
    CHECK(collected(reader));
}

TEST(the_peer_of_one_that_was_collected)
{
    int a[2];
    char byte;

    make_pair(a);
    int reader = plant(a[1]);
    send_fds(a[1], &a[0], 1);
    CHECK_OK(close(a[0]));
    CHECK(collected(reader));
    CHECK_EQ(poll_events(a[1], POLLIN, 5000) & (POLLIN | POLLHUP),
             POLLIN | POLLHUP);
    CHECK_ERRNO(send(a[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(recv(a[1], &byte, 1, 0), 0);
}

// Sockets in sockets in sockets: closing the outermost must not need a stack
// as deep.
TEST_SECONDS(a_deep_nest, 60)
{
    enum {
        DEPTH = 400
    };
    int inner, pair[2], reader;

    make_pair(pair);
    reader = plant(pair[1]);
    CHECK_OK(close(pair[1]));
    inner = pair[0];
    for (int i = 0; i < DEPTH; i++) {
        make_pair(pair);
        send_fds(pair[1], &inner, 1);
        CHECK_OK(close(inner));
        CHECK_OK(close(pair[1]));
        inner = pair[0];
    }
    CHECK_OK(close(inner));
    CHECK(collected(reader));
}

// Number of AF_UNIX sockets, from /proc/net/unix.
static int count_sockets(void)
{
    FILE *file = fopen("/proc/net/unix", "r");
    char line[512];
    int n = -1;

    CHECK(file != NULL);
    while (fgets(line, sizeof(line), file))
        n++;
    fclose(file);
    return n;
}

static long slab_bytes(void)
{
    char *text = read_file("/proc/meminfo"), *at = strstr(text, "\nSlab:");
    return at ? atol(at + 6) : 0;
}

// Cycles are made and left behind, nothing else is ever closed; the sockets
// must not pile up.
TEST_SECONDS(thousands_of_cycles, 120)
{
    long memory = 0;

    if (!on_wharf())
        skip("others' sockets are counted too");
    int before = count_sockets();
    for (int round = 0; round < 5000; round++) {
        int pair[2];
        make_pair(pair);
        send_fds(pair[0], pair, 2);
        send_fds(pair[1], pair, 2);
        close_pair(pair);
        if (round % 500 == 0)
            CHECK_BETWEEN(count_sockets() - before, 0, 400);
        if (round == 2500)
            memory = slab_bytes();
    }
    CHECK_BETWEEN(slab_bytes() - memory, -1000000, 512);
    int pair[2];
    make_pair(pair);
    close_pair(pair);
    CHECK_EQ(count_sockets(), before);
}
