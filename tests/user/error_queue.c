// SPDX-License-Identifier: MIT
//
// IP_RECVERR, IPV6_RECVERR and MSG_ERRQUEUE, ip(7), with the errors that
// loopback gives: nobody at a port. Other messages are in
// tests/host/test_ip_options.py.
#include "harness.h"

#include <arpa/inet.h>
#include <netinet/ip_icmp.h>

// <linux/errqueue.h>, which no C library brings along.
struct extended_error {
    uint32_t ee_errno;
    uint8_t ee_origin, ee_type, ee_code, ee_pad;
    uint32_t ee_info, ee_data;
    char offender[];
};
#define ORIGIN_ICMP  2
#define ORIGIN_ICMP6 3

#ifndef SO_SELECT_ERR_QUEUE
#define SO_SELECT_ERR_QUEUE 45
#endif

static void set(int fd, int level, int name, int value)
{
    CHECK_OK(setsockopt(fd, level, name, &value, sizeof(value)));
}

static int pending(int fd)
{
    int value;
    socklen_t length = sizeof(value);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length));
    return value;
}

static char control[256] __attribute__((aligned(8)));
static char buffer[64];
static struct sockaddr_storage name;
static struct msghdr message;

static ssize_t read_queue(int fd, int flags)
{
    static struct iovec in = {buffer, sizeof(buffer)};

    message = (struct msghdr){.msg_name = &name,
                              .msg_namelen = sizeof(name),
                              .msg_iov = &in,
                              .msg_iovlen = 1,
                              .msg_control = control,
                              .msg_controllen = sizeof(control)};
    return recvmsg(fd, &message, flags | MSG_ERRQUEUE);
}

// Wait for a report, and take it.
static struct extended_error *report(int fd)
{
    CHECK(poll_events(fd, POLLIN, 5000) & POLLERR);
    CHECK_OK(read_queue(fd, 0));
    CHECK_EQ(message.msg_flags, MSG_ERRQUEUE);
    struct cmsghdr *item = CMSG_FIRSTHDR(&message);
    CHECK(item != NULL);
    return (struct extended_error *)CMSG_DATA(item);
}

TEST(nobody_at_a_port)
{
    struct sockaddr_in to = unused_port(SOCK_DGRAM), *got = (void *)&name;
    int fd = udp_socket();

    set(fd, IPPROTO_IP, IP_RECVERR, 1);
    CHECK_OK(connect(fd, any(&to), sizeof(to)));
    CHECK_EQ(send(fd, "question", 8, 0), 8);
    struct extended_error *error = report(fd);
    struct cmsghdr *item = CMSG_FIRSTHDR(&message);
    CHECK_EQ(item->cmsg_level, IPPROTO_IP);
    CHECK_EQ(item->cmsg_type, IP_RECVERR);
    CHECK_EQ(item->cmsg_len, CMSG_LEN(sizeof(*error) + sizeof(*got)));
    CHECK_EQ(error->ee_errno, ECONNREFUSED);
    CHECK_EQ(error->ee_origin, ORIGIN_ICMP);
    CHECK_EQ(error->ee_type, ICMP_DEST_UNREACH);
    CHECK_EQ(error->ee_code, ICMP_PORT_UNREACH);
    CHECK_EQ(error->ee_info, 0);
    struct sockaddr_in *offender = (void *)error->offender;
    CHECK_EQ(offender->sin_family, AF_INET);
    CHECK_EQ(offender->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_EQ(message.msg_namelen, sizeof(*got));
    CHECK_EQ(got->sin_port, to.sin_port);
    CHECK_EQ(got->sin_addr.s_addr, to.sin_addr.s_addr);
    // With the report its error is gone.
    CHECK_EQ(pending(fd), 0);
    CHECK_ERRNO(read_queue(fd, 0), EAGAIN);
    CHECK_EQ(poll_events(fd, POLLIN, 0), 0);
}

TEST(unconnected_sockets_hear_too)
{
    struct sockaddr_in to = unused_port(SOCK_DGRAM);
    int fd = udp_socket();
    char byte;

    CHECK_EQ(sendto(fd, "x", 1, 0, any(&to), sizeof(to)), 1);
    CHECK_EQ(poll_events(fd, POLLIN, 50), 0);  // not without the option
    set(fd, IPPROTO_IP, IP_RECVERR, 1);
    CHECK_EQ(sendto(fd, "x", 1, 0, any(&to), sizeof(to)), 1);
    CHECK_ERRNO(recv(fd, &byte, 1, 0), ECONNREFUSED);
    CHECK(poll_events(fd, POLLIN, 0) & POLLERR);  // the report is still there
    CHECK_EQ(report(fd)->ee_errno, ECONNREFUSED);
}

TEST(reports_queue_up)
{
    struct sockaddr_in first = unused_port(SOCK_DGRAM), *got = (void *)&name;
    struct sockaddr_in second = unused_port(SOCK_DGRAM);
    int fd = udp_socket();

    set(fd, IPPROTO_IP, IP_RECVERR, 1);
    CHECK_EQ(sendto(fd, "x", 1, 0, any(&first), sizeof(first)), 1);
    CHECK(poll_events(fd, POLLIN, 5000) & POLLERR);
    CHECK_EQ(pending(fd), ECONNREFUSED);
    CHECK_EQ(sendto(fd, "x", 1, 0, any(&second), sizeof(second)), 1);
    CHECK(poll_events(fd, POLLIN, 5000) & POLLERR);
    CHECK_EQ(pending(fd), ECONNREFUSED);
    report(fd);
    CHECK_EQ(got->sin_port, first.sin_port);
    CHECK_EQ(pending(fd), ECONNREFUSED);  // that of the next
    report(fd);
    CHECK_EQ(got->sin_port, second.sin_port);
    CHECK_EQ(pending(fd), 0);
}

TEST(switched_off)
{
    struct sockaddr_in to = unused_port(SOCK_DGRAM);
    int fd = udp_socket();

    set(fd, IPPROTO_IP, IP_RECVERR, 1);
    CHECK_EQ(sendto(fd, "x", 1, 0, any(&to), sizeof(to)), 1);
    CHECK(poll_events(fd, POLLIN, 5000) & POLLERR);
    set(fd, IPPROTO_IP, IP_RECVERR, 0);
    CHECK_ERRNO(read_queue(fd, 0), EAGAIN);
}

TEST(never_waits)
{
    int fds[] = {udp_socket(), tcp_socket()};
    for (int i = 0; i < 2; i++)
        CHECK_ERRNO(read_queue(fds[i], 0), EAGAIN);
}

TEST(select_sees_it_as_exceptional)
{
    struct sockaddr_in to = unused_port(SOCK_DGRAM);
    int fd = udp_socket();

    set(fd, IPPROTO_IP, IP_RECVERR, 1);
    CHECK_EQ(sendto(fd, "x", 1, 0, any(&to), sizeof(to)), 1);
    CHECK_EQ(poll_events(fd, POLLPRI, 5000), POLLERR);
    set(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1);
    CHECK_EQ(poll_events(fd, POLLPRI, 5000), POLLERR | POLLPRI);
}

TEST(bad_pointer_loses_no_report)
{
    struct sockaddr_in to = unused_port(SOCK_DGRAM);
    int fd = udp_socket();

    if (!on_wharf())
        return;
    set(fd, IPPROTO_IP, IP_RECVERR, 1);
    CHECK_EQ(sendto(fd, "x", 1, 0, any(&to), sizeof(to)), 1);
    CHECK(poll_events(fd, POLLIN, 5000) & POLLERR);
    struct msghdr bad = {.msg_control = bad_pointer(), .msg_controllen = 64};
    CHECK_ERRNO(recvmsg(fd, &bad, MSG_ERRQUEUE), EFAULT);
    CHECK_EQ(report(fd)->ee_errno, ECONNREFUSED);
}

TEST(of_ipv6)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT},
                        *got = (void *)&name;
    int fd = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));

    to.sin6_port = unused_port(SOCK_DGRAM).sin_port;
    set(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
    CHECK_EQ(sendto(fd, "x", 1, 0, (void *)&to, sizeof(to)), 1);
    struct extended_error *error = report(fd);
    struct cmsghdr *item = CMSG_FIRSTHDR(&message);
    CHECK_EQ(item->cmsg_level, IPPROTO_IPV6);
    CHECK_EQ(item->cmsg_type, IPV6_RECVERR);
    CHECK_EQ(item->cmsg_len, CMSG_LEN(sizeof(*error) + sizeof(to)));
    CHECK_EQ(error->ee_errno, ECONNREFUSED);
    CHECK_EQ(error->ee_origin, ORIGIN_ICMP6);
    CHECK_EQ(error->ee_type, 1);  // destination unreachable
    CHECK_EQ(error->ee_code, 4);  // port
    struct sockaddr_in6 *offender = (void *)error->offender;
    CHECK_EQ(offender->sin6_family, AF_INET6);
    CHECK_MEMORY(&offender->sin6_addr, &to.sin6_addr, 16);
    CHECK_EQ(got->sin6_port, to.sin6_port);
    CHECK_MEMORY(&got->sin6_addr, &to.sin6_addr, 16);
}
