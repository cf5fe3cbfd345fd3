// SPDX-License-Identifier: MIT
//
// Sockets are files: read, write, readv, writev, dup, fork, exec, fcntl, poll
// and select work on them.
#include "harness.h"

#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/uio.h>

TEST(read_and_write)
{
    int pair[2];
    char buffer[8];
    tcp_pair(pair);
    CHECK_EQ(write(pair[0], "tcp", 3), 3);
    CHECK_EQ(read(pair[1], buffer, 8), 3);
    udp_pair(pair);
    CHECK_EQ(write(pair[0], "udp!", 4), 4);
    CHECK_EQ(read(pair[1], buffer, 8), 4);
    CHECK_MEMORY(buffer, "udp!", 4);
}

TEST(vectors_on_tcp)
{
    int pair[2];
    char one[2], two[4];
    struct iovec out[] = {{"ab", 2}, {"cdef", 4}}, in[] = {{one, 2}, {two, 4}};
    tcp_pair(pair);
    CHECK_EQ(writev(pair[0], out, 2), 6);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    CHECK_EQ(readv(pair[1], in, 2), 6);
    CHECK_MEMORY(one, "ab", 2);
    CHECK_MEMORY(two, "cdef", 4);
}

TEST(vectors_on_udp)
{
    int pair[2];
    char one[2], two[4];
    struct iovec out[] = {{"ab", 2}, {"cde", 3}}, in[] = {{one, 2}, {two, 4}};
    udp_pair(pair);
    CHECK_EQ(writev(pair[0], out, 2), 5);  // one datagram
    CHECK_EQ(readv(pair[1], in, 2), 5);
    CHECK_MEMORY(two, "cde", 3);
}

TEST(duplicates_share)
{
    int pair[2];
    char buffer[4];
    tcp_pair(pair);
    int copy = CHECK_OK(dup(pair[1]));
    CHECK_EQ(socket_port(copy), socket_port(pair[1]));
    write_all(pair[0], "ab", 2);
    read_all(pair[1], buffer, 1);
    CHECK_OK(close(pair[1]));
    read_all(copy, buffer, 1);
    CHECK_EQ(buffer[0], 'b');
    write_all(copy, "c", 1);  // the connection is still up
    read_all(pair[0], buffer, 1);
    CHECK_OK(close(copy));
    CHECK_EQ(read(pair[0], buffer, 1), 0);
}

TEST(dup2_replaces_a_connection)
{
    int first[2], second[2];
    char byte;
    tcp_pair(first);
    tcp_pair(second);
    CHECK_EQ(dup2(second[0], first[0]), first[0]);
    CHECK_EQ(read(first[1], &byte, 1), 0);  // it was the last descriptor
    write_all(first[0], "s", 1);
    read_all(second[1], &byte, 1);
}

TEST(as_standard_input_and_output)
{
    int pair[2];
    char buffer[8];
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        dup2(pair[1], 0);
        dup2(pair[1], 1);
        char line[8];
        read_all(0, line, 3);
        write_all(1, line, 3);
        _exit(0);
    }
    write_all(pair[0], "io\n", 3);
    read_all(pair[0], buffer, 3);
    wait_child(child);
}

TEST(nonblock_is_shared_by_duplicates)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    int copy = CHECK_OK(dup(pair[0]));
    set_nonblocking(copy);
    CHECK_EQ(fcntl(pair[0], F_GETFL), O_RDWR | O_NONBLOCK);
    CHECK_ERRNO(read(pair[0], &byte, 1), EAGAIN);
    CHECK_OK(fcntl(pair[0], F_SETFL, 0));
    CHECK_EQ(fcntl(copy, F_GETFL), O_RDWR);
}

TEST(nonblock_by_ioctl)
{
    int pair[2], on = 1, off = 0;
    char byte;
    tcp_pair(pair);
    CHECK_OK(ioctl(pair[0], FIONBIO, &on));
    CHECK_ERRNO(read(pair[0], &byte, 1), EAGAIN);
    CHECK_EQ(fcntl(pair[0], F_GETFL), O_RDWR | O_NONBLOCK);
    CHECK_OK(ioctl(pair[0], FIONBIO, &off));
    CHECK_EQ(fcntl(pair[0], F_GETFL), O_RDWR);
}

TEST(inherited_by_fork)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(close(pair[0]));
        read_all(pair[1], &byte, 1);
        write_all(pair[1], &byte, 1);
        _exit(0);
    }
    CHECK_OK(close(pair[1]));
    write_all(pair[0], "f", 1);
    read_all(pair[0], &byte, 1);
    CHECK_EQ(byte, 'f');
    CHECK_EQ(read(pair[0], &byte, 1), 0);
    wait_child(child);
}

TEST(survives_exec_unless_cloexec)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    CHECK_OK(fcntl(pair[0], F_SETFD, FD_CLOEXEC));
    pid_t child = fork_child();
    if (child == 0) {
        dup2(pair[0], 1);  // the copy has no FD_CLOEXEC
        exec_helper("print", "e", NULL);
    }
    read_all(pair[1], &byte, 1);
    CHECK_EQ(byte, 'e');
    wait_child(child);
    CHECK_EQ(poll_events(pair[1], POLLRDHUP, 50), 0);  // we still hold it
}

TEST(poll_before_and_after)
{
    int pair[2], all = POLLIN | POLLOUT | POLLPRI;
    char byte;
    tcp_pair(pair);
    CHECK_EQ(poll_events(pair[1], all, 0), POLLOUT);
    write_all(pair[0], "x", 1);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    CHECK_EQ(poll_events(pair[1], POLLIN | POLLRDNORM, 0), POLLIN | POLLRDNORM);
    read_all(pair[1], &byte, 1);
    CHECK_EQ(poll_events(pair[1], POLLIN, 0), 0);
}

TEST(poll_sleeps_until_data)
{
    int pair[2];
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(poll_events(pair[1], POLLIN, -1), POLLIN);
        _exit(0);
    }
    wait_asleep(child);
    write_all(pair[0], "x", 1);
    wait_child(child);
}

TEST(poll_sleeps_until_room)
{
    static char block[65536];
    int pair[2];
    tcp_pair(pair);
    set_nonblocking(pair[0]);
    do {
        while (write(pair[0], block, sizeof(block)) > 0)
            ;
    } while (poll_events(pair[0], POLLOUT, 300));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(poll_events(pair[0], POLLOUT, -1), POLLOUT);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(fcntl(pair[1], F_SETFL, O_NONBLOCK));
    while (poll_events(pair[1], POLLIN, 500))
        CHECK_OK(read(pair[1], block, sizeof(block)));
    wait_child(child);
}

TEST(poll_unconnected)
{
    struct sockaddr_in address;
    int all = POLLIN | POLLOUT;
    CHECK_EQ(poll_events(tcp_socket(), all, 0), POLLOUT | POLLHUP);
    CHECK_EQ(poll_events(tcp_listener(&address, 1), all, 0), 0);
    CHECK_EQ(poll_events(udp_socket(), all, 0), POLLOUT);
}

TEST(poll_of_a_listener)
{
    struct sockaddr_in address;
    int listener = tcp_listener(&address, 1);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(poll_events(listener, POLLIN, -1), POLLIN);
        _exit(0);
    }
    wait_asleep(child);
    tcp_connect(&address);
    wait_child(child);
}

TEST(poll_after_a_reset)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    int pair[2], all = POLLIN | POLLOUT | POLLRDHUP;
    tcp_pair(pair);
    CHECK_OK(
        setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
    CHECK_OK(close(pair[0]));
    CHECK(poll_events(pair[1], 0, 5000) & POLLERR);
    CHECK_EQ(poll_events(pair[1], all, 0), all | POLLERR | POLLHUP);
}

TEST(poll_many)
{
    enum {
        PAIRS = 50
    };
    struct pollfd entries[PAIRS];
    int pairs[PAIRS][2];

    for (int i = 0; i < PAIRS; i++) {
        udp_pair(pairs[i]);
        entries[i] = (struct pollfd){.fd = pairs[i][1], .events = POLLIN};
    }
    CHECK_EQ(poll(entries, PAIRS, 0), 0);
    CHECK_EQ(write(pairs[7][0], "x", 1), 1);
    CHECK_EQ(write(pairs[42][0], "x", 1), 1);
    CHECK_EQ(poll_events(pairs[7][1], POLLIN, 5000), POLLIN);
    CHECK_EQ(poll_events(pairs[42][1], POLLIN, 5000), POLLIN);
    CHECK_EQ(poll(entries, PAIRS, -1), 2);
    for (int i = 0; i < PAIRS; i++)
        CHECK_EQ(entries[i].revents, i == 7 || i == 42 ? POLLIN : 0);
}

TEST(select_reads_and_writes)
{
    int pair[2];
    fd_set readable, writable;
    tcp_pair(pair);
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_SET(pair[1], &readable);
    FD_SET(pair[0], &writable);
    write_all(pair[0], "x", 1);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    CHECK_EQ(select(pair[1] + 1, &readable, &writable, NULL, NULL), 2);
    CHECK(FD_ISSET(pair[1], &readable));
    CHECK(FD_ISSET(pair[0], &writable));
}

TEST(select_times_out)
{
    int pair[2];
    fd_set readable;
    struct timeval timeout = {0, 50000};
    tcp_pair(pair);
    FD_ZERO(&readable);
    FD_SET(pair[1], &readable);
    long long start = now_ms();
    CHECK_EQ(select(pair[1] + 1, &readable, NULL, NULL, &timeout), 0);
    CHECK_BETWEEN(now_ms() - start, 49, 5000);
    CHECK(!FD_ISSET(pair[1], &readable));
}

TEST(stat_of_a_connection)
{
    struct stat status;
    int pair[2];
    tcp_pair(pair);
    CHECK_OK(fstat(pair[1], &status));
    CHECK(S_ISSOCK(status.st_mode));
    CHECK_EQ(status.st_size, 0);
}

TEST(descriptor_errors_on_read_and_write)
{
    int pair[2];
    tcp_pair(pair);
    CHECK_ERRNO(read(pair[0], bad_pointer(), 0x7fffffff00000000), EFAULT);
    write_all(pair[1], "x", 1);
    CHECK_EQ(poll_events(pair[0], POLLIN, 5000), POLLIN);
    CHECK_ERRNO(read(pair[0], bad_pointer(), 1), EFAULT);
    CHECK_ERRNO(write(pair[0], bad_pointer(), 1), EFAULT);
}
