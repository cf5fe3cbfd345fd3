// SPDX-License-Identifier: MIT
//
// /dev/net/tun: interfaces that the test makes, and on whose wire it sits: what
// it writes arrives, what it reads was sent.
#include "harness.h"

#include "private_network.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

// What <linux/if_tun.h> has, which musl lacks.
#define TUNSETIFF      0x400454ca
#define TUNSETPERSIST  0x400454cb
#define TUNSETOWNER    0x400454cc
#define TUNGETFEATURES 0x800454cf
#define TUNGETIFF      0x800454d2
#define TUN            0x0001
#define TAP            0x0002
#define NO_PI          0x1000
#define VNET_HDR       0x4000
#define EXCLUSIVE      0x8000

#define QUEUE 500  // frames that wait for a reader

static const struct in_addr ours = {0x0100002e}, theirs = {0x0200002e};
static char name[IFNAMSIZ];  // of the interface made last
static unsigned char packet[2048];

static int open_tun(void)
{
    static bool prepared;

    if (!prepared) {
        private_network();
        prepared = true;
    }
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    if (fd < 0 && !on_wharf())
        skip("/dev/net/tun cannot be opened");
    return CHECK_OK(fd);
}

static int set_interface(int fd, const char *wanted, int flags)
{
    struct ifreq request = {.ifr_flags = flags};

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", wanted);
    int result = ioctl(fd, TUNSETIFF, &request);
    if (result == 0)
        strcpy(name, request.ifr_name);
    return result;
}

static int make(const char *wanted, int flags)
{
    int fd = open_tun();
    CHECK_OK(set_interface(fd, wanted, flags));
    return fd;
}

static void set_flags(const char *which, int set, int clear)
{
    struct ifreq request = {0};
    int fd = udp_socket();

    strcpy(request.ifr_name, which);
    CHECK_OK(ioctl(fd, SIOCGIFFLAGS, &request));
    request.ifr_flags = (request.ifr_flags | set) & ~clear;
    CHECK_OK(ioctl(fd, SIOCSIFFLAGS, &request));
    close(fd);
}

// Up, with 46.0.0.1/24, and without IPv6, which would talk by itself.
static void configure(void)
{
    struct ifreq request = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = ours};
    char path[80];
    int fd = udp_socket();

    snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6",
             name);
    if (access(path, W_OK) == 0)
        write_file(path, "1");
    strcpy(request.ifr_name, name);
    memcpy(&request.ifr_addr, &address, sizeof(address));
    CHECK_OK(ioctl(fd, SIOCSIFADDR, &request));
    address.sin_addr.s_addr = htonl(0xffffff00);
    memcpy(&request.ifr_netmask, &address, sizeof(address));
    CHECK_OK(ioctl(fd, SIOCSIFNETMASK, &request));
    close(fd);
    set_flags(name, IFF_UP, 0);
}

static int make_configured(int flags)
{
    int fd = make(flags & TAP ? "wtap%d" : "wtun%d", flags);
    configure();
    return fd;
}

static uint16_t checksum(const void *data, size_t length, uint32_t sum)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < length; i++)
        sum += i % 2 ? bytes[i] << 8 : bytes[i];
    sum = (sum >> 16) + (sum & 0xffff);
    return ~(sum + (sum >> 16));
}

// An IPv4 header from them to us in front of `length` bytes.
static void fill_ip(struct iphdr *ip, int protocol, size_t length)
{
    *ip = (struct iphdr){.version = 4,
                         .ihl = 5,
                         .tot_len = htons(sizeof(*ip) + length),
                         .ttl = 64,
                         .protocol = protocol,
                         .saddr = theirs.s_addr,
                         .daddr = ours.s_addr};
    ip->check = checksum(ip, sizeof(*ip), 0);
}

// What TCP and UDP put into their checksums of the IP header.
static uint32_t pseudo_sum(const struct iphdr *ip)
{
    return (ip->saddr & 0xffff) + (ip->saddr >> 16) + (ip->daddr & 0xffff) +
           (ip->daddr >> 16) + htons(ip->protocol) +
           htons(ntohs(ip->tot_len) - sizeof(*ip));
}

struct ping {
    struct iphdr ip;
    struct icmphdr icmp;
    char data[8];
};

static struct ping make_ping(int sequence)
{
    struct ping ping = {.icmp = {.type = ICMP_ECHO, .un.echo = {1, sequence}},
                        .data = "harness"};

    fill_ip(&ping.ip, IPPROTO_ICMP, sizeof(ping) - sizeof(ping.ip));
    ping.icmp.checksum =
        checksum(&ping.icmp, sizeof(ping) - sizeof(ping.ip), 0);
    return ping;
}

static void check_pong(const void *data, ssize_t length, int sequence)
{
    struct ping pong;

    CHECK_EQ(length, sizeof(pong));
    memcpy(&pong, data, sizeof(pong));
    CHECK_EQ(pong.ip.saddr, ours.s_addr);
    CHECK_EQ(pong.ip.daddr, theirs.s_addr);
    CHECK_EQ(pong.icmp.type, ICMP_ECHOREPLY);
    CHECK_EQ(pong.icmp.un.echo.sequence, sequence);
    CHECK_EQ(checksum(&pong.icmp, sizeof(pong) - sizeof(pong.ip), 0), 0);
    CHECK_STRING(pong.data, "harness");
}

// Is the machine still there?
static void ping_it(int fd, int sequence)
{
    struct ping ping = make_ping(sequence);

    CHECK_EQ(write(fd, &ping, sizeof(ping)), sizeof(ping));
    check_pong(packet, read(fd, packet, sizeof(packet)), sequence);
}

// ---- making interfaces ----

TEST(before_it_has_an_interface)
{
    int fd = open_tun();
    unsigned features = 0;
    struct ifreq request;

    CHECK_ERRNO(read(fd, packet, sizeof(packet)), EBADFD);
    CHECK_ERRNO(write(fd, packet, sizeof(packet)), EBADFD);
    CHECK_ERRNO(ioctl(fd, TUNGETIFF, &request), EBADFD);
    CHECK_ERRNO(ioctl(fd, TUNSETPERSIST, 1), EBADFD);
    CHECK_EQ(poll_events(fd, POLLIN | POLLOUT, 0), POLLERR);
    CHECK_OK(ioctl(fd, TUNGETFEATURES, &features));
    CHECK_EQ(features & (TUN | TAP | NO_PI), TUN | TAP | NO_PI);
}

TEST(names)
{
    struct ifreq request;
    int one = make("wharf%d", TUN | NO_PI);

    CHECK_STRING(name, "wharf0");
    CHECK_OK(ioctl(one, TUNGETIFF, &request));
    CHECK_STRING(request.ifr_name, "wharf0");
    CHECK_EQ(request.ifr_flags & (TUN | TAP | NO_PI), TUN | NO_PI);
    CHECK_ERRNO(set_interface(one, "other", TUN), EEXIST);
    make("wharf%d", TAP);
    CHECK_STRING(name, "wharf1");
    make("plain", TAP);
    CHECK_STRING(name, "plain");
    make("", TAP);
    CHECK_STRING(name, "tap0");
    make("", TUN);
    CHECK_STRING(name, "tun0");
    CHECK(interface_index("wharf0") != interface_index("wharf1"));
}

TEST(refused)
{
    int fd = open_tun();

    make("taken", TUN);
    CHECK_ERRNO(set_interface(fd, "taken", TUN), EBUSY);
    CHECK_ERRNO(set_interface(fd, "taken", TAP), EINVAL);
    CHECK_ERRNO(set_interface(fd, "lo", TUN), EINVAL);
    CHECK_ERRNO(set_interface(fd, "a/b", TUN), EINVAL);
    CHECK_ERRNO(set_interface(fd, "a%s", TUN), EINVAL);
    CHECK_ERRNO(set_interface(fd, "new", 0), EINVAL);
    CHECK_ERRNO(set_interface(fd, "new", NO_PI), EINVAL);
    if (on_wharf()) {  // which has less to offer
        CHECK_ERRNO(set_interface(fd, "new", TUN | VNET_HDR), EINVAL);
        CHECK_ERRNO(set_interface(fd, "new", TUN | 0x100), EINVAL);
    }
    CHECK_ERRNO(ioctl(fd, TUNSETIFF, bad_pointer()), EFAULT);
    CHECK_EQ(interface_index("new"), 0);
}

TEST(for_root_only)
{
    int fd = open_tun();

    CHECK_OK(setuid(65534));
    CHECK_ERRNO(set_interface(fd, "mine", TUN), EPERM);
}

TEST(or_for_its_owner)
{
    int fd = make("owned", TUN), other = open_tun();

    CHECK_OK(ioctl(fd, TUNSETPERSIST, 1));
    CHECK_OK(ioctl(fd, TUNSETOWNER, 65534));
    CHECK_OK(close(fd));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(setuid(65534));
        CHECK_OK(set_interface(other, "owned", TUN));
        _exit(0);
    }
    wait_child(child);
    close(other);
    fd = make("owned", TUN);
    CHECK_OK(ioctl(fd, TUNSETPERSIST, 0));
}

TEST(it_vanishes_with_its_file)
{
    int fd = make("brief", TAP), index = interface_index("brief");

    CHECK(index > 0);
    CHECK_OK(close(fd));
    CHECK_EQ(interface_index("brief"), 0);
    make("brief", TAP);
    CHECK(interface_index("brief") > 0);
    CHECK(interface_index("brief") != index);
}

TEST(or_stays)
{
    int fd = make("stay", TAP), index = interface_index("stay");

    CHECK_OK(ioctl(fd, TUNSETPERSIST, 1));
    CHECK_OK(close(fd));
    CHECK_EQ(interface_index("stay"), index);
    fd = open_tun();
    CHECK_ERRNO(set_interface(fd, "stay", TUN), EINVAL);
    CHECK_ERRNO(set_interface(fd, "stay", TAP | EXCLUSIVE), EBUSY);
    CHECK_OK(set_interface(fd, "stay", TAP));
    CHECK_EQ(interface_index("stay"), index);
    CHECK_OK(ioctl(fd, TUNSETPERSIST, 0));
    CHECK_OK(close(fd));
    CHECK_EQ(interface_index("stay"), 0);
}

TEST(hundreds_come_and_go)
{
    int last = 0;

    for (int i = 0; i < 300; i++) {
        int fd = make("many%d", i % 2 ? TUN : TAP);
        int index = interface_index(name);

        CHECK(index > 0 && index != last);
        last = index;
        CHECK_OK(close(fd));
    }
}

// ---- frames ----

static bool has_link_local(void)
{
    char line[128];
    bool found = false;
    FILE *file = fopen("/proc/net/if_inet6", "r");
    CHECK(file != NULL);
    while (fgets(line, sizeof(line), file))
        found |= strncmp(line, "fe80", 4) == 0 && strstr(line, name);
    fclose(file);
    return found;
}

TEST(a_tap_gets_a_link_local_address)
{
    int fd = make("wharf%d", TAP | NO_PI);

    CHECK(!has_link_local());
    set_flags(name, IFF_UP, 0);
    CHECK(has_link_local());
    close(fd);
}

TEST(nothing_passes_while_it_is_down)
{
    struct ping ping = make_ping(1);
    int fd = make("down%d", TUN | NO_PI);

    CHECK_ERRNO(write(fd, &ping, sizeof(ping)), EIO);
    CHECK_EQ(poll_events(fd, POLLIN | POLLOUT, 0), 0);
    configure();
    CHECK_EQ(poll_events(fd, POLLIN | POLLOUT, 0), POLLOUT);
    ping_it(fd, 1);
    set_flags(name, 0, IFF_UP);
    CHECK_ERRNO(write(fd, &ping, sizeof(ping)), EIO);
}

TEST(a_ping_is_answered)
{
    int fd = make_configured(TUN | NO_PI);
    struct ping ping = make_ping(7);

    CHECK_ERRNO(read(fd, packet, sizeof(packet)), EAGAIN);
    CHECK_EQ(write(fd, &ping, sizeof(ping)), sizeof(ping));
    CHECK_EQ(poll_events(fd, POLLIN | POLLOUT, 0), POLLIN | POLLOUT);
    check_pong(packet, read(fd, packet, sizeof(packet)), 7);
    CHECK_EQ(poll_events(fd, POLLIN, 0), 0);
}

TEST(with_the_information_in_front)
{
    int fd = make_configured(TUN);
    struct ping ping = make_ping(8);
    uint8_t info[4] = {0, 0, 0x08, 0x00};
    struct iovec parts[] = {{info, 4}, {&ping, 20}, {(char *)&ping + 20, 16}};

    CHECK_EQ(writev(fd, parts, 3), 4 + (ssize_t)sizeof(ping));
    memset(info, 0xee, 4);
    memset(&ping, 0, sizeof(ping));
    CHECK_EQ(readv(fd, parts, 3), 4 + (ssize_t)sizeof(ping));
    CHECK_MEMORY(info, "\0\0\x08\0", 4);
    check_pong(&ping, sizeof(ping), 8);
    CHECK_ERRNO(write(fd, info, 3), EINVAL);
}

TEST(a_short_buffer_cuts)
{
    int fd = make_configured(TUN), bare = open_tun();
    struct {
        uint8_t info[4];
        struct ping ping;
    } sent = {{0, 0, 8, 0}, make_ping(9)};

    CHECK_EQ(write(fd, &sent, sizeof(sent)), sizeof(sent));
    CHECK_EQ(read(fd, packet, 24), 24);
    CHECK_MEMORY(packet, "\1\0\x08\0\x45", 5);  // cut, IPv4
    CHECK_ERRNO(read(fd, packet, 24), EAGAIN);  // the rest is lost
    close(fd);
    CHECK_OK(set_interface(bare, "wtun%d", TUN | NO_PI));
    configure();
    CHECK_EQ(write(bare, &sent.ping, sizeof(sent.ping)), sizeof(sent.ping));
    CHECK_EQ(read(bare, packet, 24), 24);
    CHECK_ERRNO(read(bare, packet, 24), EAGAIN);
}

TEST(a_reader_waits)
{
    int fd = make_configured(TUN | NO_PI);
    struct ping ping = make_ping(3);

    CHECK_OK(fcntl(fd, F_SETFL, 0));
    pid_t child = fork_child();
    if (child == 0) {
        check_pong(packet, read(fd, packet, sizeof(packet)), 3);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_EQ(write(fd, &ping, sizeof(ping)), sizeof(ping));
    wait_child(child);
}

TEST(datagrams_pass)
{
    struct {
        struct iphdr ip;
        struct udphdr udp;
        char data[4];
    } datagram = {.data = "tun"};
    int fd = make_configured(TUN | NO_PI), socket = udp_socket();
    struct sockaddr_in us = {.sin_family = AF_INET}, from;
    socklen_t length = sizeof(from);

    CHECK_OK(bind(socket, (void *)&us, sizeof(us)));
    datagram.udp.source = htons(4000);
    datagram.udp.dest = htons(socket_port(socket));
    datagram.udp.len = htons(12);
    fill_ip(&datagram.ip, IPPROTO_UDP, 12);
    datagram.udp.check = checksum(&datagram.udp, 12, pseudo_sum(&datagram.ip));
    CHECK_EQ(write(fd, &datagram, sizeof(datagram)), sizeof(datagram));
    CHECK_EQ(recvfrom(socket, packet, sizeof(packet), MSG_DONTWAIT,
                      (void *)&from, &length),
             4);
    CHECK_STRING((char *)packet, "tun");
    CHECK_EQ(from.sin_addr.s_addr, theirs.s_addr);
    CHECK_EQ(from.sin_port, htons(4000));
    CHECK_EQ(sendto(socket, "back", 4, 0, (void *)&from, sizeof(from)), 4);
    CHECK_EQ(read(fd, &datagram, sizeof(datagram)), sizeof(datagram));
    CHECK_EQ(datagram.udp.dest, htons(4000));
    CHECK_MEMORY(datagram.data, "back", 4);
    CHECK_EQ(checksum(&datagram.udp, 12, pseudo_sum(&datagram.ip)), 0);
}

// ---- TCP by hand ----

struct segment {
    struct iphdr ip;
    struct tcphdr tcp;
    char data[40];
};

static void write_segment(int fd, struct segment *s, size_t data)
{
    size_t length = sizeof(s->tcp) + data;

    s->tcp.doff = 5;
    s->tcp.window = htons(10000);
    fill_ip(&s->ip, IPPROTO_TCP, length);
    s->tcp.check = 0;
    s->tcp.check = checksum(&s->tcp, length, pseudo_sum(&s->ip));
    CHECK_EQ(write(fd, s, sizeof(s->ip) + length),
             (ssize_t)(sizeof(s->ip) + length));
}

// The next segment, whose checksum is right; the length of its data.
static size_t read_segment(int fd, struct segment *s)
{
    ssize_t n = CHECK_OK(read(fd, s, sizeof(*s)));
    size_t length = ntohs(s->ip.tot_len) - sizeof(s->ip);

    CHECK_EQ(n, ntohs(s->ip.tot_len));
    CHECK_EQ(s->ip.protocol, IPPROTO_TCP);
    CHECK_EQ(checksum(&s->tcp, length, pseudo_sum(&s->ip)), 0);
    return length - s->tcp.doff * 4;
}

// Shake hands with a listener; s is then a segment to go on with.
static int shake_hands(int fd, int listener, struct segment *s)
{
    struct segment answer;

    *s = (struct segment){.tcp = {.source = htons(5000),
                                  .dest = htons(socket_port(listener)),
                                  .seq = htonl(1000),
                                  .syn = 1}};
    write_segment(fd, s, 0);
    CHECK_EQ(read_segment(fd, &answer), 0);
    CHECK(answer.tcp.syn && answer.tcp.ack && !answer.tcp.rst);
    CHECK_EQ(ntohl(answer.tcp.ack_seq), 1001);
    s->tcp.syn = 0;
    s->tcp.ack = 1;
    s->tcp.seq = htonl(1001);
    s->tcp.ack_seq = htonl(ntohl(answer.tcp.seq) + 1);
    write_segment(fd, s, 0);
    return CHECK_OK(accept(listener, NULL, NULL));
}

static int listener_on_all(void)
{
    struct sockaddr_in us = {.sin_family = AF_INET};
    int listener = tcp_socket();

    CHECK_OK(bind(listener, (void *)&us, sizeof(us)));
    CHECK_OK(listen(listener, 5));
    set_nonblocking(listener);
    return listener;
}

TEST(a_connection_by_hand)
{
    struct segment s, answer;
    int fd = make_configured(TUN | NO_PI);
    int connection = shake_hands(fd, listener_on_all(), &s);

    memcpy(s.data, "hello", 5);
    write_segment(fd, &s, 5);
    CHECK_EQ(recv(connection, packet, sizeof(packet), MSG_DONTWAIT), 5);
    CHECK_MEMORY(packet, "hello", 5);
    CHECK_EQ(send(connection, "world!", 6, 0), 6);
    CHECK_OK(close(connection));
    bool data = false;
    for (int i = 0; i < 5; i++) {
        size_t length = read_segment(fd, &answer);
        if (length > 0) {
            CHECK_EQ(length, 6);
            CHECK_MEMORY((char *)&answer.tcp + answer.tcp.doff * 4, "world!",
                         6);
            data = true;
        }
        CHECK_EQ(ntohl(answer.tcp.ack_seq), 1006);
        if (answer.tcp.fin)
            break;
    }
    CHECK(data && answer.tcp.fin);
    s.tcp.rst = 1;
    s.tcp.seq = htonl(1006);
    write_segment(fd, &s, 0);
}

TEST(bad_frames)
{
    struct ping ping;
    int fd = make_configured(TUN | NO_PI);

    CHECK_ERRNO(write(fd, "", 0), EINVAL);
    CHECK_ERRNO(write(fd, "\x55 what is this?", 15), EINVAL);
    CHECK_ERRNO(write(fd, bad_pointer(), 40), EFAULT);
    // Cut off anywhere.
    for (size_t n = 1; n < sizeof(ping); n++) {
        ping = make_ping(1);
        CHECK_EQ(write(fd, &ping, n), (ssize_t)n);
    }
    ping = make_ping(1);
    ping.ip.check++;
    CHECK_EQ(write(fd, &ping, sizeof(ping)), sizeof(ping));
    ping = make_ping(1);
    ping.icmp.checksum++;
    CHECK_EQ(write(fd, &ping, sizeof(ping)), sizeof(ping));
    CHECK_ERRNO(read(fd, packet, sizeof(packet)), EAGAIN);
    ping_it(fd, 2);
}

TEST(frames_at_random)
{
    struct ping ping;
    int fd = make_configured(TUN | NO_PI);

    srand(random_seed);
    for (int round = 0; round < 5000; round++) {
        size_t length = 1 + rand() % 100;

        for (size_t i = 0; i < length; i++)
            packet[i] = rand();
        packet[0] = rand() % 4 ? 0x45 : 0x60;
        if (rand() % 2 && length >= 20) {  // with a good IP header
            ping = make_ping(1);
            fill_ip(&ping.ip, rand() % 2 ? rand() % 18 : 6, length - 20);
            memcpy(packet, &ping.ip, 20);
        }
        CHECK_EQ(write(fd, packet, length), (ssize_t)length);
    }
    while (read(fd, packet, sizeof(packet)) > 0)
        ;
    ping_it(fd, 2);
}

// Field `n` of the interface's line in /proc/net/dev.
static long counter(int n)
{
    char pattern[IFNAMSIZ + 2];

    snprintf(pattern, sizeof(pattern), "%s:", name);
    char *at = strstr(read_file("/proc/net/dev"), pattern);
    CHECK(at);
    at += strlen(pattern);
    for (; n > 0; n--)
        strtol(at, &at, 10);
    return strtol(at, NULL, 10);
}

TEST(a_slow_reader_loses_the_rest)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr = theirs, .sin_port = htons(9)};
    int fd = make_configured(TUN | NO_PI), socket = udp_socket(), received = 0;

    while (read(fd, packet, sizeof(packet)) > 0)
        ;
    long sent = counter(9), dropped = counter(11);
    for (int i = 0; i < QUEUE + 100; i++)
        sendto(socket, "x", 1, MSG_DONTWAIT, (void *)&to, sizeof(to));
    while (read(fd, packet, sizeof(packet)) > 0)
        received++;
    CHECK_EQ(received, QUEUE);
    CHECK_EQ(counter(9) - sent, QUEUE);
    if (on_wharf())  // Linux's own queue may hold some back instead
        CHECK_EQ(counter(11) - dropped, 100);
    CHECK_EQ(sendto(socket, "x", 1, 0, (void *)&to, sizeof(to)), 1);
    CHECK_EQ(read(fd, packet, sizeof(packet)), 29);
}

// ---- TAP ----

struct ethernet {
    unsigned char to[6], from[6];
    uint16_t type;
} __attribute__((packed));

struct arp_frame {
    struct ethernet header;
    uint16_t hardware, protocol;
    uint8_t hardware_length, protocol_length;
    uint16_t operation;
    uint8_t sender[6];
    struct in_addr sender_ip;
    uint8_t target[6];
    struct in_addr target_ip;
} __attribute__((packed));

static const unsigned char their_mac[] = {2, 0, 0, 0, 0, 0x99};

TEST(a_neighbour_is_asked_for)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr = theirs, .sin_port = htons(9)};
    int fd = make_configured(TAP | NO_PI), socket = udp_socket();
    struct arp_frame arp;

    while (read(fd, packet, sizeof(packet)) > 0)
        ;
    CHECK_EQ(sendto(socket, "x", 1, 0, (void *)&to, sizeof(to)), 1);
    CHECK_EQ(read(fd, packet, sizeof(packet)), sizeof(arp));
    memcpy(&arp, packet, sizeof(arp));
    CHECK_MEMORY(arp.header.to, "\xff\xff\xff\xff\xff\xff", 6);
    CHECK_EQ(arp.header.type, htons(ETH_P_ARP));
    CHECK_EQ(arp.operation, htons(1));
    CHECK_EQ(arp.sender_ip.s_addr, ours.s_addr);
    CHECK_EQ(arp.target_ip.s_addr, theirs.s_addr);
    // We are it.
    memcpy(arp.header.to, arp.sender, 6);
    memcpy(arp.header.from, their_mac, 6);
    memcpy(arp.target, arp.sender, 6);
    memcpy(arp.sender, their_mac, 6);
    arp.target_ip = ours;
    arp.sender_ip = theirs;
    arp.operation = htons(2);
    CHECK_EQ(write(fd, &arp, sizeof(arp)), sizeof(arp));
    ssize_t n = read(fd, packet, sizeof(packet));
    CHECK_EQ(n, 14 + 29);
    CHECK_MEMORY(packet, their_mac, 6);
    CHECK_MEMORY(packet + 6, arp.header.to, 6);
    CHECK_MEMORY(packet + 12, "\x08\0\x45", 3);
    CHECK_ERRNO(write(fd, &arp, 13), EINVAL);
}

static int listen_to_frames(int type)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = htons(ETH_P_ALL),
                                  .sll_ifindex = interface_index(name)};
    int fd = CHECK_OK(socket(AF_PACKET, type | SOCK_NONBLOCK, 0));
    CHECK_OK(bind(fd, (void *)&address, sizeof(address)));
    return fd;
}

static struct sockaddr_ll from;

static ssize_t hear(int fd)
{
    socklen_t length = sizeof(from);

    return recvfrom(fd, packet, sizeof(packet), 0, (void *)&from, &length);
}

TEST(kinds_of_destination)
{
    int fd = make_configured(TAP | NO_PI), heard = listen_to_frames(SOCK_RAW);
    struct ifreq request = {0};
    unsigned char frame[60] = {[12] = 0x88, 0xb5};

    strcpy(request.ifr_name, name);
    CHECK_OK(ioctl(heard, SIOCGIFHWADDR, &request));
    CHECK_EQ(request.ifr_hwaddr.sa_family, ARPHRD_ETHER);
    struct {
        const void *to;
        int type;
    } rows[] = {{request.ifr_hwaddr.sa_data, PACKET_HOST},
                {"\xff\xff\xff\xff\xff\xff", PACKET_BROADCAST},
                {"\1\0\x5e\0\0\5", PACKET_MULTICAST},
                {their_mac, PACKET_OTHERHOST}};
    while (hear(heard) >= 0)
        ;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memcpy(frame, rows[i].to, 6);
        CHECK_EQ(write(fd, frame, sizeof(frame)), sizeof(frame));
        CHECK_EQ(hear(heard), sizeof(frame));
        CHECK_EQ(from.sll_pkttype, rows[i].type);
    }
}

TEST(a_packet_for_another_station_is_not_taken_in)
{
    int fd = make_configured(TAP | NO_PI);
    struct {
        struct ethernet header;
        struct ping ping;
    } __attribute__((packed)) frame = {.ping = make_ping(1)};

    while (read(fd, packet, sizeof(packet)) > 0)
        ;
    frame.header.type = htons(ETH_P_IP);
    memcpy(frame.header.to, their_mac, 6);
    memcpy(frame.header.from, their_mac, 5);
    CHECK_EQ(write(fd, &frame, sizeof(frame)), sizeof(frame));
    CHECK_ERRNO(read(fd, packet, sizeof(packet)), EAGAIN);
}

TEST(packets_of_a_tun_have_no_header)
{
    int fd = make_configured(TUN | NO_PI), heard = listen_to_frames(SOCK_RAW);

    while (hear(heard) >= 0)
        ;
    ping_it(fd, 5);
    CHECK_EQ(hear(heard), sizeof(struct ping));
    CHECK_EQ(packet[0], 0x45);
    CHECK_EQ(from.sll_pkttype, PACKET_HOST);
    CHECK_EQ(from.sll_hatype, 0xfffe);
    CHECK_EQ(from.sll_halen, 0);
    CHECK_EQ(from.sll_protocol, htons(ETH_P_IP));
    check_pong(packet, hear(heard), 5);
    CHECK_EQ(from.sll_pkttype, PACKET_OUTGOING);
    // And the other way round.
    struct ping ping = make_ping(6);
    from.sll_ifindex = interface_index(name);
    ping.ip.saddr = ours.s_addr;
    CHECK_EQ(sendto(heard, &ping, sizeof(ping), 0, (void *)&from, sizeof(from)),
             sizeof(ping));
    CHECK_EQ(read(fd, packet, sizeof(packet)), sizeof(ping));
    CHECK_MEMORY(packet, &ping, sizeof(ping));
}

static int set_hardware(int fd, int type, const char *mac)
{
    struct ifreq request = {.ifr_hwaddr = {.sa_family = type}};

    strcpy(request.ifr_name, name);
    memcpy(request.ifr_hwaddr.sa_data, mac, 6);
    return ioctl(fd, SIOCSIFHWADDR, &request);
}

static void check_hardware(int fd, const char *mac)
{
    struct ifreq request = {0};

    strcpy(request.ifr_name, name);
    CHECK_OK(ioctl(fd, SIOCGIFHWADDR, &request));
    CHECK_MEMORY(request.ifr_hwaddr.sa_data, mac, 6);
}

TEST(another_hardware_address)
{
    int fd = make_configured(TAP | NO_PI), socket = udp_socket();
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr = theirs, .sin_port = htons(9)};

    CHECK_OK(set_hardware(socket, ARPHRD_ETHER, "\2\0\0\0\0\5"));
    check_hardware(socket, "\2\0\0\0\0\5");
    CHECK_OK(set_hardware(fd, ARPHRD_ETHER, "\2\0\0\0\0\6"));
    check_hardware(socket, "\2\0\0\0\0\6");
    check_hardware(fd, "\2\0\0\0\0\6");
    CHECK_ERRNO(set_hardware(socket, ARPHRD_ETHER, "\1\0\0\0\0\5"),
                EADDRNOTAVAIL);
    CHECK_ERRNO(set_hardware(socket, ARPHRD_ETHER, "\0\0\0\0\0\0"),
                EADDRNOTAVAIL);
    CHECK_ERRNO(set_hardware(socket, ARPHRD_LOOPBACK, "\2\0\0\0\0\7"), EINVAL);
    check_hardware(socket, "\2\0\0\0\0\6");
    while (read(fd, packet, sizeof(packet)) > 0)
        ;
    CHECK_EQ(sendto(socket, "x", 1, 0, (void *)&to, sizeof(to)), 1);
    CHECK_EQ(read(fd, packet, sizeof(packet)), sizeof(struct arp_frame));
    CHECK_MEMORY(packet + 6, "\2\0\0\0\0\6", 6);
    close(fd);
    make("wtun%d", TUN);
    CHECK_ERRNO(set_hardware(socket, 0xfffe, "\2\0\0\0\0\5"), EOPNOTSUPP);
}

TEST(promiscuous_by_hand)
{
    struct ifreq request = {0};

    make("prom%d", TAP);
    int socket = udp_socket();
    strcpy(request.ifr_name, name);
    set_flags(name, IFF_PROMISC | IFF_ALLMULTI, 0);
    CHECK_OK(ioctl(socket, SIOCGIFFLAGS, &request));
    CHECK_EQ(request.ifr_flags & (IFF_PROMISC | IFF_ALLMULTI),
             IFF_PROMISC | IFF_ALLMULTI);
    set_flags(name, 0, IFF_PROMISC);
    CHECK_OK(ioctl(socket, SIOCGIFFLAGS, &request));
    CHECK_EQ(request.ifr_flags & (IFF_PROMISC | IFF_ALLMULTI), IFF_ALLMULTI);
}

// ---- when it goes ----

TEST(those_who_listen_hear_of_its_end)
{
    int fd = make_configured(TAP), heard = listen_to_frames(SOCK_RAW);
    struct sockaddr_ll address;
    socklen_t length = sizeof(address);

    while (hear(heard) >= 0)
        ;
    set_flags(name, 0, IFF_UP);
    CHECK_EQ(poll_events(heard, POLLIN, 0), POLLERR);
    CHECK_ERRNO(hear(heard), ENETDOWN);
    CHECK_ERRNO(hear(heard), EAGAIN);
    set_flags(name, IFF_UP, 0);
    while (hear(heard) >= 0)
        ;
    CHECK_OK(close(fd));
    CHECK_ERRNO(hear(heard), ENETDOWN);
    CHECK_ERRNO(hear(heard), EAGAIN);
    CHECK_OK(getsockname(heard, (void *)&address, &length));
    CHECK_EQ(address.sll_ifindex, -1);
    CHECK_ERRNO(send(heard, packet, 60, 0), ENXIO);
}

TEST(a_socket_on_a_down_interface)
{
    int fd = make("idle%d", TAP), heard = listen_to_frames(SOCK_RAW);
    struct sockaddr_ll to = {.sll_family = AF_PACKET,
                             .sll_ifindex = interface_index(name)};

    CHECK_ERRNO(hear(heard), ENETDOWN);
    CHECK_ERRNO(hear(heard), EAGAIN);
    CHECK_ERRNO(sendto(heard, packet, 60, 0, (void *)&to, sizeof(to)),
                ENETDOWN);
    close(fd);
}

TEST(a_connection_outlives_it)
{
    struct segment s;
    int fd = make_configured(TUN | NO_PI);
    int connection = shake_hands(fd, listener_on_all(), &s), udp = udp_socket();
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr = theirs, .sin_port = htons(9)};

    CHECK_EQ(send(connection, "to nobody", 9, 0), 9);
    CHECK_OK(connect(udp, (void *)&to, sizeof(to)));
    CHECK_OK(close(fd));
    // No route, or the default one, which leads elsewhere.
    if (send(udp, "x", 1, 0) < 0)
        CHECK_EQ(errno, ENETUNREACH);
    CHECK_ERRNO(recv(connection, packet, sizeof(packet), MSG_DONTWAIT), EAGAIN);
    // The same address again, and it goes on.
    fd = make_configured(TUN | NO_PI);
    memcpy(s.data, "more", 4);
    write_segment(fd, &s, 4);
    CHECK_EQ(recv(connection, packet, sizeof(packet), MSG_DONTWAIT), 4);
    s.tcp.rst = 1;
    s.tcp.seq = htonl(1005);
    write_segment(fd, &s, 0);
    CHECK_ERRNO(recv(connection, packet, sizeof(packet), MSG_DONTWAIT),
                ECONNRESET);
}
