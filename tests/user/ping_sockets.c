// SPDX-License-Identifier: MIT
//
// Ping sockets, icmp(7): SOCK_DGRAM with IPPROTO_ICMP and IPPROTO_ICMPV6.
#include "harness.h"
#include "private_network.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#define GROUPS "/proc/sys/net/ipv4/ping_group_range"

// On Linux few may have ping sockets, but in a network of one's own.
static void allow_ping(void)
{
    private_network();
    int fd = open(GROUPS, O_WRONLY);
    if (fd < 0 || write(fd, "0 2147483647", 12) != 12)
        skip("ping_group_range cannot be set");
    close(fd);
}

static int ping4(void)
{
    return CHECK_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
}

static int ping6(void)
{
    return CHECK_OK(socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6));
}

static int request4(int fd, int type, int code, size_t length)
{
    static char message[70000];
    struct sockaddr_in address = loopback(7);
    struct icmphdr echo = {.type = type, .code = code};

    echo.un.echo.id = htons(1);
    echo.un.echo.sequence = htons(5);
    memset(message, 'p', sizeof(message));
    memcpy(message, &echo, sizeof(echo));
    return sendto(fd, message, length, 0, any(&address), sizeof(address));
}

static struct sockaddr_in6 loopback6(const char *host)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    CHECK_EQ(inet_pton(AF_INET6, host, &address.sin6_addr), 1);
    return address;
}

static int request6(int fd, int type, const char *host)
{
    struct sockaddr_in6 address = loopback6(host);
    struct icmp6_hdr echo = {.icmp6_type = type};

    echo.icmp6_seq = htons(6);
    return sendto(fd, &echo, sizeof(echo), 0, (struct sockaddr *)&address,
                  sizeof(address));
}

TEST(echo)
{
    char answer[64];
    struct icmphdr *echo = (void *)answer;
    struct sockaddr_in from;
    socklen_t length = sizeof(from);
    allow_ping();
    int fd = ping4();

    CHECK_EQ(socket_port(fd), 0);
    CHECK_EQ(request4(fd, ICMP_ECHO, 0, 20), 20);
    CHECK(socket_port(fd) != 0);
    CHECK_EQ(recvfrom(fd, answer, sizeof(answer), 0, any(&from), &length), 20);
    CHECK_EQ(echo->type, ICMP_ECHOREPLY);
    CHECK_EQ(ntohs(echo->un.echo.id), socket_port(fd));
    CHECK_EQ(ntohs(echo->un.echo.sequence), 5);
    CHECK_MEMORY(answer + 8, "pppppppppppp", 12);
    CHECK_EQ(from.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_EQ(from.sin_port, 0);
}

TEST(echo6)
{
    struct icmp6_hdr answer;
    struct sockaddr_in6 from;
    socklen_t length = sizeof(from);
    allow_ping();
    int fd = ping6();

    CHECK_EQ(request6(fd, ICMP6_ECHO_REQUEST, "::1"), 8);
    CHECK_EQ(recvfrom(fd, &answer, sizeof(answer), 0, (struct sockaddr *)&from,
                      &length),
             8);
    CHECK_EQ(answer.icmp6_type, ICMP6_ECHO_REPLY);
    CHECK_EQ(ntohs(answer.icmp6_seq), 6);
    CHECK(IN6_IS_ADDR_LOOPBACK(&from.sin6_addr));
    CHECK_ERRNO(request6(fd, ICMP6_ECHO_REPLY, "::1"), EINVAL);
    CHECK_ERRNO(request6(fd, ICMP6_ECHO_REQUEST, "::ffff:127.0.0.1"), EINVAL);
}

TEST(only_requests)
{
    allow_ping();
    int fd = ping4();

    CHECK_ERRNO(request4(fd, ICMP_ECHOREPLY, 0, 20), EINVAL);
    CHECK_ERRNO(request4(fd, ICMP_TIMESTAMP, 0, 20), EINVAL);
    CHECK_ERRNO(request4(fd, ICMP_ECHO, 1, 20), EINVAL);
    CHECK_ERRNO(request4(fd, ICMP_ECHO, 0, 7), EINVAL);
    CHECK_ERRNO(request4(fd, ICMP_ECHO, 0, 0), EINVAL);
    CHECK_ERRNO(request4(fd, ICMP_ECHO, 0, 65536), EMSGSIZE);
    CHECK_ERRNO(send(fd, "\10\0------", 8, 0), EDESTADDRREQ);
    CHECK_ERRNO(send(fd, "\10\0------", 8, MSG_OOB), EOPNOTSUPP);
    CHECK_EQ(request4(fd, ICMP_ECHO, 0, 60000), 60000);
}

TEST(identifiers)
{
    char answer[64];
    struct sockaddr_in address = loopback(4711), foreign = loopback(0);
    allow_ping();
    int one = ping4(), other = ping4();

    foreign.sin_addr.s_addr = inet_addr("192.0.2.1");
    CHECK_ERRNO(bind(one, any(&foreign), sizeof(foreign)), EADDRNOTAVAIL);
    CHECK_OK(bind(one, any(&address), sizeof(address)));
    CHECK_EQ(socket_port(one), 4711);
    CHECK_ERRNO(bind(one, any(&address), sizeof(address)), EINVAL);
    CHECK_EQ(request4(other, ICMP_ECHO, 0, 8), 8);
    CHECK_EQ(recv(other, answer, sizeof(answer), 0), 8);
    CHECK_ERRNO(recv(one, answer, sizeof(answer), MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(request4(one, ICMP_ECHO, 0, 8), 8);
    CHECK_EQ(recv(one, answer, sizeof(answer), 0), 8);
    CHECK_ERRNO(recv(other, answer, sizeof(answer), MSG_DONTWAIT), EAGAIN);
}

TEST(connected)
{
    char answer[64];
    struct sockaddr_in address = loopback(99), name;
    socklen_t length = sizeof(name);
    allow_ping();
    int fd = ping4();

    CHECK_OK(connect(fd, any(&address), sizeof(address)));
    CHECK_OK(getpeername(fd, any(&name), &length));
    CHECK_EQ(ntohs(name.sin_port), 99);
    CHECK_EQ(send(fd, "\10\0------", 8, 0), 8);
    CHECK_EQ(recv(fd, answer, sizeof(answer), 0), 8);
    CHECK_ERRNO(listen(fd, 1), EOPNOTSUPP);
}

TEST(groups)
{
    allow_ping();
    int fd = open(GROUPS, O_WRONLY);

    CHECK_EQ(write(fd, "1 0", 3), 3);
    CHECK_ERRNO(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), EACCES);
    CHECK_ERRNO(socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6), EACCES);
    lseek(fd, 0, SEEK_SET);
    CHECK_EQ(write(fd, "100 200", 7), 7);
    CHECK_OK(setgid(100));
    ping4();
    lseek(fd, 0, SEEK_SET);
    CHECK_EQ(write(fd, "0 2147483647", 12), 12);
    close(fd);
}

TEST(without_privilege)
{
    char answer[64];
    allow_ping();

    CHECK_OK(setuid(65534));
    int fd = ping4();
    CHECK_EQ(request4(fd, ICMP_ECHO, 0, 8), 8);
    CHECK_EQ(recv(fd, answer, sizeof(answer), 0), 8);
}

TEST(wrong_families)
{
    CHECK_ERRNO(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMPV6), EPROTONOSUPPORT);
    CHECK_ERRNO(socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMP), EPROTONOSUPPORT);
}

TEST(protocol_zero_is_udp)
{
    int protocol = 0;
    socklen_t length = sizeof(protocol);

    CHECK_OK(getsockopt(CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), SOL_SOCKET,
                        SO_PROTOCOL, &protocol, &length));
    CHECK_EQ(protocol, IPPROTO_UDP);
}

TEST(proc_files)
{
    char line[64];
    struct sockaddr_in6 name;
    socklen_t length = sizeof(name);
    allow_ping();
    int fd = ping4(), fd6 = ping6();

    CHECK_EQ(request4(fd, ICMP_ECHO, 0, 8), 8);
    CHECK_EQ(request6(fd6, ICMP6_ECHO_REQUEST, "::1"), 8);
    snprintf(line, sizeof(line), " 00000000:%04X 00000000:0000 07",
             socket_port(fd));
    CHECK(strstr(read_file("/proc/net/icmp"), line));
    CHECK_OK(getsockname(fd6, (struct sockaddr *)&name, &length));
    snprintf(line, sizeof(line), " 00000000000000000000000000000000:%04X ",
             ntohs(name.sin6_port));
    CHECK(strstr(read_file("/proc/net/icmp6"), line));
}
