// SPDX-License-Identifier: MIT
//
// socketpair(2): two connected AF_UNIX ends.
#include "harness.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

static void make_pair(int type, int pair[2])
{
    CHECK_OK(socketpair(AF_UNIX, type, 0, pair));
}

TEST(two_ends)
{
    struct stat first, second;
    int pair[2];
    make_pair(SOCK_STREAM, pair);
    CHECK(pair[0] >= 0 && pair[1] >= 0 && pair[0] != pair[1]);
    CHECK_OK(fstat(pair[0], &first));
    CHECK_OK(fstat(pair[1], &second));
    CHECK(S_ISSOCK(first.st_mode));
    CHECK(first.st_ino != second.st_ino);
}

TEST(full_duplex)
{
    int pair[2];
    char buffer[8];
    make_pair(SOCK_STREAM, pair);
    write_all(pair[0], "left", 4);
    write_all(pair[1], "right", 5);
    CHECK_EQ(read(pair[0], buffer, 8), 5);
    CHECK_MEMORY(buffer, "right", 5);
    CHECK_EQ(read(pair[1], buffer, 8), 4);
    CHECK_MEMORY(buffer, "left", 4);
}

TEST(flags)
{
    int pair[2];
    char byte;
    make_pair(SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, pair);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(fcntl(pair[i], F_GETFD), FD_CLOEXEC);
        CHECK_EQ(fcntl(pair[i], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
        CHECK_ERRNO(read(pair[i], &byte, 1), EAGAIN);
    }
}

TEST(datagrams_keep_boundaries)
{
    int pair[2];
    char buffer[16];
    make_pair(SOCK_DGRAM, pair);
    CHECK_EQ(send(pair[0], "one", 3, 0), 3);
    CHECK_EQ(send(pair[0], "", 0, 0), 0);
    CHECK_EQ(send(pair[0], "three", 5, 0), 5);
    CHECK_EQ(recv(pair[1], buffer, 2, 0), 2);  // cut
    CHECK_EQ(recv(pair[1], buffer, 16, 0), 0);
    CHECK_EQ(recv(pair[1], buffer, 16, 0), 5);
}

TEST(stream_joins)
{
    int pair[2];
    char buffer[16];
    make_pair(SOCK_STREAM, pair);
    write_all(pair[0], "ab", 2);
    write_all(pair[0], "cd", 2);
    CHECK_EQ(recv(pair[1], buffer, 4, MSG_WAITALL), 4);
    CHECK_MEMORY(buffer, "abcd", 4);
}

TEST(peek)
{
    int pair[2];
    char buffer[4];
    make_pair(SOCK_STREAM, pair);
    write_all(pair[0], "pk", 2);
    CHECK_EQ(recv(pair[1], buffer, 4, MSG_PEEK), 2);
    CHECK_EQ(recv(pair[1], buffer, 4, 0), 2);
}

TEST(end_of_file)
{
    int pair[2];
    char buffer[8];
    make_pair(SOCK_STREAM, pair);
    write_all(pair[0], "bye", 3);
    CHECK_OK(close(pair[0]));
    CHECK_EQ(read(pair[1], buffer, 8), 3);
    CHECK_EQ(read(pair[1], buffer, 8), 0);
    CHECK_EQ(read(pair[1], buffer, 8), 0);
}

TEST(broken_pipe)
{
    int pair[2];
    catch_signal(SIGPIPE, 0);
    make_pair(SOCK_STREAM, pair);
    CHECK_OK(close(pair[0]));
    CHECK_ERRNO(write(pair[1], "x", 1), EPIPE);
    CHECK_EQ(signals_caught, 1);
    CHECK_ERRNO(send(pair[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(signals_caught, 1);
}

TEST(datagram_peer_gone)
{
    int pair[2];
    make_pair(SOCK_DGRAM, pair);
    CHECK_OK(close(pair[0]));
    CHECK_ERRNO(send(pair[1], "x", 1, MSG_NOSIGNAL), ECONNREFUSED);
}

TEST(close_wakes_the_reader)
{
    int pair[2];
    make_pair(SOCK_STREAM, pair);
    pid_t child = fork_child();
    if (child == 0) {
        char byte;
        CHECK_OK(close(pair[0]));
        CHECK_EQ(read(pair[1], &byte, 1), 0);
        _exit(0);
    }
    CHECK_OK(close(pair[1]));
    wait_asleep(child);
    CHECK_OK(close(pair[0]));
    wait_child(child);
}

TEST(close_wakes_the_writer)
{
    static char block[65536];
    int pair[2];
    ignore_sigpipe();
    make_pair(SOCK_STREAM, pair);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(close(pair[0]));
        while (write(pair[1], block, sizeof(block)) > 0)
            ;
        CHECK_EQ(errno, EPIPE);
        _exit(0);
    }
    CHECK_OK(close(pair[1]));
    wait_asleep(child);
    CHECK_OK(close(pair[0]));
    wait_child(child);
}

TEST(full_buffer)
{
    static char block[16384], sink[16384];
    int pair[2];
    long total = 0;
    ssize_t count;
    make_pair(SOCK_STREAM | SOCK_NONBLOCK, pair);
    while ((count = write(pair[0], block, sizeof(block))) > 0)
        total += count;
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(poll_events(pair[0], POLLOUT, 0), 0);
    while (total > 0)
        total -= CHECK_OK(read(pair[1], sink, sizeof(sink)));
    CHECK_EQ(total, 0);
    CHECK_EQ(poll_events(pair[0], POLLOUT, 0), POLLOUT);
    CHECK_ERRNO(read(pair[1], sink, 1), EAGAIN);
}

TEST(large_transfer)
{
    enum {
        LENGTH = 1 << 20
    };
    static char data[LENGTH], got[LENGTH];
    int pair[2];
    make_pair(SOCK_STREAM, pair);
    for (int i = 0; i < LENGTH; i++)
        data[i] = i * 3 + (i >> 9);
    pid_t child = fork_child();
    if (child == 0) {
        write_all(pair[0], data, LENGTH);
        _exit(0);
    }
    read_all(pair[1], got, LENGTH);
    CHECK_MEMORY(got, data, LENGTH);
    wait_child(child);
}

TEST(half_close)
{
    int pair[2];
    char byte;
    make_pair(SOCK_STREAM, pair);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK_EQ(read(pair[1], &byte, 1), 0);
    CHECK_ERRNO(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    write_all(pair[1], "y", 1);
    read_all(pair[0], &byte, 1);
    CHECK_ERRNO(shutdown(pair[0], 9), EINVAL);
}

TEST(readiness)
{
    int pair[2], all = POLLIN | POLLOUT | POLLRDHUP;
    char byte;
    make_pair(SOCK_STREAM, pair);
    CHECK_EQ(poll_events(pair[0], all, 0), POLLOUT);
    write_all(pair[1], "x", 1);
    CHECK_EQ(poll_events(pair[0], all, 0), POLLIN | POLLOUT);
    read_all(pair[0], &byte, 1);
    CHECK_OK(close(pair[1]));
    CHECK_EQ(poll_events(pair[0], all, 0), all | POLLHUP);
}

TEST(names_are_empty)
{
    struct sockaddr_un name;
    socklen_t length = sizeof(name);
    int pair[2];
    make_pair(SOCK_STREAM, pair);
    CHECK_OK(getsockname(pair[0], (struct sockaddr *)&name, &length));
    CHECK_EQ(length, sizeof(sa_family_t));
    CHECK_EQ(name.sun_family, AF_UNIX);
    length = sizeof(name);
    CHECK_OK(getpeername(pair[0], (struct sockaddr *)&name, &length));
    CHECK_EQ(length, sizeof(sa_family_t));
}

TEST(identity)
{
    int pair[2], value;
    socklen_t length = sizeof(value);
    make_pair(SOCK_DGRAM, pair);
    CHECK_OK(getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &value, &length));
    CHECK_EQ(value, SOCK_DGRAM);
    CHECK_OK(getsockopt(pair[0], SOL_SOCKET, SO_DOMAIN, &value, &length));
    CHECK_EQ(value, AF_UNIX);
}

TEST(shared_with_a_child)
{
    int pair[2];
    char buffer[8];
    make_pair(SOCK_STREAM, pair);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(close(pair[0]));
        read_all(pair[1], buffer, 5);
        CHECK_MEMORY(buffer, "query", 5);
        write_all(pair[1], "reply", 5);
        _exit(0);
    }
    CHECK_OK(close(pair[1]));
    write_all(pair[0], "query", 5);
    read_all(pair[0], buffer, 5);
    CHECK_MEMORY(buffer, "reply", 5);
    CHECK_EQ(read(pair[0], buffer, 1), 0);
    wait_child(child);
}

TEST(errors)
{
    int pair[2];
    CHECK_ERRNO(socketpair(AF_INET, SOCK_STREAM, 0, pair), EOPNOTSUPP);
    CHECK_ERRNO(socketpair(AF_INET, SOCK_DGRAM, 0, pair), EOPNOTSUPP);
    CHECK_ERRNO(socketpair(9999, SOCK_STREAM, 0, pair), EAFNOSUPPORT);
    CHECK_ERRNO(socketpair(AF_UNIX, SOCK_STREAM, 6, pair), EPROTONOSUPPORT);
    CHECK_ERRNO(socketpair(AF_UNIX, 15, 0, pair), EINVAL);
    CHECK_ERRNO(socketpair(AF_UNIX, SOCK_RDM, 0, pair), ESOCKTNOSUPPORT);
}

TEST(bad_pointer_leaks_no_descriptor)
{
    int before = lowest_free_fd();
    CHECK_ERRNO(socketpair(AF_UNIX, SOCK_STREAM, 0, bad_pointer()), EFAULT);
    CHECK_EQ(lowest_free_fd(), before);
}

TEST(one_descriptor_left)
{
    struct rlimit limit;
    int pair[2], next = lowest_free_fd();
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = next + 1;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    CHECK_ERRNO(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), EMFILE);
    CHECK_EQ(lowest_free_fd(), next);
}
