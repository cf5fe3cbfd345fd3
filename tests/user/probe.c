// SPDX-License-Identifier: MIT
//
// probe: a socket, used step by step as the arguments say, for the tests that
// hold the other end of the wire (tests/host). Each step prints a line: its
// name, what it returned or the errno's name, and the milliseconds it took.
//
//     usertests --helper probe tcp set ttl 5 connect 10.9.0.1 80 send hello
//
// `probe -` takes lines of steps from its standard input, and says "done" after
// each line.
#include "harness.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/time.h>

static int fd = -1, listener = -1;

static const struct {
    int number;
    const char *name;
} errors[] = {
    {EAGAIN, "EAGAIN"},
    {EACCES, "EACCES"},
    {EADDRINUSE, "EADDRINUSE"},
    {EADDRNOTAVAIL, "EADDRNOTAVAIL"},
    {ECONNABORTED, "ECONNABORTED"},
    {ECONNREFUSED, "ECONNREFUSED"},
    {ECONNRESET, "ECONNRESET"},
    {EHOSTUNREACH, "EHOSTUNREACH"},
    {EINPROGRESS, "EINPROGRESS"},
    {EINTR, "EINTR"},
    {EHOSTDOWN, "EHOSTDOWN"},
    {EINVAL, "EINVAL"},
    {EMSGSIZE, "EMSGSIZE"},
    {ENETUNREACH, "ENETUNREACH"},
    {ENONET, "ENONET"},
    {ENOPROTOOPT, "ENOPROTOOPT"},
    {ENOTCONN, "ENOTCONN"},
    {EOPNOTSUPP, "EOPNOTSUPP"},
    {EPIPE, "EPIPE"},
    {EPROTO, "EPROTO"},
    {ETIMEDOUT, "ETIMEDOUT"},
};

static const struct {
    const char *name;
    int level, number;
} options[] = {
    {"broadcast", SOL_SOCKET, SO_BROADCAST},
    {"nocheck", SOL_SOCKET, SO_NO_CHECK},
    {"keepalive", SOL_SOCKET, SO_KEEPALIVE},
    {"rcvbuf", SOL_SOCKET, SO_RCVBUF},
    {"sndbuf", SOL_SOCKET, SO_SNDBUF},
    {"reuseaddr", SOL_SOCKET, SO_REUSEADDR},
    {"nodelay", IPPROTO_TCP, TCP_NODELAY},
    {"keepidle", IPPROTO_TCP, TCP_KEEPIDLE},
    {"keepintvl", IPPROTO_TCP, TCP_KEEPINTVL},
    {"keepcnt", IPPROTO_TCP, TCP_KEEPCNT},
    {"maxseg", IPPROTO_TCP, TCP_MAXSEG},
    {"ttl", IPPROTO_IP, IP_TTL},
    {"tos", IPPROTO_IP, IP_TOS},
    {"discover6", IPPROTO_IPV6, IPV6_MTU_DISCOVER},
    {"dontfrag6", IPPROTO_IPV6, IPV6_DONTFRAG},
    {"mtudiscover", IPPROTO_IP, IP_MTU_DISCOVER},
    {"recverr", IPPROTO_IP, IP_RECVERR},
    {"mcttl", IPPROTO_IP, IP_MULTICAST_TTL},
    {"mcloop", IPPROTO_IP, IP_MULTICAST_LOOP},
    {"hops", IPPROTO_IPV6, IPV6_UNICAST_HOPS},
    {"tclass", IPPROTO_IPV6, IPV6_TCLASS},
};

static const char *error_name(int number)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
        if (errors[i].number == number)
            return errors[i].name;
    return strerror(number);
}

// An address of either family, as ADDRESS PORT or fe80::1%INTERFACE PORT.
struct address {
    struct sockaddr_storage storage;
    socklen_t length;
};

static struct address address_of(char **arguments)
{
    struct addrinfo *found,
        hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct address address = {0};

    if (getaddrinfo(arguments[0], arguments[1], &hints, &found) != 0)
        FAIL("%s is no address", arguments[0]);
    address.length = found->ai_addrlen;
    memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return address;
}

static struct sockaddr *generic(struct address *address)
{
    return (struct sockaddr *)&address->storage;
}

static long make_socket(int family, int type, int protocol)
{
    listener = -1;
    return fd = socket(family, type, protocol);
}

static long step_tcp(char **arguments)
{
    (void)arguments;
    return make_socket(AF_INET, SOCK_STREAM, 0);
}

static long step_tcp6(char **arguments)
{
    (void)arguments;
    return make_socket(AF_INET6, SOCK_STREAM, 0);
}

static long step_udp(char **arguments)
{
    (void)arguments;
    return make_socket(AF_INET, SOCK_DGRAM, 0);
}

static long step_udp6(char **arguments)
{
    (void)arguments;
    return make_socket(AF_INET6, SOCK_DGRAM, 0);
}

// The family and the protocol, by numbers.
static long step_raw(char **arguments)
{
    return make_socket(atoi(arguments[0]), SOCK_RAW, atoi(arguments[1]));
}

static long step_dgram(char **arguments)
{
    return make_socket(atoi(arguments[0]), SOCK_DGRAM, atoi(arguments[1]));
}

// Bytes given in hexadecimal, to an address.
static long step_hexto(char **arguments)
{
    struct address address = address_of(arguments);
    unsigned char bytes[2048];
    size_t length = strlen(arguments[2]) / 2;

    for (size_t i = 0; i < length && i < sizeof(bytes); i++)
        sscanf(arguments[2] + 2 * i, "%2hhx", &bytes[i]);
    return sendto(fd, bytes, length, 0, generic(&address), address.length);
}

// Receives one packet and shows its bytes in hexadecimal.
static long step_recvhex(char **arguments)
{
    unsigned char buffer[2048];
    ssize_t count = recv(fd, buffer, sizeof(buffer), 0);

    (void)arguments;
    printf("hex: ");
    for (ssize_t i = 0; i < count; i++)
        printf("%02x", buffer[i]);
    printf("\n");
    return count;
}

// So many UDP sockets at successive ports, with receive buffers of a size; how
// many there are. The last is the current one.
static long step_udps(char **arguments)
{
    int first = atoi(arguments[0]), count = atoi(arguments[1]);
    int size = atoi(arguments[2]);

    for (int i = 0; i < count; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons(first + i)};
        fd = socket(AF_INET, SOCK_DGRAM, 0);
        if (fd < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
            bind(fd, any(&address), sizeof(address)))
            return -1;
    }
    return count;
}

static long step_set(char **arguments)
{
    int value = atoi(arguments[1]);
    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
        if (strcmp(options[i].name, arguments[0]) == 0)
            return setsockopt(fd, options[i].level, options[i].number, &value,
                              sizeof(value));
    errno = EINVAL;
    return -1;
}

// To a group of IPv4 or IPv6, or out of it, on the interface of the route.
static long change_group(const char *group, int join)
{
    struct ip_mreqn request = {.imr_ifindex = if_nametoindex("eth0")};
    struct ipv6_mreq request6 = {.ipv6mr_interface = request.imr_ifindex};

    if (inet_pton(AF_INET6, group, &request6.ipv6mr_multiaddr) == 1)
        return setsockopt(fd, IPPROTO_IPV6,
                          join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &request6,
                          sizeof(request6));
    inet_pton(AF_INET, group, &request.imr_multiaddr);
    return setsockopt(fd, IPPROTO_IP,
                      join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request,
                      sizeof(request));
}

static long step_join(char **arguments)
{
    return change_group(arguments[0], 1);
}

static long step_leave(char **arguments)
{
    return change_group(arguments[0], 0);
}

// Takes a report of the error queue, and shows its error, origin, type, code,
// information and the data that it quotes. Returns the data's length.
static long step_report(char **arguments)
{
    char buffer[256] = "", control[256] __attribute__((aligned(8)));
    struct iovec in = {buffer, sizeof(buffer) - 1};
    struct msghdr message = {.msg_iov = &in,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    struct {
        uint32_t error;
        uint8_t origin, type, code, pad;
        uint32_t information;
    } report;

    (void)arguments;
    ssize_t count = recvmsg(fd, &message, MSG_ERRQUEUE);
    if (count < 0)
        return count;
    memcpy(&report, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(report));
    printf("report: %s %d %d %d %u \"%s\"\n", error_name(report.error),
           report.origin, report.type, report.code, report.information, buffer);
    return count;
}

static long step_linger(char **arguments)
{
    struct linger linger = {.l_onoff = 1, .l_linger = atoi(arguments[0])};
    return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static long step_bind(char **arguments)
{
    struct address address = address_of(arguments);
    return bind(fd, generic(&address), address.length);
}

static long step_listen(char **arguments)
{
    return listen(fd, atoi(arguments[0]));
}

static long step_accept(char **arguments)
{
    (void)arguments;
    if (listener < 0)
        listener = fd;
    int accepted = accept(listener, NULL, NULL);
    fd = accepted >= 0 ? accepted : fd;
    return accepted;
}

static long step_connect(char **arguments)
{
    struct address address = address_of(arguments);
    return connect(fd, generic(&address), address.length);
}

static long step_nonblock(char **arguments)
{
    (void)arguments;
    return fcntl(fd, F_SETFL, O_NONBLOCK);
}

static long step_send(char **arguments)
{
    return send(fd, arguments[0], strlen(arguments[0]), MSG_NOSIGNAL);
}

// Sends so many bytes of a pattern.
static long step_fill(char **arguments)
{
    static char block[65536];
    long left = atol(arguments[0]), sent = 0;
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = 'a' + i % 26;
    while (left > 0) {
        size_t offset = sent % 26;
        size_t want = sizeof(block) - offset;
        ssize_t count =
            send(fd, block + offset, (size_t)left < want ? (size_t)left : want,
                 MSG_NOSIGNAL);
        if (count < 0)
            return -1;
        sent += count;
        left -= count;
    }
    return sent;
}

static long step_sendto(char **arguments)
{
    struct address address = address_of(arguments);
    return sendto(fd, arguments[2], strlen(arguments[2]), 0, generic(&address),
                  address.length);
}

// Receives once, at most so many bytes, and shows them.
static long step_recv(char **arguments)
{
    static char buffer[65536];
    size_t length = strtoul(arguments[0], NULL, 0);
    if (length > sizeof(buffer))
        length = sizeof(buffer);
    ssize_t count = recv(fd, buffer, length, 0);
    if (count > 0)
        printf("data: %.*s\n", (int)count, buffer);
    return count;
}

// Receives once and shows nothing.
static long step_take(char **arguments)
{
    static char buffer[65536];
    (void)arguments;
    return recv(fd, buffer, sizeof(buffer), 0);
}

// Receives up to the end of the stream; the number of bytes.
static long step_drain(char **arguments)
{
    static char buffer[65536];
    long total = 0;
    ssize_t count;
    (void)arguments;
    while ((count = recv(fd, buffer, sizeof(buffer), 0)) > 0)
        total += count;
    return count < 0 ? -1 : total;
}

static long step_shutdown(char **arguments)
{
    return shutdown(fd, atoi(arguments[0]));
}

static long step_close(char **arguments)
{
    (void)arguments;
    return close(fd);
}

static long step_use(char **arguments)
{
    fd = atoi(arguments[0]);
    listener = -1;
    return fd;
}

// The text of a file, such as one of /proc/net.
static long step_show(char **arguments)
{
    char buffer[4096];
    ssize_t count;
    int file = open(arguments[0], O_RDONLY);

    if (file < 0)
        return -1;
    while ((count = read(file, buffer, sizeof(buffer))) > 0)
        fwrite(buffer, 1, count, stdout);
    close(file);
    return count;
}

static long step_pause(char **arguments)
{
    pause_ms(atoi(arguments[0]));
    return 0;
}

static const struct step {
    const char *name;
    int arguments;
    long (*run)(char **arguments);
} steps[] = {
    {"tcp", 0, step_tcp},           {"udp", 0, step_udp},
    {"tcp6", 0, step_tcp6},         {"udp6", 0, step_udp6},
    {"raw", 2, step_raw},           {"dgram", 2, step_dgram},
    {"hexto", 3, step_hexto},       {"recvhex", 0, step_recvhex},
    {"set", 2, step_set},           {"linger", 1, step_linger},
    {"bind", 2, step_bind},         {"listen", 1, step_listen},
    {"accept", 0, step_accept},     {"connect", 2, step_connect},
    {"nonblock", 0, step_nonblock}, {"send", 1, step_send},
    {"fill", 1, step_fill},         {"sendto", 3, step_sendto},
    {"recv", 1, step_recv},         {"drain", 0, step_drain},
    {"shutdown", 1, step_shutdown}, {"close", 0, step_close},
    {"pause", 1, step_pause},       {"use", 1, step_use},
    {"show", 1, step_show},         {"take", 0, step_take},
    {"udps", 3, step_udps},         {"join", 1, step_join},
    {"leave", 1, step_leave},       {"report", 0, step_report},
};

static const struct step *find_step(const char *name)
{
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
        if (strcmp(steps[i].name, name) == 0)
            return &steps[i];
    return NULL;
}

static int run_steps(int count, char **words)
{
    for (int i = 0; i < count;) {
        const struct step *step = find_step(words[i]);
        if (!step || i + step->arguments >= count) {
            fprintf(stderr, "probe: what is %s?\n", words[i]);
            return 2;
        }
        long long start = now_ms();
        long result = step->run(words + i + 1);
        int error = errno;
        long long took = now_ms() - start;
        if (result < 0)
            printf("%s: %s %lld ms\n", step->name, error_name(error), took);
        else
            printf("%s: %ld %lld ms\n", step->name, result, took);
        i += 1 + step->arguments;
    }
    return 0;
}

static int run_lines(void)
{
    char line[4096], *words[256];

    while (fgets(line, sizeof(line), stdin)) {
        int count = 0;
        for (char *word = strtok(line, " \n"); word && count < 256;
             word = strtok(NULL, " \n"))
            words[count++] = word;
        int status = run_steps(count, words);
        if (status)
            return status;
        printf("done\n");
    }
    return 0;
}

int probe(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 2 && strcmp(argv[1], "-") == 0)
        return run_lines();
    return run_steps(argc - 1, argv + 1);
}

// churn COUNT: TCP connections on loopback, opened, used and closed.
int churn(int argc, char **argv)
{
    struct sockaddr_in address;
    int server = tcp_listener(&address, 16),
        count = argc > 1 ? atoi(argv[1]) : 1;
    char byte;

    for (int i = 0; i < count; i++) {
        int client = tcp_connect(&address);
        int accepted = CHECK_OK(accept(server, NULL, NULL));
        write_all(client, "x", 1);
        read_all(accepted, &byte, 1);
        CHECK_OK(close(client));
        CHECK_EQ(read(accepted, &byte, 1), 0);
        CHECK_OK(close(accepted));
    }
    printf("%d connections\n", count);
    return 0;
}
