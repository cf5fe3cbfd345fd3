// SPDX-License-Identifier: MIT
//
// Filters, socket(7): attaching, verifying, locking and reading them back, and
// what they do to the datagrams of a UDP socket.
#include "harness.h"

#include "bpf.h"

#ifndef SO_ATTACH_BPF
#define SO_ATTACH_BPF 50
#endif
#ifndef SO_LOCK_FILTER
#define SO_LOCK_FILTER 44
#endif

static int pair[2];
static char buffer[100];
static int one = 1, zero;

static int detach(int fd)
{
    return setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &zero, sizeof(zero));
}

static ssize_t receive(void)
{
    return recv(pair[1], buffer, sizeof(buffer), MSG_DONTWAIT);
}

TEST(drop_and_pass)
{
    udp_pair(pair);
    // The first byte behind UDP's header decides.
    CHECK_OK(attach(pair[1], PROGRAM(LOAD_BYTE(8), SKIP_UNLESS_EQUAL('y', 1),
                                     RETURN(~0u), RETURN(0))));
    CHECK_EQ(send(pair[0], "no", 2, 0), 2);
    CHECK_EQ(send(pair[0], "yes", 3, 0), 3);
    CHECK_EQ(receive(), 3);
    CHECK_MEMORY(buffer, "yes", 3);
    CHECK_ERRNO(receive(), EAGAIN);
    CHECK_EQ(send(pair[0], "", 0, 0), 0);  // a load past the end drops
    CHECK_ERRNO(receive(), EAGAIN);
}

TEST(cut)
{
    udp_pair(pair);
    CHECK_OK(attach(pair[1], PROGRAM(RETURN(8 + 5))));
    CHECK_EQ(send(pair[0], "0123456789", 10, 0), 10);
    CHECK_EQ(recv(pair[1], buffer, sizeof(buffer), MSG_DONTWAIT | MSG_TRUNC),
             5);
    CHECK_MEMORY(buffer, "01234", 5);
    // The header itself cannot be cut into.
    CHECK_OK(attach(pair[1], PROGRAM(RETURN(1))));
    CHECK_EQ(send(pair[0], "0123456789", 10, 0), 10);
    CHECK_EQ(receive(), 0);
}

TEST(what_udp_sees)
{
    udp_pair(pair);
    int port = socket_port(pair[1]);
    // Destination port, length, EtherType, kind, IP protocol, payload.
    CHECK_OK(attach(
        pair[1],
        PROGRAM(LOAD_HALF(2), SKIP_UNLESS_EQUAL((uint32_t)port, 13),
                LOAD_LENGTH, SKIP_UNLESS_EQUAL(8 + 4, 11), LOAD_HALF(4),
                SKIP_UNLESS_EQUAL(8 + 4, 9), LOAD_WORD(PROTOCOL),
                SKIP_UNLESS_EQUAL(0x0800, 7), LOAD_WORD(PACKET_TYPE),
                SKIP_UNLESS_EQUAL(0, 5), LOAD_BYTE(NETWORK_HEADER + 9),
                SKIP_UNLESS_EQUAL(17, 3), LOAD_WORD(8),
                SKIP_UNLESS_EQUAL(0x64617461, 1), RETURN(~0u), RETURN(0))));
    CHECK_EQ(send(pair[0], "data", 4, 0), 4);
    CHECK_EQ(receive(), 4);
}

TEST(another_takes_its_place)
{
    udp_pair(pair);
    CHECK_OK(attach(pair[1], PROGRAM(RETURN(0))));
    CHECK_OK(attach(pair[1], PROGRAM(RETURN(~0u))));
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    CHECK_EQ(receive(), 1);
    // A bad one leaves the old one where it was.
    CHECK_OK(attach(pair[1], PROGRAM(RETURN(0))));
    CHECK_ERRNO(attach(pair[1], PROGRAM(LOAD_MEMORY(0), RETURN_A)), EINVAL);
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    CHECK_ERRNO(receive(), EAGAIN);
    CHECK_OK(detach(pair[1]));
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    CHECK_EQ(receive(), 1);
    CHECK_ERRNO(detach(pair[1]), ENOENT);
}

TEST(refused)
{
    static struct instruction many[4097];
    struct program good = PROGRAM(RETURN(1));
    int fd = udp_socket();

    for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
        many[i] = (struct instruction)RETURN(1);
    CHECK_OK(attach(fd, (struct program){4096, many}));
    CHECK_ERRNO(attach(fd, (struct program){4097, many}), EINVAL);
    CHECK_ERRNO(attach(fd, (struct program){0, many}), EINVAL);
    CHECK_ERRNO(attach(fd, (struct program){1, NULL}), EINVAL);
    CHECK_ERRNO(attach(fd, (struct program){1, bad_pointer()}), EFAULT);
    CHECK_ERRNO(attach(fd, PROGRAM(LOAD_BYTE(0))), EINVAL);
    CHECK_ERRNO(attach(fd, PROGRAM(DIVIDE(0), RETURN(1))), EINVAL);
    CHECK_ERRNO(attach(fd, PROGRAM(SKIP_UNLESS_EQUAL(0, 1), RETURN(1))),
                EINVAL);
    CHECK_ERRNO(attach(fd, PROGRAM(LOAD_WORD(ANCILLARY + 1), RETURN(1))),
                EINVAL);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &good, 15),
                EINVAL);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &good, 17),
                EINVAL);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, bad_pointer(), 16),
                EFAULT);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &zero, 3), EINVAL);
    if (on_wharf())  // there is no other kind of program
        CHECK_ERRNO(
            setsockopt(fd, SOL_SOCKET, SO_ATTACH_BPF, &zero, sizeof(zero)),
            ENOPROTOOPT);
}

TEST(read_back)
{
    struct instruction got[3];
    socklen_t length = 0;
    int fd = udp_socket();

    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, got, &length));
    CHECK_EQ(length, 0);
    CHECK_OK(attach(fd, PROGRAM(LOAD_BYTE(8), RETURN_A)));
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, NULL, &length));
    CHECK_EQ(length, 2);
    length = 1;
    CHECK_ERRNO(getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, got, &length),
                EINVAL);
    length = 3;  // counts instructions
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, got, &length));
    CHECK_EQ(length, 2);
    CHECK_EQ(got[0].code, 0x30);
    CHECK_EQ(got[0].k, 8);
    CHECK_EQ(got[1].code, 0x16);
    CHECK_ERRNO(
        getsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, bad_pointer(), &length),
        EFAULT);
}

TEST(lock)
{
    int fd = udp_socket(), value = -1;
    socklen_t length = sizeof(value);

    CHECK_OK(attach(fd, PROGRAM(RETURN(1))));
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &zero, sizeof(zero)));
    CHECK_OK(attach(fd, PROGRAM(RETURN(1))));
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof(one)));
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &value, &length));
    CHECK_EQ(value, 1);
    CHECK_ERRNO(attach(fd, PROGRAM(RETURN(1))), EPERM);
    CHECK_ERRNO(detach(fd), EPERM);
    CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &zero, sizeof(zero)),
                EPERM);
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof(one)));
}

static void check_messages(int type)
{
    static char large[40000];

    CHECK_OK(socketpair(AF_UNIX, type, 0, pair));
    // The first byte decides; 5 bytes of what passes are kept.
    CHECK_OK(attach(pair[1], PROGRAM(LOAD_BYTE(0), SKIP_UNLESS_EQUAL('y', 1),
                                     RETURN(5), RETURN(0))));
    CHECK_EQ(send(pair[0], "no", 2, 0), 2);
    CHECK_EQ(send(pair[0], "yesterday", 9, 0), 9);
    CHECK_EQ(receive(), 5);
    CHECK_MEMORY(buffer, "yeste", 5);
    CHECK_ERRNO(receive(), EAGAIN);
    // A large one is cut as well, and looked at to its end.
    CHECK_OK(attach(pair[1], PROGRAM(LOAD_BYTE(sizeof(large) - 1),
                                     SKIP_UNLESS_EQUAL('z', 1), RETURN(33000),
                                     RETURN(0))));
    CHECK_EQ(send(pair[0], large, sizeof(large), 0), sizeof(large));
    large[sizeof(large) - 1] = 'z';
    CHECK_EQ(send(pair[0], large, sizeof(large), 0), sizeof(large));
    CHECK_EQ(recv(pair[1], large, sizeof(large), MSG_DONTWAIT), 33000);
    CHECK_ERRNO(receive(), EAGAIN);
    // What was thrown away is no more the sender's.
    CHECK_OK(attach(pair[1], PROGRAM(RETURN(0))));
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(send(pair[0], large, 1000, MSG_DONTWAIT), 1000);
}

TEST(unix_datagrams)
{
    check_messages(SOCK_DGRAM);
    if (receive() >= 0 || errno != EAGAIN)
        FAIL("something came through");
}

TEST(unix_packets)
{
    check_messages(SOCK_SEQPACKET);
}
