// SPDX-License-Identifier: MIT
//
// ip(7): options of level IPPROTO_IP and their ancillary data, each by what it
// does to a datagram on loopback. Groups are in multicast.c, what only a frame
// shows in tests/host/test_ip_options.py.
#include "harness.h"

#include <arpa/inet.h>
#include <net/if.h>

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif
#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

static int set(int fd, int name, int value)
{
    return setsockopt(fd, IPPROTO_IP, name, &value, sizeof(value));
}

static int get(int fd, int name)
{
    int value = -12345;
    socklen_t length = sizeof(value);
    CHECK_OK(getsockopt(fd, IPPROTO_IP, name, &value, &length));
    CHECK_EQ(length, sizeof(value));
    return value;
}

static struct sockaddr_in address_of(const char *dotted, int port)
{
    struct sockaddr_in address = loopback(port);
    CHECK_EQ(inet_pton(AF_INET, dotted, &address.sin_addr), 1);
    return address;
}

// ---- ancillary data ----

static char control[256] __attribute__((aligned(8)));
static struct sockaddr_in from;

// Take the next datagram, "data", with what goes with it.
static struct msghdr receive(int fd, int flags)
{
    static char buffer[8];
    static struct iovec in = {buffer, sizeof(buffer)};
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof(from),
                             .msg_iov = &in,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};

    CHECK_EQ(recvmsg(fd, &message, flags), 4);
    CHECK_EQ(message.msg_flags, 0);
    return message;
}

// The only item of a message, which has to be of this type and length.
static const void *only_item(struct msghdr *message, int type, size_t length)
{
    struct cmsghdr *item = CMSG_FIRSTHDR(message);

    CHECK(item != NULL);
    CHECK_EQ(item->cmsg_level, IPPROTO_IP);
    CHECK_EQ(item->cmsg_type, type);
    CHECK_EQ(item->cmsg_len, CMSG_LEN(length));
    CHECK(CMSG_NXTHDR(message, item) == NULL);
    return CMSG_DATA(item);
}

static int integer_item(struct msghdr *message, int type)
{
    int value;
    memcpy(&value, only_item(message, type, sizeof(value)), sizeof(value));
    return value;
}

// Send "data" with one item.
static ssize_t send_with(int fd, const struct sockaddr_in *to, int type,
                         const void *value, size_t length)
{
    char sent[64] __attribute__((aligned(8))) = {0};
    struct iovec out = {"data", 4};
    struct msghdr message = {.msg_name = (void *)to,
                             .msg_namelen = to ? sizeof(*to) : 0,
                             .msg_iov = &out,
                             .msg_iovlen = 1,
                             .msg_control = sent,
                             .msg_controllen = CMSG_SPACE(length)};
    struct cmsghdr *item = CMSG_FIRSTHDR(&message);

    item->cmsg_level = IPPROTO_IP;
    item->cmsg_type = type;
    item->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(item), value, length);
    return sendmsg(fd, &message, 0);
}

TEST(ttl_of_a_datagram)
{
    int pair[2];

    udp_pair(pair);
    CHECK_EQ(get(pair[1], IP_RECVTTL), 0);
    CHECK_OK(set(pair[1], IP_RECVTTL, 1));
    CHECK_OK(set(pair[0], IP_TTL, 33));
    CHECK_EQ(send(pair[0], "data", 4, 0), 4);
    struct msghdr message = receive(pair[1], MSG_PEEK);
    CHECK_EQ(integer_item(&message, IP_TTL), 33);
    message = receive(pair[1], 0);
    CHECK_EQ(integer_item(&message, IP_TTL), 33);
    CHECK_OK(set(pair[1], IP_RECVTTL, 0));
    CHECK_EQ(send(pair[0], "data", 4, 0), 4);
    CHECK_EQ(receive(pair[1], 0).msg_controllen, 0);
}

TEST(tos_of_a_datagram)
{
    int pair[2];

    udp_pair(pair);
    CHECK_OK(set(pair[1], IP_RECVTOS, 1));
    CHECK_EQ(get(pair[1], IP_RECVTOS), 1);
    CHECK_OK(set(pair[0], IP_TOS, 0xb8));
    CHECK_EQ(send(pair[0], "data", 4, 0), 4);
    struct msghdr message = receive(pair[1], 0);
    CHECK_EQ(*(const unsigned char *)only_item(&message, IP_TOS, 1), 0xb8);
}

TEST(packet_info)
{
    struct sockaddr_in to, other = address_of("127.0.0.5", 0);
    struct in_pktinfo info;
    int receiver = udp_socket(), sender = udp_socket();

    to = address_of("0.0.0.0", 0);
    CHECK_OK(bind(receiver, any(&to), sizeof(to)));
    CHECK_OK(set(receiver, IP_PKTINFO, 1));
    other.sin_port = htons(socket_port(receiver));
    CHECK_EQ(sendto(sender, "data", 4, 0, any(&other), sizeof(other)), 4);
    struct msghdr message = receive(receiver, 0);
    memcpy(&info, only_item(&message, IP_PKTINFO, sizeof(info)), sizeof(info));
    CHECK_EQ(info.ipi_ifindex, if_nametoindex("lo"));
    CHECK_EQ(info.ipi_addr.s_addr, other.sin_addr.s_addr);
    CHECK_EQ(info.ipi_spec_dst.s_addr, other.sin_addr.s_addr);
}

TEST(original_destination)
{
    struct sockaddr_in to;
    struct sockaddr_in got;
    int receiver = udp_bound(&to), sender = udp_socket();

    CHECK_OK(set(receiver, IP_RECVORIGDSTADDR, 1));
    CHECK_EQ(sendto(sender, "data", 4, 0, any(&to), sizeof(to)), 4);
    struct msghdr message = receive(receiver, 0);
    memcpy(&got, only_item(&message, IP_ORIGDSTADDR, sizeof(got)), sizeof(got));
    CHECK_EQ(got.sin_family, AF_INET);
    CHECK_EQ(got.sin_port, to.sin_port);
    CHECK_EQ(got.sin_addr.s_addr, to.sin_addr.s_addr);
}

TEST(several_items)
{
    static const int types[] = {SO_TIMESTAMP, IP_PKTINFO, IP_TTL, IP_TOS};
    int pair[2], one = 1, count = 0;

    udp_pair(pair);
    CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_TIMESTAMP, &one, sizeof(one)));
    CHECK_OK(set(pair[1], IP_RECVTOS, 1));
    CHECK_OK(set(pair[1], IP_RECVTTL, 1));
    CHECK_OK(set(pair[1], IP_PKTINFO, 1));
    CHECK_EQ(send(pair[0], "data", 4, 0), 4);
    struct msghdr message = receive(pair[1], 0);
    for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item;
         item = CMSG_NXTHDR(&message, item)) {
        CHECK_BETWEEN(count, 0, 3);
        CHECK_EQ(item->cmsg_type, types[count]);
        count++;
    }
    CHECK_EQ(count, 4);
    CHECK_EQ(message.msg_controllen,
             CMSG_SPACE(16) + CMSG_SPACE(12) + CMSG_SPACE(4) + CMSG_SPACE(1));
}

TEST(sent_ttl)
{
    struct sockaddr_in to;
    int receiver = udp_bound(&to), sender = udp_socket(), ttl = 77;

    CHECK_OK(set(receiver, IP_RECVTTL, 1));
    CHECK_EQ(send_with(sender, &to, IP_TTL, &ttl, sizeof(ttl)), 4);
    struct msghdr message = receive(receiver, 0);
    CHECK_EQ(integer_item(&message, IP_TTL), 77);
    CHECK_EQ(get(sender, IP_TTL), 64);  // for that one only
    CHECK_EQ(sendto(sender, "data", 4, 0, any(&to), sizeof(to)), 4);
    message = receive(receiver, 0);
    CHECK_EQ(integer_item(&message, IP_TTL), 64);
}

TEST(sent_tos)
{
    struct sockaddr_in to;
    int receiver = udp_bound(&to), sender = udp_socket(), tos = 0x28;
    unsigned char byte = 0x48;

    CHECK_OK(set(receiver, IP_RECVTOS, 1));
    CHECK_EQ(send_with(sender, &to, IP_TOS, &tos, sizeof(tos)), 4);
    struct msghdr message = receive(receiver, 0);
    CHECK_EQ(*(const unsigned char *)only_item(&message, IP_TOS, 1), 0x28);
    CHECK_EQ(send_with(sender, &to, IP_TOS, &byte, 1), 4);
    message = receive(receiver, 0);
    CHECK_EQ(*(const unsigned char *)only_item(&message, IP_TOS, 1), 0x48);
}

TEST(sent_packet_info)
{
    struct sockaddr_in to;
    struct in_pktinfo info = {.ipi_ifindex = if_nametoindex("lo")};
    int receiver = udp_bound(&to), sender = udp_socket();

    info.ipi_spec_dst = address_of("127.0.0.9", 0).sin_addr;
    CHECK_EQ(send_with(sender, &to, IP_PKTINFO, &info, sizeof(info)), 4);
    receive(receiver, 0);
    CHECK_EQ(from.sin_addr.s_addr, info.ipi_spec_dst.s_addr);
    info = (struct in_pktinfo){0};  // says nothing
    CHECK_EQ(send_with(sender, &to, IP_PKTINFO, &info, sizeof(info)), 4);
    receive(receiver, 0);
    CHECK_EQ(from.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

TEST(sent_packet_info_of_others)
{
    struct sockaddr_in to;
    struct in_pktinfo info = {0};
    int sender = udp_socket();

    udp_bound(&to);
    info.ipi_spec_dst = address_of("192.0.2.1", 0).sin_addr;
    CHECK_ERRNO(send_with(sender, &to, IP_PKTINFO, &info, sizeof(info)),
                ENETUNREACH);
    info.ipi_spec_dst = address_of("224.0.0.1", 0).sin_addr;
    CHECK_ERRNO(send_with(sender, &to, IP_PKTINFO, &info, sizeof(info)),
                EINVAL);
    info = (struct in_pktinfo){.ipi_ifindex = 9999};
    CHECK_ERRNO(send_with(sender, &to, IP_PKTINFO, &info, sizeof(info)),
                ENODEV);
}

TEST(sent_nonsense)
{
    struct sockaddr_in to;
    int sender = udp_socket(), receiver = udp_bound(&to), values[4] = {0};

    static const struct {
        int type, value;
        size_t length;
    } cases[] = {
        {IP_TTL, 0, 4},      {IP_TTL, 256, 4},   {IP_TTL, -1, 4},
        {IP_TTL, 64, 1},     {IP_TTL, 64, 8},    {IP_TOS, 256, 4},
        {IP_TOS, -1, 4},     {IP_TOS, 1, 2},     {IP_PKTINFO, 0, 11},
        {IP_PKTINFO, 0, 16}, {IP_RECVTTL, 1, 4}, {IP_MTU, 1500, 4},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        values[0] = cases[i].value;
        CHECK_ERRNO(
            send_with(sender, &to, cases[i].type, values, cases[i].length),
            EINVAL);
    }
    CHECK_EQ(poll_events(receiver, POLLIN, 0), 0);
}

// ---- the other options ----

TEST(what_reads_back)
{
    static const int names[] = {IP_RECVTTL,
                                IP_RECVTOS,
                                IP_PKTINFO,
                                IP_RECVORIGDSTADDR,
                                IP_FREEBIND,
                                IP_RECVERR,

                                IP_BIND_ADDRESS_NO_PORT};
    int fds[] = {udp_socket(), tcp_socket()};

    for (int i = 0; i < 2; i++) {
        for (size_t j = 0; j < sizeof(names) / sizeof(*names); j++) {
            CHECK_EQ(get(fds[i], names[j]), 0);
            CHECK_OK(set(fds[i], names[j], 5));
            CHECK_EQ(get(fds[i], names[j]), 1);
            CHECK_OK(set(fds[i], names[j], 0));
            CHECK_EQ(get(fds[i], names[j]), 0);
        }
    }
}

TEST(one_byte_values)
{
    unsigned char bytes[4] = {1, 0xee, 0xee, 0xee};
    socklen_t length = 3;
    int fd = udp_socket();

    CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_RECVTTL, bytes, 1));
    bytes[0] = 0;
    CHECK_OK(getsockopt(fd, IPPROTO_IP, IP_RECVTTL, bytes, &length));
    CHECK_EQ(length, 1);
    CHECK_EQ(bytes[0], 1);
    CHECK_EQ(bytes[1], 0xee);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_TTL, bytes, 0), EINVAL);
}

TEST(mtu_discover_values)
{
    int fd = udp_socket();
    CHECK_EQ(get(fd, IP_MTU_DISCOVER), IP_PMTUDISC_WANT);
    CHECK_EQ(get(tcp_socket(), IP_MTU_DISCOVER), IP_PMTUDISC_WANT);
    for (int i = 0; i <= 5; i++) {
        CHECK_OK(set(fd, IP_MTU_DISCOVER, i));
        CHECK_EQ(get(fd, IP_MTU_DISCOVER), i);
    }
    CHECK_ERRNO(set(fd, IP_MTU_DISCOVER, 6), EINVAL);
    CHECK_ERRNO(set(fd, IP_MTU_DISCOVER, -1), EINVAL);
    CHECK_EQ(get(fd, IP_MTU_DISCOVER), 5);
}

TEST(mtu)
{
    int pair[2], value;
    socklen_t length = sizeof(value);

    CHECK_ERRNO(getsockopt(udp_socket(), IPPROTO_IP, IP_MTU, &value, &length),
                ENOTCONN);
    CHECK_ERRNO(set(udp_socket(), IP_MTU, 1500), ENOPROTOOPT);
    udp_pair(pair);
    CHECK_BETWEEN(get(pair[0], IP_MTU), 65535, 65536);
    tcp_pair(pair);
    CHECK_BETWEEN(get(pair[0], IP_MTU), 65535, 65536);
}

TEST(minimal_ttl_values)
{
    int fd = tcp_socket();
    CHECK_EQ(get(fd, IP_MINTTL), 0);
    CHECK_OK(set(fd, IP_MINTTL, 255));
    CHECK_EQ(get(fd, IP_MINTTL), 255);
    CHECK_ERRNO(set(fd, IP_MINTTL, 256), EINVAL);
    CHECK_ERRNO(set(fd, IP_MINTTL, -1), EINVAL);
}

TEST(minimal_ttl)
{
    struct sockaddr_in to;
    int listener = tcp_listener(&to, 1), fd = tcp_socket();

    CHECK_OK(set(listener, IP_MINTTL, 100));
    CHECK_OK(set(fd, IP_TTL, 99));
    set_nonblocking(fd);
    CHECK_ERRNO(connect(fd, any(&to), sizeof(to)), EINPROGRESS);
    CHECK_EQ(poll_events(fd, POLLOUT, 200), 0);
    CHECK_OK(set(fd, IP_TTL, 100));  // the next SYN gets through
    CHECK_EQ(poll_events(fd, POLLOUT, 10000), POLLOUT);
    int server = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_OK(set(fd, IP_TTL, 99));
    CHECK_EQ(send(fd, "x", 1, 0), 1);
    CHECK_EQ(poll_events(server, POLLIN, 200), 0);
    CHECK_OK(set(fd, IP_TTL, 255));
    CHECK_EQ(poll_events(server, POLLIN, 10000), POLLIN);
}

TEST(free_bind)
{
    struct sockaddr_in foreign = address_of("192.0.2.77", 0), to;
    int fd = udp_socket();

    udp_bound(&to);
    CHECK_ERRNO(bind(fd, any(&foreign), sizeof(foreign)), EADDRNOTAVAIL);
    CHECK_OK(set(fd, IP_FREEBIND, 1));
    CHECK_OK(bind(fd, any(&foreign), sizeof(foreign)));
    // Nothing can be sent from there all the same.
    CHECK_ERRNO(sendto(fd, "data", 4, 0, any(&to), sizeof(to)), ENETUNREACH);
    fd = tcp_socket();
    CHECK_OK(set(fd, IP_FREEBIND, 1));
    foreign.sin_port = 0;
    CHECK_OK(bind(fd, any(&foreign), sizeof(foreign)));
    CHECK_OK(listen(fd, 1));
}

TEST(bind_without_a_port)
{
    struct sockaddr_in local = loopback(0), to;
    int fds[] = {udp_socket(), tcp_socket()};

    udp_bound(&to);
    for (int i = 0; i < 2; i++) {
        struct sockaddr_in name = {0};
        socklen_t length = sizeof(name);

        CHECK_OK(set(fds[i], IP_BIND_ADDRESS_NO_PORT, 1));
        local = address_of("127.0.0.8", 0);
        CHECK_OK(bind(fds[i], any(&local), sizeof(local)));
        CHECK_OK(getsockname(fds[i], any(&name), &length));
        CHECK_EQ(name.sin_port, 0);
        CHECK_EQ(name.sin_addr.s_addr, local.sin_addr.s_addr);
        if (i == 1)
            tcp_listener(&to, 1);
        CHECK_OK(connect(fds[i], any(&to), sizeof(to)));
        CHECK_OK(getsockname(fds[i], any(&name), &length));
        CHECK(name.sin_port != 0);
        CHECK_EQ(name.sin_addr.s_addr, local.sin_addr.s_addr);
    }
}

TEST(port_range)
{
    int fds[] = {udp_socket(), tcp_socket()};

    for (int i = 0; i < 2; i++) {
        struct sockaddr_in local = loopback(0);

        CHECK_ERRNO(set(fds[i], IP_LOCAL_PORT_RANGE, 40010 | 40000u << 16),
                    EINVAL);
        CHECK_OK(set(fds[i], IP_LOCAL_PORT_RANGE, 40000 | 40010u << 16));
        CHECK_EQ(get(fds[i], IP_LOCAL_PORT_RANGE), (int)(40000 | 40010u << 16));
        CHECK_OK(bind(fds[i], any(&local), sizeof(local)));
        CHECK_BETWEEN(socket_port(fds[i]), 40000, 40010);
    }
}

TEST(port_range_runs_out)
{
    struct sockaddr_in local = loopback(0);
    int last = -1;

    for (int i = 0; i < 3; i++) {
        int fd = udp_socket();
        CHECK_OK(set(fd, IP_LOCAL_PORT_RANGE, 40021 | 40022u << 16));
        last = bind(fd, any(&local), sizeof(local));
        CHECK(i == 2 || last == 0);
    }
    CHECK_EQ(last, -1);
    CHECK_EQ(errno, EADDRINUSE);
}

TEST(unicast_interface)
{
    struct sockaddr_in to;
    int receiver = udp_bound(&to), fd = udp_socket();
    int index = if_nametoindex("lo");

    CHECK_ERRNO(set(fd, IP_UNICAST_IF, htonl(9999)), EADDRNOTAVAIL);
    CHECK_OK(set(fd, IP_UNICAST_IF, htonl(index)));
    CHECK_EQ(get(fd, IP_UNICAST_IF), (int)htonl(index));
    CHECK_EQ(sendto(fd, "data", 4, 0, any(&to), sizeof(to)), 4);
    receive(receiver, 0);
    CHECK_OK(set(fd, IP_UNICAST_IF, 0));
}

TEST(transparent_is_refused)
{
    int fd = udp_socket();
    CHECK_EQ(get(fd, IP_TRANSPARENT), 0);
    CHECK_OK(set(fd, IP_TRANSPARENT, 0));
    if (!on_wharf() && setuid(1000) < 0)
        skip("root on Linux may");
    CHECK_ERRNO(set(fd, IP_TRANSPARENT, 1), EPERM);
}

TEST(too_long_without_fragments)
{
    static char data[65507];
    struct sockaddr_in to;
    int fd = udp_socket();

    udp_bound(&to);
    CHECK_OK(set(fd, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
    // Loopback's MTU takes all that a datagram can be.
    CHECK_EQ(sendto(fd, data, sizeof(data), 0, any(&to), sizeof(to)),
             sizeof(data));
}

TEST(cork_gathers_one_datagram)
{
    struct sockaddr_in to, other;
    int receiver = udp_bound(&to), fd = udp_socket(), on = 1, off = 0;
    char buffer[16];

    udp_bound(&other);
    CHECK_OK(setsockopt(fd, IPPROTO_UDP, 1 /* UDP_CORK */, &on, sizeof(on)));
    CHECK_EQ(sendto(fd, "one ", 4, 0, any(&to), sizeof(to)), 4);
    CHECK_EQ(sendto(fd, "two ", 4, 0, any(&other), sizeof(other)), 4);
    CHECK_EQ(sendto(fd, "three", 5, 0, any(&to), sizeof(to)), 5);
    CHECK_EQ(poll_events(receiver, POLLIN, 0), 0);
    CHECK_OK(setsockopt(fd, IPPROTO_UDP, 1, &off, sizeof(off)));
    CHECK_EQ(recv(receiver, buffer, sizeof(buffer), 0), 13);
    CHECK_MEMORY(buffer, "one two three", 13);
}

TEST(cork_that_grows_too_large)
{
    static char data[60000];
    struct sockaddr_in to;
    int receiver = udp_bound(&to), fd = udp_socket();

    CHECK_EQ(sendto(fd, data, sizeof(data), MSG_MORE, any(&to), sizeof(to)),
             sizeof(data));
    CHECK_ERRNO(sendto(fd, data, sizeof(data), 0, any(&to), sizeof(to)),
                EMSGSIZE);
    CHECK_EQ(sendto(fd, "data", 4, 0, any(&to), sizeof(to)), 4);
    receive(receiver, 0);  // what was begun is forgotten
}

TEST(segments_are_refused)
{
    int value = 1000, fd = udp_socket();

    if (!on_wharf())
        return;
    CHECK_ERRNO(setsockopt(fd, IPPROTO_UDP, 103, &value, sizeof(value)),
                ENOPROTOOPT);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_UDP, 104, &value, sizeof(value)),
                ENOPROTOOPT);
}
