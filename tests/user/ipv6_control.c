// SPDX-License-Identifier: MIT
//
// RFC 3542: what goes with datagrams of IPv6 as ancillary data, both ways, on
// loopback.
#include "harness.h"

#include <net/if.h>

static struct sockaddr_in6 here = {.sin6_family = AF_INET6,
                                   .sin6_addr = IN6ADDR_LOOPBACK_INIT};

static void set(int fd, int name, int value)
{
    CHECK_OK(setsockopt(fd, IPPROTO_IPV6, name, &value, sizeof(value)));
}

static int get(int fd, int name)
{
    int value = -12345;
    socklen_t length = sizeof(value);
    CHECK_OK(getsockopt(fd, IPPROTO_IPV6, name, &value, &length));
    return value;
}

// [1] receives what [0] sends.
static void pair6(int pair[2])
{
    struct sockaddr_in6 address = here;
    socklen_t length = sizeof(address);

    for (int i = 0; i < 2; i++)
        pair[i] = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
    CHECK_OK(bind(pair[1], (void *)&address, sizeof(address)));
    CHECK_OK(getsockname(pair[1], (void *)&address, &length));
    CHECK_OK(connect(pair[0], (void *)&address, sizeof(address)));
}

static char control[256] __attribute__((aligned(8)));
static struct msghdr message;

static void receive(int fd)
{
    static char buffer[8];
    static struct iovec in = {buffer, sizeof(buffer)};

    message = (struct msghdr){.msg_iov = &in,
                              .msg_iovlen = 1,
                              .msg_control = control,
                              .msg_controllen = sizeof(control)};
    CHECK_EQ(recvmsg(fd, &message, 0), 4);
    CHECK_EQ(message.msg_flags, 0);
}

static const void *only_item(int type, size_t length)
{
    struct cmsghdr *item = CMSG_FIRSTHDR(&message);

    CHECK(item != NULL);
    CHECK_EQ(item->cmsg_level, IPPROTO_IPV6);
    CHECK_EQ(item->cmsg_type, type);
    CHECK_EQ(item->cmsg_len, CMSG_LEN(length));
    CHECK(CMSG_NXTHDR(&message, item) == NULL);
    return CMSG_DATA(item);
}

static int integer_item(int type)
{
    int value;
    memcpy(&value, only_item(type, sizeof(value)), sizeof(value));
    return value;
}

static ssize_t send_with(int fd, int type, const void *value, size_t length)
{
    char sent[64] __attribute__((aligned(8))) = {0};
    struct iovec out = {"data", 4};
    struct msghdr with = {.msg_iov = &out,
                          .msg_iovlen = 1,
                          .msg_control = sent,
                          .msg_controllen = CMSG_SPACE(length)};
    struct cmsghdr *item = CMSG_FIRSTHDR(&with);

    item->cmsg_level = IPPROTO_IPV6;
    item->cmsg_type = type;
    item->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(item), value, length);
    return sendmsg(fd, &with, 0);
}

TEST(hop_limit)
{
    int pair[2], hops = 44;

    pair6(pair);
    CHECK_EQ(get(pair[1], IPV6_RECVHOPLIMIT), 0);
    set(pair[1], IPV6_RECVHOPLIMIT, 1);
    CHECK_EQ(get(pair[1], IPV6_RECVHOPLIMIT), 1);
    set(pair[0], IPV6_UNICAST_HOPS, 33);
    CHECK_EQ(send(pair[0], "data", 4, 0), 4);
    receive(pair[1]);
    CHECK_EQ(integer_item(IPV6_HOPLIMIT), 33);
    CHECK_EQ(send_with(pair[0], IPV6_HOPLIMIT, &hops, sizeof(hops)), 4);
    receive(pair[1]);
    CHECK_EQ(integer_item(IPV6_HOPLIMIT), 44);
    hops = -1;  // the socket's
    CHECK_EQ(send_with(pair[0], IPV6_HOPLIMIT, &hops, sizeof(hops)), 4);
    receive(pair[1]);
    CHECK_EQ(integer_item(IPV6_HOPLIMIT), 33);
}

TEST(traffic_class)
{
    int pair[2], class = 0x48;

    pair6(pair);
    set(pair[1], IPV6_RECVTCLASS, 1);
    set(pair[0], IPV6_TCLASS, 0x20);
    CHECK_EQ(send(pair[0], "data", 4, 0), 4);
    receive(pair[1]);
    CHECK_EQ(integer_item(IPV6_TCLASS), 0x20);
    CHECK_EQ(send_with(pair[0], IPV6_TCLASS, &class, sizeof(class)), 4);
    receive(pair[1]);
    CHECK_EQ(integer_item(IPV6_TCLASS), 0x48);
}

TEST(packet_info)
{
    int pair[2];
    struct in6_pktinfo info;

    pair6(pair);
    set(pair[1], IPV6_RECVPKTINFO, 1);
    CHECK_EQ(send(pair[0], "data", 4, 0), 4);
    receive(pair[1]);
    memcpy(&info, only_item(IPV6_PKTINFO, sizeof(info)), sizeof(info));
    CHECK_EQ(info.ipi6_ifindex, if_nametoindex("lo"));
    CHECK_MEMORY(&info.ipi6_addr, &here.sin6_addr, 16);
    CHECK_EQ(send_with(pair[0], IPV6_PKTINFO, &info, sizeof(info)), 4);
    receive(pair[1]);
}

TEST(packet_info_of_ipv4)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    struct sockaddr_in to = loopback(0);
    struct in6_pktinfo info;
    socklen_t length = sizeof(address);
    int fd = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0)), sender = udp_socket();
    static const unsigned char mapped[16] = {[10] = 0xff, 0xff, 127, 0, 0, 1};

    set(fd, IPV6_V6ONLY, 0);
    set(fd, IPV6_RECVPKTINFO, 1);
    set(fd, IPV6_RECVHOPLIMIT, 1);  // has none to tell
    CHECK_OK(bind(fd, (void *)&address, sizeof(address)));
    CHECK_OK(getsockname(fd, (void *)&address, &length));
    to.sin_port = address.sin6_port;
    CHECK_EQ(sendto(sender, "data", 4, 0, any(&to), sizeof(to)), 4);
    receive(fd);
    memcpy(&info, only_item(IPV6_PKTINFO, sizeof(info)), sizeof(info));
    CHECK_MEMORY(&info.ipi6_addr, mapped, 16);
}

TEST(sent_nonsense)
{
    static const struct {
        int type, value;
        size_t length;
    } cases[] = {
        {IPV6_HOPLIMIT, 256, 4}, {IPV6_HOPLIMIT, -2, 4}, {IPV6_HOPLIMIT, 1, 1},
        {IPV6_TCLASS, 256, 4},   {IPV6_TCLASS, -2, 4},   {IPV6_TCLASS, 1, 8},
        {IPV6_PKTINFO, 0, 16},   {IPV6_V6ONLY, 1, 4},
    };
    int pair[2], values[8] = {0};

    pair6(pair);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        values[0] = cases[i].value;
        CHECK_ERRNO(send_with(pair[0], cases[i].type, values, cases[i].length),
                    EINVAL);
    }
    CHECK_EQ(poll_events(pair[1], POLLIN, 0), 0);
}

TEST(sent_packet_info_of_others)
{
    struct in6_pktinfo info = {.ipi6_ifindex = 9999};
    int pair[2];

    pair6(pair);
    CHECK_ERRNO(send_with(pair[0], IPV6_PKTINFO, &info, sizeof(info)), ENODEV);
    info.ipi6_ifindex = 0;
    info.ipi6_addr.s6_addr[0] = 0x20;
    info.ipi6_addr.s6_addr[1] = 0x01;
    CHECK_ERRNO(send_with(pair[0], IPV6_PKTINFO, &info, sizeof(info)), EINVAL);
}
