// SPDX-License-Identifier: MIT
//
// Groups and broadcasts, ip(7) and ipv6(7), on the loopback interface: who
// receives what, sources, own copies, and what is refused. IGMP and MLD are
// seen in tests/host/test_ip_options.py.
#include "harness.h"

#include <arpa/inet.h>
#include <net/if.h>

#define GROUP  "239.77.0.1"
#define GROUP6 "ff15::77"

#ifndef IP_MULTICAST_ALL
#define IP_MULTICAST_ALL 49
#endif
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

static int set(int fd, int name, int value)
{
    return setsockopt(fd, IPPROTO_IP, name, &value, sizeof(value));
}

static int get(int fd, int level, int name)
{
    int value = 0;
    socklen_t length = sizeof(value);
    CHECK_OK(getsockopt(fd, level, name, &value, &length));
    return value;
}

static struct in_addr address_of(const char *dotted)
{
    struct in_addr address;
    CHECK_EQ(inet_pton(AF_INET, dotted, &address), 1);
    return address;
}

static int lo(void)
{
    return if_nametoindex("lo");
}

static struct ip_mreqn request(const char *group)
{
    return (struct ip_mreqn){.imr_multiaddr = address_of(group),
                             .imr_ifindex = lo()};
}

static int join(int fd, const char *group)
{
    struct ip_mreqn r = request(group);
    return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r));
}

static int leave(int fd, const char *group)
{
    struct ip_mreqn r = request(group);
    return setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &r, sizeof(r));
}

// A socket at a port of all addresses, which it may share.
static int receiver(int *port)
{
    struct sockaddr_in address = loopback(*port);
    int fd = udp_socket(), one = 1;

    address.sin_addr.s_addr = 0;
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
    CHECK_OK(bind(fd, any(&address), sizeof(address)));
    *port = socket_port(fd);
    return fd;
}

// A socket whose groups are on lo.
static int sender(void)
{
    struct ip_mreqn r = {.imr_ifindex = lo()};
    int fd = udp_socket();

    CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &r, sizeof(r)));
    return fd;
}

static void send_to(int fd, const char *group, int port)
{
    struct sockaddr_in to = loopback(port);

    to.sin_addr = address_of(group);
    CHECK_EQ(sendto(fd, "data", 4, 0, any(&to), sizeof(to)), 4);
}

// Does a datagram wait? It is taken. (What is sent over loopback has arrived.)
static bool got(int fd)
{
    char buffer[8];
    return recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) == 4;
}

TEST(members_receive)
{
    int port = 0, member = receiver(&port), other = receiver(&port);
    int from = sender();

    CHECK_OK(set(other, IP_MULTICAST_ALL, 0));
    send_to(from, GROUP, port);
    CHECK(!got(member));
    CHECK_OK(join(member, GROUP));
    send_to(from, GROUP, port);
    CHECK(got(member));
    CHECK(!got(other));
    CHECK_OK(join(other, GROUP));
    send_to(from, GROUP, port);
    CHECK(got(member));  // each has its own
    CHECK(got(other));
    CHECK_OK(leave(member, GROUP));
    CHECK_OK(set(member, IP_MULTICAST_ALL, 0));
    send_to(from, GROUP, port);
    CHECK(!got(member));
    CHECK(got(other));
}

// Who has not asked otherwise hears what anybody on this machine has joined.
TEST(multicast_all)
{
    int port = 0, member = receiver(&port), other = receiver(&port);

    CHECK_EQ(get(other, IPPROTO_IP, IP_MULTICAST_ALL), 1);
    CHECK_OK(join(member, GROUP));
    send_to(sender(), GROUP, port);
    CHECK(got(other));
    CHECK_OK(set(other, IP_MULTICAST_ALL, 0));
    send_to(sender(), GROUP, port);
    CHECK(!got(other));
    CHECK_ERRNO(set(other, IP_MULTICAST_ALL, 2), EINVAL);
}

TEST(bound_to_a_group)
{
    struct sockaddr_in address = loopback(0);
    int fd = udp_socket(), from = sender();

    address.sin_addr = address_of(GROUP);
    CHECK_OK(bind(fd, any(&address), sizeof(address)));
    CHECK_OK(join(fd, GROUP));
    CHECK_OK(join(fd, "239.77.0.2"));
    send_to(from, "239.77.0.2", socket_port(fd));
    CHECK(!got(fd));
    send_to(from, GROUP, socket_port(fd));
    CHECK(got(fd));
}

TEST(closing_leaves)
{
    int port = 0, member = receiver(&port), other = receiver(&port);

    CHECK_OK(join(member, GROUP));
    CHECK_OK(close(member));
    send_to(sender(), GROUP, port);
    CHECK(!got(other));
}

TEST(joining_errors)
{
    int fd = udp_socket(), stream = tcp_socket();
    struct ip_mreqn r = request(GROUP);

    CHECK_ERRNO(leave(fd, GROUP), EADDRNOTAVAIL);
    CHECK_OK(join(fd, GROUP));
    CHECK_ERRNO(join(fd, GROUP), EADDRINUSE);
    CHECK_OK(leave(fd, GROUP));
    CHECK_ERRNO(leave(fd, GROUP), EADDRNOTAVAIL);
    CHECK_ERRNO(join(fd, "127.0.0.1"), EINVAL);
    r.imr_ifindex = 9999;
    CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r)),
                ENODEV);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, 7), EINVAL);
    CHECK_ERRNO(join(stream, GROUP), EPROTO);
}

TEST(interface_by_its_address)
{
    struct ip_mreq r = {address_of(GROUP), address_of("127.0.0.1")};
    int port = 0, fd = receiver(&port), from = udp_socket();

    CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &r, sizeof(r)));
    CHECK_ERRNO(join(fd, GROUP), EADDRINUSE);
    CHECK_OK(setsockopt(from, IPPROTO_IP, IP_MULTICAST_IF, &r.imr_interface,
                        sizeof(r.imr_interface)));
    CHECK_EQ(get(from, IPPROTO_IP, IP_MULTICAST_IF),
             (int)htonl(INADDR_LOOPBACK));
    send_to(from, GROUP, port);
    CHECK(got(fd));
    CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &r, sizeof(r)));
}

TEST(so_many_groups)
{
    int most = atoi(read_file("/proc/sys/net/ipv4/igmp_max_memberships"));
    int fd = udp_socket(), i = 0, result = 0;
    char group[20];

    for (; i < 100 && result == 0; i++) {
        snprintf(group, sizeof(group), "239.77.1.%d", i + 1);
        result = join(fd, group);
    }
    CHECK_EQ(errno, ENOBUFS);
    CHECK_EQ(i, most + 1);
}

TEST(interface_errors)
{
    struct ip_mreqn r = {.imr_ifindex = 9999};
    struct in_addr nobodys = address_of("192.0.2.1");
    int fd = udp_socket();

    CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &r, sizeof(r)),
                EADDRNOTAVAIL);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &nobodys, 4),
                EADDRNOTAVAIL);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &nobodys, 3),
                EINVAL);
    r.imr_ifindex = lo();
    CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &r, sizeof(r)));
    nobodys.s_addr = 0;  // none again
    CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &nobodys, 4));
    CHECK_ERRNO(
        setsockopt(tcp_socket(), IPPROTO_IP, IP_MULTICAST_IF, &r, sizeof(r)),
        EINVAL);
}

TEST(ttl_and_loop_values)
{
    int fd = udp_socket();

    CHECK_EQ(get(fd, IPPROTO_IP, IP_MULTICAST_TTL), 1);
    CHECK_OK(set(fd, IP_MULTICAST_TTL, 0));
    CHECK_OK(set(fd, IP_MULTICAST_TTL, 255));
    CHECK_EQ(get(fd, IPPROTO_IP, IP_MULTICAST_TTL), 255);
    CHECK_ERRNO(set(fd, IP_MULTICAST_TTL, 256), EINVAL);
    CHECK_ERRNO(set(fd, IP_MULTICAST_TTL, -2), EINVAL);
    CHECK_OK(set(fd, IP_MULTICAST_TTL, -1));
    CHECK_EQ(get(fd, IPPROTO_IP, IP_MULTICAST_TTL), 1);
    CHECK_ERRNO(set(tcp_socket(), IP_MULTICAST_TTL, 3), EINVAL);
    CHECK_EQ(get(fd, IPPROTO_IP, IP_MULTICAST_LOOP), 1);
    CHECK_OK(set(fd, IP_MULTICAST_LOOP, 0));
    CHECK_EQ(get(fd, IPPROTO_IP, IP_MULTICAST_LOOP), 0);
}

TEST(ttl_is_the_groups_own)
{
    struct iovec in = {(char[8]){0}, 8};
    char control[64] __attribute__((aligned(8)));
    struct msghdr message = {.msg_iov = &in,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    int port = 0, fd = receiver(&port), from = sender(), ttl;

    CHECK_OK(join(fd, GROUP));
    CHECK_OK(set(fd, IP_RECVTTL, 1));
    CHECK_OK(set(from, IP_TTL, 77));
    CHECK_OK(set(from, IP_MULTICAST_TTL, 5));
    send_to(from, GROUP, port);
    CHECK_EQ(recvmsg(fd, &message, MSG_DONTWAIT), 4);
    memcpy(&ttl, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(ttl));
    CHECK_EQ(ttl, 5);
}

// ---- sources ----

static int source(int fd, int option, const char *address)
{
    struct ip_mreq_source r = {.imr_multiaddr = address_of(GROUP),
                               .imr_interface = address_of("127.0.0.1"),
                               .imr_sourceaddr = address_of(address)};
    return setsockopt(fd, IPPROTO_IP, option, &r, sizeof(r));
}

static int sender_at(const char *address)
{
    struct sockaddr_in local = loopback(0);
    int fd = sender();

    local.sin_addr = address_of(address);
    CHECK_OK(bind(fd, any(&local), sizeof(local)));
    return fd;
}

TEST(only_some_sources)
{
    int port = 0, fd = receiver(&port);
    int one = sender_at("127.0.0.1"), two = sender_at("127.0.0.2");

    CHECK_OK(source(fd, IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.2"));
    send_to(one, GROUP, port);
    CHECK(!got(fd));
    send_to(two, GROUP, port);
    CHECK(got(fd));
    CHECK_OK(source(fd, IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.1"));
    send_to(one, GROUP, port);
    CHECK(got(fd));
    CHECK_ERRNO(source(fd, IP_ADD_SOURCE_MEMBERSHIP, "127.0.0.1"),
                EADDRNOTAVAIL);
    CHECK_ERRNO(source(fd, IP_BLOCK_SOURCE, "127.0.0.1"), EINVAL);
    CHECK_OK(source(fd, IP_DROP_SOURCE_MEMBERSHIP, "127.0.0.1"));
    CHECK_OK(source(fd, IP_DROP_SOURCE_MEMBERSHIP, "127.0.0.2"));
    CHECK_ERRNO(source(fd, IP_DROP_SOURCE_MEMBERSHIP, "127.0.0.2"), EINVAL);
    CHECK_ERRNO(leave(fd, GROUP), EADDRNOTAVAIL);  // with the last source
}

TEST(blocked_sources)
{
    int port = 0, fd = receiver(&port);
    int one = sender_at("127.0.0.1"), two = sender_at("127.0.0.2");

    CHECK_ERRNO(source(fd, IP_BLOCK_SOURCE, "127.0.0.2"), EINVAL);
    CHECK_OK(join(fd, GROUP));
    CHECK_OK(source(fd, IP_BLOCK_SOURCE, "127.0.0.2"));
    send_to(two, GROUP, port);
    CHECK(!got(fd));
    send_to(one, GROUP, port);
    CHECK(got(fd));
    CHECK_ERRNO(source(fd, IP_BLOCK_SOURCE, "127.0.0.2"), EADDRNOTAVAIL);
    CHECK_OK(source(fd, IP_UNBLOCK_SOURCE, "127.0.0.2"));
    CHECK_ERRNO(source(fd, IP_UNBLOCK_SOURCE, "127.0.0.2"), EADDRNOTAVAIL);
    send_to(two, GROUP, port);
    CHECK(got(fd));
}

TEST(rfc3678)
{
    struct group_req group = {.gr_interface = lo()};
    struct group_source_req of = {.gsr_interface = lo()};
    struct sockaddr_in *address = (void *)&group.gr_group;
    int port = 0, fd = receiver(&port), one = sender_at("127.0.0.1");

    address->sin_family = AF_INET;
    address->sin_addr = address_of(GROUP);
    CHECK_OK(
        setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &group, sizeof(group)));
    send_to(one, GROUP, port);
    CHECK(got(fd));
    of.gsr_group = group.gr_group;
    of.gsr_source = group.gr_group;
    ((struct sockaddr_in *)&of.gsr_source)->sin_addr = address_of("127.0.0.1");
    CHECK_OK(setsockopt(fd, IPPROTO_IP, MCAST_BLOCK_SOURCE, &of, sizeof(of)));
    send_to(one, GROUP, port);
    CHECK(!got(fd));
    CHECK_OK(setsockopt(fd, IPPROTO_IP, MCAST_UNBLOCK_SOURCE, &of, sizeof(of)));
    CHECK_OK(
        setsockopt(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, &group, sizeof(group)));
    CHECK_OK(
        setsockopt(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &of, sizeof(of)));
    send_to(one, GROUP, port);
    CHECK(got(fd));
    CHECK_OK(
        setsockopt(fd, IPPROTO_IP, MCAST_LEAVE_SOURCE_GROUP, &of, sizeof(of)));
    CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &group, 8),
                EINVAL);
}

// ---- IPv6 ----

static struct sockaddr_in6 group6(int port)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                   .sin6_port = htons(port)};
    CHECK_EQ(inet_pton(AF_INET6, GROUP6, &address.sin6_addr), 1);
    return address;
}

static int join6(int fd, int option)
{
    struct ipv6_mreq r = {.ipv6mr_multiaddr = group6(0).sin6_addr,
                          .ipv6mr_interface = lo()};
    return setsockopt(fd, IPPROTO_IPV6, option, &r, sizeof(r));
}

TEST(members_receive_by_ipv6)
{
    struct sockaddr_in6 local = {.sin6_family = AF_INET6}, to;
    int fd = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0)), index = lo(), off = 0;
    int from = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
    socklen_t length = sizeof(local);

    CHECK_OK(bind(fd, (void *)&local, sizeof(local)));
    CHECK_OK(getsockname(fd, (void *)&local, &length));
    to = group6(ntohs(local.sin6_port));
    CHECK_OK(setsockopt(from, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, 4));
    CHECK_EQ(get(from, IPPROTO_IPV6, IPV6_MULTICAST_IF), index);
    CHECK_OK(join6(fd, IPV6_JOIN_GROUP));
    CHECK_ERRNO(join6(fd, IPV6_JOIN_GROUP), EADDRINUSE);
    if (sendto(from, "data", 4, 0, (void *)&to, sizeof(to)) < 0 && !on_wharf())
        skip("lo has no route to groups");
    CHECK(got(fd));
    CHECK_OK(join6(fd, IPV6_LEAVE_GROUP));
    CHECK_ERRNO(join6(fd, IPV6_LEAVE_GROUP), EADDRNOTAVAIL);
    CHECK_OK(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, &off, 4));
    CHECK_EQ(sendto(from, "data", 4, 0, (void *)&to, sizeof(to)), 4);
    CHECK(!got(fd));
}

TEST(values_of_ipv6)
{
    int fd = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0)), value;
    struct ipv6_mreq r = {.ipv6mr_interface = lo()};

    CHECK_EQ(get(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 1);
    CHECK_EQ(get(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP), 1);
    CHECK_EQ(get(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF), 0);
    value = 9;
    CHECK_OK(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &value, 4));
    CHECK_EQ(get(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 9);
    value = 256;
    CHECK_ERRNO(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &value, 4),
                EINVAL);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &value, 4),
                EINVAL);
    value = 9999;
    CHECK_ERRNO(setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &value, 4),
                ENODEV);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &r, sizeof(r)),
                EINVAL);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &r, 16), EINVAL);
}

// ---- what the system tells ----

TEST(proc_net_igmp)
{
    int fd = udp_socket();

    CHECK_OK(join(fd, GROUP));
    CHECK(strstr(read_file("/proc/net/igmp"), "01004DEF") != NULL);
    CHECK_OK(leave(fd, GROUP));
    CHECK(strstr(read_file("/proc/net/igmp"), "01004DEF") == NULL);
    fd = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
    CHECK_OK(join6(fd, IPV6_JOIN_GROUP));
    CHECK(strstr(read_file("/proc/net/igmp6"),
                 "ff150000000000000000000000000077") != NULL);
}
