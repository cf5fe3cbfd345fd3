// SPDX-License-Identifier: MIT
//
// echod [-p port]: sends back what it gets, over TCP and over UDP (RFC 862).
// One process serves all clients by poll(2). A TCP client that does not read
// is not read from either, so the sender feels the back pressure.

#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_SIZE 16384

struct client {
    char buffer[BUFFER_SIZE];
    size_t start, end;  // bytes still to send back
    bool ended;         // the client will send no more
};

// The datagram that is being sent back, while the socket has no room for it.
struct datagram {
    char data[65536];
    size_t length;
    bool held;
    struct sockaddr_storage peer;
    socklen_t peer_size;
};

// Parallel arrays; the first two entries are the sockets that everybody uses.
enum {
    LISTENER,
    UDP,
    FIRST_CLIENT
};

static struct pollfd *polls;
static struct client **clients;
static size_t count = FIRST_CLIENT, capacity;

// For IPv6 and IPv4, or for IPv4 alone where nothing else is there.
static int open_socket(int type, unsigned short port)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                               .sin6_port = htons(port)};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = socket(AF_INET6, type | flags, 0);
    bool both = fd >= 0;
    int on = 1, off = 0;

    if (!both)
        fd = socket(AF_INET, type | flags, 0);
    if (fd < 0)
        err(1, "socket");
    if (type == SOCK_STREAM)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (both)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, both ? (struct sockaddr *)&in6 : (struct sockaddr *)&in,
             both ? sizeof(in6) : sizeof(in)) < 0)
        err(1, "port %u", port);
    if (type == SOCK_STREAM && listen(fd, SOMAXCONN) < 0)
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
    clients = resize(clients, sizeof(*clients));
}

// Takes all that wait. Returns false if there are no descriptors or memory
// left: then nobody is taken for a while, or poll() would return at once.
static bool accept_clients(void)
{
    for (;;) {
        int fd = accept4(polls[LISTENER].fd, NULL, NULL,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                errno == ENOMEM)
                return false;
            if (errno == ECONNABORTED || errno == EINTR)
                continue;
            if (errno != EAGAIN)
                err(1, "accept");
            return true;
        }
        grow();
        clients[count] = calloc(1, sizeof(**clients));
        if (!clients[count]) {
            close(fd);
            return false;
        }
        polls[count++] = (struct pollfd){.fd = fd};
    }
}

static void remove_client(size_t i)
{
    close(polls[i].fd);
    free(clients[i]);
    count--;
    polls[i] = polls[count];
    clients[i] = clients[count];
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EINTR;
}

// Returns false when the client is done with.
static bool echo_stream(int fd, struct client *c)
{
    ssize_t n;

    if (!c->ended && c->end < BUFFER_SIZE) {
        n = read(fd, c->buffer + c->end, BUFFER_SIZE - c->end);
        if (n < 0 && !would_block())
            return false;
        c->ended = n == 0;
        c->end += n > 0 ? n : 0;
    }
    if (c->start < c->end) {
        n = write(fd, c->buffer + c->start, c->end - c->start);
        if (n < 0 && !would_block())
            return false;
        c->start += n > 0 ? n : 0;
    }
    if (c->start == c->end)
        c->start = c->end = 0;
    return !c->ended || c->end > 0;
}

static short wanted_events(const struct client *c)
{
    short events = 0;

    if (!c->ended && c->end < BUFFER_SIZE)
        events |= POLLIN;
    if (c->start < c->end)
        events |= POLLOUT;
    return events;
}

// Echoes datagrams until there is none, or no room to send one.
static void echo_datagrams(int fd, struct datagram *d)
{
    for (;;) {
        struct sockaddr *peer = (struct sockaddr *)&d->peer;
        ssize_t n = d->length;

        if (!d->held) {
            d->peer_size = sizeof(d->peer);
            n = recvfrom(fd, d->data, sizeof(d->data), 0, peer, &d->peer_size);
        }
        if (n < 0 && would_block())
            return;
        if (n < 0)
            continue;  // the error that an earlier datagram came back with
        d->length = n;
        d->held =
            sendto(fd, d->data, n, 0, peer, d->peer_size) < 0 && would_block();
        if (d->held)
            return;
    }
}

static void serve(void)
{
    static struct datagram datagram;
    bool accepting = true;

    for (;;) {
        polls[LISTENER].events = accepting ? POLLIN : 0;
        polls[UDP].events = datagram.held ? POLLOUT : POLLIN;
        for (size_t i = FIRST_CLIENT; i < count; i++)
            polls[i].events = wanted_events(clients[i]);
        if (poll(polls, count, accepting ? -1 : 1000) < 0)
            err(1, "poll");
        for (size_t i = count; i-- > FIRST_CLIENT;) {
            if (polls[i].revents && !echo_stream(polls[i].fd, clients[i]))
                remove_client(i);
        }
        if (polls[UDP].revents)
            echo_datagrams(polls[UDP].fd, &datagram);
        accepting = accept_clients();
    }
}

int main(int argc, char *argv[])
{
    long port = 7;
    int option;

    while ((option = getopt(argc, argv, "p:")) != -1) {
        if (option == 'p')
            port = strtol(optarg, NULL, 10);
        if (option != 'p' || port < 1 || port > 65535) {
            fprintf(stderr, "usage: echod [-p port]\n");
            return 2;
        }
    }
    signal(SIGPIPE, SIG_IGN);
    grow();
    polls[LISTENER] = (struct pollfd){.fd = open_socket(SOCK_STREAM, port)};
    polls[UDP] = (struct pollfd){.fd = open_socket(SOCK_DGRAM, port)};
    serve();
}
