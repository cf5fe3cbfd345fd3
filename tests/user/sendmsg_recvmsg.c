// SPDX-License-Identifier: MIT
//
// sendmsg(2) and recvmsg(2): vectors, names, flags, and bad headers. Bad
// headers go by syscall(2), since a C library may look into them.
#include "harness.h"

#include <limits.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#ifndef IOV_MAX
#define IOV_MAX 1024
#endif

static struct iovec piece(void *data, size_t length)
{
    return (struct iovec){.iov_base = data, .iov_len = length};
}

TEST(gather_and_scatter_tcp)
{
    int pair[2];
    char left[4], right[8];
    struct iovec out[] = {piece("abc", 3), piece("", 0), piece("defgh", 5)};
    struct iovec in[] = {piece(left, 4), piece(right, 8)};
    struct msghdr sent = {.msg_iov = out, .msg_iovlen = 3};
    struct msghdr got = {.msg_iov = in, .msg_iovlen = 2};

    tcp_pair(pair);
    CHECK_EQ(sendmsg(pair[0], &sent, 0), 8);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    CHECK_EQ(recvmsg(pair[1], &got, 0), 8);
    CHECK_MEMORY(left, "abcd", 4);
    CHECK_MEMORY(right, "efgh", 4);
    CHECK_EQ(got.msg_flags, 0);
    CHECK_EQ(got.msg_controllen, 0);
}

TEST(one_datagram_of_many_pieces)
{
    int pair[2];
    char letters[] = "abcdefghij", buffer[16];
    struct iovec out[10];
    struct msghdr sent = {.msg_iov = out, .msg_iovlen = 10};

    for (int i = 0; i < 10; i++)
        out[i] = piece(letters + i, 1);
    udp_pair(pair);
    CHECK_EQ(sendmsg(pair[0], &sent, 0), 10);
    CHECK_EQ(recv(pair[1], buffer, sizeof(buffer), 0), 10);
    CHECK_MEMORY(buffer, letters, 10);
}

TEST(names)
{
    struct sockaddr_in to, from;
    char buffer[8];
    struct iovec out = piece("name", 4), in = piece(buffer, 8);
    int receiver = udp_bound(&to), sender = udp_socket();
    struct msghdr sent = {.msg_name = &to,
                          .msg_namelen = sizeof(to),
                          .msg_iov = &out,
                          .msg_iovlen = 1};
    struct msghdr got = {.msg_name = &from,
                         .msg_namelen = sizeof(from),
                         .msg_iov = &in,
                         .msg_iovlen = 1};

    CHECK_EQ(sendmsg(sender, &sent, 0), 4);
    CHECK_EQ(recvmsg(receiver, &got, 0), 4);
    CHECK_EQ(got.msg_namelen, sizeof(from));
    CHECK_EQ(ntohs(from.sin_port), socket_port(sender));
}

TEST(name_is_cut)
{
    struct sockaddr_storage room;
    int pair[2];
    char byte;
    struct iovec in = piece(&byte, 1);
    struct msghdr got = {
        .msg_name = &room, .msg_namelen = 4, .msg_iov = &in, .msg_iovlen = 1};

    memset(&room, 0xee, sizeof(room));
    udp_pair(pair);
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    CHECK_EQ(recvmsg(pair[1], &got, 0), 1);
    CHECK_EQ(got.msg_namelen, sizeof(struct sockaddr_in));
    CHECK_EQ(((unsigned char *)&room)[4], 0xee);
}

TEST(no_name_on_tcp)
{
    struct sockaddr_in from;
    int pair[2];
    char byte;
    struct iovec in = piece(&byte, 1);
    struct msghdr got = {.msg_name = &from,
                         .msg_namelen = sizeof(from),
                         .msg_iov = &in,
                         .msg_iovlen = 1};
    tcp_pair(pair);
    write_all(pair[0], "x", 1);
    CHECK_EQ(recvmsg(pair[1], &got, 0), 1);
    CHECK_EQ(got.msg_namelen, 0);
}

TEST(trunc_flag)
{
    int pair[2];
    char buffer[8];
    struct iovec in = piece(buffer, 2);
    struct msghdr got = {.msg_iov = &in, .msg_iovlen = 1};

    udp_pair(pair);
    CHECK_EQ(send(pair[0], "abcdef", 6, 0), 6);
    CHECK_EQ(recvmsg(pair[1], &got, MSG_PEEK), 2);
    CHECK_EQ(got.msg_flags, MSG_TRUNC);
    CHECK_EQ(recvmsg(pair[1], &got, MSG_TRUNC), 6);
    CHECK_EQ(got.msg_flags, MSG_TRUNC);
}

TEST(no_control_data)
{
    int pair[2];
    char buffer[8], control[64];
    struct iovec in = piece(buffer, 8);
    struct msghdr got = {.msg_iov = &in,
                         .msg_iovlen = 1,
                         .msg_control = control,
                         .msg_controllen = sizeof(control)};
    udp_pair(pair);
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    CHECK_EQ(recvmsg(pair[1], &got, 0), 1);
    CHECK_EQ(got.msg_controllen, 0);
    CHECK_EQ(got.msg_flags, 0);
}

TEST(no_vector)
{
    int pair[2];
    char byte;
    struct msghdr empty = {0};
    udp_pair(pair);
    CHECK_EQ(sendmsg(pair[0], &empty, 0), 0);  // an empty datagram
    CHECK_EQ(recv(pair[1], &byte, 1, 0), 0);
    CHECK_EQ(send(pair[0], "lost", 4, 0), 4);
    CHECK_EQ(recvmsg(pair[1], &empty, 0), 0);
    CHECK_EQ(empty.msg_flags, MSG_TRUNC);
}

TEST(longest_vector)
{
    static struct iovec out[IOV_MAX + 1];
    static char buffer[IOV_MAX + 1];
    int pair[2];
    struct msghdr sent = {.msg_iov = out, .msg_iovlen = IOV_MAX};

    for (int i = 0; i <= IOV_MAX; i++)
        out[i] = piece("v", 1);
    udp_pair(pair);
    CHECK_EQ(sendmsg(pair[0], &sent, 0), IOV_MAX);
    CHECK_EQ(recv(pair[1], buffer, sizeof(buffer), 0), IOV_MAX);
    sent.msg_iovlen = IOV_MAX + 1;
    CHECK_ERRNO(syscall(SYS_sendmsg, pair[0], &sent, 0), EMSGSIZE);
    CHECK_ERRNO(syscall(SYS_recvmsg, pair[0], &sent, 0), EMSGSIZE);
}

TEST(negative_piece)
{
    int pair[2];
    char byte;
    struct iovec bad = piece(&byte, -1L);
    struct msghdr message = {.msg_iov = &bad, .msg_iovlen = 1};
    udp_pair(pair);
    CHECK_ERRNO(syscall(SYS_sendmsg, pair[0], &message, 0), EINVAL);
    CHECK_ERRNO(syscall(SYS_recvmsg, pair[0], &message, 0), EINVAL);
}

TEST(bad_header)
{
    int pair[2];
    struct msghdr message = {.msg_iov = bad_pointer(), .msg_iovlen = 1};
    udp_pair(pair);
    CHECK_ERRNO(syscall(SYS_sendmsg, pair[0], bad_pointer(), 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_recvmsg, pair[0], bad_pointer(), 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_sendmsg, pair[0], &message, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_recvmsg, pair[0], &message, 0), EFAULT);
}

TEST(bad_name)
{
    struct sockaddr_in to = loopback(9);
    struct iovec out = piece("x", 1);
    struct msghdr message = {
        .msg_name = &to, .msg_namelen = 4, .msg_iov = &out, .msg_iovlen = 1};
    CHECK_ERRNO(sendmsg(udp_socket(), &message, 0), EINVAL);
    message.msg_name = NULL;
    message.msg_namelen = 0;
    CHECK_ERRNO(sendmsg(udp_socket(), &message, 0), EDESTADDRREQ);
}

TEST(bad_descriptor)
{
    struct msghdr message = {0};
    int file = CHECK_OK(open("/dev/null", O_RDWR));
    CHECK_ERRNO(sendmsg(-1, &message, 0), EBADF);
    CHECK_ERRNO(recvmsg(-1, &message, 0), EBADF);
    CHECK_ERRNO(sendmsg(file, &message, 0), ENOTSOCK);
    CHECK_ERRNO(recvmsg(file, &message, 0), ENOTSOCK);
}

TEST(flags_are_those_of_send)
{
    int pair[2];
    char buffer[8];
    struct iovec data = piece(buffer, 8);
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

    tcp_pair(pair);
    CHECK_ERRNO(recvmsg(pair[0], &message, MSG_DONTWAIT), EAGAIN);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK_ERRNO(sendmsg(pair[0], &message, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(recvmsg(pair[1], &message, 0), 0);
}

TEST(cmsg_cloexec_is_accepted)
{
    int pair[2];
    char byte;
    struct iovec in = piece(&byte, 1);
    struct msghdr message = {.msg_iov = &in, .msg_iovlen = 1};
    udp_pair(pair);
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    CHECK_EQ(recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC), 1);
}
