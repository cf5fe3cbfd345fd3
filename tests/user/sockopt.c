// SPDX-License-Identifier: MIT
//
// setsockopt(2) and getsockopt(2): values read back, limits, errors, and what
// an option does as far as loopback shows it. The rest is on the wire, in
// tests/host/test_connect.py.
#include "harness.h"

#include <netinet/tcp.h>
#include <sys/time.h>

static int get(int fd, int level, int name)
{
    int value = -12345;
    socklen_t length = sizeof(value);
    CHECK_OK(getsockopt(fd, level, name, &value, &length));
    CHECK_EQ(length, sizeof(value));
    return value;
}

static int set(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value));
}

static void on_and_off(int fd, int level, int name)
{
    CHECK_EQ(get(fd, level, name), 0);
    CHECK_OK(set(fd, level, name, 1));
    CHECK_EQ(get(fd, level, name), 1);
    CHECK_OK(set(fd, level, name, 0));
    CHECK_EQ(get(fd, level, name), 0);
    CHECK_OK(set(fd, level, name, 77));  // anything but 0 is 1
    CHECK_EQ(get(fd, level, name), 1);
}

TEST(switches)
{
    int stream = tcp_socket(), datagram = udp_socket();
    on_and_off(stream, SOL_SOCKET, SO_REUSEADDR);
    on_and_off(stream, SOL_SOCKET, SO_KEEPALIVE);
    on_and_off(stream, SOL_SOCKET, SO_BROADCAST);
    on_and_off(stream, IPPROTO_TCP, TCP_NODELAY);
    on_and_off(datagram, SOL_SOCKET, SO_REUSEADDR);
    on_and_off(datagram, SOL_SOCKET, SO_BROADCAST);
    on_and_off(datagram, SOL_SOCKET, SO_KEEPALIVE);
}

TEST(identity)
{
    int stream = tcp_socket(), datagram = udp_socket();
    CHECK_EQ(get(stream, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    CHECK_EQ(get(stream, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
    CHECK_EQ(get(stream, SOL_SOCKET, SO_DOMAIN), AF_INET);
    CHECK_EQ(get(datagram, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
    CHECK_EQ(get(datagram, SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDP);
    CHECK_EQ(get(datagram, SOL_SOCKET, SO_DOMAIN), AF_INET);
}

TEST(read_only)
{
    static const int names[] = {SO_TYPE, SO_PROTOCOL, SO_DOMAIN, SO_ERROR,
                                SO_ACCEPTCONN};
    int fd = tcp_socket();
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        CHECK_ERRNO(set(fd, SOL_SOCKET, names[i], 1), ENOPROTOOPT);
}

TEST(acceptconn)
{
    struct sockaddr_in address;
    int fd = tcp_socket(), pair[2];
    CHECK_EQ(get(fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
    CHECK_OK(listen(fd, 1));
    CHECK_EQ(get(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
    tcp_pair(pair);
    CHECK_EQ(get(pair[1], SOL_SOCKET, SO_ACCEPTCONN), 0);
    CHECK_EQ(get(udp_bound(&address), SOL_SOCKET, SO_ACCEPTCONN), 0);
}

TEST(error_is_read_once)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    int pair[2];
    tcp_pair(pair);
    CHECK_EQ(get(pair[1], SOL_SOCKET, SO_ERROR), 0);
    CHECK_OK(
        setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
    CHECK_OK(close(pair[0]));
    CHECK(poll_events(pair[1], 0, 5000) & POLLERR);
    CHECK_EQ(get(pair[1], SOL_SOCKET, SO_ERROR), ECONNRESET);
    CHECK_EQ(get(pair[1], SOL_SOCKET, SO_ERROR), 0);
    char byte;
    CHECK_EQ(read(pair[1], &byte, 1), 0);
}

TEST(buffers_read_back_doubled)
{
    int names[] = {SO_RCVBUF, SO_SNDBUF};
    for (int i = 0; i < 2; i++) {
        int stream = tcp_socket(), datagram = udp_socket();
        CHECK_OK(set(stream, SOL_SOCKET, names[i], 20000));
        CHECK_EQ(get(stream, SOL_SOCKET, names[i]), 40000);
        CHECK_OK(set(datagram, SOL_SOCKET, names[i], 60000));
        CHECK_EQ(get(datagram, SOL_SOCKET, names[i]), 120000);
    }
}

TEST(buffers_have_limits)
{
    int fd = tcp_socket();
    CHECK_OK(set(fd, SOL_SOCKET, SO_RCVBUF, 1));
    CHECK_BETWEEN(get(fd, SOL_SOCKET, SO_RCVBUF), 2048, 8192);
    CHECK_OK(set(fd, SOL_SOCKET, SO_SNDBUF, 1));
    CHECK_BETWEEN(get(fd, SOL_SOCKET, SO_SNDBUF), 2048, 8192);
    CHECK_OK(set(fd, SOL_SOCKET, SO_RCVBUF, 1 << 30));
    CHECK_BETWEEN(get(fd, SOL_SOCKET, SO_RCVBUF), 200000, 64 << 20);
    CHECK_OK(set(fd, SOL_SOCKET, SO_SNDBUF, 1 << 30));
    CHECK_BETWEEN(get(fd, SOL_SOCKET, SO_SNDBUF), 200000, 64 << 20);
}

TEST(buffers_have_sensible_defaults)
{
    CHECK_BETWEEN(get(tcp_socket(), SOL_SOCKET, SO_RCVBUF), 16384, 16 << 20);
    CHECK_BETWEEN(get(tcp_socket(), SOL_SOCKET, SO_SNDBUF), 16384, 16 << 20);
    CHECK_BETWEEN(get(udp_socket(), SOL_SOCKET, SO_RCVBUF), 65536, 16 << 20);
    CHECK_BETWEEN(get(udp_socket(), SOL_SOCKET, SO_SNDBUF), 65536, 16 << 20);
}

// Bytes that a connection swallows while nobody reads.
static long bytes_in_flight(int receive_buffer, int send_buffer)
{
    static char block[4096];
    struct sockaddr_in address;
    int listener = tcp_socket(), client = tcp_socket();
    long total = 0;

    CHECK_OK(set(listener, SOL_SOCKET, SO_RCVBUF, receive_buffer));
    CHECK_OK(set(client, SOL_SOCKET, SO_SNDBUF, send_buffer));
    CHECK_OK(listen(listener, 1));
    address = loopback(socket_port(listener));
    CHECK_OK(connect(client, any(&address), sizeof(address)));
    CHECK_OK(accept(listener, NULL, NULL));
    do {
        ssize_t count;
        while ((count = send(client, block, sizeof(block), MSG_DONTWAIT)) > 0)
            total += count;
    } while (poll_events(client, POLLOUT, 300) & POLLOUT);
    return total;
}

TEST(buffers_bound_what_is_in_flight)
{
    long small = bytes_in_flight(10000, 10000);
    long large = bytes_in_flight(150000, 150000);
    CHECK_BETWEEN(small, 2000, 150000);
    CHECK(large > small * 2);
}

TEST(receive_buffer_bounds_datagrams)
{
    static char data[1000];
    int pair[2], counts[2];

    for (int i = 0; i < 2; i++) {
        udp_pair(pair);
        CHECK_OK(set(pair[1], SOL_SOCKET, SO_RCVBUF, i ? 100000 : 5000));
        for (int j = 0; j < 300; j++)
            CHECK_EQ(send(pair[0], data, sizeof(data), 0), sizeof(data));
        for (counts[i] = 0; poll_events(pair[1], POLLIN, 100) == POLLIN;)
            counts[i] += recv(pair[1], data, sizeof(data), 0) > 0;
    }
    CHECK_BETWEEN(counts[0], 1, 50);
    CHECK(counts[1] > counts[0]);
}

TEST(time_outs_read_back)
{
    int names[] = {SO_RCVTIMEO, SO_SNDTIMEO};
    for (int i = 0; i < 2; i++) {
        struct timeval time = {0};
        socklen_t length = sizeof(time);
        int fd = tcp_socket();
        CHECK_OK(getsockopt(fd, SOL_SOCKET, names[i], &time, &length));
        CHECK_EQ(length, sizeof(time));
        CHECK_EQ(time.tv_sec, 0);
        CHECK_EQ(time.tv_usec, 0);
        time = (struct timeval){3, 500000};
        CHECK_OK(setsockopt(fd, SOL_SOCKET, names[i], &time, sizeof(time)));
        memset(&time, 0, sizeof(time));
        CHECK_OK(getsockopt(fd, SOL_SOCKET, names[i], &time, &length));
        CHECK_EQ(time.tv_sec, 3);
        CHECK_EQ(time.tv_usec, 500000);
    }
}

TEST(time_out_out_of_range)
{
    struct timeval time = {0, 1000000};
    int fd = tcp_socket();
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)),
                EDOM);
    time.tv_usec = -1;
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)),
                EDOM);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, 4), EINVAL);
}

TEST(linger_reads_back)
{
    struct linger linger = {1, 1};
    socklen_t length = sizeof(linger);
    int fd = tcp_socket();

    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &length));
    CHECK_EQ(length, sizeof(linger));
    CHECK_EQ(linger.l_onoff, 0);
    linger = (struct linger){1, 17};
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
    memset(&linger, 0, sizeof(linger));
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &length));
    CHECK_EQ(linger.l_onoff, 1);
    CHECK_EQ(linger.l_linger, 17);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, 4), EINVAL);
}

TEST(time_to_live_by_default)
{
    int set = atoi(read_file("/proc/sys/net/ipv4/ip_default_ttl"));

    CHECK_EQ(get(udp_socket(), IPPROTO_IP, IP_TTL), set);
    CHECK_EQ(get(tcp_socket(), IPPROTO_IP, IP_TTL), set);
}

TEST(keepalive_times)
{
    static const int names[] = {TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT};
    static const int defaults[] = {7200, 75, 9},
                     largest[] = {32767, 32767, 127};
    int fd = tcp_socket();

    for (int i = 0; i < 3; i++) {
        CHECK_EQ(get(fd, IPPROTO_TCP, names[i]), defaults[i]);
        CHECK_OK(set(fd, IPPROTO_TCP, names[i], 42));
        CHECK_EQ(get(fd, IPPROTO_TCP, names[i]), 42);
        CHECK_ERRNO(set(fd, IPPROTO_TCP, names[i], 0), EINVAL);
        CHECK_ERRNO(set(fd, IPPROTO_TCP, names[i], -1), EINVAL);
        CHECK_ERRNO(set(fd, IPPROTO_TCP, names[i], largest[i] + 1), EINVAL);
        CHECK_OK(set(fd, IPPROTO_TCP, names[i], largest[i]));
    }
}

TEST(maxseg)
{
    int pair[2], fd = tcp_socket();
    CHECK_ERRNO(set(fd, IPPROTO_TCP, TCP_MAXSEG, 10), EINVAL);
    CHECK_ERRNO(set(fd, IPPROTO_TCP, TCP_MAXSEG, 40000), EINVAL);
    CHECK_OK(set(fd, IPPROTO_TCP, TCP_MAXSEG, 1000));
    tcp_pair(pair);
    CHECK_BETWEEN(get(pair[0], IPPROTO_TCP, TCP_MAXSEG), 500, 65535);
}

TEST(maxseg_bounds_a_connection)
{
    struct sockaddr_in address;
    int listener = tcp_listener(&address, 1), fd = tcp_socket();
    CHECK_OK(set(fd, IPPROTO_TCP, TCP_MAXSEG, 1000));
    CHECK_OK(connect(fd, any(&address), sizeof(address)));
    int server = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_BETWEEN(get(fd, IPPROTO_TCP, TCP_MAXSEG), 900, 1000);
    CHECK_BETWEEN(get(server, IPPROTO_TCP, TCP_MAXSEG), 900, 1000);
}

TEST(time_to_live)
{
    int fds[] = {tcp_socket(), udp_socket()};
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(get(fds[i], IPPROTO_IP, IP_TTL), 64);
        CHECK_OK(set(fds[i], IPPROTO_IP, IP_TTL, 7));
        CHECK_EQ(get(fds[i], IPPROTO_IP, IP_TTL), 7);
        CHECK_ERRNO(set(fds[i], IPPROTO_IP, IP_TTL, 0), EINVAL);
        CHECK_ERRNO(set(fds[i], IPPROTO_IP, IP_TTL, 256), EINVAL);
        CHECK_EQ(get(fds[i], IPPROTO_IP, IP_TTL), 7);
        CHECK_OK(set(fds[i], IPPROTO_IP, IP_TTL, -1));  // the default again
        CHECK_EQ(get(fds[i], IPPROTO_IP, IP_TTL), 64);
    }
}

TEST(type_of_service)
{
    int fds[] = {tcp_socket(), udp_socket()};
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(get(fds[i], IPPROTO_IP, IP_TOS), 0);
        CHECK_OK(set(fds[i], IPPROTO_IP, IP_TOS, 0x10));
        CHECK_EQ(get(fds[i], IPPROTO_IP, IP_TOS), 0x10);
    }
}

TEST(ip_options_of_one_byte)
{
    unsigned char value = 9;
    socklen_t length = 1;
    int fd = udp_socket();
    CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_TTL, &value, 1));
    value = 0;
    CHECK_OK(getsockopt(fd, IPPROTO_IP, IP_TTL, &value, &length));
    CHECK_EQ(length, 1);
    CHECK_EQ(value, 9);
}

TEST(unknown)
{
    int fds[] = {tcp_socket(), udp_socket()}, value = 1;
    for (int i = 0; i < 2; i++) {
        socklen_t length = sizeof(value);
        CHECK_ERRNO(set(fds[i], SOL_SOCKET, 9999, 1), ENOPROTOOPT);
        CHECK_ERRNO(set(fds[i], IPPROTO_IP, 9999, 1), ENOPROTOOPT);
        CHECK_ERRNO(set(fds[i], 9999, 1, 1), ENOPROTOOPT);
        CHECK_ERRNO(getsockopt(fds[i], SOL_SOCKET, 9999, &value, &length),
                    ENOPROTOOPT);
        CHECK_ERRNO(getsockopt(fds[i], IPPROTO_IP, 9999, &value, &length),
                    ENOPROTOOPT);
        CHECK_ERRNO(getsockopt(fds[i], 9999, 1, &value, &length), EOPNOTSUPP);
    }
    CHECK_ERRNO(set(fds[0], IPPROTO_TCP, 9999, 1), ENOPROTOOPT);
    CHECK_ERRNO(set(fds[1], IPPROTO_TCP, TCP_NODELAY, 1), ENOPROTOOPT);
}

TEST(short_values)
{
    int fd = tcp_socket(), value = 1;
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, 3), EINVAL);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, 0), EINVAL);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, 3), EINVAL);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, -1), EINVAL);
}

TEST(lengths_on_reading)
{
    unsigned char buffer[16];
    int fd = tcp_socket();
    socklen_t length = sizeof(buffer);

    memset(buffer, 0xee, sizeof(buffer));
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_TYPE, buffer, &length));
    CHECK_EQ(length, 4);
    CHECK_EQ(buffer[4], 0xee);
    memset(buffer, 0xee, sizeof(buffer));
    length = 2;
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_TYPE, buffer, &length));
    CHECK_EQ(length, 2);
    CHECK_EQ(buffer[0], SOCK_STREAM);
    CHECK_EQ(buffer[2], 0xee);
    length = -1;
    CHECK_ERRNO(getsockopt(fd, SOL_SOCKET, SO_TYPE, buffer, &length), EINVAL);
}

TEST(bad_descriptors_and_pointers)
{
    int value = 1, fd = tcp_socket();
    int file = CHECK_OK(open("/dev/null", O_RDWR));
    socklen_t length = sizeof(value);

    CHECK_ERRNO(set(-1, SOL_SOCKET, SO_REUSEADDR, 1), EBADF);
    CHECK_ERRNO(set(file, SOL_SOCKET, SO_REUSEADDR, 1), ENOTSOCK);
    CHECK_ERRNO(getsockopt(-1, SOL_SOCKET, SO_TYPE, &value, &length), EBADF);
    CHECK_ERRNO(getsockopt(file, SOL_SOCKET, SO_TYPE, &value, &length),
                ENOTSOCK);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, bad_pointer(), 4),
                EFAULT);
    CHECK_ERRNO(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, bad_pointer(), 4),
                EFAULT);
    CHECK_ERRNO(getsockopt(fd, SOL_SOCKET, SO_TYPE, bad_pointer(), &length),
                EFAULT);
    CHECK_ERRNO(getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, bad_pointer()),
                EFAULT);
    CHECK_EQ(get(fd, SOL_SOCKET, SO_REUSEADDR), 0);
}

TEST(accepted_sockets_inherit)
{
    struct sockaddr_in address;
    struct linger linger = {1, 5};
    socklen_t length = sizeof(linger);
    int listener = tcp_listener(&address, 1);

    CHECK_OK(set(listener, SOL_SOCKET, SO_KEEPALIVE, 1));
    CHECK_OK(set(listener, SOL_SOCKET, SO_RCVBUF, 30000));
    CHECK_OK(set(listener, IPPROTO_TCP, TCP_NODELAY, 1));
    CHECK_OK(set(listener, IPPROTO_TCP, TCP_KEEPIDLE, 33));
    CHECK_OK(set(listener, IPPROTO_IP, IP_TTL, 50));
    CHECK_OK(
        setsockopt(listener, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
    tcp_connect(&address);
    int server = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_EQ(get(server, SOL_SOCKET, SO_KEEPALIVE), 1);
    CHECK_EQ(get(server, SOL_SOCKET, SO_RCVBUF), 60000);
    CHECK_EQ(get(server, IPPROTO_TCP, TCP_NODELAY), 1);
    CHECK_EQ(get(server, IPPROTO_TCP, TCP_KEEPIDLE), 33);
    CHECK_EQ(get(server, IPPROTO_IP, IP_TTL), 50);
    CHECK_OK(getsockopt(server, SOL_SOCKET, SO_LINGER, &linger, &length));
    CHECK_EQ(linger.l_onoff, 1);
    CHECK_EQ(linger.l_linger, 5);
}

TEST(shared_by_copies_of_the_descriptor)
{
    int fd = tcp_socket(), copy = CHECK_OK(dup(fd));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(set(fd, SOL_SOCKET, SO_KEEPALIVE, 1));
        _exit(0);
    }
    wait_child(child);
    CHECK_EQ(get(copy, SOL_SOCKET, SO_KEEPALIVE), 1);
}
