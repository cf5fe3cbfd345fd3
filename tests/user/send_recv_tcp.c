// SPDX-License-Identifier: MIT
//
// send(2) and recv(2) on TCP: flags, full buffers, ends of stream and resets.
#include "harness.h"

#include <sys/ioctl.h>

// A byte sequence that shows lost, doubled and swapped pieces.
static unsigned char pattern(size_t position)
{
    return position * 7 + (position >> 8) * 13 + (position >> 16) * 29;
}

static void send_pattern(int fd, size_t length, size_t piece)
{
    unsigned char buffer[65536];
    for (size_t done = 0; done < length;) {
        size_t want = length - done < piece ? length - done : piece;
        for (size_t i = 0; i < want; i++)
            buffer[i] = pattern(done + i);
        ssize_t count = CHECK_OK(send(fd, buffer, want, 0));
        CHECK_BETWEEN(count, 1, want);
        done += count;
    }
}

static void expect_pattern(int fd, size_t length, size_t piece)
{
    unsigned char buffer[65536];
    for (size_t done = 0; done < length;) {
        ssize_t count = CHECK_OK(recv(fd, buffer, piece, 0));
        CHECK_BETWEEN(count, 1, piece);
        for (ssize_t i = 0; i < count; i++)
            if (buffer[i] != pattern(done + i))
                FAIL("byte %zu (got %d, wanted %d)", done + i, buffer[i],
                     pattern(done + i));
        done += count;
    }
}

static void reset_on_close(int fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
    CHECK_OK(close(fd));
}

// Sends without blocking until nothing more fits; returns the bytes taken.
static size_t fill(int fd)
{
    static char block[16384];
    size_t total = 0, before;

    // What is on its way may make room for more, so until a pause brought none.
    do {
        ssize_t count;
        before = total;
        while ((count = send(fd, block, sizeof(block), MSG_DONTWAIT)) > 0 ||
               (count = send(fd, block, 1, MSG_DONTWAIT)) > 0)
            total += count;
        CHECK_EQ(errno, EAGAIN);
        pause_ms(300);
    } while (total != before);
    return total;
}

TEST(both_directions)
{
    int pair[2];
    char buffer[8];
    tcp_pair(pair);
    CHECK_EQ(send(pair[0], "ping", 4, 0), 4);
    CHECK_EQ(recv(pair[1], buffer, sizeof(buffer), 0), 4);
    CHECK_MEMORY(buffer, "ping", 4);
    CHECK_EQ(send(pair[1], "pong!", 5, 0), 5);
    CHECK_EQ(recv(pair[0], buffer, sizeof(buffer), 0), 5);
    CHECK_MEMORY(buffer, "pong!", 5);
}

TEST(a_stream_has_no_boundaries)
{
    int pair[2];
    char buffer[8];
    tcp_pair(pair);
    write_all(pair[0], "ab", 2);
    write_all(pair[0], "cdef", 4);
    read_all(pair[1], buffer, 1);
    read_all(pair[1], buffer + 1, 5);
    CHECK_MEMORY(buffer, "abcdef", 6);
}

TEST_SECONDS(large_transfer, 60)
{
    enum {
        LENGTH = 4 << 20
    };
    int pair[2];
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        send_pattern(pair[0], LENGTH, 50000);
        _exit(0);
    }
    CHECK_OK(close(pair[0]));
    expect_pattern(pair[1], LENGTH, 30000);
    char byte;
    CHECK_EQ(recv(pair[1], &byte, 1, 0), 0);
    wait_child(child);
}

TEST_SECONDS(both_ways_at_once, 60)
{
    enum {
        LENGTH = 1 << 20
    };
    int pair[2];
    tcp_pair(pair);
    pid_t children[2];
    for (int i = 0; i < 2; i++) {
        children[i] = fork_child();
        if (children[i] == 0) {
            send_pattern(pair[i], LENGTH, 4096);
            _exit(0);
        }
    }
    pid_t reader = fork_child();
    if (reader == 0) {
        expect_pattern(pair[0], LENGTH, 5000);
        _exit(0);
    }
    expect_pattern(pair[1], LENGTH, 3000);
    wait_child(reader);
    for (int i = 0; i < 2; i++)
        wait_child(children[i]);
}

TEST_SECONDS(small_pieces, 60)
{
    enum {
        LENGTH = 20000
    };
    int pair[2];
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        send_pattern(pair[0], LENGTH, 7);
        _exit(0);
    }
    expect_pattern(pair[1], LENGTH, 11);
    wait_child(child);
}

TEST(blocks_on_a_full_buffer)
{
    int pair[2];
    tcp_pair(pair);
    size_t total = fill(pair[0]);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(send(pair[0], "end", 3, 0), 3);
        _exit(0);
    }
    wait_asleep(child);
    static char sink[65536];
    for (size_t done = 0; done < total;)
        done += CHECK_OK(
            recv(pair[1], sink,
                 total - done < sizeof(sink) ? total - done : sizeof(sink), 0));
    wait_child(child);
    read_all(pair[1], sink, 3);
    CHECK_MEMORY(sink, "end", 3);
}

TEST(a_full_buffer_takes_a_part)
{
    static char block[8 << 20];
    int pair[2];
    tcp_pair(pair);
    ssize_t count = CHECK_OK(send(pair[0], block, sizeof(block), MSG_DONTWAIT));
    CHECK_BETWEEN(count, 1, sizeof(block) - 1);
}

TEST(full_and_writable_again)
{
    static char sink[65536];
    int pair[2];
    tcp_pair(pair);
    size_t left = fill(pair[0]);
    CHECK(left > 4096);
    CHECK_ERRNO(send(pair[0], "x", 1, MSG_DONTWAIT), EAGAIN);
    while (left > 0)
        left -= CHECK_OK(recv(pair[1], sink, sizeof(sink), 0));
    CHECK_EQ(poll_events(pair[0], POLLOUT, 5000), POLLOUT);
    CHECK_EQ(send(pair[0], "x", 1, MSG_DONTWAIT), 1);
}

TEST(nonblocking_read)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    CHECK_ERRNO(recv(pair[0], &byte, 1, MSG_DONTWAIT), EAGAIN);
    set_nonblocking(pair[0]);
    CHECK_ERRNO(recv(pair[0], &byte, 1, 0), EAGAIN);
    CHECK_ERRNO(read(pair[0], &byte, 1), EAGAIN);
}

TEST(dontwait_is_for_one_call)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    CHECK_ERRNO(recv(pair[0], &byte, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(fcntl(pair[0], F_GETFL) & O_NONBLOCK, 0);
}

TEST(read_blocks_until_data)
{
    int pair[2];
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        char byte;
        CHECK_EQ(recv(pair[1], &byte, 1, 0), 1);
        CHECK_EQ(byte, 'w');
        _exit(0);
    }
    wait_asleep(child);
    write_all(pair[0], "w", 1);
    wait_child(child);
}

TEST(peek)
{
    int pair[2];
    char buffer[8];
    tcp_pair(pair);
    write_all(pair[0], "peek", 4);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    CHECK_EQ(recv(pair[1], buffer, 2, MSG_PEEK), 2);
    CHECK_MEMORY(buffer, "pe", 2);
    CHECK_EQ(recv(pair[1], buffer, sizeof(buffer), MSG_PEEK), 4);
    CHECK_EQ(recv(pair[1], buffer, sizeof(buffer), 0), 4);
    CHECK_MEMORY(buffer, "peek", 4);
    CHECK_ERRNO(recv(pair[1], buffer, 1, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
}

TEST(waitall)
{
    int pair[2];
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        char buffer[6];
        CHECK_EQ(recv(pair[1], buffer, 6, MSG_WAITALL), 6);
        CHECK_MEMORY(buffer, "abcdef", 6);
        _exit(0);
    }
    wait_asleep(child);
    write_all(pair[0], "ab", 2);
    wait_asleep(child);
    write_all(pair[0], "cdef", 4);
    wait_child(child);
}

TEST(waitall_ends_at_the_end)
{
    int pair[2];
    char buffer[8];
    tcp_pair(pair);
    write_all(pair[0], "abc", 3);
    CHECK_OK(close(pair[0]));
    CHECK_EQ(recv(pair[1], buffer, sizeof(buffer), MSG_WAITALL), 3);
    CHECK_EQ(recv(pair[1], buffer, sizeof(buffer), MSG_WAITALL), 0);
}

TEST_SECONDS(waitall_larger_than_the_buffer, 60)
{
    enum {
        LENGTH = 1 << 20
    };
    static unsigned char buffer[LENGTH];
    int pair[2];
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        send_pattern(pair[0], LENGTH, 8192);
        _exit(0);
    }
    CHECK_EQ(recv(pair[1], buffer, LENGTH, MSG_WAITALL), LENGTH);
    for (size_t i = 0; i < LENGTH; i++)
        if (buffer[i] != pattern(i))
            FAIL("byte %zu is wrong", i);
    wait_child(child);
}

TEST(waitall_without_waiting)
{
    int pair[2];
    char buffer[8];
    tcp_pair(pair);
    write_all(pair[0], "ab", 2);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    CHECK_EQ(recv(pair[1], buffer, 8, MSG_WAITALL | MSG_DONTWAIT), 2);
}

TEST(trunc_discards)
{
    int pair[2];
    char buffer[8] = "????????";
    tcp_pair(pair);
    write_all(pair[0], "discard+", 8);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    CHECK_EQ(recv(pair[1], buffer, 7, MSG_TRUNC), 7);
    CHECK_EQ(buffer[0], '?');
    CHECK_EQ(recv(pair[1], buffer, 8, 0), 1);
    CHECK_EQ(buffer[0], '+');
}

TEST(more_is_sent_in_the_end)
{
    int pair[2];
    char buffer[8];
    tcp_pair(pair);
    CHECK_EQ(send(pair[0], "ab", 2, MSG_MORE), 2);
    CHECK_EQ(send(pair[0], "cd", 2, MSG_MORE), 2);
    CHECK_EQ(send(pair[0], "ef", 2, 0), 2);
    CHECK_EQ(recv(pair[1], buffer, 6, MSG_WAITALL), 6);
    CHECK_MEMORY(buffer, "abcdef", 6);
}

TEST(more_does_not_wait_for_ever)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    CHECK_EQ(send(pair[0], "m", 1, MSG_MORE), 1);
    read_all(pair[1], &byte, 1);
}

TEST(nothing)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    CHECK_EQ(send(pair[0], "", 0, 0), 0);
    CHECK_EQ(write(pair[0], "", 0), 0);
    CHECK_EQ(read(pair[1], &byte, 0), 0);
    CHECK_ERRNO(recv(pair[1], &byte, 1, MSG_DONTWAIT), EAGAIN);
}

TEST(no_source_address)
{
    int pair[2];
    char byte;
    struct sockaddr_in source;
    socklen_t length = sizeof(source);
    tcp_pair(pair);
    write_all(pair[0], "x", 1);
    CHECK_EQ(recvfrom(pair[1], &byte, 1, 0, any(&source), &length), 1);
    CHECK_EQ(length, 0);
}

TEST(address_of_sendto_is_ignored)
{
    int pair[2];
    char byte;
    struct sockaddr_in other = loopback(1);
    tcp_pair(pair);
    CHECK_EQ(sendto(pair[0], "x", 1, 0, any(&other), sizeof(other)), 1);
    read_all(pair[1], &byte, 1);
}

TEST(unconnected)
{
    struct sockaddr_in address;
    char byte;
    ignore_sigpipe();
    CHECK_ERRNO(recv(tcp_socket(), &byte, 1, 0), ENOTCONN);
    CHECK_ERRNO(send(tcp_socket(), "x", 1, 0), EPIPE);
    int listener = tcp_listener(&address, 1);
    CHECK_ERRNO(recv(listener, &byte, 1, 0), ENOTCONN);
    CHECK_ERRNO(send(listener, "x", 1, 0), EPIPE);
}

TEST(bad_descriptor)
{
    char byte;
    int file = CHECK_OK(open("/dev/null", O_RDWR));
    CHECK_ERRNO(send(-1, "x", 1, 0), EBADF);
    CHECK_ERRNO(recv(-1, &byte, 1, 0), EBADF);
    CHECK_ERRNO(send(file, "x", 1, 0), ENOTSOCK);
    CHECK_ERRNO(recv(file, &byte, 1, 0), ENOTSOCK);
}

TEST(data_before_the_end)
{
    int pair[2];
    char buffer[8];
    tcp_pair(pair);
    write_all(pair[0], "tail", 4);
    CHECK_OK(close(pair[0]));
    CHECK_EQ(poll_events(pair[1], POLLRDHUP, 5000), POLLRDHUP);
    CHECK_EQ(recv(pair[1], buffer, 3, 0), 3);
    CHECK_EQ(recv(pair[1], buffer, 3, 0), 1);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(recv(pair[1], buffer, 1, 0), 0);
}

TEST(data_before_a_reset)
{
    int pair[2];
    char buffer[8];
    tcp_pair(pair);
    write_all(pair[0], "tail", 4);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    reset_on_close(pair[0]);
    CHECK(poll_events(pair[1], 0, 5000) & POLLERR);
    CHECK_EQ(recv(pair[1], buffer, sizeof(buffer), 0), 4);
    CHECK_MEMORY(buffer, "tail", 4);
    CHECK_ERRNO(recv(pair[1], buffer, 1, 0), ECONNRESET);
    CHECK_EQ(recv(pair[1], buffer, 1, 0), 0);  // told once
}

TEST(reset_wakes_a_reader)
{
    int pair[2];
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        char byte;
        CHECK_OK(close(pair[0]));
        CHECK_ERRNO(recv(pair[1], &byte, 1, 0), ECONNRESET);
        _exit(0);
    }
    wait_asleep(child);
    reset_on_close(pair[0]);
    wait_child(child);
}

TEST(end_wakes_a_reader)
{
    int pair[2];
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        char byte;
        CHECK_OK(close(pair[0]));
        CHECK_EQ(recv(pair[1], &byte, 1, 0), 0);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(close(pair[0]));
    wait_child(child);
}

TEST(send_after_a_reset)
{
    int pair[2];
    ignore_sigpipe();
    tcp_pair(pair);
    reset_on_close(pair[0]);
    CHECK(poll_events(pair[1], 0, 5000) & POLLERR);
    CHECK_ERRNO(send(pair[1], "x", 1, 0), ECONNRESET);
    CHECK_ERRNO(send(pair[1], "x", 1, 0), EPIPE);
}

TEST(send_to_a_closed_peer)
{
    int pair[2];
    catch_signal(SIGPIPE, 0);
    tcp_pair(pair);
    CHECK_OK(close(pair[0]));
    CHECK_EQ(send(pair[1], "x", 1, 0), 1);  // answered by a reset
    CHECK(poll_events(pair[1], 0, 5000) & POLLHUP);
    CHECK_ERRNO(send(pair[1], "x", 1, 0), EPIPE);
    CHECK_EQ(signals_caught, 1);
    CHECK_ERRNO(send(pair[1], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(signals_caught, 1);
    CHECK_ERRNO(write(pair[1], "x", 1), EPIPE);
    CHECK_EQ(signals_caught, 2);
}

TEST(sigpipe_kills)
{
    int pair[2], status;
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(shutdown(pair[0], SHUT_WR));
        send(pair[0], "x", 1, 0);
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGPIPE);
}

TEST(reset_wakes_a_writer)
{
    int pair[2];
    ignore_sigpipe();
    tcp_pair(pair);
    fill(pair[0]);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(close(pair[1]));
        CHECK_ERRNO(send(pair[0], "x", 1, 0), ECONNRESET);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(close(pair[1]));  // unread data: a reset
    wait_child(child);
}

TEST(unread_bytes)
{
    int pair[2], count = -1;
    tcp_pair(pair);
    CHECK_OK(ioctl(pair[1], FIONREAD, &count));
    CHECK_EQ(count, 0);
    write_all(pair[0], "12345", 5);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    CHECK_OK(ioctl(pair[1], FIONREAD, &count));
    CHECK_EQ(count, 5);
}

TEST(two_readers_share_the_stream)
{
    int pair[2], results[2];
    pid_t children[2];
    tcp_pair(pair);
    CHECK_OK(pipe(results));
    for (int i = 0; i < 2; i++) {
        children[i] = fork_child();
        if (children[i] == 0) {
            char byte;
            CHECK_OK(close(pair[0]));
            while (CHECK_OK(recv(pair[1], &byte, 1, 0)) == 1)
                write_all(results[1], &byte, 1);
            _exit(0);
        }
    }
    for (int i = 0; i < 100; i++)
        write_all(pair[0], "s", 1);
    CHECK_OK(close(pair[0]));
    wait_child(children[0]);
    wait_child(children[1]);
    char buffer[128];
    CHECK_EQ(read(results[0], buffer, sizeof(buffer)), 100);
}
