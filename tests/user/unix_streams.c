// SPDX-License-Identifier: MIT
//
// AF_UNIX streams and packets: bytes, peeking, readiness in every state, and
// what /proc/net/unix shows.
#include "unix.h"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#ifndef SO_PEEK_OFF
#define SO_PEEK_OFF 42
#endif
#define RDHUP 0x2000

static void make_pair(int type, int pair[2])
{
    CHECK_OK(socketpair(AF_UNIX, type, 0, pair));
}

static void check_read(int fd, size_t n, int flags, const char *wanted)
{
    char buffer[64];

    CHECK_EQ(recv(fd, buffer, n, flags | MSG_DONTWAIT), strlen(wanted));
    CHECK_MEMORY(buffer, wanted, strlen(wanted));
}

TEST(peeking_joins_what_was_sent)
{
    int pair[2];

    make_pair(SOCK_STREAM, pair);
    write_all(pair[0], "abc", 3);
    write_all(pair[0], "def", 3);
    write_all(pair[0], "ghi", 3);
    check_read(pair[1], 64, MSG_PEEK, "abcdefghi");
    check_read(pair[1], 5, MSG_PEEK, "abcde");
    check_read(pair[1], 2, 0, "ab");
    check_read(pair[1], 4, MSG_PEEK, "cdef");
    check_read(pair[1], 64, 0, "cdefghi");
}

static void set_peek_off(int fd, int offset)
{
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof(offset)));
}

static int peek_off(int fd)
{
    int offset;
    socklen_t length = sizeof(offset);

    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, &length));
    return offset;
}

TEST(peeking_goes_on)
{
    int pair[2];
    char byte;

    make_pair(SOCK_STREAM, pair);
    CHECK_EQ(peek_off(pair[1]), -1);
    set_peek_off(pair[1], 2);
    write_all(pair[0], "abc", 3);
    write_all(pair[0], "def", 3);
    check_read(pair[1], 2, MSG_PEEK, "cd");
    CHECK_EQ(peek_off(pair[1]), 4);
    check_read(pair[1], 64, MSG_PEEK, "ef");
    CHECK_ERRNO(recv(pair[1], &byte, 1, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
    check_read(pair[1], 4, 0, "abcd");  // reading moves it back
    CHECK_EQ(peek_off(pair[1]), 2);
    set_peek_off(pair[1], -1);
    check_read(pair[1], 64, MSG_PEEK, "ef");
    CHECK_EQ(peek_off(pair[1]), -1);
}

TEST(a_peek_waits_for_more)
{
    int pair[2];

    make_pair(SOCK_STREAM, pair);
    set_peek_off(pair[1], 3);
    write_all(pair[0], "abc", 3);
    pid_t child = fork_child();
    if (child == 0) {
        char byte;
        CHECK_EQ(recv(pair[1], &byte, 1, MSG_PEEK), 1);
        CHECK_EQ(byte, 'd');
        _exit(0);
    }
    wait_asleep(child);
    write_all(pair[0], "d", 1);
    wait_child(child);
}

TEST(peeking_along_datagrams)
{
    int pair[2];

    make_pair(SOCK_DGRAM, pair);
    set_peek_off(pair[1], 0);
    CHECK_EQ(send(pair[0], "abc", 3, 0), 3);
    CHECK_EQ(send(pair[0], "defg", 4, 0), 4);
    check_read(pair[1], 2, MSG_PEEK, "ab");
    check_read(pair[1], 64, MSG_PEEK, "c");
    check_read(pair[1], 64, MSG_PEEK, "defg");
    check_read(pair[1], 64, 0, "abc");
    CHECK_EQ(peek_off(pair[1]), 4);
    set_peek_off(pair[1], 1);
    check_read(pair[1], 64, MSG_PEEK, "efg");
}

TEST(waiting_for_all)
{
    int pair[2];

    make_pair(SOCK_STREAM, pair);
    pid_t child = fork_child();
    if (child == 0) {
        char buffer[8];
        CHECK_EQ(recv(pair[1], buffer, 6, MSG_WAITALL), 6);
        CHECK_MEMORY(buffer, "abcdef", 6);
        CHECK_EQ(recv(pair[1], buffer, 6, MSG_WAITALL), 2);  // then the end
        _exit(0);
    }
    wait_asleep(child);
    write_all(pair[0], "abc", 3);
    wait_asleep(child);
    write_all(pair[0], "defgh", 5);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    wait_child(child);
}

TEST(waiting_for_enough)
{
    int pair[2], low = 4;

    make_pair(SOCK_STREAM, pair);
    CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low)));
    pid_t child = fork_child();
    if (child == 0) {
        char buffer[8];
        CHECK_EQ(recv(pair[1], buffer, 8, 0), 5);
        CHECK_EQ(recv(pair[1], buffer, 2, 0), 2);  // all that it wants
        CHECK_EQ(recv(pair[1], buffer, 8, MSG_DONTWAIT), 1);
        _exit(0);
    }
    wait_asleep(child);
    write_all(pair[0], "abc", 3);
    wait_asleep(child);
    write_all(pair[0], "de", 2);
    wait_asleep(child);
    write_all(pair[0], "fgh", 3);
    wait_child(child);
}

TEST(waiting_for_all_of_a_pending_end)
{
    int pair[2];
    char buffer[8];

    make_pair(SOCK_STREAM, pair);
    write_all(pair[0], "abc", 3);
    close(pair[0]);
    CHECK_EQ(recv(pair[1], buffer, 8, MSG_WAITALL), 3);
    CHECK_EQ(recv(pair[1], buffer, 8, MSG_WAITALL), 0);
}

// recvfrom on a stream tells the writer's name, and cuts nothing off.
TEST(streams_tell_the_name)
{
    struct name listening = abstract_name("l"), client = abstract_name("c");
    int listener = unix_listener(SOCK_STREAM, &listening, 1);
    int fd = unix_bound(SOCK_STREAM, &client);
    char buffer[8];

    CHECK_OK(try_connect(fd, &listening));
    int server = CHECK_OK(accept(listener, NULL, NULL));
    write_all(fd, "abcd", 4);
    struct name from = {.length = sizeof(from.un)};
    CHECK_EQ(recvfrom(server, buffer, 2, 0, (struct sockaddr *)&from.un,
                      &from.length),
             2);
    CHECK_EQ(from.length, client.length);
    CHECK_MEMORY(&from.un, &client.un, from.length);
    struct iovec vector = {buffer, 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    CHECK_EQ(recvmsg(server, &message, MSG_TRUNC), 1);
    CHECK_EQ(message.msg_flags, 0);
}

TEST(nothing_to_read_into)
{
    int pair[2];
    char byte;

    make_pair(SOCK_STREAM, pair);
    CHECK_ERRNO(recv(pair[1], &byte, 0, MSG_DONTWAIT), EAGAIN);
    write_all(pair[0], "x", 1);
    CHECK_EQ(recv(pair[1], &byte, 0, 0), 0);
    CHECK_EQ(send(pair[0], &byte, 0, 0), 0);
    check_read(pair[1], 8, 0, "x");
}

TEST(a_bad_pointer_loses_no_bytes)
{
    int pair[2];
    char buffer[8];
    struct iovec vectors[2] = {{buffer, 2}, {bad_pointer(), 2}};

    make_pair(SOCK_STREAM, pair);
    write_all(pair[0], "abcd", 4);
    CHECK_ERRNO(recv(pair[1], bad_pointer(), 4, 0), EFAULT);
    CHECK_ERRNO(send(pair[0], bad_pointer(), 4, 0), EFAULT);
    CHECK_ERRNO(readv(pair[1], vectors, 2), EFAULT);
    check_read(pair[1], 8, 0, "abcd");
}

TEST(large_transfers)
{
    static char out[1 << 20], in[1 << 20];
    int pair[2];

    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = i * 31 + i / 4096;
    make_pair(SOCK_STREAM, pair);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(send(pair[0], out, sizeof(out), 0), sizeof(out));
        _exit(0);
    }
    CHECK_EQ(recv(pair[1], in, sizeof(in), MSG_WAITALL), sizeof(in));
    CHECK_MEMORY(in, out, sizeof(in));
    wait_child(child);
}

TEST(the_send_buffer)
{
    static char data[1 << 16];
    int pair[2], size = 40000, sent = 0, n;

    make_pair(SOCK_STREAM, pair);
    CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
    while ((n = send(pair[0], data, sizeof(data), MSG_DONTWAIT)) > 0)
        sent += n;
    CHECK_EQ(errno, EAGAIN);
    CHECK_BETWEEN(sent, 40000, 200000);
    CHECK_EQ(all_events(pair[0]), 0);
    CHECK_OK(ioctl(pair[1], FIONREAD, &n));
    CHECK_EQ(n, sent);
    while (sent > 0)
        sent -= CHECK_OK(recv(pair[1], data, sizeof(data), 0));
    CHECK_EQ(all_events(pair[0]), POLLOUT | POLLWRNORM);
}

TEST(a_blocked_writer_sees_the_reader_close)
{
    static char data[1 << 20];
    int pair[2];

    make_pair(SOCK_STREAM, pair);
    pid_t child = fork_child();
    if (child == 0) {
        ignore_sigpipe();
        close(pair[1]);
        CHECK_BETWEEN(write(pair[0], data, sizeof(data)), 1, sizeof(data) - 1);
        CHECK_ERRNO(write(pair[0], data, 1), EPIPE);
        _exit(0);
    }
    wait_asleep(child);
    close(pair[1]);
    wait_child(child);
}

TEST(no_urgent_packets)
{
    int pair[2];
    char byte;

    make_pair(SOCK_SEQPACKET, pair);
    CHECK_ERRNO(send(pair[0], "x", 1, MSG_OOB), EOPNOTSUPP);
    CHECK_ERRNO(recv(pair[1], &byte, 1, MSG_OOB), EOPNOTSUPP);
    make_pair(SOCK_STREAM, pair);
    CHECK_ERRNO(recv(pair[1], &byte, 1, MSG_OOB), EINVAL);  // there is none
}

TEST(records)
{
    int pair[2];
    char buffer[8];
    struct iovec vector = {buffer, 8};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};

    make_pair(SOCK_SEQPACKET, pair);
    CHECK_EQ(send(pair[0], "ab", 2, MSG_EOR), 2);
    CHECK_EQ(send(pair[0], "", 0, 0), 0);
    CHECK_EQ(send(pair[0], "cd", 2, 0), 2);
    CHECK_EQ(recvmsg(pair[1], &message, 0), 2);
    CHECK_EQ(message.msg_flags & ~MSG_EOR, 0);
    CHECK_EQ(recv(pair[1], buffer, 8, 0), 0);
    CHECK_EQ(recv(pair[1], buffer, 8, MSG_WAITALL), 2);
}

// ---- readiness ----

#define READABLE (POLLIN | POLLRDNORM)
#define WRITABLE (POLLOUT | POLLWRNORM)
#define GONE     (READABLE | WRITABLE | RDHUP | POLLHUP)

TEST(events_before_a_connection)
{
    struct name name = abstract_name("l");
    int fd = unix_socket(SOCK_STREAM);

    CHECK_EQ(all_events(fd), WRITABLE | POLLHUP);
    CHECK_EQ(all_events(unix_socket(SOCK_SEQPACKET)), WRITABLE | POLLHUP);
    CHECK_EQ(all_events(unix_socket(SOCK_DGRAM)), WRITABLE);
    int listener = unix_listener(SOCK_STREAM, &name, 1);
    CHECK_EQ(all_events(listener), 0);
    CHECK_OK(try_connect(fd, &name));
    CHECK_EQ(all_events(listener), READABLE);
    CHECK_EQ(all_events(fd), WRITABLE);
    CHECK_OK(shutdown(listener, SHUT_RD));
    CHECK_EQ(all_events(listener), READABLE | RDHUP);
}

TEST(events_of_shutdown)
{
    const int types[] = {SOCK_STREAM, SOCK_SEQPACKET};

    for (int i = 0; i < 2; i++) {
        int pair[2];

        make_pair(types[i], pair);
        CHECK_EQ(all_events(pair[0]), WRITABLE);
        CHECK_OK(shutdown(pair[0], SHUT_WR));
        CHECK_EQ(all_events(pair[0]), WRITABLE);
        CHECK_EQ(all_events(pair[1]), WRITABLE | READABLE | RDHUP);
        CHECK_OK(shutdown(pair[0], SHUT_RD));
        CHECK_EQ(all_events(pair[0]), GONE);
        CHECK_EQ(all_events(pair[1]), GONE);
    }
}

TEST(events_of_closing)
{
    int pair[2];
    char byte;

    make_pair(SOCK_STREAM, pair);
    write_all(pair[0], "x", 1);
    close(pair[1]);
    CHECK_EQ(all_events(pair[0]), GONE | POLLERR);
    CHECK_ERRNO(recv(pair[0], &byte, 1, 0), ECONNRESET);
    CHECK_EQ(all_events(pair[0]), GONE);
    make_pair(SOCK_DGRAM, pair);
    close(pair[1]);
    CHECK_EQ(all_events(pair[0]), WRITABLE);
    CHECK_OK(shutdown(pair[0], SHUT_RDWR));
    CHECK_EQ(all_events(pair[0]), GONE);
}

TEST(the_pending_error)
{
    int pair[2], error;
    socklen_t length = sizeof(error);

    make_pair(SOCK_STREAM, pair);
    write_all(pair[0], "x", 1);
    close(pair[1]);
    CHECK_OK(getsockopt(pair[0], SOL_SOCKET, SO_ERROR, &error, &length));
    CHECK_EQ(error, ECONNRESET);
    CHECK_OK(getsockopt(pair[0], SOL_SOCKET, SO_ERROR, &error, &length));
    CHECK_EQ(error, 0);
    CHECK_EQ(recv(pair[0], &error, 1, 0), 0);
}

// Edge-triggered epoll hears of each arrival, and of room after there was none.
TEST(edges)
{
    int pair[2], epoll = CHECK_OK(epoll_create1(0));
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET}, got;
    static char data[4096];

    make_pair(SOCK_STREAM, pair);
    set_nonblocking(pair[0]);
    CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &event));
    CHECK_EQ(epoll_wait(epoll, &got, 1, 0), 1);
    CHECK_EQ(got.events, EPOLLOUT);
    CHECK_EQ(epoll_wait(epoll, &got, 1, 0), 0);
    write_all(pair[1], "x", 1);
    CHECK_EQ(epoll_wait(epoll, &got, 1, 0), 1);
    CHECK_EQ(got.events, EPOLLIN | EPOLLOUT);
    size_t sent = 0;
    while (write(pair[0], data, sizeof(data)) > 0)
        sent += sizeof(data);
    read_all(pair[0], data, 1);
    CHECK_EQ(epoll_wait(epoll, &got, 1, 0), 0);
    for (; sent > 0; sent -= sizeof(data))
        read_all(pair[1], data, sizeof(data));
    CHECK_EQ(epoll_wait(epoll, &got, 1, 0), 1);
    CHECK_EQ(got.events, EPOLLOUT);
}

// ---- /proc/net/unix ----

// The fields of a socket's line, found by its inode.
struct line {
    unsigned references, protocol, flags, type, state;
    char path[128];
};

static struct line line_of(int fd)
{
    struct stat st;
    struct line line;
    char text[256];
    FILE *file = fopen("/proc/net/unix", "r");

    CHECK(file != NULL);
    CHECK_OK(fstat(fd, &st));
    CHECK(fgets(text, sizeof(text), file) != NULL);
    CHECK_STRING(text,
                 "Num       RefCount Protocol Flags    Type St Inode Path\n");
    while (fgets(text, sizeof(text), file)) {
        unsigned long inode;
        line.path[0] = '\0';
        CHECK(sscanf(text, "%*x: %8x %8x %8x %4x %2x %lu %127[^\n]",
                     &line.references, &line.protocol, &line.flags, &line.type,
                     &line.state, &inode, line.path) >= 6);
        if (inode == st.st_ino) {
            fclose(file);
            return line;
        }
    }
    FAIL("no line for inode %lu", (unsigned long)st.st_ino);
}

static void check_line(int fd, unsigned flags, unsigned type, unsigned state,
                       const char *path)
{
    struct line line = line_of(fd);

    CHECK_EQ(line.protocol, 0);
    CHECK_EQ(line.flags, flags);
    CHECK_EQ(line.type, type);
    CHECK_EQ(line.state, state);
    CHECK_STRING(line.path, path);
}

TEST(lines_of_proc)
{
    struct name name = path_name("s");
    struct name abstract = {.un = {AF_UNIX, "\0a\0b"}, .length = 6};
    int fd = unix_socket(SOCK_STREAM);

    check_line(fd, 0, SOCK_STREAM, 1, "");
    CHECK_OK(try_bind(fd, &name));
    check_line(fd, 0, SOCK_STREAM, 1, name.un.sun_path);
    CHECK_OK(listen(fd, 5));
    check_line(fd, 0x10000, SOCK_STREAM, 1, name.un.sun_path);
    int client = unix_connected(SOCK_STREAM, &name);
    check_line(client, 0, SOCK_STREAM, 3, "");
    int server = CHECK_OK(accept(fd, NULL, NULL));
    check_line(server, 0, SOCK_STREAM, 3, name.un.sun_path);
    check_line(unix_bound(SOCK_DGRAM, &abstract), 0, SOCK_DGRAM, 1, "@a@b");
}

TEST(links_of_descriptors)
{
    int fd = unix_socket(SOCK_STREAM);
    char path[64], link[64] = "", wanted[64];
    struct stat st;

    CHECK_OK(fstat(fd, &st));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    snprintf(wanted, sizeof(wanted), "socket:[%lu]", (unsigned long)st.st_ino);
    CHECK_OK(readlink(path, link, sizeof(link) - 1));
    CHECK_STRING(link, wanted);
}
