// SPDX-License-Identifier: MIT
//
// AF_PACKET, packet(7), on the loopback interface: creating and binding, what
// is seen of packets, sending frames, options and statistics. Rings are in
// packet_ring.c.
#include "harness.h"

#include "bpf.h"
#include "private_network.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>

#define PROTOCOL_OF_OURS 0x88b5  // for local experiments, IEEE 802

static int lo;  // its interface index
static unsigned char frame[4096];
static struct sockaddr_ll from;

// A socket that hears a protocol on lo.
static int packet_socket(int type, int protocol)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = htons(protocol)};

    if (!lo) {
        private_network();
        lo = interface_index("lo");
    }
    int fd = socket(AF_PACKET, type, 0);
    if (fd < 0 && errno == EPERM && !on_wharf())
        skip("needs root");
    CHECK_OK(fd);
    address.sll_ifindex = lo;
    CHECK_OK(bind(fd, (void *)&address, sizeof(address)));
    return fd;
}

static ssize_t receive(int fd, int flags)
{
    socklen_t length = sizeof(from);

    memset(&from, 0xee, sizeof(from));
    ssize_t n =
        recvfrom(fd, frame, sizeof(frame), flags, (void *)&from, &length);
    if (n >= 0)
        CHECK_EQ(length, sizeof(from));
    return n;
}

static struct sockaddr_ll to_lo(int protocol)
{
    return (struct sockaddr_ll){.sll_family = AF_PACKET,
                                .sll_protocol = htons(protocol),
                                .sll_ifindex = lo,
                                .sll_halen = 6};
}

// ---- creating and binding ----

TEST(for_root_only)
{
    packet_socket(SOCK_RAW, ETH_P_ALL);
    CHECK_OK(setuid(65534));
    CHECK_ERRNO(socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), EPERM);
    CHECK_ERRNO(socket(AF_PACKET, SOCK_DGRAM, 0), EPERM);
}

TEST(what_it_is_not)
{
    struct sockaddr_ll address;
    socklen_t length = sizeof(address);
    int fd = packet_socket(SOCK_DGRAM, ETH_P_ALL), pair[2], value = -1;

    CHECK_ERRNO(socket(AF_PACKET, SOCK_STREAM, 0), ESOCKTNOSUPPORT);
    CHECK_ERRNO(socketpair(AF_PACKET, SOCK_RAW, 0, pair), EOPNOTSUPP);
    address = to_lo(ETH_P_ALL);
    CHECK_ERRNO(connect(fd, (void *)&address, sizeof(address)), EOPNOTSUPP);
    CHECK_ERRNO(listen(fd, 1), EOPNOTSUPP);
    CHECK_ERRNO(accept(fd, NULL, NULL), EOPNOTSUPP);
    CHECK_ERRNO(shutdown(fd, SHUT_RDWR), EOPNOTSUPP);
    CHECK_ERRNO(getpeername(fd, (void *)&address, &length), EOPNOTSUPP);
    length = sizeof(value);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &length));
    CHECK_EQ(value, AF_PACKET);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &value, &length));
    CHECK_EQ(value, 0);
    CHECK_ERRNO(getsockopt(fd, SOL_PACKET, 999, &value, &length), ENOPROTOOPT);
    CHECK_ERRNO(getsockopt(fd, IPPROTO_IP, 1, &value, &length), ENOPROTOOPT);
}

TEST(bind)
{
    struct sockaddr_ll address, got;
    socklen_t length = sizeof(got);
    int fd = packet_socket(SOCK_RAW, ETH_P_IP);

    memset(&got, 0xee, sizeof(got));
    CHECK_OK(getsockname(fd, (void *)&got, &length));
    CHECK_EQ(length, 18);
    CHECK_EQ(got.sll_family, AF_PACKET);
    CHECK_EQ(got.sll_protocol, htons(ETH_P_IP));
    CHECK_EQ(got.sll_ifindex, lo);
    CHECK_EQ(got.sll_hatype, ARPHRD_LOOPBACK);
    CHECK_EQ(got.sll_pkttype, 0);
    CHECK_EQ(got.sll_halen, 6);
    CHECK_MEMORY(got.sll_addr, "\0\0\0\0\0\0\xee\xee", 8);

    address = to_lo(ETH_P_ALL);
    address.sll_ifindex = 12345;
    CHECK_ERRNO(bind(fd, (void *)&address, sizeof(address)), ENODEV);
    CHECK_ERRNO(bind(fd, (void *)&address, sizeof(address) - 1), EINVAL);
    address.sll_family = AF_INET;
    CHECK_ERRNO(bind(fd, (void *)&address, sizeof(address)), EINVAL);
    // To all interfaces, with the protocol that it has.
    address = to_lo(0);
    address.sll_ifindex = 0;
    CHECK_OK(bind(fd, (void *)&address, sizeof(address)));
    length = sizeof(got);
    CHECK_OK(getsockname(fd, (void *)&got, &length));
    CHECK_EQ(length, 12);
    CHECK_EQ(got.sll_ifindex, 0);
    CHECK_EQ(got.sll_protocol, htons(ETH_P_IP));
}

// ---- what is seen ----

static int udp[2];

static void send_datagram(const char *text)
{
    if (!udp[0])
        udp_pair(udp);
    CHECK_EQ(send(udp[0], text, strlen(text), 0), (ssize_t)strlen(text));
}

// The frame is a datagram from us with this text.
static void check_datagram(const unsigned char *packet, ssize_t length,
                           const char *text)
{
    const struct iphdr *ip = (const void *)packet;
    const struct udphdr *header = (const void *)(ip + 1);

    CHECK_EQ(length, (ssize_t)(28 + strlen(text)));
    CHECK_EQ(ip->version, 4);
    CHECK_EQ(ip->protocol, IPPROTO_UDP);
    CHECK_EQ(ntohs(ip->tot_len), length);
    CHECK_EQ(ntohl(ip->saddr), INADDR_LOOPBACK);
    CHECK_EQ(ntohs(header->dest), socket_port(udp[1]));
    CHECK_MEMORY(header + 1, text, strlen(text));
}

static void check_from(int type)
{
    CHECK_EQ(from.sll_family, AF_PACKET);
    CHECK_EQ(from.sll_protocol, htons(ETH_P_IP));
    CHECK_EQ(from.sll_ifindex, lo);
    CHECK_EQ(from.sll_hatype, ARPHRD_LOOPBACK);
    CHECK_EQ(from.sll_pkttype, type);
    CHECK_EQ(from.sll_halen, 6);
    CHECK_MEMORY(from.sll_addr, "\0\0\0\0\0\0", 6);
}

TEST(all_is_seen_going_and_coming)
{
    int fd = packet_socket(SOCK_RAW, ETH_P_ALL);

    send_datagram("hello");
    ssize_t n = receive(fd, MSG_DONTWAIT);
    CHECK_MEMORY(frame, "\0\0\0\0\0\0\0\0\0\0\0\0\x08\0", 14);
    check_datagram(frame + 14, n - 14, "hello");
    check_from(PACKET_OUTGOING);
    n = receive(fd, MSG_DONTWAIT);
    check_datagram(frame + 14, n - 14, "hello");
    check_from(PACKET_HOST);
    CHECK_ERRNO(receive(fd, MSG_DONTWAIT), EAGAIN);
}

TEST(one_protocol_is_seen_coming)
{
    int fd = packet_socket(SOCK_DGRAM, ETH_P_IP);
    int other = packet_socket(SOCK_DGRAM, ETH_P_ARP);
    int none = packet_socket(SOCK_DGRAM, 0);

    send_datagram("hello");
    check_datagram(frame, receive(fd, MSG_DONTWAIT), "hello");
    check_from(PACKET_HOST);
    CHECK_ERRNO(receive(fd, MSG_DONTWAIT), EAGAIN);
    CHECK_ERRNO(receive(other, MSG_DONTWAIT), EAGAIN);
    CHECK_ERRNO(receive(none, MSG_DONTWAIT), EAGAIN);
}

TEST(outgoing_is_ignored_on_request)
{
    int fd = packet_socket(SOCK_DGRAM, ETH_P_ALL), one = 1;

    CHECK_OK(setsockopt(fd, SOL_PACKET, 23, &one, sizeof(one)));
    send_datagram("hello");
    CHECK_EQ(receive(fd, MSG_DONTWAIT), 33);
    CHECK_EQ(from.sll_pkttype, PACKET_HOST);
    CHECK_ERRNO(receive(fd, MSG_DONTWAIT), EAGAIN);
}

TEST(another_interface_is_not_heard)
{
    struct sockaddr_ll address = to_lo(ETH_P_ALL);
    int fd = packet_socket(SOCK_RAW, ETH_P_ALL);

    address.sll_ifindex = interface_index("eth0");
    if (!address.sll_ifindex)
        skip("lo is alone");
    CHECK_OK(bind(fd, (void *)&address, sizeof(address)));
    send_datagram("hello");
    for (int i = 0; receive(fd, MSG_DONTWAIT) >= 0 && i < 100; i++)
        CHECK_EQ(from.sll_ifindex, address.sll_ifindex);
}

TEST(lengths_and_flags)
{
    int fd = packet_socket(SOCK_DGRAM, ETH_P_IP);

    send_datagram("hello");
    CHECK_EQ(recv(fd, frame, 10, MSG_PEEK), 10);
    CHECK_EQ(recv(fd, frame, 10, MSG_PEEK | MSG_TRUNC), 33);
    struct iovec part = {frame, 10};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    CHECK_EQ(recvmsg(fd, &message, MSG_PEEK), 10);
    CHECK_EQ(message.msg_flags, MSG_TRUNC);
    CHECK_ERRNO(recv(fd, frame, 10, MSG_OOB), EINVAL);
    CHECK_ERRNO(recv(fd, frame, 10, MSG_WAITALL), EINVAL);
    CHECK_ERRNO(recv(fd, frame, 10, MSG_ERRQUEUE), EAGAIN);
    int next = 0;
    CHECK_OK(ioctl(fd, FIONREAD, &next));
    CHECK_EQ(next, 33);
    CHECK_EQ(poll_events(fd, POLLIN | POLLOUT, 0), POLLIN | POLLOUT);
    if (on_wharf())  // a bad pointer costs nothing
        CHECK_ERRNO(recv(fd, bad_pointer(), 10, 0), EFAULT);
    CHECK_EQ(read(fd, frame, 10), 10);  // the rest is lost
    CHECK_EQ(poll_events(fd, POLLIN, 0), 0);
    CHECK_OK(ioctl(fd, FIONREAD, &next));
    CHECK_EQ(next, 0);
}

TEST(wait_for_a_frame)
{
    int fd = packet_socket(SOCK_DGRAM, ETH_P_IP);
    udp_pair(udp);
    pid_t child = fork_child();

    if (child == 0) {
        check_datagram(frame, receive(fd, 0), "late");
        _exit(0);
    }
    wait_asleep(child);
    send_datagram("late");
    wait_child(child);
}

TEST(filter)
{
    int fd = packet_socket(SOCK_RAW, ETH_P_ALL);

    // Only what comes in, on lo, as IP; the headers of it.
    CHECK_OK(attach(
        fd,
        PROGRAM(LOAD_WORD(PACKET_TYPE), SKIP_UNLESS_EQUAL(PACKET_HOST, 11),
                LOAD_WORD(INTERFACE), SKIP_UNLESS_EQUAL((uint32_t)lo, 9),
                LOAD_WORD(PROTOCOL), SKIP_UNLESS_EQUAL(ETH_P_IP, 7),
                LOAD_WORD(HARDWARE_TYPE), SKIP_UNLESS_EQUAL(ARPHRD_LOOPBACK, 5),
                LOAD_BYTE(NETWORK_HEADER + 9), SKIP_UNLESS_EQUAL(17, 3),
                LOAD_HALF(LINK_HEADER + 12), SKIP_UNLESS_EQUAL(ETH_P_IP, 1),
                RETURN(14 + 28), RETURN(0))));
    send_datagram("hello");
    CHECK_EQ(recv(fd, frame, sizeof(frame), MSG_DONTWAIT | MSG_TRUNC), 42);
    CHECK_ERRNO(receive(fd, MSG_DONTWAIT), EAGAIN);
    // Where the payload begins.
    CHECK_OK(attach(fd, PROGRAM(LOAD_WORD(PAYLOAD_OFFSET), RETURN_A)));
    send_datagram("hello");
    CHECK_EQ(receive(fd, MSG_DONTWAIT), 42);
}

TEST(filter_of_packets)
{
    int fd = packet_socket(SOCK_DGRAM, ETH_P_IP);

    CHECK_OK(attach(fd, PROGRAM(LOAD_BYTE(9), SKIP_UNLESS_EQUAL(17, 5),
                                LOAD_HALF(LINK_HEADER + 12),
                                SKIP_UNLESS_EQUAL(ETH_P_IP, 3),
                                LOAD_WORD(PAYLOAD_OFFSET), SUBTRACT(1),
                                RETURN_A, RETURN(0))));
    send_datagram("hello");
    CHECK_EQ(receive(fd, MSG_DONTWAIT), 27);
}

// ---- where the payload begins ----

static const struct {
    const char *what;
    int protocol;
    size_t length;
    const unsigned char bytes[64];  // behind the link header
    size_t payload;                 // offset from there
} rows[] = {
    {"TCP", ETH_P_IP, 48, {0x45, [9] = 6, [32] = 0x50}, 40},
    {"TCP with options", ETH_P_IP, 60, {0x45, [9] = 6, [32] = 0x80}, 52},
    {"TCP with a length of 0", ETH_P_IP, 60, {0x45, [9] = 6}, 40},
    {"IP with options", ETH_P_IP, 60, {0x46, [9] = 17}, 32},
    {"ICMP", ETH_P_IP, 60, {0x45, [9] = 1}, 28},
    {"another protocol", ETH_P_IP, 60, {0x45, [9] = 200}, 20},
    {"a later fragment", ETH_P_IP, 60, {0x45, [7] = 5, [9] = 17}, 20},
    {"UDP over IPv6", ETH_P_IPV6, 60, {0x60, [6] = 17}, 48},
    {"behind options", ETH_P_IPV6, 64, {0x60, [6] = 0, [40] = 17}, 56},
    {"behind a route", ETH_P_IPV6, 64, {0x60, [6] = 60, [40] = 17}, 56},
};

TEST(payload_offsets)
{
    int fd = packet_socket(SOCK_RAW, ETH_P_ALL), one = 1;

    CHECK_OK(setsockopt(fd, SOL_PACKET, 23, &one, sizeof(one)));
    CHECK_OK(attach(fd, PROGRAM(LOAD_WORD(PAYLOAD_OFFSET), RETURN_A)));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sockaddr_ll to = to_lo(rows[i].protocol);
        int packets = CHECK_OK(socket(AF_PACKET, SOCK_DGRAM, 0));

        CHECK_OK(sendto(packets, rows[i].bytes, rows[i].length, 0, (void *)&to,
                        sizeof(to)));
        close(packets);
        ssize_t n = receive(fd, MSG_DONTWAIT);
        if (n != 14 + (ssize_t)rows[i].payload)
            FAIL("%s: got %zd, wanted %zu", rows[i].what, n - 14,
                 rows[i].payload);
    }
}

// ---- sending ----

static unsigned char ours[60] = {0, 0, 0, 0, 0,    0,    0,   0,
                                 0, 0, 0, 0, 0x88, 0xb5, 'o', 'u'};

TEST(frames_are_sent_as_they_are)
{
    int fd = packet_socket(SOCK_RAW, PROTOCOL_OF_OURS);
    int all = packet_socket(SOCK_RAW, ETH_P_ALL);

    memcpy(ours + 6, "\2\0\0\0\0\7", 6);
    CHECK_EQ(send(fd, ours, sizeof(ours), 0), sizeof(ours));
    CHECK_EQ(receive(fd, MSG_DONTWAIT), sizeof(ours));
    CHECK_MEMORY(frame, ours, sizeof(ours));
    CHECK_EQ(from.sll_protocol, htons(PROTOCOL_OF_OURS));
    CHECK_EQ(from.sll_pkttype, PACKET_HOST);
    CHECK_MEMORY(from.sll_addr, ours + 6, 6);
    CHECK_ERRNO(receive(fd, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(receive(all, MSG_DONTWAIT), sizeof(ours));
    CHECK_EQ(from.sll_pkttype, PACKET_OUTGOING);
    CHECK_EQ(receive(all, MSG_DONTWAIT), sizeof(ours));
    CHECK_EQ(from.sll_pkttype, PACKET_HOST);
    CHECK_ERRNO(receive(all, MSG_DONTWAIT), EAGAIN);
    // Who sends does not see it go.
    CHECK_EQ(write(all, ours, sizeof(ours)), sizeof(ours));
    CHECK_EQ(receive(all, MSG_DONTWAIT), sizeof(ours));
    CHECK_EQ(from.sll_pkttype, PACKET_HOST);
    CHECK_ERRNO(receive(all, MSG_DONTWAIT), EAGAIN);
}

TEST(kinds_of_destination)
{
    static const struct {
        unsigned char address[6];
        int type;
    } rows[] = {{{0}, PACKET_HOST},
                // Not lo's broadcast address, which is zero.
                {{255, 255, 255, 255, 255, 255}, PACKET_MULTICAST},
                {{1, 0, 0x5e, 0, 0, 1}, PACKET_MULTICAST},
                {{2, 0, 0, 0, 0, 1}, PACKET_OTHERHOST}};
    int fd = packet_socket(SOCK_RAW, PROTOCOL_OF_OURS);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memcpy(ours, rows[i].address, 6);
        CHECK_EQ(send(fd, ours, sizeof(ours), 0), sizeof(ours));
        CHECK_EQ(receive(fd, MSG_DONTWAIT), sizeof(ours));
        CHECK_EQ(from.sll_pkttype, rows[i].type);
    }
}

TEST(packets_get_a_header)
{
    int fd = packet_socket(SOCK_DGRAM, ETH_P_IP);
    int raw = packet_socket(SOCK_RAW, PROTOCOL_OF_OURS);
    struct sockaddr_ll to = to_lo(PROTOCOL_OF_OURS);

    memcpy(to.sll_addr, "\1\2\3\4\5\6", 6);
    CHECK_EQ(sendto(fd, "data", 4, 0, (void *)&to, sizeof(to)), 4);
    CHECK_EQ(receive(raw, MSG_DONTWAIT), 18);
    CHECK_MEMORY(frame,
                 "\1\2\3\4\5\6\0\0\0\0\0\0\x88\xb5"
                 "data",
                 18);
}

TEST(what_cannot_be_sent)
{
    static char large[70000];
    struct sockaddr_ll to;
    int fd = packet_socket(SOCK_RAW, PROTOCOL_OF_OURS);
    int packets = packet_socket(SOCK_DGRAM, PROTOCOL_OF_OURS);
    int unbound = CHECK_OK(socket(AF_PACKET, SOCK_RAW, 0));

    CHECK_ERRNO(send(unbound, ours, sizeof(ours), 0), ENXIO);
    to = to_lo(PROTOCOL_OF_OURS);
    CHECK_EQ(sendto(unbound, ours, sizeof(ours), 0, (void *)&to, sizeof(to)),
             sizeof(ours));
    CHECK_ERRNO(sendto(fd, ours, sizeof(ours), 0, (void *)&to, 19), EINVAL);
    to.sll_ifindex = 12345;
    CHECK_ERRNO(sendto(fd, ours, sizeof(ours), 0, (void *)&to, sizeof(to)),
                ENXIO);
    CHECK_ERRNO(send(fd, ours, 13, 0), EINVAL);
    CHECK_ERRNO(send(fd, ours, 0, 0), EINVAL);
    CHECK_EQ(send(fd, ours, 14, 0), 14);
    CHECK_ERRNO(send(fd, large, sizeof(large), 0), EMSGSIZE);
    CHECK_ERRNO(send(packets, large, sizeof(large), 0), EMSGSIZE);
    CHECK_ERRNO(send(fd, bad_pointer(), 60, 0), EFAULT);
}

// Either all of it is sent, or nothing: lengths near what 16 bits can count.
TEST(lengths_near_the_largest)
{
    static char large[66000];
    int fd = packet_socket(SOCK_RAW, PROTOCOL_OF_OURS);
    struct sockaddr_ll to = to_lo(PROTOCOL_OF_OURS);
    int packets = packet_socket(SOCK_DGRAM, PROTOCOL_OF_OURS);

    memcpy(large, ours, sizeof(ours));
    for (int n = 65500; n < 65560; n++) {
        ssize_t sent = send(fd, large, n, 0);
        CHECK(sent == n || (sent == -1 && errno == EMSGSIZE));
        sent = sendto(packets, large, n, 0, (void *)&to, sizeof(to));
        CHECK(sent == n || (sent == -1 && errno == EMSGSIZE));
    }
}

// ---- options ----

static struct tpacket_stats {
    unsigned packets, drops;
} stats;

static void get_stats(int fd)
{
    socklen_t length = sizeof(stats);

    CHECK_OK(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &length));
    CHECK_EQ(length, sizeof(stats));
}

TEST(statistics)
{
    int fd = packet_socket(SOCK_RAW, PROTOCOL_OF_OURS), least = 1;
    unsigned received = 0;

    memset(ours, 0, 6);
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)));
    for (int i = 0; i < 100; i++)
        CHECK_EQ(send(fd, ours, sizeof(ours), 0), sizeof(ours));
    while (receive(fd, MSG_DONTWAIT) >= 0)
        received++;
    get_stats(fd);
    CHECK_EQ(stats.packets, 100);
    CHECK_EQ(stats.drops, 100 - received);
    CHECK_BETWEEN(received, 1, 50);
    get_stats(fd);
    CHECK_EQ(stats.packets, 0);
    CHECK_EQ(stats.drops, 0);
    // What a filter drops does not count.
    CHECK_OK(attach(fd, PROGRAM(RETURN(0))));
    CHECK_EQ(send(fd, ours, sizeof(ours), 0), sizeof(ours));
    get_stats(fd);
    CHECK_EQ(stats.packets, 0);
}

// The first item of ancillary data with the next frame.
static struct cmsghdr *receive_control(int fd)
{
    static char control[256] __attribute__((aligned(8)));
    struct iovec all = {frame, sizeof(frame)};
    struct msghdr message = {.msg_iov = &all,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};

    CHECK_OK(recvmsg(fd, &message, MSG_DONTWAIT));
    return CMSG_FIRSTHDR(&message);
}

TEST(auxiliary_data)
{
    int fd = packet_socket(SOCK_RAW, PROTOCOL_OF_OURS), one = 1;
    struct {
        uint32_t status, length, captured;
        uint16_t mac, net, tci, tpid;
    } data;

    CHECK_OK(attach(fd, PROGRAM(RETURN(20))));
    CHECK_EQ(send(fd, ours, sizeof(ours), 0), sizeof(ours));
    CHECK(!receive_control(fd));
    CHECK_OK(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)));
    CHECK_EQ(send(fd, ours, sizeof(ours), 0), sizeof(ours));
    struct cmsghdr *item = receive_control(fd);
    CHECK(item);
    CHECK_EQ(item->cmsg_level, SOL_PACKET);
    CHECK_EQ(item->cmsg_type, PACKET_AUXDATA);
    CHECK_EQ(item->cmsg_len, CMSG_LEN(sizeof(data)));
    memcpy(&data, CMSG_DATA(item), sizeof(data));
    CHECK_EQ(data.status & 1, 1);
    CHECK_EQ(data.length, sizeof(ours));
    CHECK_EQ(data.captured, 20);
    CHECK_EQ(data.net, 14);
    CHECK_EQ(data.tci, 0);
}

TEST(timestamp)
{
    int fd = packet_socket(SOCK_RAW, PROTOCOL_OF_OURS), one = 1;

    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMP, &one, sizeof(one)));
    CHECK_EQ(send(fd, ours, sizeof(ours), 0), sizeof(ours));
    struct cmsghdr *item = receive_control(fd);
    CHECK(item);
    CHECK_EQ(item->cmsg_level, SOL_SOCKET);
    CHECK_EQ(item->cmsg_type, SO_TIMESTAMP);
}

static int membership(int fd, int what, int index, int type, int length)
{
    struct packet_mreq request = {.mr_ifindex = index,
                                  .mr_type = type,
                                  .mr_alen = length,
                                  .mr_address = {1, 0, 0x5e, 0, 0, 9}};
    return setsockopt(fd, SOL_PACKET, what, &request, sizeof(request));
}

TEST(memberships)
{
    int fd = packet_socket(SOCK_RAW, PROTOCOL_OF_OURS);

    CHECK_OK(membership(fd, PACKET_ADD_MEMBERSHIP, lo, PACKET_MR_PROMISC, 0));
    CHECK_OK(membership(fd, PACKET_ADD_MEMBERSHIP, lo, PACKET_MR_PROMISC, 0));
    CHECK_OK(membership(fd, PACKET_DROP_MEMBERSHIP, lo, PACKET_MR_PROMISC, 0));
    CHECK_OK(membership(fd, PACKET_DROP_MEMBERSHIP, lo, PACKET_MR_PROMISC, 0));
    CHECK_OK(membership(fd, PACKET_ADD_MEMBERSHIP, lo, PACKET_MR_ALLMULTI, 0));
    CHECK_OK(membership(fd, PACKET_ADD_MEMBERSHIP, lo, PACKET_MR_MULTICAST, 6));
    CHECK_OK(
        membership(fd, PACKET_DROP_MEMBERSHIP, lo, PACKET_MR_MULTICAST, 6));
    CHECK_ERRNO(
        membership(fd, PACKET_ADD_MEMBERSHIP, 12345, PACKET_MR_PROMISC, 0),
        ENODEV);
    CHECK_ERRNO(
        membership(fd, PACKET_ADD_MEMBERSHIP, lo, PACKET_MR_MULTICAST, 5),
        EINVAL);
    CHECK_ERRNO(
        membership(fd, PACKET_ADD_MEMBERSHIP, lo, PACKET_MR_MULTICAST, 7),
        EINVAL);
    CHECK_ERRNO(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &lo, 15),
                EINVAL);
}

TEST(proc)
{
    char line[100];
    int fd = packet_socket(SOCK_RAW, PROTOCOL_OF_OURS);

    snprintf(line, sizeof(line), " 3    88b5   %-5d 1 ", lo);
    CHECK(strstr(read_file("/proc/net/packet"),
                 "sk               RefCnt Type Proto"));
    CHECK(strstr(read_file("/proc/net/packet"), line));
    close(fd);
    CHECK(!strstr(read_file("/proc/net/packet"), line));
}
