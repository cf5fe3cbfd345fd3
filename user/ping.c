// SPDX-License-Identifier: MIT
//
// ping [-46] [-c COUNT] [-i SECONDS] [-s BYTES] [-t TTL] [-W SECONDS] HOST:
// asks a host to answer echo requests (RFC 792, RFC 4443), and tells how long
// the answers take. Needs no privilege: it uses a ping socket, icmp(7).

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BYTES_MAX 65000

// ICMPv6's echo messages are laid out like ICMP's.
struct message {
    struct icmphdr header;
    unsigned char data[BYTES_MAX];
};

static struct {
    int family, ttl;
    long count;  // 0: without end
    double interval, patience;
    size_t bytes;
} options = {.interval = 1, .patience = 1, .bytes = 56};

static struct {
    long sent, received;
    double least, most, sum;  // milliseconds
} result;

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static const char *name_of(const struct sockaddr *address, socklen_t length)
{
    static char name[NI_MAXHOST];

    if (getnameinfo(address, length, name, sizeof(name), NULL, 0,
                    NI_NUMERICHOST) != 0)
        return "?";
    return name;
}

// A socket connected to the host, so that errors about it are heard.
static int open_socket(const char *host)
{
    struct addrinfo hints = {.ai_family = options.family,
                             .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found;
    int error = getaddrinfo(host, NULL, &hints, &found);

    if (error)
        errx(2, "%s: %s", host, gai_strerror(error));
    bool is_v6 = found->ai_family == AF_INET6;
    int fd = socket(found->ai_family, SOCK_DGRAM,
                    is_v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
    if (fd < 0)
        err(2, "socket");
    if (options.ttl && setsockopt(fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                                  is_v6 ? IPV6_UNICAST_HOPS : IP_TTL,
                                  &options.ttl, sizeof(options.ttl)) < 0)
        err(2, "-t %d", options.ttl);
    if (connect(fd, found->ai_addr, found->ai_addrlen) < 0)
        err(2, "%s", host);
    printf("PING %s (%s): %zu bytes\n", host,
           name_of(found->ai_addr, found->ai_addrlen), options.bytes);
    options.family = found->ai_family;
    freeaddrinfo(found);
    return fd;
}

static void send_request(int fd)
{
    static struct message message;

    message.header.type =
        options.family == AF_INET6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
    message.header.un.echo.sequence = htons(++result.sent);
    for (size_t i = 0; i < options.bytes; i++)
        message.data[i] = i;
    if (send(fd, &message, sizeof(message.header) + options.bytes, 0) < 0)
        warn("sending");
}

static void count_answer(double took)
{
    if (result.received++ == 0 || took < result.least)
        result.least = took;
    if (took > result.most)
        result.most = took;
    result.sum += took;
}

// Takes an answer in; true if it is the latest request's.
static bool take_answer(int fd, double started)
{
    static struct message answer;
    struct sockaddr_storage from;
    socklen_t length = sizeof(from);
    double took = now_ms() - started;
    ssize_t size = recvfrom(fd, &answer, sizeof(answer), MSG_DONTWAIT,
                            (struct sockaddr *)&from, &length);

    if (size < 0) {
        if (errno == EAGAIN || errno == EINTR)
            return false;
        warn("request %ld", result.sent);
        return true;
    }
    int sequence = ntohs(answer.header.un.echo.sequence);
    if (sequence != (result.sent & 0xffff))
        return false;
    count_answer(took);
    printf("%zd bytes from %s: icmp_seq=%d time=%.3f ms\n", size,
           name_of((struct sockaddr *)&from, length), sequence, took);
    return true;
}

// Waits for the latest request's answer, as long as the options say.
static void await_answer(int fd, double started)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    double patience = options.patience * 1e3, left = patience;

    while (left > 0 && !interrupted) {
        if (poll(&poll_fd, 1, left + 1) > 0 && take_answer(fd, started))
            return;
        left = started + patience - now_ms();
    }
}

static void report(void)
{
    long lost = result.sent - result.received;

    printf("%ld sent, %ld received, %ld%% lost\n", result.sent, result.received,
           result.sent ? lost * 100 / result.sent : 0);
    if (result.received)
        printf("round-trip min/avg/max = %.3f/%.3f/%.3f ms\n", result.least,
               result.sum / result.received, result.most);
}

static void usage(void)
{
    fprintf(stderr, "usage: ping [-46] [-c COUNT] [-i SECONDS] [-s BYTES] "
                    "[-t TTL] [-W SECONDS] HOST\n");
    exit(2);
}

static long number(const char *text, long least, long most)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (*end || end == text || value < least || value > most)
        errx(2, "%s is not a number from %ld to %ld", text, least, most);
    return value;
}

static void parse(int argc, char *argv[])
{
    int option;

    while ((option = getopt(argc, argv, "46c:i:s:t:W:")) != -1) {
        switch (option) {
        case '4':
            options.family = AF_INET;
            break;
        case '6':
            options.family = AF_INET6;
            break;
        case 'c':
            options.count = number(optarg, 1, LONG_MAX);
            break;
        case 'i':
            options.interval = strtod(optarg, NULL);
            break;
        case 's':
            options.bytes = number(optarg, 0, BYTES_MAX);
            break;
        case 't':
            options.ttl = number(optarg, 1, 255);
            break;
        case 'W':
            options.patience = strtod(optarg, NULL);
            break;
        default:
            usage();
        }
    }
    if (optind + 1 != argc)
        usage();
}

int main(int argc, char *argv[])
{
    struct sigaction action = {.sa_handler = on_interrupt};

    parse(argc, argv);
    setvbuf(stdout, NULL, _IOLBF, 0);
    sigaction(SIGINT, &action, NULL);
    int fd = open_socket(argv[optind]);
    while (!interrupted) {
        double started = now_ms();

        send_request(fd);
        await_answer(fd, started);
        if (interrupted || result.sent == options.count)
            break;
        double rest = started + options.interval * 1e3 - now_ms();
        if (rest > 0)
            poll(NULL, 0, rest);
    }
    report();
    return result.received ? 0 : 1;
}
