// SPDX-License-Identifier: MIT
//
// nc [-uvz] [-w seconds] host port
// nc -l [-kuv] [-w seconds] [-p] port
// nc -U [-luvz] [-k] [-w seconds] path
//
// Connects standard input and output to a TCP connection or, with -u, to UDP;
// with -U to an AF_UNIX stream or, with -u, AF_UNIX datagrams.
// The end of the input closes one direction only; nc ends when the other side
// has closed too. What a person types has no end: if the input is a terminal,
// the other side's close is enough. -w ends it after a time without data, -k
// serves one client after another, -z only finds out whether a connection can
// be made.

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// The largest UDP datagram fits in.
#define BUFFER_SIZE 65536

static bool listening, udp, local, verbose, scan, again;
static int timeout = -1;  // milliseconds
static int status;        // of the exit: 1 after an error

// One direction: what was read and not yet written.
struct flow {
    char data[BUFFER_SIZE];
    size_t start, end;
    bool held;   // a datagram is in there, perhaps an empty one
    bool ended;  // nothing more to read
};

static struct flow up, down;  // to the network, from the network

static struct addrinfo *resolve(const char *host, const char *port)
{
    struct addrinfo hints = {
        .ai_family = listening ? AF_INET : AF_UNSPEC,
        .ai_socktype = udp ? SOCK_DGRAM : SOCK_STREAM,
        .ai_flags = listening ? AI_PASSIVE : 0,
    };
    struct addrinfo *found;
    int error = getaddrinfo(host, port, &hints, &found);

    if (error)
        errx(1, "%s: %s", host ? host : port, gai_strerror(error));
    return found;
}

// A socket and the address of a path.
static int local_socket(const char *path, struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, udp ? SOCK_DGRAM : SOCK_STREAM, 0);

    if (fd < 0)
        err(1, "socket");
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address->sun_path))
        errx(1, "%s: too long", path);
    strcpy(address->sun_path, path);
    return fd;
}

static void set_non_blocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

// Connects within the time, if there is one. Returns false with errno set.
static bool connect_in_time(int fd, const struct addrinfo *to)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof(error);

    if (timeout >= 0)
        set_non_blocking(fd);
    if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
        return true;
    if (errno != EINPROGRESS)
        return false;
    if (poll(&poll_fd, 1, timeout) == 0) {
        errno = ETIMEDOUT;
        return false;
    }
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    return error == 0;
}

// Datagrams are answered to a name, which the kernel chooses.
static int open_local_client(const char *path)
{
    struct sockaddr_un to, none = {.sun_family = AF_UNIX};
    int fd = local_socket(path, &to);

    if (udp && bind(fd, (struct sockaddr *)&none, sizeof(none.sun_family)) < 0)
        err(1, "bind");
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        err(1, "%s", path);
    set_non_blocking(fd);
    if (verbose || scan)
        fprintf(stderr, "%s: open\n", path);
    return fd;
}

static int open_client(const char *host, const char *port)
{
    struct addrinfo *found = resolve(host, port);

    for (struct addrinfo *to = found; to; to = to->ai_next) {
        int fd = socket(to->ai_family, to->ai_socktype, 0);

        if (fd >= 0 && connect_in_time(fd, to)) {
            freeaddrinfo(found);
            set_non_blocking(fd);
            if (verbose || scan)
                fprintf(stderr, "%s %s: open\n", host, port);
            return fd;
        }
        if (to->ai_next == NULL)
            err(1, "%s %s", host, port);
        close(fd);
    }
    return -1;
}

static int open_local_server(const char *path)
{
    struct sockaddr_un at;
    int fd = local_socket(path, &at);

    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
        err(1, "%s", path);
    if (!udp && listen(fd, 1) < 0)
        err(1, "listen");
    return fd;
}

static int open_server(const char *port)
{
    if (local)
        return open_local_server(port);

    struct addrinfo *at = resolve(NULL, port);
    int fd = socket(at->ai_family, at->ai_socktype, 0);
    int on = 1;

    if (fd < 0)
        err(1, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, at->ai_addr, at->ai_addrlen) < 0)
        err(1, "port %s", port);
    if (!udp && listen(fd, 1) < 0)
        err(1, "listen");
    freeaddrinfo(at);
    return fd;
}

static void tell_client(const struct sockaddr *peer, socklen_t size)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];

    if (verbose &&
        getnameinfo(peer, size, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV | NI_DGRAM) == 0)
        fprintf(stderr, "%s %s: connected\n", host, port);
}

// Waits for a client. With UDP, that is whoever sends first: the socket is then
// his, and his datagram is still in it.
static int await_client(int server)
{
    struct sockaddr_storage storage;
    struct sockaddr *peer = (struct sockaddr *)&storage;
    socklen_t size = sizeof(storage);
    int fd = server;

    if (udp) {
        if (recvfrom(server, NULL, 0, MSG_PEEK, peer, &size) < 0 ||
            connect(server, peer, size) < 0)
            err(1, "port");
    } else if ((fd = accept(server, peer, &size)) < 0) {
        err(1, "accept");
    }
    set_non_blocking(fd);
    tell_client(peer, size);
    return fd;
}

// Reads into an empty flow. An empty datagram is data, too.
static void fill(struct flow *flow, int fd, bool datagrams)
{
    ssize_t n = read(fd, flow->data, BUFFER_SIZE);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0) {
        warn(fd == 0 ? "standard input" : "network");
        status = 1;
    }
    flow->start = 0;
    flow->end = n > 0 ? n : 0;
    flow->held = n > 0 || (n == 0 && datagrams);
    flow->ended = !flow->held;
}

// Writes what the flow holds. Returns false if nobody takes it any more.
static bool drain(struct flow *flow, int fd)
{
    ssize_t n = write(fd, flow->data + flow->start, flow->end - flow->start);

    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        warn(fd == 1 ? "standard output" : "network");
        status = 1;
        return false;
    }
    flow->start += n > 0 ? n : 0;
    flow->held = flow->start < flow->end || n < 0;
    return true;
}

// True when there is nothing more to do for this peer.
static bool is_done(void)
{
    if (down.held || !down.ended)
        return false;
    return !up.held && (up.ended || isatty(0));
}

// Moves data both ways until one side has had enough.
static void relay(int fd)
{
    bool half_closed = false;

    while (!is_done()) {
        struct pollfd polls[] = {
            {.fd = up.held || up.ended ? -1 : 0, .events = POLLIN},
            {.fd = fd},
        };
        int ready;

        if (!down.ended && !down.held)
            polls[1].events |= POLLIN;
        if (up.held)
            polls[1].events |= POLLOUT;
        if (!polls[1].events)
            polls[1].fd = -1;
        ready = poll(polls, 2, timeout);
        if (ready < 0)
            err(1, "poll");
        if (ready == 0)
            return;
        if (polls[0].revents)
            fill(&up, 0, false);
        if (polls[1].revents && !down.ended)
            fill(&down, fd, udp);
        if (down.held && !drain(&down, 1))
            return;
        if (up.held && !drain(&up, fd))
            return;
        if (up.ended && !half_closed && !udp) {
            shutdown(fd, SHUT_WR);
            half_closed = true;
        }
    }
}

static void serve(const char *port)
{
    int server = open_server(port);

    do {
        int fd = await_client(server);

        relay(fd);
        close(fd);
        if (udp && again)
            server = open_server(port);
        down.held = down.ended = up.held = false;
    } while (again);
}

static void usage(void)
{
    fprintf(stderr, "usage: nc [-uvz] [-w seconds] host port\n"
                    "       nc -l [-kuv] [-w seconds] [-p] port\n"
                    "       nc -U [-kluvz] [-w seconds] path\n");
    exit(2);
}

int main(int argc, char *argv[])
{
    const char *port = NULL;
    int option, fd;

    while ((option = getopt(argc, argv, "klp:uUvw:z")) != -1) {
        switch (option) {
        case 'k':
            again = true;
            break;
        case 'l':
            listening = true;
            break;
        case 'p':
            port = optarg;
            break;
        case 'u':
            udp = true;
            break;
        case 'U':
            local = true;
            break;
        case 'v':
            verbose = true;
            break;
        case 'w':
            timeout = atof(optarg) * 1000;
            break;
        case 'z':
            scan = true;
            break;
        default:
            usage();
        }
    }
    signal(SIGPIPE, SIG_IGN);
    if (listening) {
        if (!port && optind < argc)
            port = argv[optind++];
        if (!port || optind < argc)
            usage();
        serve(port);
        return status;
    }
    if (argc - optind != (local ? 1 : 2) || port || again)
        usage();
    fd = local ? open_local_client(argv[optind])
               : open_client(argv[optind], argv[optind + 1]);
    if (!scan)
        relay(fd);
    return status;
}
