// SPDX-License-Identifier: MIT
//
// sendto(2) and recvfrom(2) on UDP: addresses, boundaries, sizes, flags.
#include "harness.h"

#include <arpa/inet.h>
#include <sys/ioctl.h>

enum {
    LARGEST = 65507
};  // 65535 - IP header - UDP header

static long send_to(int fd, const void *data, size_t length,
                    struct sockaddr_in *address)
{
    return sendto(fd, data, length, 0, any(address), sizeof(*address));
}

TEST(source_address)
{
    struct sockaddr_in to, from;
    socklen_t length = sizeof(from);
    char buffer[8];
    int receiver = udp_bound(&to), sender = udp_socket();

    CHECK_EQ(send_to(sender, "hello", 5, &to), 5);
    memset(&from, 0xff, sizeof(from));
    CHECK_EQ(recvfrom(receiver, buffer, sizeof(buffer), 0, any(&from), &length),
             5);
    CHECK_MEMORY(buffer, "hello", 5);
    CHECK_EQ(length, sizeof(from));
    CHECK_EQ(from.sin_family, AF_INET);
    CHECK_EQ(ntohs(from.sin_port), socket_port(sender));
    CHECK_EQ(from.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

TEST(source_address_is_cut)
{
    struct sockaddr_in to;
    unsigned char from[16];
    socklen_t length = 4;
    char byte;
    int receiver = udp_bound(&to);

    memset(from, 0xee, sizeof(from));
    CHECK_EQ(send_to(udp_socket(), "x", 1, &to), 1);
    CHECK_EQ(recvfrom(receiver, &byte, 1, 0, (struct sockaddr *)from, &length),
             1);
    CHECK_EQ(length, sizeof(to));
    CHECK_EQ(from[0], AF_INET);
    CHECK_EQ(from[4], 0xee);
}

TEST(send_binds)
{
    struct sockaddr_in to;
    int fd = udp_socket();
    udp_bound(&to);
    CHECK_EQ(socket_port(fd), 0);
    CHECK_EQ(send_to(fd, "x", 1, &to), 1);
    int port = socket_port(fd);
    CHECK_BETWEEN(port, 1024, 65535);
    CHECK_EQ(send_to(fd, "x", 1, &to), 1);
    CHECK_EQ(socket_port(fd), port);
}

TEST(boundaries)
{
    int pair[2];
    char buffer[16];
    udp_pair(pair);
    CHECK_EQ(send(pair[0], "one", 3, 0), 3);
    CHECK_EQ(send(pair[0], "fifteen", 7, 0), 7);
    CHECK_EQ(recv(pair[1], buffer, sizeof(buffer), 0), 3);
    CHECK_EQ(recv(pair[1], buffer, sizeof(buffer), 0), 7);
    CHECK_MEMORY(buffer, "fifteen", 7);
}

TEST(empty_datagram)
{
    int pair[2];
    char byte;
    udp_pair(pair);
    CHECK_EQ(send(pair[0], "", 0, 0), 0);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    CHECK_EQ(recv(pair[1], &byte, 1, 0), 0);
    CHECK_ERRNO(recv(pair[1], &byte, 1, MSG_DONTWAIT), EAGAIN);
}

TEST(rest_of_a_datagram_is_lost)
{
    int pair[2];
    char buffer[8];
    udp_pair(pair);
    CHECK_EQ(send(pair[0], "abcdef", 6, 0), 6);
    CHECK_EQ(send(pair[0], "next", 4, 0), 4);
    CHECK_EQ(recv(pair[1], buffer, 2, 0), 2);
    CHECK_MEMORY(buffer, "ab", 2);
    CHECK_EQ(recv(pair[1], buffer, 8, 0), 4);
    CHECK_MEMORY(buffer, "next", 4);
}

TEST(trunc_tells_the_true_length)
{
    int pair[2];
    char buffer[8] = "????????";
    udp_pair(pair);
    CHECK_EQ(send(pair[0], "abcdef", 6, 0), 6);
    CHECK_EQ(recv(pair[1], buffer, 2, MSG_TRUNC), 6);
    CHECK_MEMORY(buffer, "ab?", 3);
}

TEST(peek)
{
    struct sockaddr_in to, from;
    socklen_t length = sizeof(from);
    char buffer[8];
    int receiver = udp_bound(&to), sender = udp_socket();

    CHECK_EQ(send_to(sender, "abc", 3, &to), 3);
    CHECK_EQ(recvfrom(receiver, buffer, 2, MSG_PEEK, any(&from), &length), 2);
    CHECK_EQ(ntohs(from.sin_port), socket_port(sender));
    CHECK_EQ(recv(receiver, buffer, 2, MSG_PEEK | MSG_TRUNC), 3);
    CHECK_EQ(recv(receiver, buffer, sizeof(buffer), 0), 3);
    CHECK_ERRNO(recv(receiver, buffer, 1, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
}

TEST(nonblocking)
{
    struct sockaddr_in address;
    char byte;
    int fd = udp_bound(&address);
    CHECK_ERRNO(recv(fd, &byte, 1, MSG_DONTWAIT), EAGAIN);
    set_nonblocking(fd);
    CHECK_ERRNO(recv(fd, &byte, 1, 0), EAGAIN);
    CHECK_ERRNO(read(fd, &byte, 1), EAGAIN);
}

TEST(unbound_socket_can_wait)
{
    char byte;
    CHECK_ERRNO(recv(udp_socket(), &byte, 1, MSG_DONTWAIT), EAGAIN);
}

TEST(waitall_means_one_datagram)
{
    int pair[2];
    char buffer[8];
    udp_pair(pair);
    CHECK_EQ(send(pair[0], "ab", 2, 0), 2);
    CHECK_EQ(recv(pair[1], buffer, sizeof(buffer), MSG_WAITALL), 2);
}

TEST(read_blocks_until_a_datagram)
{
    int pair[2];
    udp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        char byte;
        CHECK_EQ(recv(pair[1], &byte, 1, 0), 1);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    wait_child(child);
}

TEST(all_sizes)
{
    static const int sizes[] = {1,     2,     511,   512,    1471, 1472,
                                1473,  1480,  2960,  4096,   9000, 16384,
                                32768, 40000, 65000, LARGEST};
    static unsigned char sent[LARGEST], got[LARGEST + 1];
    int pair[2];

    udp_pair(pair);
    for (int i = 0; i < LARGEST; i++)
        sent[i] = i * 11 + (i >> 8);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        CHECK_EQ(send(pair[0], sent, sizes[i], 0), sizes[i]);
        CHECK_EQ(recv(pair[1], got, sizeof(got), 0), sizes[i]);
        CHECK_MEMORY(got, sent, sizes[i]);
    }
}

TEST(too_large)
{
    static char data[LARGEST + 100];
    int pair[2];
    udp_pair(pair);
    CHECK_ERRNO(send(pair[0], data, LARGEST + 1, 0), EMSGSIZE);
    CHECK_ERRNO(send(pair[0], data, sizeof(data), 0), EMSGSIZE);
    CHECK_EQ(send(pair[0], data, LARGEST, 0), LARGEST);
}

TEST(more_gathers_one_datagram)
{
    int pair[2];
    char buffer[8];
    udp_pair(pair);
    CHECK_EQ(send(pair[0], "ab", 2, MSG_MORE), 2);
    CHECK_ERRNO(recv(pair[1], buffer, sizeof(buffer), MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(send(pair[0], "cd", 2, 0), 2);
    CHECK_EQ(recv(pair[1], buffer, sizeof(buffer), 0), 4);
    CHECK_MEMORY(buffer, "abcd", 4);
}

TEST(no_destination)
{
    CHECK_ERRNO(send(udp_socket(), "x", 1, 0), EDESTADDRREQ);
    CHECK_ERRNO(write(udp_socket(), "x", 1), EDESTADDRREQ);
}

TEST(bad_destination)
{
    struct sockaddr_in to = loopback(9);
    struct sockaddr *address = any(&to);
    int fd = udp_socket();

    CHECK_ERRNO(sendto(fd, "x", 1, 0, address, sizeof(to) - 1), EINVAL);
    CHECK_ERRNO(sendto(fd, "x", 1, 0, address, -1), EINVAL);
    CHECK_ERRNO(sendto(fd, "x", 1, 0, bad_pointer(), sizeof(to)), EFAULT);
    to.sin_family = AF_INET6;
    CHECK_ERRNO(send_to(fd, "x", 1, &to), EAFNOSUPPORT);
    to = loopback(0);
    CHECK_ERRNO(send_to(fd, "x", 1, &to), EINVAL);
}

TEST(broadcast_needs_the_option)
{
    struct sockaddr_in to = loopback(9);
    to.sin_addr.s_addr = htonl(INADDR_BROADCAST);
    CHECK_ERRNO(send_to(udp_socket(), "x", 1, &to), EACCES);
}

TEST(connected_may_send_elsewhere)
{
    int pair[2];
    char byte;
    struct sockaddr_in other;
    int third = udp_bound(&other);
    udp_pair(pair);
    CHECK_EQ(send_to(pair[0], "x", 1, &other), 1);
    CHECK_EQ(recv(third, &byte, 1, 0), 1);
    CHECK_ERRNO(recv(pair[1], &byte, 1, MSG_DONTWAIT), EAGAIN);
}

TEST(any_as_destination_is_loopback)
{
    struct sockaddr_in to;
    char byte;
    int receiver = udp_bound(&to);
    to.sin_addr.s_addr = INADDR_ANY;
    CHECK_EQ(send_to(udp_socket(), "x", 1, &to), 1);
    CHECK_EQ(recv(receiver, &byte, 1, 0), 1);
}

TEST(to_itself)
{
    struct sockaddr_in self;
    char byte;
    int fd = udp_bound(&self);
    CHECK_EQ(send_to(fd, "s", 1, &self), 1);
    CHECK_EQ(recv(fd, &byte, 1, 0), 1);
    CHECK_EQ(byte, 's');
}

// Too many for the receive buffer: the newest are dropped, the rest is whole.
TEST(overflow)
{
    static char data[1000], got[1001];
    int pair[2], count = 0;

    udp_pair(pair);
    for (int i = 0; i < 3000; i++) {
        memcpy(data, &i, sizeof(i));
        CHECK_EQ(send(pair[0], data, sizeof(data), 0), sizeof(data));
    }
    while (poll_events(pair[1], POLLIN, 100) == POLLIN) {
        int number;
        CHECK_EQ(recv(pair[1], got, sizeof(got), 0), sizeof(data));
        memcpy(&number, got, sizeof(number));
        CHECK_EQ(number, count);
        count++;
    }
    CHECK_BETWEEN(count, 16, 2999);
    CHECK_EQ(send(pair[0], "after", 5, 0), 5);
    CHECK_EQ(recv(pair[1], got, sizeof(got), 0), 5);
}

TEST(next_datagram_size)
{
    int pair[2], count = -1;
    udp_pair(pair);
    CHECK_OK(ioctl(pair[1], FIONREAD, &count));
    CHECK_EQ(count, 0);
    CHECK_EQ(send(pair[0], "abc", 3, 0), 3);
    CHECK_EQ(send(pair[0], "abcd", 4, 0), 4);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    CHECK_OK(ioctl(pair[1], FIONREAD, &count));
    CHECK_EQ(count, 3);
}

TEST(always_writable)
{
    struct sockaddr_in address;
    CHECK_EQ(poll_events(udp_bound(&address), POLLIN | POLLOUT, 0), POLLOUT);
}

TEST(child_and_parent_share)
{
    int pair[2];
    char byte;
    udp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(send(pair[0], "c", 1, 0), 1);
        _exit(0);
    }
    wait_child(child);
    CHECK_EQ(recv(pair[1], &byte, 1, 0), 1);
    CHECK_EQ(byte, 'c');
}

TEST(flags_that_mean_nothing_here)
{
    int pair[2];
    char byte;
    udp_pair(pair);
    CHECK_EQ(send(pair[0], "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT), 1);
    CHECK_ERRNO(send(pair[0], "x", 1, MSG_OOB), EOPNOTSUPP);
    CHECK_EQ(recv(pair[1], &byte, 1, 0), 1);
}
