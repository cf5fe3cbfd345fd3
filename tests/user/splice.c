// SPDX-License-Identifier: MIT
//
// splice(2), tee(2), vmsplice(2) and sendfile(2): between pipes, files and
// sockets, what they refuse, and that nothing is lost where there is no room.
#include "harness.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#define SIZE 200000

static char pattern[SIZE], received[SIZE];

static void make_pattern(void)
{
    for (int i = 0; i < SIZE; i++)
        pattern[i] = i * 31 + i / 255;
}

static int file_with(const void *data, size_t n)
{
    const char *path = temporary_name("data");
    int fd = CHECK_OK(open(path, O_RDWR | O_CREAT | O_TRUNC, 0600));
    write_all(fd, data, n);
    CHECK_OK(lseek(fd, 0, SEEK_SET));
    CHECK_OK(unlink(path));
    return fd;
}

static void two_pipes(int from[2], int to[2])
{
    CHECK_OK(pipe(from));
    CHECK_OK(pipe(to));
}

static int unread(int fd)
{
    int n = -1;
    CHECK_OK(ioctl(fd, FIONREAD, &n));
    return n;
}

// ---- splice ----

TEST(from_a_pipe_to_a_pipe)
{
    int from[2], to[2];
    two_pipes(from, to);
    write_all(from[1], "hello, world", 12);
    CHECK_EQ(splice(from[0], NULL, to[1], NULL, 5, 0), 5);
    CHECK_EQ(splice(from[0], NULL, to[1], NULL, 100, 0), 7);
    read_all(to[0], received, 12);
    CHECK_MEMORY(received, "hello, world", 12);
    CHECK_ERRNO(splice(from[0], NULL, to[1], NULL, 1, SPLICE_F_NONBLOCK),
                EAGAIN);
    CHECK_OK(close(from[1]));
    CHECK_EQ(splice(from[0], NULL, to[1], NULL, 1, 0), 0);
}

TEST(from_a_pipe_to_a_file)
{
    int ends[2], file = file_with("0123456789", 10);
    off_t offset = 2;
    CHECK_OK(pipe(ends));
    write_all(ends[1], "abcdef", 6);
    CHECK_EQ(splice(ends[0], NULL, file, &offset, 3, 0), 3);
    CHECK_EQ(offset, 5);
    CHECK_EQ(lseek(file, 0, SEEK_CUR), 0);
    CHECK_EQ(splice(ends[0], NULL, file, NULL, 3, 0), 3);
    CHECK_EQ(lseek(file, 0, SEEK_CUR), 3);
    CHECK_EQ(pread(file, received, 20, 0), 10);
    CHECK_MEMORY(received, "defbc56789" + 0, 3);
    CHECK_MEMORY(received + 3, "bc56789", 7);
}

TEST(from_a_file_to_a_pipe)
{
    int ends[2], file = file_with("0123456789", 10);
    loff_t offset = 2;
    CHECK_OK(pipe(ends));
    CHECK_EQ(splice(file, &offset, ends[1], NULL, 3, 0), 3);
    CHECK_EQ(offset, 5);
    CHECK_EQ(splice(file, NULL, ends[1], NULL, 100, 0), 10);
    CHECK_EQ(splice(file, NULL, ends[1], NULL, 100, 0), 0);
    read_all(ends[0], received, 13);
    CHECK_MEMORY(received, "2340123456789", 13);
}

TEST(a_full_pipe)
{
    int ends[2];
    make_pattern();
    int file = file_with(pattern, SIZE);
    CHECK_OK(pipe(ends));
    // What there is room for.
    CHECK_EQ(splice(file, NULL, ends[1], NULL, SIZE, 0), 65536);
    CHECK_EQ(lseek(file, 0, SEEK_CUR), 65536);
    CHECK_ERRNO(splice(file, NULL, ends[1], NULL, SIZE, SPLICE_F_NONBLOCK),
                EAGAIN);
    CHECK_EQ(unread(ends[0]), 65536);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_BETWEEN(splice(file, NULL, ends[1], NULL, 10, 0), 1, 10);
        _exit(0);
    }
    wait_asleep(child);
    read_all(ends[0], received, 65536);
    CHECK_MEMORY(received, pattern, 65536);
    wait_child(child);
    CHECK_EQ(unread(ends[0]), 10);
}

TEST(nobody_reads)
{
    int ends[2], file = file_with("0123456789", 10);
    ignore_sigpipe();
    CHECK_OK(pipe(ends));
    CHECK_OK(close(ends[0]));
    CHECK_ERRNO(splice(file, NULL, ends[1], NULL, 10, 0), EPIPE);
    CHECK_EQ(lseek(file, 0, SEEK_CUR), 0);
}

TEST(to_and_from_a_socket)
{
    int ends[2], pair[2];
    tcp_pair(pair);
    CHECK_OK(pipe(ends));
    write_all(ends[1], "hello", 5);
    CHECK_EQ(splice(ends[0], NULL, pair[0], NULL, 100, 0), 5);
    CHECK_EQ(splice(pair[1], NULL, ends[1], NULL, 100, 0), 5);
    read_all(ends[0], received, 5);
    CHECK_MEMORY(received, "hello", 5);
    set_nonblocking(pair[1]);
    CHECK_ERRNO(splice(pair[1], NULL, ends[1], NULL, 1, 0), EAGAIN);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK_EQ(poll_events(pair[1], POLLRDHUP, -1), POLLRDHUP);
    CHECK_EQ(splice(pair[1], NULL, ends[1], NULL, 1, 0), 0);
}

TEST(to_and_from_a_unix_socket)
{
    int ends[2], pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_OK(pipe(ends));
    write_all(ends[1], "hello", 5);
    CHECK_EQ(splice(ends[0], NULL, pair[0], NULL, 100, 0), 5);
    CHECK_EQ(splice(pair[1], NULL, ends[1], NULL, 100, 0), 5);
    CHECK_EQ(unread(ends[0]), 5);
}

// A message that is spliced drops the files in it: here the pipe's other end.
TEST(the_reading_end_in_the_message)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
                            .cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS}};
    struct iovec iov = {.iov_base = "hello", .iov_len = 5};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    int ends[2], pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_OK(pipe(ends));
    memcpy(CMSG_DATA(&control.header), &ends[0], sizeof(int));
    CHECK_EQ(sendmsg(pair[0], &message, 0), 5);
    CHECK_OK(close(ends[0]));
    signal(SIGPIPE, SIG_IGN);
    CHECK_EQ(splice(pair[1], NULL, ends[1], NULL, 100, 0), 5);
    CHECK_ERRNO(write(ends[1], "x", 1), EPIPE);
}

TEST(from_a_socket_waits)
{
    int ends[2], pair[2];
    tcp_pair(pair);
    CHECK_OK(pipe(ends));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(splice(pair[1], NULL, ends[1], NULL, 100, 0), 5);
        _exit(0);
    }
    wait_asleep(child);
    write_all(pair[0], "hello", 5);
    wait_child(child);
}

// A proxy's loop: all of it arrives, whatever fills up on the way.
TEST_SECONDS(through_a_pipe_from_socket_to_socket, 60)
{
    int in[2], out[2], ends[2];
    size_t n = SIZE;
    make_pattern();
    tcp_pair(in);
    tcp_pair(out);
    CHECK_OK(pipe(ends));
    pid_t writer = fork_child();
    if (writer == 0) {
        write_all(in[0], pattern, SIZE);
        _exit(0);
    }
    pid_t reader = fork_child();
    if (reader == 0) {
        read_all(out[1], received, SIZE);
        CHECK_MEMORY(received, pattern, SIZE);
        _exit(0);
    }
    while (n) {
        ssize_t got = CHECK_OK(splice(in[1], NULL, ends[1], NULL, n, 0));
        CHECK(got > 0);
        n -= got;
        while (got)
            got -= CHECK_OK(splice(ends[0], NULL, out[0], NULL, got, 0));
    }
    wait_child(writer);
    wait_child(reader);
}

TEST(errors_of_splice)
{
    int from[2], to[2], pair[2], file = file_with("0123456789", 10);
    int append = CHECK_OK(dup(file)), event = CHECK_OK(eventfd(1, 0));
    loff_t offset = 0, negative = -1;
    two_pipes(from, to);
    tcp_pair(pair);
    write_all(from[1], "hello", 5);
    CHECK_EQ(splice(-1, NULL, -1, NULL, 0, 0), 0);
    CHECK_ERRNO(splice(from[0], NULL, to[1], NULL, 1, 0x100), EINVAL);
    CHECK_ERRNO(splice(-1, NULL, to[1], NULL, 1, 0), EBADF);
    CHECK_ERRNO(splice(from[0], NULL, -1, NULL, 1, 0), EBADF);
    CHECK_ERRNO(splice(from[1], NULL, to[1], NULL, 1, 0), EBADF);
    CHECK_ERRNO(splice(from[0], NULL, to[0], NULL, 1, 0), EBADF);
    CHECK_ERRNO(splice(from[0], NULL, from[1], NULL, 1, 0), EINVAL);
    CHECK_ERRNO(splice(from[0], &offset, to[1], NULL, 1, 0), ESPIPE);
    CHECK_ERRNO(splice(from[0], NULL, to[1], &offset, 1, 0), ESPIPE);
    CHECK_ERRNO(splice(from[0], &offset, file, NULL, 1, 0), ESPIPE);
    CHECK_ERRNO(splice(file, NULL, pair[0], NULL, 1, 0), EINVAL);
    CHECK_ERRNO(splice(pair[0], NULL, file, NULL, 1, 0), EINVAL);
    CHECK_ERRNO(splice(from[0], NULL, pair[0], &offset, 1, 0), EINVAL);
    CHECK_ERRNO(splice(pair[0], &offset, to[1], NULL, 1, 0), EINVAL);
    CHECK_ERRNO(splice(event, NULL, to[1], NULL, 8, 0), EINVAL);
    CHECK_ERRNO(splice(from[0], NULL, event, NULL, 5, 0), EINVAL);
    CHECK_ERRNO(splice(file, &negative, to[1], NULL, 1, 0), EINVAL);
    CHECK_ERRNO(splice(file, bad_pointer(), to[1], NULL, 1, 0), EFAULT);
    CHECK_OK(fcntl(append, F_SETFL, O_APPEND));
    CHECK_ERRNO(splice(from[0], NULL, append, NULL, 1, 0), EINVAL);
    CHECK_EQ(unread(from[0]), 5);
}

// ---- tee ----

TEST(tee_copies)
{
    int from[2], to[2];
    two_pipes(from, to);
    write_all(from[1], "hello", 5);
    CHECK_EQ(tee(from[0], to[1], 3, 0), 3);
    CHECK_EQ(tee(from[0], to[1], 100, 0), 5);
    CHECK_EQ(unread(from[0]), 5);
    read_all(to[0], received, 8);
    CHECK_MEMORY(received, "helhello", 8);
    read_all(from[0], received, 5);
    CHECK_MEMORY(received, "hello", 5);
    CHECK_ERRNO(tee(from[0], to[1], 1, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_OK(close(from[1]));
    CHECK_EQ(tee(from[0], to[1], 1, 0), 0);
}

TEST(errors_of_tee)
{
    int from[2], to[2], file = file_with("0123456789", 10);
    two_pipes(from, to);
    write_all(from[1], "hello", 5);
    CHECK_EQ(tee(-1, -1, 0, 0), 0);
    CHECK_ERRNO(tee(from[0], to[1], 1, 0x100), EINVAL);
    CHECK_ERRNO(tee(-1, to[1], 1, 0), EBADF);
    CHECK_ERRNO(tee(from[1], to[1], 1, 0), EBADF);
    CHECK_ERRNO(tee(from[0], to[0], 1, 0), EBADF);
    CHECK_ERRNO(tee(from[0], from[1], 1, 0), EINVAL);
    CHECK_ERRNO(tee(file, to[1], 1, 0), EINVAL);
    CHECK_ERRNO(tee(from[0], file, 1, 0), EINVAL);
}

// ---- vmsplice ----

TEST(vmsplice_both_ways)
{
    int ends[2];
    char one[3], two[10];
    struct iovec out[2] = {{"hello, ", 7}, {"world", 5}};
    struct iovec in[2] = {{one, 3}, {two, 10}};
    CHECK_OK(pipe(ends));
    CHECK_EQ(vmsplice(ends[1], out, 2, 0), 12);
    CHECK_EQ(vmsplice(ends[0], in, 2, 0), 12);
    CHECK_MEMORY(one, "hel", 3);
    CHECK_MEMORY(two, "lo, world", 9);
    CHECK_ERRNO(vmsplice(ends[0], in, 2, SPLICE_F_NONBLOCK), EAGAIN);
    CHECK_EQ(vmsplice(ends[1], out, 0, 0), 0);
    CHECK_ERRNO(vmsplice(ends[1], out, 2, 0x100), EINVAL);
    CHECK_ERRNO(vmsplice(-1, out, 2, 0), EBADF);
    int file = file_with("", 0);
    CHECK_ERRNO(vmsplice(file, out, 2, 0), EBADF);
    CHECK_ERRNO(vmsplice(ends[1], bad_pointer(), 2, 0), EFAULT);
    CHECK_ERRNO(vmsplice(ends[1], out, 1025, 0), EINVAL);
}

// ---- sendfile ----

TEST(send_file_to_a_socket)
{
    int pair[2];
    off_t offset = 100;
    make_pattern();
    int file = file_with(pattern, SIZE);
    tcp_pair(pair);
    CHECK_EQ(sendfile(pair[0], file, &offset, 1000), 1000);
    CHECK_EQ(offset, 1100);
    CHECK_EQ(lseek(file, 0, SEEK_CUR), 0);
    read_all(pair[1], received, 1000);
    CHECK_MEMORY(received, pattern + 100, 1000);
    // Beyond the end there is nothing.
    offset = SIZE + 10;
    CHECK_EQ(sendfile(pair[0], file, &offset, 10), 0);
    offset = SIZE - 10;
    CHECK_EQ(sendfile(pair[0], file, &offset, 1000), 10);
    CHECK_EQ(offset, SIZE);
}

TEST(send_file_as_far_as_it_goes)
{
    int pair[2], small = 4096;
    off_t offset = 0;
    make_pattern();
    int file = file_with(pattern, SIZE);
    tcp_pair(pair);
    CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)));
    set_nonblocking(pair[0]);
    while (sendfile(pair[0], file, &offset, SIZE - offset) > 0 && offset < SIZE)
        ;
    if (offset == SIZE)
        skip("the buffers are large");
    CHECK_EQ(errno, EAGAIN);
    // The offset says what has gone.
    read_all(pair[1], received, offset);
    CHECK_MEMORY(received, pattern, offset);
}

TEST_SECONDS(send_file_blocks, 60)
{
    int pair[2];
    make_pattern();
    int file = file_with(pattern, SIZE);
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(sendfile(pair[0], file, NULL, SIZE), SIZE);
        CHECK_EQ(lseek(file, 0, SEEK_CUR), SIZE);
        _exit(0);
    }
    read_all(pair[1], received, SIZE);
    CHECK_MEMORY(received, pattern, SIZE);
    wait_child(child);
}

TEST(errors_of_send_file)
{
    int ends[2], pair[2], file = file_with("0123456789", 10);
    off_t offset = 0, negative = -1;
    CHECK_OK(pipe(ends));
    tcp_pair(pair);
    ignore_sigpipe();
    write_all(pair[1], "x", 1);
    CHECK_EQ(poll_events(pair[0], POLLIN, -1), POLLIN);
    CHECK_ERRNO(sendfile(pair[0], -1, NULL, 1), EBADF);
    CHECK_ERRNO(sendfile(-1, file, NULL, 1), EBADF);
    CHECK_ERRNO(sendfile(ends[0], file, NULL, 1), EBADF);
    CHECK_ERRNO(sendfile(pair[0], ends[1], NULL, 1), EBADF);
    CHECK_ERRNO(sendfile(pair[1], pair[0], NULL, 1), EINVAL);
    CHECK_ERRNO(sendfile(pair[0], pair[0], &offset, 1), ESPIPE);
    CHECK_ERRNO(sendfile(pair[0], file, &negative, 1), EINVAL);
    CHECK_ERRNO(sendfile(pair[0], file, bad_pointer(), 1), EFAULT);
    CHECK_ERRNO(sendfile(pair[0], file, NULL, -1), EINVAL);
    CHECK_OK(close(pair[1]));
    CHECK_EQ(poll_events(pair[0], POLLRDHUP, -1), POLLRDHUP);
    errno = 0;
    while (sendfile(pair[0], file, &offset, 10) >= 0)
        offset = 0;
    CHECK(errno == EPIPE || errno == ECONNRESET);
}

TEST(send_file_of_a_datagram)
{
    int pair[2], file = file_with("0123456789", 10);
    udp_pair(pair);
    CHECK_EQ(sendfile(pair[0], file, NULL, 10), 10);
    CHECK_EQ(recv(pair[1], received, SIZE, 0), 10);
    CHECK_MEMORY(received, "0123456789", 10);
}
