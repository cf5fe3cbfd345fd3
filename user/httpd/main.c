// SPDX-License-Identifier: MIT
//
// httpd [-p port] [-r root] [-t seconds]: a web server for files (RFC 9110,
// RFC 9112). One process serves all clients: every descriptor is non-blocking,
// and poll(2) says who can go on.

#include "httpd.h"

#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int idle_seconds = 30;

// Parallel arrays; polls[0] is the listening socket's.
static struct pollfd *polls;
static struct connection **connections;
static size_t count = 1, capacity;

time_t now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

// For IPv6 and IPv4, or for IPv4 alone where nothing else is there.
static int listen_on(unsigned short port)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                               .sin6_port = htons(port)};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = socket(AF_INET6, type, 0);
    bool both = fd >= 0;
    int on = 1, off = 0;

    if (!both)
        fd = socket(AF_INET, type, 0);
    if (fd < 0)
        err(1, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (both)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, both ? (struct sockaddr *)&in6 : (struct sockaddr *)&in,
             both ? sizeof(in6) : sizeof(in)) < 0)
        err(1, "port %u", port);
    if (listen(fd, SOMAXCONN) < 0)
        err(1, "listen");
    return fd;
}

static void *resize(void *array, size_t element)
{
    void *resized = reallocarray(array, capacity, element);

    if (!resized)
        err(1, "realloc");
    return resized;
}

// Makes room for one more.
static void grow(void)
{
    if (count < capacity)
        return;
    capacity = capacity ? 2 * capacity : 16;
    polls = resize(polls, sizeof(*polls));
    connections = resize(connections, sizeof(*connections));
}

static void add(int fd)
{
    struct connection *c = connection_open(fd);
    int on = 1;

    if (!c) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    grow();
    connections[count] = c;
    polls[count] = (struct pollfd){.fd = fd};
    count++;
}

// Takes all that wait. Returns false if there are no descriptors or memory
// left: then nobody is taken for a while, or poll() would return at once.
static bool accept_clients(int listener)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
            add(fd);
        else if (errno == EAGAIN)
            return true;
        else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                 errno == ENOMEM)
            return false;
        else if (errno != ECONNABORTED && errno != EINTR)
            err(1, "accept");
    }
}

static void remove_closed(void)
{
    for (size_t i = 1; i < count;) {
        if (connections[i]->state != CLOSED) {
            i++;
            continue;
        }
        connection_free(connections[i]);
        count--;
        connections[i] = connections[count];
        polls[i] = polls[count];
    }
}

// Sets what poll() is to look for. Returns its timeout in milliseconds.
static int prepare(bool accepting)
{
    time_t present = now();
    int timeout = accepting ? -1 : 1000;

    polls[0].events = accepting ? POLLIN : 0;
    for (size_t i = 1; i < count; i++) {
        time_t left = connections[i]->deadline - present;
        int wait = left < 0 ? 0 : left * 1000;

        polls[i].events = connection_events(connections[i]);
        if (timeout < 0 || wait < timeout)
            timeout = wait;
    }
    return timeout;
}

static void serve(int listener)
{
    bool accepting = true;
    time_t present;

    for (;;) {
        if (poll(polls, count, prepare(accepting)) < 0)
            err(1, "poll");
        present = now();
        for (size_t i = 1; i < count; i++) {
            if (polls[i].revents)
                connection_ready(connections[i]);
            else if (present >= connections[i]->deadline)
                connections[i]->state = CLOSED;
        }
        remove_closed();
        accepting = accept_clients(listener);
    }
}

static int number(const char *text, int highest)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (!*text || *end || value < 1 || value > highest)
        errx(2, "%s: not a number up to %d", text, highest);
    return value;
}

int main(int argc, char *argv[])
{
    const char *folder = "/var/www";
    unsigned short port = 80;
    int option, listener;

    while ((option = getopt(argc, argv, "p:r:t:")) != -1) {
        switch (option) {
        case 'p':
            port = number(optarg, 65535);
            break;
        case 'r':
            folder = optarg;
            break;
        case 't':
            idle_seconds = number(optarg, 86400);
            break;
        default:
            fprintf(stderr, "usage: httpd [-p port] [-r root] [-t seconds]\n");
            return 2;
        }
    }
    if (chdir(folder) < 0)
        err(1, "%s", folder);
    signal(SIGPIPE, SIG_IGN);
    listener = listen_on(port);
    grow();
    polls[0] = (struct pollfd){.fd = listener};
    serve(listener);
}
