// SPDX-License-Identifier: MIT
//
// shutdown(2) and close(2) on connections: half-close, resets, linger.
#include "harness.h"

#include <pthread.h>
#include <sys/syscall.h>

static void set_linger(int fd, int on, int seconds)
{
    struct linger linger = {.l_onoff = on, .l_linger = seconds};
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
}

TEST(write_side)
{
    int pair[2];
    char byte;
    ignore_sigpipe();
    tcp_pair(pair);
    write_all(pair[0], "a", 1);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    read_all(pair[1], &byte, 1);
    CHECK_EQ(read(pair[1], &byte, 1), 0);
    CHECK_ERRNO(write(pair[0], "x", 1), EPIPE);
    // The other direction goes on.
    for (int i = 0; i < 3; i++) {
        write_all(pair[1], "b", 1);
        read_all(pair[0], &byte, 1);
    }
    CHECK_OK(close(pair[1]));
    CHECK_EQ(read(pair[0], &byte, 1), 0);
}

TEST(write_side_flushes_what_was_sent)
{
    enum {
        LENGTH = 300000
    };
    static char data[LENGTH], sink[LENGTH];
    int pair[2];
    tcp_pair(pair);
    memset(data, 'q', LENGTH);
    pid_t child = fork_child();
    if (child == 0) {
        write_all(pair[0], data, LENGTH);
        CHECK_OK(shutdown(pair[0], SHUT_WR));
        _exit(0);
    }
    read_all(pair[1], sink, LENGTH);
    CHECK_EQ(read(pair[1], sink, 1), 0);
    wait_child(child);
}

TEST(read_side)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    CHECK_OK(shutdown(pair[0], SHUT_RD));
    CHECK_EQ(read(pair[0], &byte, 1), 0);
    CHECK_EQ(poll_events(pair[0], POLLIN, 5000), POLLIN);
    // Sending still works.
    write_all(pair[0], "x", 1);
    read_all(pair[1], &byte, 1);
    // Nothing tells the peer.
    write_all(pair[1], "y", 1);
    CHECK_EQ(poll_events(pair[1], POLLIN | POLLOUT, 50), POLLOUT);
}

TEST(read_side_keeps_what_was_queued)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    write_all(pair[1], "q", 1);
    CHECK_EQ(poll_events(pair[0], POLLIN, 5000), POLLIN);
    CHECK_OK(shutdown(pair[0], SHUT_RD));
    CHECK_EQ(read(pair[0], &byte, 1), 1);
    CHECK_EQ(read(pair[0], &byte, 1), 0);
}

TEST(both_sides)
{
    int pair[2];
    char byte;
    ignore_sigpipe();
    tcp_pair(pair);
    CHECK_OK(shutdown(pair[0], SHUT_RDWR));
    CHECK_EQ(read(pair[0], &byte, 1), 0);
    CHECK_ERRNO(write(pair[0], "x", 1), EPIPE);
    CHECK_EQ(read(pair[1], &byte, 1), 0);
}

TEST(one_side_after_the_other)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK_OK(shutdown(pair[0], SHUT_RD));
    CHECK_EQ(read(pair[1], &byte, 1), 0);
    CHECK_OK(shutdown(pair[1], SHUT_WR));
}

TEST(acts_on_the_connection_not_the_descriptor)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    int copy = CHECK_OK(dup(pair[0]));
    CHECK_OK(shutdown(copy, SHUT_WR));
    CHECK_EQ(read(pair[1], &byte, 1), 0);
    CHECK_ERRNO(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
}

TEST(errors)
{
    int pair[2];
    tcp_pair(pair);
    CHECK_ERRNO(shutdown(-1, SHUT_RD), EBADF);
    CHECK_ERRNO(shutdown(CHECK_OK(open("/dev/null", O_RDONLY)), SHUT_RD),
                ENOTSOCK);
    CHECK_ERRNO(shutdown(pair[0], 3), EINVAL);
    CHECK_ERRNO(shutdown(pair[0], -1), EINVAL);
    CHECK_ERRNO(shutdown(tcp_socket(), SHUT_RDWR), ENOTCONN);
    CHECK_ERRNO(shutdown(udp_socket(), SHUT_RDWR), ENOTCONN);
}

TEST(after_a_reset)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    set_linger(pair[0], 1, 0);
    CHECK_OK(close(pair[0]));
    CHECK_ERRNO(read(pair[1], &byte, 1), ECONNRESET);
    CHECK_ERRNO(shutdown(pair[1], SHUT_RDWR), ENOTCONN);
}

TEST(listener)
{
    struct sockaddr_in address;
    int fd = tcp_listener(&address, 1);
    CHECK_OK(shutdown(fd, SHUT_RD));
    CHECK_ERRNO(accept(fd, NULL, NULL), EINVAL);
    CHECK_ERRNO(connect(tcp_socket(), any(&address), sizeof(address)),
                ECONNREFUSED);
    CHECK_OK(listen(fd, 1));  // it can listen again, on a port of its own
    address = loopback(socket_port(fd));
    tcp_connect(&address);
    CHECK_OK(accept(fd, NULL, NULL));
}

TEST(udp_read_side)
{
    int pair[2];
    char byte;
    udp_pair(pair);
    CHECK_OK(shutdown(pair[0], SHUT_RD));
    CHECK_EQ(recv(pair[0], &byte, 1, 0), 0);
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    CHECK_EQ(recv(pair[1], &byte, 1, 0), 1);
}

TEST(udp_write_side)
{
    int pair[2];
    char byte;
    ignore_sigpipe();
    udp_pair(pair);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK_ERRNO(send(pair[0], "x", 1, 0), EPIPE);
    CHECK_EQ(send(pair[1], "y", 1, 0), 1);
    CHECK_EQ(recv(pair[0], &byte, 1, 0), 1);
}

TEST(poll_tells_of_the_half_close)
{
    int pair[2], all = POLLIN | POLLOUT | POLLRDHUP;
    tcp_pair(pair);
    CHECK_EQ(poll_events(pair[0], all, 0), POLLOUT);
    CHECK_OK(shutdown(pair[1], SHUT_WR));
    CHECK_EQ(poll_events(pair[0], POLLIN | POLLRDHUP, 5000),
             POLLIN | POLLRDHUP);
    CHECK_EQ(poll_events(pair[0], all, 0), POLLIN | POLLOUT | POLLRDHUP);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK_EQ(poll_events(pair[0], all, 0), all | POLLHUP);
}

TEST(close_is_graceful)
{
    enum {
        LENGTH = 200000
    };
    static char data[LENGTH], sink[LENGTH];
    int pair[2];
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(close(pair[1]));
        write_all(pair[0], data, LENGTH);
        CHECK_OK(close(pair[0]));
        _exit(0);
    }
    CHECK_OK(close(pair[0]));
    read_all(pair[1], sink, LENGTH);
    CHECK_EQ(read(pair[1], sink, 1), 0);
    wait_child(child);
}

TEST(exit_closes)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        write_all(pair[0], "e", 1);
        _exit(0);
    }
    CHECK_OK(close(pair[0]));
    wait_child(child);
    read_all(pair[1], &byte, 1);
    CHECK_EQ(read(pair[1], &byte, 1), 0);
}

TEST(kill_closes)
{
    int pair[2], status;
    char byte;
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        read_all(pair[0], &byte, 1);
        _exit(0);
    }
    CHECK_OK(close(pair[0]));
    wait_asleep(child);
    CHECK_OK(kill(child, SIGKILL));
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(read(pair[1], &byte, 1), 0);
}

TEST(unread_data_resets)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    write_all(pair[0], "unread", 6);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    CHECK_OK(close(pair[1]));
    CHECK_ERRNO(read(pair[0], &byte, 1), ECONNRESET);
}

TEST(late_data_resets)
{
    int pair[2];
    tcp_pair(pair);
    CHECK_OK(close(pair[1]));
    CHECK_EQ(send(pair[0], "late", 4, MSG_NOSIGNAL), 4);
    CHECK(poll_events(pair[0], 0, 5000) & POLLHUP);
    CHECK_ERRNO(send(pair[0], "late", 4, MSG_NOSIGNAL), EPIPE);
}

TEST(linger_zero_resets)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    set_linger(pair[0], 1, 0);
    CHECK_OK(close(pair[0]));
    CHECK_ERRNO(read(pair[1], &byte, 1), ECONNRESET);
}

TEST(linger_waits_for_the_acknowledgement)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    set_linger(pair[0], 1, 10);
    write_all(pair[0], "l", 1);
    long long start = now_ms();
    CHECK_OK(close(pair[0]));
    CHECK_BETWEEN(now_ms() - start, 0, 5000);
    read_all(pair[1], &byte, 1);
    CHECK_EQ(read(pair[1], &byte, 1), 0);
}

TEST(linger_ends_at_its_time)
{
    static char block[65536];
    int pair[2];
    tcp_pair(pair);
    set_linger(pair[0], 1, 1);
    // More than the peer's buffer takes cannot be acknowledged.
    do {
        while (send(pair[0], block, sizeof(block), MSG_DONTWAIT) > 0)
            ;
    } while (poll_events(pair[0], POLLOUT, 300) & POLLOUT);
    long long start = now_ms();
    CHECK_OK(close(pair[0]));
    CHECK_BETWEEN(now_ms() - start, 900, 8000);
}

TEST(close_twice)
{
    int fd = tcp_socket();
    CHECK_OK(close(fd));
    CHECK_ERRNO(close(fd), EBADF);
    CHECK_ERRNO(shutdown(fd, SHUT_RD), EBADF);
}

struct reader {
    int fd;
    volatile pid_t thread;
    ssize_t result;
};

static void *read_one(void *argument)
{
    struct reader *reader = argument;
    char byte;
    reader->thread = syscall(SYS_gettid);
    reader->result = read(reader->fd, &byte, 1);
    return NULL;
}

// A call in progress holds the file: close takes away only the number.
TEST(close_does_not_end_a_call)
{
    int pair[2];
    tcp_pair(pair);
    struct reader reader = {.fd = pair[0]};
    pthread_t thread;

    CHECK_EQ(pthread_create(&thread, NULL, read_one, &reader), 0);
    while (reader.thread == 0)
        pause_ms(1);
    wait_asleep(reader.thread);
    CHECK_OK(close(pair[0]));
    CHECK_EQ(poll_events(pair[1], POLLIN, 100), 0);  // no FIN yet
    write_all(pair[1], "k", 1);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(reader.result, 1);
    char byte;
    CHECK_EQ(read(pair[1], &byte, 1), 0);  // now it is closed
}
