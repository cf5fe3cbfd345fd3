// SPDX-License-Identifier: MIT
//
// SOCK_RAW, raw(7): creation, what is received, IP_HDRINCL, ICMP_FILTER,
// ICMP6_FILTER and IPV6_CHECKSUM.
#include "harness.h"
#include "private_network.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>

#ifndef IP_MULTICAST_ALL
#define IP_MULTICAST_ALL 49
#endif
#define TEST_PROTOCOL 253  // RFC 3692: for experiments

static int raw_socket(int family, int protocol)
{
    int fd = socket(family, SOCK_RAW, protocol);
    if (fd < 0 && errno == EPERM)
        skip("raw sockets are for the super-user");
    return CHECK_OK(fd);
}

static struct sockaddr_in6 loopback6(int port)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                   .sin6_port = htons(port),
                                   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    return address;
}

static int send4(int fd, const void *data, size_t length)
{
    struct sockaddr_in address = loopback(0);
    return sendto(fd, data, length, 0, any(&address), sizeof(address));
}

static int send6(int fd, const void *data, size_t length)
{
    struct sockaddr_in6 address = loopback6(0);
    return sendto(fd, data, length, 0, (struct sockaddr *)&address,
                  sizeof(address));
}

static uint16_t checksum(const void *data, size_t length)
{
    const uint8_t *byte = data;
    uint32_t sum = 0;
    for (size_t i = 0; i < length; i++)
        sum += byte[i] << (i % 2 ? 0 : 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons(~sum);
}

// ---- creation and names ----

TEST(protocols)
{
    raw_socket(AF_INET, IPPROTO_ICMP);
    CHECK_ERRNO(socket(AF_INET, SOCK_RAW, 0), EPROTONOSUPPORT);
    CHECK_ERRNO(socket(AF_INET6, SOCK_RAW, 0), EPROTONOSUPPORT);
    CHECK_ERRNO(socket(AF_INET, SOCK_RAW, 263), EINVAL);
    CHECK_ERRNO(socket(AF_INET, SOCK_RAW, -1), EINVAL);
}

TEST(privilege)
{
    raw_socket(AF_INET, IPPROTO_ICMP);
    CHECK_OK(setuid(65534));
    CHECK_ERRNO(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
    CHECK_ERRNO(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), EPERM);
    CHECK_ERRNO(socket(AF_INET, SOCK_RAW, 0), EPROTONOSUPPORT);
}

TEST(names)
{
    struct sockaddr_in name, address = loopback(77);
    socklen_t length = sizeof(name);
    int fd = raw_socket(AF_INET, TEST_PROTOCOL);

    CHECK_OK(getsockname(fd, any(&name), &length));
    CHECK_EQ(name.sin_addr.s_addr, INADDR_ANY);
    CHECK_EQ(ntohs(name.sin_port), TEST_PROTOCOL);
    CHECK_ERRNO(getpeername(fd, any(&name), &length), ENOTCONN);
    CHECK_OK(bind(fd, any(&address), sizeof(address)));
    CHECK_OK(getsockname(fd, any(&name), &length));
    CHECK_EQ(name.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_EQ(ntohs(name.sin_port), TEST_PROTOCOL);
    address.sin_port = htons(99);
    CHECK_OK(connect(fd, any(&address), sizeof(address)));
    CHECK_OK(getpeername(fd, any(&name), &length));
    CHECK_EQ(ntohs(name.sin_port), 99);
    CHECK_ERRNO(bind(fd, any(&address), sizeof(address)), EINVAL);
    CHECK_ERRNO(listen(fd, 1), EOPNOTSUPP);
    CHECK_ERRNO(accept(fd, NULL, NULL), EOPNOTSUPP);
}

TEST(addresses_refused)
{
    struct sockaddr_in foreign = loopback(0);
    struct sockaddr_in6 mapped = loopback6(0);
    int fd = raw_socket(AF_INET, TEST_PROTOCOL);
    int fd6 = raw_socket(AF_INET6, TEST_PROTOCOL);

    foreign.sin_addr.s_addr = inet_addr("192.0.2.1");
    CHECK_ERRNO(bind(fd, any(&foreign), sizeof(foreign)), EADDRNOTAVAIL);
    CHECK_EQ(inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr), 1);
    CHECK_ERRNO(bind(fd6, (struct sockaddr *)&mapped, sizeof(mapped)),
                EADDRNOTAVAIL);
    CHECK_ERRNO(send(fd, "x", 1, 0), EDESTADDRREQ);
    foreign.sin_family = AF_UNIX;
    CHECK_ERRNO(sendto(fd, "x", 1, 0, any(&foreign), sizeof(foreign)),
                EAFNOSUPPORT);
    CHECK_ERRNO(sendto(fd, "x", 1, 0, any(&foreign), 8), EINVAL);
    CHECK_ERRNO(sendto(fd, "x", 1, MSG_OOB, any(&foreign), sizeof(foreign)),
                EOPNOTSUPP);
}

// ---- data ----

TEST(header_comes_with_ipv4)
{
    char buffer[64];
    struct iphdr *ip = (void *)buffer;
    int fd = raw_socket(AF_INET, TEST_PROTOCOL), ttl = 7, tos = 0x20;
    struct sockaddr_in from;
    socklen_t length = sizeof(from);

    CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)));
    CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)));
    CHECK_EQ(send4(fd, "payload", 7), 7);
    CHECK_EQ(recvfrom(fd, buffer, sizeof(buffer), 0, any(&from), &length), 27);
    CHECK_EQ(from.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_EQ(from.sin_port, 0);
    CHECK_EQ(ip->version, 4);
    CHECK_EQ(ip->ihl, 5);
    CHECK_EQ(ntohs(ip->tot_len), 27);
    CHECK_EQ(ip->protocol, TEST_PROTOCOL);
    CHECK_EQ(ip->ttl, 7);
    CHECK_EQ(ip->tos, 0x20);
    CHECK_EQ(ip->daddr, htonl(INADDR_LOOPBACK));
    CHECK_EQ(checksum(buffer, 20), 0);
    CHECK_MEMORY(buffer + 20, "payload", 7);
}

TEST(header_does_not_with_ipv6)
{
    char buffer[64];
    struct sockaddr_in6 from;
    socklen_t length = sizeof(from);
    int fd = raw_socket(AF_INET6, TEST_PROTOCOL);

    CHECK_EQ(send6(fd, "payload", 7), 7);
    CHECK_EQ(recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from,
                      &length),
             7);
    CHECK_MEMORY(buffer, "payload", 7);
    CHECK_EQ(length, sizeof(from));
    CHECK(IN6_IS_ADDR_LOOPBACK(&from.sin6_addr));
    CHECK_EQ(from.sin6_port, 0);
}

TEST(everyone_gets_a_copy)
{
    char buffer[64];
    int sender = raw_socket(AF_INET, TEST_PROTOCOL);
    int one = raw_socket(AF_INET, TEST_PROTOCOL);
    int other_protocol = raw_socket(AF_INET, TEST_PROTOCOL + 1);
    int elsewhere = raw_socket(AF_INET, TEST_PROTOCOL);
    struct sockaddr_in address = loopback(0);

    address.sin_addr.s_addr = inet_addr("127.0.0.2");
    CHECK_OK(bind(elsewhere, any(&address), sizeof(address)));
    CHECK_EQ(send4(sender, "all", 3), 3);
    CHECK_EQ(recv(one, buffer, sizeof(buffer), 0), 23);
    CHECK_EQ(recv(sender, buffer, sizeof(buffer), 0), 23);
    CHECK_ERRNO(recv(other_protocol, buffer, 64, MSG_DONTWAIT), EAGAIN);
    CHECK_ERRNO(recv(elsewhere, buffer, 64, MSG_DONTWAIT), EAGAIN);
}

// Whether one packet to the group arrives, sent and received on lo.
static bool hears_group(int receiver, struct in_addr group)
{
    char buffer[64];
    struct in_addr lo = {htonl(INADDR_LOOPBACK)};  // the source as well
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = group};
    int sender = raw_socket(AF_INET, TEST_PROTOCOL);

    CHECK_OK(setsockopt(sender, 0, IP_MULTICAST_IF, &lo, sizeof(lo)));
    CHECK_EQ(sendto(sender, "group", 5, 0, any(&to), sizeof(to)), 5);
    CHECK_EQ(recv(sender, buffer, sizeof(buffer), 0), 25);
    close(sender);
    return recv(receiver, buffer, sizeof(buffer), MSG_DONTWAIT) == 25;
}

TEST(groups_and_their_sources)
{
    struct ip_mreqn join = {.imr_multiaddr.s_addr = inet_addr("239.77.0.2"),
                            .imr_ifindex = if_nametoindex("lo")};
    struct ip_mreq_source block = {.imr_multiaddr = join.imr_multiaddr};
    int fd = raw_socket(AF_INET, TEST_PROTOCOL);
    int member = udp_socket();  // lets the group in

    CHECK_OK(setsockopt(member, 0, IP_ADD_MEMBERSHIP, &join, sizeof(join)));
    block.imr_interface.s_addr = htonl(INADDR_LOOPBACK);
    block.imr_sourceaddr = block.imr_interface;
    CHECK(hears_group(fd, join.imr_multiaddr));
    CHECK_OK(setsockopt(fd, 0, IP_MULTICAST_ALL, &(int){0}, sizeof(int)));
    CHECK(!hears_group(fd, join.imr_multiaddr));
    CHECK_OK(setsockopt(fd, 0, IP_ADD_MEMBERSHIP, &join, sizeof(join)));
    CHECK(hears_group(fd, join.imr_multiaddr));
    CHECK_OK(setsockopt(fd, 0, IP_BLOCK_SOURCE, &block, sizeof(block)));
    CHECK(!hears_group(fd, join.imr_multiaddr));
}

TEST(connected_hears_its_peer)
{
    char buffer[64];
    int receiver = raw_socket(AF_INET, TEST_PROTOCOL);
    int sender = raw_socket(AF_INET, TEST_PROTOCOL);
    struct sockaddr_in address = loopback(0), two = loopback(0);

    two.sin_addr.s_addr = inet_addr("127.0.0.2");
    CHECK_OK(connect(receiver, any(&two), sizeof(two)));
    CHECK_EQ(sendto(sender, "no", 2, 0, any(&address), sizeof(address)), 2);
    CHECK_OK(bind(sender, any(&two), sizeof(two)));
    CHECK_OK(getsockname(receiver, any(&address), &(socklen_t){16}));
    CHECK_EQ(sendto(sender, "yes", 3, 0, any(&address), sizeof(address)), 3);
    CHECK_EQ(recv(receiver, buffer, sizeof(buffer), 0), 23);
    CHECK_MEMORY(buffer + 20, "yes", 3);
    CHECK_EQ(send(receiver, "back", 4, 0), 4);
}

TEST(sees_what_others_send)
{
    char buffer[128];
    int raw = raw_socket(AF_INET, IPPROTO_UDP), pair[2];

    udp_pair(pair);
    CHECK_EQ(send(pair[0], "seen", 4, 0), 4);
    CHECK_EQ(recv(pair[1], buffer, sizeof(buffer), 0), 4);
    do
        CHECK_OK(recv(raw, buffer, sizeof(buffer), 0));
    while (memcmp(buffer + 28, "seen", 4) != 0);
}

TEST(fragments_arrive_as_one)
{
    static char out[60000], in[sizeof(out) + 20];
    int fd = raw_socket(AF_INET, TEST_PROTOCOL);

    memset(out, 'f', sizeof(out));
    CHECK_EQ(send4(fd, out, sizeof(out)), sizeof(out));
    CHECK_EQ(recv(fd, in, sizeof(in), 0), sizeof(in));
    CHECK_MEMORY(in + 20, out, sizeof(out));
}

TEST(truncated)
{
    char buffer[10];
    struct iovec iov = {buffer, sizeof(buffer)};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    int fd = raw_socket(AF_INET, TEST_PROTOCOL);

    CHECK_EQ(send4(fd, "long", 4), 4);
    CHECK_EQ(recv(fd, buffer, sizeof(buffer), MSG_PEEK | MSG_TRUNC), 24);
    CHECK_EQ(recvmsg(fd, &message, 0), 10);
    CHECK_EQ(message.msg_flags & MSG_TRUNC, MSG_TRUNC);
}

// ---- IP_HDRINCL ----

static int header_included(int fd)
{
    int value = -1;
    socklen_t length = sizeof(value);
    CHECK_OK(getsockopt(fd, IPPROTO_IP, IP_HDRINCL, &value, &length));
    return value;
}

TEST(hdrincl_option)
{
    int on = 5, fd = raw_socket(AF_INET, TEST_PROTOCOL);

    CHECK_EQ(header_included(fd), 0);
    CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_HDRINCL, &on, sizeof(on)));
    CHECK_EQ(header_included(fd), 1);
    CHECK_EQ(header_included(raw_socket(AF_INET, IPPROTO_RAW)), 1);
    CHECK_EQ(header_included(udp_socket()), 0);
    CHECK_ERRNO(
        setsockopt(udp_socket(), IPPROTO_IP, IP_HDRINCL, &on, sizeof(on)),
        ENOPROTOOPT);
}

TEST(hdrincl_fills_in)
{
    struct {
        struct iphdr ip;
        char data[4];
    } packet = {.ip = {.version = 4,
                       .ihl = 5,
                       .ttl = 33,
                       .protocol = TEST_PROTOCOL,
                       .tot_len = htons(9),
                       .check = 0x1234,
                       .daddr = htonl(INADDR_LOOPBACK)},
                .data = "raw"},
      got;
    int fd = raw_socket(AF_INET, IPPROTO_RAW);
    int receiver = raw_socket(AF_INET, TEST_PROTOCOL);

    CHECK_EQ(send4(fd, &packet, sizeof(packet)), sizeof(packet));
    CHECK_EQ(recv(receiver, &got, sizeof(got), 0), sizeof(got));
    CHECK_EQ(got.ip.saddr, htonl(INADDR_LOOPBACK));
    CHECK_EQ(ntohs(got.ip.tot_len), sizeof(packet));
    CHECK_EQ(got.ip.ttl, 33);
    CHECK(got.ip.id != 0);
    CHECK_EQ(checksum(&got.ip, sizeof(got.ip)), 0);
    CHECK_STRING(got.data, "raw");
    packet.ip.saddr = inet_addr("127.0.0.7");
    packet.ip.id = htons(0x4321);
    CHECK_EQ(send4(fd, &packet, sizeof(packet)), sizeof(packet));
    CHECK_EQ(recv(receiver, &got, sizeof(got), 0), sizeof(got));
    CHECK_EQ(got.ip.saddr, inet_addr("127.0.0.7"));
    CHECK_EQ(ntohs(got.ip.id), 0x4321);
}

TEST(hdrincl_bad_lengths)
{
    static char packet[66000] = {0x45};
    int fd = raw_socket(AF_INET, IPPROTO_RAW);

    CHECK_ERRNO(send4(fd, packet, 19), EINVAL);
    CHECK_ERRNO(send4(fd, packet, 65536), EMSGSIZE);
    packet[0] = 0x4f;
    CHECK_ERRNO(send4(fd, packet, 20), EINVAL);
}

// ---- filters of ICMP types ----

static void echo4(int fd, uint16_t number)
{
    struct icmphdr echo = {.type = ICMP_ECHO};
    echo.un.echo.sequence = htons(number);
    echo.checksum = checksum(&echo, sizeof(echo));
    CHECK_EQ(send4(fd, &echo, sizeof(echo)), sizeof(echo));
}

TEST(icmp_filter)
{
    struct {
        struct iphdr ip;
        struct icmphdr icmp;
    } got;
    uint32_t filter = 1u << ICMP_ECHO, value = 7;
    socklen_t length = sizeof(value);
    private_network();
    int fd = raw_socket(AF_INET, IPPROTO_ICMP);

    CHECK_OK(getsockopt(fd, IPPROTO_RAW, 1, &value, &length));
    CHECK_EQ(value, 0);
    CHECK_EQ(length, sizeof(value));
    echo4(fd, 1);
    CHECK_OK(recv(fd, &got, sizeof(got), 0));
    CHECK_EQ(got.icmp.type, ICMP_ECHO);
    CHECK_OK(recv(fd, &got, sizeof(got), 0));
    CHECK_EQ(got.icmp.type, ICMP_ECHOREPLY);
    CHECK_OK(setsockopt(fd, IPPROTO_RAW, 1, &filter, sizeof(filter)));
    echo4(fd, 2);
    CHECK_OK(recv(fd, &got, sizeof(got), 0));
    CHECK_EQ(got.icmp.type, ICMP_ECHOREPLY);
    CHECK_EQ(ntohs(got.icmp.un.echo.sequence), 2);
    CHECK_OK(setsockopt(fd, IPPROTO_RAW, 1, "ab", 2));  // the rest stays
    CHECK_OK(getsockopt(fd, IPPROTO_RAW, 1, &value, &length));
    CHECK_MEMORY(&value, "ab\0\0", 4);
}

// It carries TCP or UDP, but is neither.
TEST(has_no_options_of_what_it_carries)
{
    static const struct {
        int protocol, name;
    } options[] = {{IPPROTO_TCP, 1 /* TCP_NODELAY */},
                   {IPPROTO_TCP, 2 /* TCP_MAXSEG */},
                   {IPPROTO_UDP, 1 /* UDP_CORK */}};

    for (unsigned i = 0; i < 3; i++) {
        int fd = raw_socket(AF_INET, options[i].protocol), value = 1;
        socklen_t length = sizeof(value);
        CHECK_ERRNO(setsockopt(fd, options[i].protocol, options[i].name, &value,
                               sizeof(value)),
                    ENOPROTOOPT);
        CHECK_ERRNO(getsockopt(fd, options[i].protocol, options[i].name, &value,
                               &length),
                    EOPNOTSUPP);
        CHECK_OK(close(fd));
    }
}

TEST(icmp_filter_is_of_icmp)
{
    uint32_t value = 0;
    socklen_t length = sizeof(value);
    int fd = raw_socket(AF_INET, IPPROTO_UDP);

    CHECK_ERRNO(getsockopt(fd, IPPROTO_RAW, 1, &value, &length), EOPNOTSUPP);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_RAW, 1, &value, 4), EOPNOTSUPP);
    fd = raw_socket(AF_INET, IPPROTO_ICMP);
    CHECK_ERRNO(getsockopt(fd, IPPROTO_RAW, 2, &value, &length), ENOPROTOOPT);
}

TEST(icmp6_filter)
{
    struct icmp6_filter filter, empty = {0};
    struct icmp6_hdr echo = {.icmp6_type = ICMP6_ECHO_REQUEST}, got;
    socklen_t length = sizeof(filter);
    private_network();
    int fd = raw_socket(AF_INET6, IPPROTO_ICMPV6);

    CHECK_OK(getsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, &length));
    CHECK_EQ(length, sizeof(filter));
    CHECK_MEMORY(&filter, &empty, sizeof(filter));
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    CHECK_OK(setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, length));
    echo.icmp6_seq = htons(9);
    CHECK_EQ(send6(fd, &echo, sizeof(echo)), sizeof(echo));
    CHECK_EQ(recv(fd, &got, sizeof(got), 0), sizeof(got));
    CHECK_EQ(got.icmp6_type, ICMP6_ECHO_REPLY);  // the checksum was filled in
    CHECK_EQ(ntohs(got.icmp6_seq), 9);
    fd = raw_socket(AF_INET6, TEST_PROTOCOL);
    CHECK_ERRNO(getsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, &length),
                EOPNOTSUPP);
}

// ---- IPV6_CHECKSUM ----

static int set6(int fd, int name, int value)
{
    return setsockopt(fd, IPPROTO_IPV6, name, &value, sizeof(value));
}

static int get6(int fd, int name)
{
    int value = -7;
    socklen_t length = sizeof(value);
    CHECK_OK(getsockopt(fd, IPPROTO_IPV6, name, &value, &length));
    return value;
}

TEST(checksum_option)
{
    int fd = raw_socket(AF_INET6, TEST_PROTOCOL);

    CHECK_EQ(get6(fd, IPV6_CHECKSUM), -1);
    CHECK_ERRNO(set6(fd, IPV6_CHECKSUM, 3), EINVAL);
    CHECK_OK(set6(fd, IPV6_CHECKSUM, 4));
    CHECK_EQ(get6(fd, IPV6_CHECKSUM), 4);
    CHECK_OK(set6(fd, IPV6_CHECKSUM, -5));
    CHECK_EQ(get6(fd, IPV6_CHECKSUM), -1);
    fd = raw_socket(AF_INET6, IPPROTO_ICMPV6);
    CHECK_EQ(get6(fd, IPV6_CHECKSUM), 2);
    CHECK_ERRNO(set6(fd, IPV6_CHECKSUM, 2), EINVAL);
    CHECK_ERRNO(send6(fd, "abc", 3), EINVAL);  // no room for it
}

TEST(checksum_is_filled_in_and_checked)
{
    uint8_t out[8] = {1, 2, 3, 4, 0, 0, 5, 6}, in[8];
    int fd = raw_socket(AF_INET6, TEST_PROTOCOL);
    int plain = raw_socket(AF_INET6, TEST_PROTOCOL);

    CHECK_OK(set6(fd, IPV6_CHECKSUM, 4));
    CHECK_EQ(send6(plain, out, sizeof(out)), sizeof(out));  // wrong: not for fd
    CHECK_EQ(send6(fd, out, sizeof(out)), sizeof(out));
    CHECK_EQ(recv(fd, in, sizeof(in), 0), sizeof(in));
    CHECK(in[4] != 0 || in[5] != 0);
    // The pseudo-header's sum: ::1 twice, the length, the protocol.
    uint16_t words[8] = {htons(1), htons(1), htons(8), htons(TEST_PROTOCOL)};
    memcpy(words + 4, in, sizeof(in));
    CHECK_EQ(checksum(words, sizeof(words)), 0);
    CHECK_ERRNO(recv(fd, in, sizeof(in), MSG_DONTWAIT), EAGAIN);
}

TEST(port_of_an_address_is_its_protocol)
{
    struct sockaddr_in6 address = loopback6(TEST_PROTOCOL);
    int fd = raw_socket(AF_INET6, TEST_PROTOCOL);

    CHECK_EQ(
        sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof(address)), 1);
    address.sin6_port = htons(5);
    CHECK_ERRNO(
        sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof(address)),
        EINVAL);
}

TEST(proc_files)
{
    int fd = raw_socket(AF_INET, TEST_PROTOCOL);
    int fd6 = raw_socket(AF_INET6, TEST_PROTOCOL);

    (void)fd, (void)fd6;
    CHECK(
        strstr(read_file("/proc/net/raw"), " 00000000:00FD 00000000:0000 07"));
    CHECK(strstr(read_file("/proc/net/raw6"),
                 " 00000000000000000000000000000000:00FD "
                 "00000000000000000000000000000000:0000 07"));
}
