// SPDX-License-Identifier: MIT
//
// socket(7): the options of level SOL_SOCKET by what they do, as far as
// loopback shows it. Values, lengths and errors of the older ones are in
// sockopt.c.
#include "harness.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/time.h>

#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif
#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif
#ifndef SO_INCOMING_CPU
#define SO_INCOMING_CPU 49
#endif
#define BINDTOIFINDEX 62
#define ORDINARY_USER 1000

static int set(int fd, int name, int value)
{
    return setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value));
}

static int get(int fd, int name)
{
    int value = -12345;
    socklen_t length = sizeof(value);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, name, &value, &length));
    CHECK_EQ(length, sizeof(value));
    return value;
}

static void become_ordinary(void)
{
    if (getuid() == 0)
        CHECK_OK(setuid(ORDINARY_USER));
}

static void need_root(void)
{
    if (getuid() != 0)
        skip("only root may");
}

// ---- SO_REUSEPORT ----

// A socket of the group at this address (port 0: a new group's).
static int member(int type, struct sockaddr_in *address)
{
    int fd = CHECK_OK(socket(AF_INET, type, 0));
    CHECK_OK(set(fd, SO_REUSEPORT, 1));
    CHECK_OK(bind(fd, any(address), sizeof(*address)));
    address->sin_port = htons(socket_port(fd));
    return fd;
}

static int waiting(int fd)
{
    char byte;
    int count = 0;
    while (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
        count++;
    return count;
}

TEST(reuse_port_spreads_datagrams)
{
    struct sockaddr_in to = loopback(0);
    int group[3], total = 0;

    for (int i = 0; i < 3; i++)
        group[i] = member(SOCK_DGRAM, &to);
    for (int i = 0; i < 150; i++) {
        int sender = udp_socket();
        CHECK_EQ(sendto(sender, "x", 1, 0, any(&to), sizeof(to)), 1);
        CHECK_OK(close(sender));
    }
    for (int i = 0; i < 3; i++) {
        int count = waiting(group[i]);
        CHECK_BETWEEN(count, 10, 130);
        total += count;
    }
    CHECK_EQ(total, 150);
}

TEST(reuse_port_keeps_a_flow_together)
{
    struct sockaddr_in to = loopback(0);
    int group[3], sender = udp_socket(), receivers = 0;

    for (int i = 0; i < 3; i++)
        group[i] = member(SOCK_DGRAM, &to);
    for (int i = 0; i < 50; i++)
        CHECK_EQ(sendto(sender, "x", 1, 0, any(&to), sizeof(to)), 1);
    for (int i = 0; i < 3; i++)
        receivers += waiting(group[i]) == 50;
    CHECK_EQ(receivers, 1);
}

TEST(reuse_port_spreads_connections)
{
    struct sockaddr_in to = loopback(0);
    int group[2], clients[60], total = 0;

    for (int i = 0; i < 2; i++) {
        group[i] = member(SOCK_STREAM, &to);
        CHECK_OK(listen(group[i], 100));
    }
    for (int i = 0; i < 60; i++)
        clients[i] = tcp_connect(&to);
    for (int i = 0; i < 2; i++) {
        int count = 0;
        set_nonblocking(group[i]);
        while (accept(group[i], NULL, NULL) >= 0)
            count++;
        CHECK_BETWEEN(count, 8, 52);
        total += count;
    }
    CHECK_EQ(total, 60);
    CHECK_OK(close(clients[0]));
}

TEST(reuse_port_needs_both)
{
    struct sockaddr_in to = loopback(0);
    int first = member(SOCK_DGRAM, &to), other = udp_socket();

    CHECK_ERRNO(bind(other, any(&to), sizeof(to)), EADDRINUSE);
    CHECK_OK(set(other, SO_REUSEADDR, 1));
    CHECK_ERRNO(bind(other, any(&to), sizeof(to)), EADDRINUSE);
    CHECK_OK(set(other, SO_REUSEPORT, 1));
    CHECK_OK(bind(other, any(&to), sizeof(to)));
    CHECK_EQ(get(first, SO_REUSEPORT), 1);
    int listener = tcp_listener(&to, 1);
    (void)listener;
    other = tcp_socket();
    CHECK_OK(set(other, SO_REUSEPORT, 1));
    CHECK_ERRNO(bind(other, any(&to), sizeof(to)), EADDRINUSE);
}

TEST(reuse_port_of_another_user)
{
    struct sockaddr_in to = loopback(0);

    need_root();
    member(SOCK_DGRAM, &to);
    pid_t child = fork_child();
    if (child == 0) {
        become_ordinary();
        int fd = udp_socket();
        CHECK_OK(set(fd, SO_REUSEPORT, 1));
        CHECK_ERRNO(bind(fd, any(&to), sizeof(to)), EADDRINUSE);
        _exit(0);
    }
    wait_child(child);
}

// ---- SO_RCVLOWAT, SO_SNDLOWAT ----

TEST(receive_low_water_mark)
{
    int pair[2];
    char buffer[16];

    tcp_pair(pair);
    CHECK_EQ(get(pair[1], SO_RCVLOWAT), 1);
    CHECK_OK(set(pair[1], SO_RCVLOWAT, 6));
    CHECK_EQ(get(pair[1], SO_RCVLOWAT), 6);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(recv(pair[1], buffer, sizeof(buffer), 0), 6);
        CHECK_MEMORY(buffer, "abcdef", 6);
        _exit(0);
    }
    wait_asleep(child);
    write_all(pair[0], "abc", 3);
    CHECK_EQ(poll_events(pair[1], POLLIN, 100), 0);
    write_all(pair[0], "def", 3);
    wait_child(child);
}

TEST(receive_low_water_mark_is_met_by_less)
{
    int pair[2];
    char buffer[16];

    tcp_pair(pair);
    CHECK_OK(set(pair[1], SO_RCVLOWAT, 6));
    write_all(pair[0], "abc", 3);
    CHECK_EQ(recv(pair[1], buffer, 2, 0), 2);  // no more was asked for
    // What is there goes to who does not wait, too.
    CHECK_EQ(recv(pair[1], buffer, sizeof(buffer), MSG_DONTWAIT), 1);
    write_all(pair[0], "xyz", 3);
    CHECK_EQ(poll_events(pair[1], POLLIN, 100), 0);
    CHECK_OK(set(pair[1], SO_RCVLOWAT, 3));
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    CHECK_OK(set(pair[1], SO_RCVLOWAT, 100));
    CHECK_OK(close(pair[0]));  // the end is always worth it
    CHECK(poll_events(pair[1], POLLIN, 5000) & POLLIN);
    CHECK_EQ(recv(pair[1], buffer, sizeof(buffer), 0), 3);
}

TEST(receive_low_water_mark_values)
{
    int fd = udp_socket();
    CHECK_OK(set(fd, SO_RCVLOWAT, 0));
    CHECK_EQ(get(fd, SO_RCVLOWAT), 1);
    CHECK_OK(set(fd, SO_RCVLOWAT, -1));
    CHECK_EQ(get(fd, SO_RCVLOWAT), INT32_MAX);
}

TEST(send_low_water_mark)
{
    int fd = tcp_socket();
    CHECK_EQ(get(fd, SO_SNDLOWAT), 1);
    CHECK_ERRNO(set(fd, SO_SNDLOWAT, 2), ENOPROTOOPT);
}

// ---- buffers beyond the limits ----

TEST(forced_buffers)
{
    int fd = udp_socket();

    need_root();
    CHECK_OK(set(fd, SO_RCVBUFFORCE, 50000000));
    CHECK_EQ(get(fd, SO_RCVBUF), 100000000);
    CHECK_OK(set(fd, SO_SNDBUFFORCE, 50000000));
    CHECK_EQ(get(fd, SO_SNDBUF), 100000000);
    CHECK_OK(set(fd, SO_RCVBUFFORCE, -1));
    CHECK_BETWEEN(get(fd, SO_RCVBUF), 2048, 8192);
}

TEST(forced_buffers_need_privilege)
{
    int fd = udp_socket();
    become_ordinary();
    CHECK_ERRNO(set(fd, SO_RCVBUFFORCE, 5000), EPERM);
    CHECK_ERRNO(set(fd, SO_SNDBUFFORCE, 5000), EPERM);
}

TEST(memory_information)
{
    struct sockaddr_in to;
    uint32_t numbers[9] = {0};
    socklen_t length = sizeof(numbers);
    int receiver = udp_bound(&to), sender = udp_socket();

    CHECK_OK(getsockopt(receiver, SOL_SOCKET, SO_MEMINFO, numbers, &length));
    CHECK_EQ(length, sizeof(numbers));
    CHECK_EQ(numbers[0], 0);
    CHECK_EQ(numbers[1], get(receiver, SO_RCVBUF));
    CHECK_EQ(numbers[3], get(receiver, SO_SNDBUF));
    CHECK_EQ(sendto(sender, "x", 1, 0, any(&to), sizeof(to)), 1);
    length = 4;
    CHECK_OK(getsockopt(receiver, SOL_SOCKET, SO_MEMINFO, numbers, &length));
    CHECK_EQ(length, 4);
    CHECK_BETWEEN(numbers[0], 1, 10000);
    CHECK_ERRNO(set(receiver, SO_MEMINFO, 1), ENOPROTOOPT);
}

// ---- datagrams that were lost ----

TEST(lost_datagrams_are_told)
{
    static char data[1000];
    char control[64] __attribute__((aligned(8)));
    struct sockaddr_in to;
    struct iovec in = {data, sizeof(data)};
    int receiver = udp_bound(&to), sender = udp_socket();
    uint32_t lost = 0;

    CHECK_OK(set(receiver, SO_RCVBUF, 5000));
    CHECK_OK(set(receiver, SO_RXQ_OVFL, 1));
    for (int i = 0; i < 100; i++)
        CHECK_EQ(sendto(sender, data, 1000, 0, any(&to), sizeof(to)), 1000);
    int kept = waiting(receiver);
    CHECK_EQ(sendto(sender, data, 1, 0, any(&to), sizeof(to)), 1);
    struct msghdr message = {.msg_iov = &in,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    CHECK_EQ(recvmsg(receiver, &message, 0), 1);
    struct cmsghdr *item = CMSG_FIRSTHDR(&message);
    CHECK(item != NULL);
    CHECK_EQ(item->cmsg_level, SOL_SOCKET);
    CHECK_EQ(item->cmsg_type, SO_RXQ_OVFL);
    memcpy(&lost, CMSG_DATA(item), sizeof(lost));
    CHECK_EQ(lost + kept, 100);
}

// ---- SO_BINDTODEVICE ----

TEST(device_name_reads_back)
{
    char name[IFNAMSIZ] = "";
    socklen_t length = sizeof(name);
    int fd = udp_socket();

    need_root();
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length));
    CHECK_EQ(length, 0);
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2));
    length = sizeof(name);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length));
    CHECK_EQ(length, 3);
    CHECK_STRING(name, "lo");
    CHECK_EQ(get(fd, BINDTOIFINDEX), if_nametoindex("lo"));
    length = 3;
    CHECK_ERRNO(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length),
                EINVAL);
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
    CHECK_EQ(get(fd, BINDTOIFINDEX), 0);
}

TEST(devices_that_are_not)
{
    int fd = udp_socket();
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "nosuch0", 8),
                ENODEV);
    CHECK_ERRNO(set(fd, BINDTOIFINDEX, -1), EINVAL);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, bad_pointer(), 8),
                EFAULT);
}

TEST(device_is_chosen_once)
{
    int fd = udp_socket();

    become_ordinary();
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0), EPERM);
    CHECK_ERRNO(set(fd, BINDTOIFINDEX, 0), EPERM);
}

TEST(device_bounds_what_comes_and_goes)
{
    struct sockaddr_in to, beyond = loopback(9);
    int receiver = udp_bound(&to), sender = udp_socket();
    char byte;

    CHECK_OK(setsockopt(receiver, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
    CHECK_OK(setsockopt(sender, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
    CHECK_EQ(sendto(sender, "x", 1, 0, any(&to), sizeof(to)), 1);
    CHECK_EQ(recv(receiver, &byte, 1, 0), 1);
    int other = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    int listener = tcp_listener(&beyond, 1);
    CHECK_OK(setsockopt(other, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
    CHECK_OK(connect(other, any(&beyond), sizeof(beyond)));
    CHECK_OK(accept(listener, NULL, NULL));
}

// An interface that is not lo, or "".
static const char *other_device(void)
{
    static char name[IFNAMSIZ];

    for (int i = 1; i < 32 && !name[0]; i++) {
        if (if_indextoname(i, name) && strcmp(name, "lo") == 0)
            name[0] = '\0';
    }
    return name;
}

TEST(device_keeps_others_out)
{
    struct sockaddr_in to;
    int receiver = udp_bound(&to), sender = udp_socket();
    const char *device = other_device();

    if (!device[0])
        skip("there is no second interface");
    CHECK_OK(setsockopt(receiver, SOL_SOCKET, SO_BINDTODEVICE, device,
                        strlen(device)));
    CHECK_OK(connect(sender, any(&to), sizeof(to)));
    CHECK_EQ(send(sender, "x", 1, 0), 1);
    CHECK(poll_events(sender, POLLIN, 5000) & POLLERR);
    CHECK_EQ(get(sender, SO_ERROR), ECONNREFUSED);
    CHECK_EQ(poll_events(receiver, POLLIN, 0), 0);
}

// Two sockets of different interfaces are in nobody's way.
TEST(device_shares_a_port)
{
    struct sockaddr_in to = loopback(0);
    int fds[2] = {udp_socket(), udp_socket()};
    const char *device = other_device();

    if (!device[0])
        skip("there is no second interface");
    CHECK_OK(setsockopt(fds[0], SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
    CHECK_OK(setsockopt(fds[1], SOL_SOCKET, SO_BINDTODEVICE, device,
                        strlen(device)));
    to.sin_addr.s_addr = 0;
    CHECK_OK(bind(fds[0], any(&to), sizeof(to)));
    to.sin_port = htons(socket_port(fds[0]));
    CHECK_OK(bind(fds[1], any(&to), sizeof(to)));
    CHECK_ERRNO(bind(udp_socket(), any(&to), sizeof(to)), EADDRINUSE);
}

// ---- the rest ----

TEST(no_gateway)
{
    struct sockaddr_in far = loopback(9), near;
    int fd = udp_socket(), receiver = udp_bound(&near);
    char byte;

    CHECK_EQ(inet_pton(AF_INET, "198.51.100.1", &far.sin_addr), 1);
    CHECK_EQ(get(fd, SO_DONTROUTE), 0);
    CHECK_ERRNO(sendto(fd, "x", 1, MSG_DONTROUTE, any(&far), sizeof(far)),
                ENETUNREACH);
    CHECK_OK(set(fd, SO_DONTROUTE, 1));
    CHECK_EQ(get(fd, SO_DONTROUTE), 1);
    CHECK_ERRNO(sendto(fd, "x", 1, 0, any(&far), sizeof(far)), ENETUNREACH);
    CHECK_EQ(sendto(fd, "x", 1, 0, any(&near), sizeof(near)), 1);
    CHECK_EQ(recv(receiver, &byte, 1, 0), 1);
    fd = tcp_socket();
    CHECK_OK(set(fd, SO_DONTROUTE, 1));
    CHECK_ERRNO(connect(fd, any(&far), sizeof(far)), ENETUNREACH);
}

TEST(priority)
{
    int fd = udp_socket(), tos = 0x10;

    CHECK_EQ(get(fd, SO_PRIORITY), 0);
    CHECK_OK(set(fd, SO_PRIORITY, 6));
    CHECK_EQ(get(fd, SO_PRIORITY), 6);
    CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)));
    CHECK_EQ(get(fd, SO_PRIORITY), 6);  // interactive
    tos = 0x08;
    CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)));
    CHECK_EQ(get(fd, SO_PRIORITY), 2);  // bulk
    become_ordinary();
    CHECK_ERRNO(set(fd, SO_PRIORITY, 7), EPERM);
    CHECK_ERRNO(set(fd, SO_PRIORITY, -1), EPERM);
    CHECK_EQ(get(fd, SO_PRIORITY), 2);
}

TEST(mark)
{
    int fd = udp_socket();

    need_root();
    CHECK_OK(set(fd, SO_MARK, 0x1234));
    CHECK_EQ(get(fd, SO_MARK), 0x1234);
    become_ordinary();
    CHECK_ERRNO(set(fd, SO_MARK, 1), EPERM);
    CHECK_EQ(get(fd, SO_MARK), 0x1234);
}

TEST(debug_needs_privilege)
{
    int fd = udp_socket();
    CHECK_EQ(get(fd, SO_DEBUG), 0);
    become_ordinary();
    CHECK_ERRNO(set(fd, SO_DEBUG, 1), EACCES);
    CHECK_OK(set(fd, SO_DEBUG, 0));
}

TEST(incoming_cpu)
{
    int pair[2];
    char byte;

    udp_pair(pair);
    CHECK_EQ(get(pair[1], SO_INCOMING_CPU), -1);
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    CHECK_EQ(recv(pair[1], &byte, 1, 0), 1);
    CHECK_BETWEEN(get(pair[1], SO_INCOMING_CPU), 0, 1023);
    CHECK_OK(set(pair[1], SO_INCOMING_CPU, 5));
    CHECK_EQ(get(pair[1], SO_INCOMING_CPU), 5);
}

TEST(cookies_differ)
{
    uint64_t cookies[2], again;
    socklen_t length = sizeof(*cookies);
    int fds[2] = {udp_socket(), tcp_socket()};

    for (int i = 0; i < 2; i++)
        CHECK_OK(
            getsockopt(fds[i], SOL_SOCKET, SO_COOKIE, &cookies[i], &length));
    CHECK_OK(getsockopt(fds[0], SOL_SOCKET, SO_COOKIE, &again, &length));
    CHECK(cookies[0] == again);
    CHECK(cookies[0] != cookies[1]);
    CHECK(cookies[0] != 0);
    length = 4;
    CHECK_ERRNO(getsockopt(fds[0], SOL_SOCKET, SO_COOKIE, &again, &length),
                EINVAL);
}

TEST(switches)
{
    static const int names[] = {SO_OOBINLINE, SO_NO_CHECK,
                                SO_DONTROUTE, SO_RXQ_OVFL,
                                SO_REUSEPORT, 45 /* SO_SELECT_ERR_QUEUE */};
    int fds[] = {udp_socket(), tcp_socket()};

    for (int i = 0; i < 2; i++) {
        for (size_t j = 0; j < sizeof(names) / sizeof(*names); j++) {
            CHECK_EQ(get(fds[i], names[j]), 0);
            CHECK_OK(set(fds[i], names[j], 9));
            CHECK_EQ(get(fds[i], names[j]), 1);
            CHECK_OK(set(fds[i], names[j], 0));
            CHECK_EQ(get(fds[i], names[j]), 0);
        }
    }
}

TEST(time_outs_by_their_new_names)
{
    struct timeval time = {2, 200000};
    socklen_t length = sizeof(time);
    int fd = udp_socket();

    CHECK_OK(setsockopt(fd, SOL_SOCKET, 66, &time, sizeof(time)));
    time = (struct timeval){0};
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, &length));
    CHECK_EQ(time.tv_sec, 2);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, 66, &time, &length));
    CHECK_EQ(time.tv_usec, 200000);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, 67, &time, &length));
    CHECK_EQ(time.tv_sec, 0);
}

TEST(refused)
{
    static const int names[] = {46 /* SO_BUSY_POLL */, 60 /* SO_ZEROCOPY */,
                                47 /* SO_MAX_PACING_RATE */};
    int fd = tcp_socket();

    if (!on_wharf())
        return;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        CHECK_ERRNO(set(fd, names[i], 1), ENOPROTOOPT);
}

TEST(unix_has_no_ports)
{
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_OK(set(pair[0], SO_REUSEPORT, 0));
    CHECK_ERRNO(set(pair[0], SO_REUSEPORT, 1), EOPNOTSUPP);
    CHECK_OK(set(pair[0], SO_REUSEADDR, 1));
}
