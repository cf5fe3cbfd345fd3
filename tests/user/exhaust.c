// SPDX-License-Identifier: MIT
//
// Memory taken by sockets until there is none:
//
//     usertests --helper exhaust 3
//
// In each round: loopback connections, pairs of AF_UNIX and UDP sockets whose
// buffers are as large as they may be and full, until calls have failed some
// times. Then all are closed, and a connection works again.
#include "harness.h"

#include <stdlib.h>
#include <sys/resource.h>

#define MOST     1000  // descriptors
#define FAILURES 10    // after the first one others may still find memory

static int fds[MOST];
static int used;

static bool keep(int fd)
{
    if (fd < 0)
        return false;
    fds[used++] = fd;
    return true;
}

// Send until there is no room. False: there is no memory.
static bool fill(int fd)
{
    static char data[65536];
    int size = 1 << 20;

    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    for (int i = 0; i < 1000; i++) {
        if (send(fd, data, 32768, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
            return errno == EAGAIN;
    }
    return true;
}

static bool fill_connection(const struct sockaddr_in *address, int listener)
{
    int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (!keep(client))
        return false;
    (void)connect(client, (const struct sockaddr *)address, sizeof(*address));
    if (poll_events(client, POLLOUT, 3000) != POLLOUT)
        return false;
    if (poll_events(listener, POLLIN, 3000) != POLLIN ||
        !keep(accept(listener, NULL, NULL)))
        return false;
    return fill(client) && fill(fds[used - 1]);
}

static bool fill_datagrams(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int size = 1 << 20, fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (!keep(fd) || bind(fd, (void *)&address, length) < 0 ||
        getsockname(fd, (void *)&address, &length) < 0 ||
        connect(fd, (void *)&address, length) < 0)
        return false;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    // (What does not fit is dropped without a word.)
    static char data[32768];
    for (int i = 0; i < 100; i++) {
        if (send(fd, data, sizeof(data), MSG_DONTWAIT) < 0)
            return errno == EAGAIN;
    }
    return true;
}

static bool fill_pair(void)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        return false;
    keep(pair[0]);
    keep(pair[1]);
    return fill(pair[0]) && fill(pair[1]);
}

static void one_round(void)
{
    struct sockaddr_in address;
    int listener = tcp_listener(&address, 16);
    int failures = 0;

    used = 0;
    while (used < MOST - 8 && failures < FAILURES) {
        failures += !fill_connection(&address, listener);
        failures += !fill_datagrams();
        failures += !fill_pair();
    }
    printf("%d sockets, %d failures, such as: %s\n", used, failures,
           strerror(errno));
    fflush(stdout);
    while (used > 0)
        close(fds[--used]);
    close(listener);
    int pair[2];
    char byte;
    tcp_pair(pair);
    write_all(pair[0], "x", 1);
    read_all(pair[1], &byte, 1);
    close(pair[0]);
    close(pair[1]);
}

int exhaust(int argc, char **argv)
{
    struct rlimit limit = {MOST + 50, MOST + 50};
    int rounds = argc > 1 ? atoi(argv[1]) : 3;

    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    for (int i = 0; i < rounds; i++)
        one_round();
    printf("%d rounds are over\n", rounds);
    return 0;
}
