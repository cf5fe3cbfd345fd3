// SPDX-License-Identifier: MIT
//
// Many connections at once, both ends of each in this process and watched by
// epoll:
//
//     usertests --helper connections 20000
//
// Each is tried once, then all are left alone; prints what the kernel's memory
// says that one of them takes when idle, then closes them.
#include "harness.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>

static long kernel_memory(const char *name)
{
    FILE *file = fopen("/proc/meminfo", "r");
    char line[128];
    long found = -1;

    while (file && fgets(line, sizeof(line), file)) {
        if (strncmp(line, name, strlen(name)) == 0)
            found = atol(line + strlen(name));
    }
    if (file)
        fclose(file);
    return found;
}

static void watch(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};

    CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

// A byte there and back, so that each end has sent and received.
static void try_connection(int client, int server)
{
    char byte = 'x';

    CHECK_EQ(write(client, &byte, 1), 1);
    CHECK_EQ(read(server, &byte, 1), 1);
    CHECK_EQ(write(server, &byte, 1), 1);
    CHECK_EQ(read(client, &byte, 1), 1);
}

int connections(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1000;
    struct rlimit limit = {2 * count + 100, 2 * count + 100};
    struct sockaddr_in address;
    int *fds = calloc(2 * count, sizeof(*fds));
    int epoll = CHECK_OK(epoll_create1(0));
    int listener = tcp_listener(&address, 128);

    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    // (Pages of this process and tables of descriptors come before the count.)
    CHECK_EQ(dup2(listener, 2 * count + 99), 2 * count + 99);
    for (int i = 0; i < 2 * count; i++)
        fds[i] = -1;
    long before = kernel_memory("MemFree:");
    for (int i = 0; i < count; i++) {
        fds[2 * i] = tcp_connect(&address);
        fds[2 * i + 1] = CHECK_OK(accept(listener, NULL, NULL));
        watch(epoll, fds[2 * i]);
        watch(epoll, fds[2 * i + 1]);
        try_connection(fds[2 * i], fds[2 * i + 1]);
    }
    // What a delayed acknowledgement holds is not idle memory.
    CHECK_EQ(poll(NULL, 0, 1000), 0);
    long used = before - kernel_memory("MemFree:");
    printf("%d connections, %ld bytes for each end\n", count,
           used * 1024 / (2 * count));
    for (int i = 0; i < count; i += 997)
        try_connection(fds[2 * i], fds[2 * i + 1]);
    struct epoll_event events[8];
    CHECK_EQ(epoll_wait(epoll, events, 8, 0), 0);
    fflush(stdout);
    return 0;
}
