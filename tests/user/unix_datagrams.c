// SPDX-License-Identifier: MIT
//
// AF_UNIX datagrams, unix(7): names, filters, limits, and peers that go.
#include "unix.h"

#include <sys/ioctl.h>
#include <sys/time.h>

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

static ssize_t send_to(int fd, const struct name *name, const char *text,
                       int flags)
{
    return sendto(fd, text, strlen(text), flags,
                  (const struct sockaddr *)&name->un, name->length);
}

static int queue_length(void)
{
    return atoi(read_file("/proc/sys/net/unix/max_dgram_qlen"));
}

// Sends datagrams until the receiver's queue is full.
static int fill(int fd, const struct name *name)
{
    int n = 0;

    while (send_to(fd, name, "x", MSG_DONTWAIT) == 1)
        n++;
    CHECK_EQ(errno, EAGAIN);
    return n;
}

TEST(senders_have_names)
{
    struct name to = path_name("r"), from = path_name("s"), got;
    int receiver = unix_bound(SOCK_DGRAM, &to);
    int sender = unix_bound(SOCK_DGRAM, &from);
    char buffer[8];

    CHECK_EQ(send_to(sender, &to, "hello", 0), 5);
    got.length = sizeof(got.un);
    CHECK_EQ(recvfrom(receiver, buffer, 8, 0, (struct sockaddr *)&got.un,
                      &got.length),
             5);
    CHECK_EQ(got.length, from.length);
    CHECK_STRING(got.un.sun_path, from.un.sun_path);
    CHECK_EQ(send_to(receiver, &got, "answer", 0), 6);
    CHECK_EQ(recv(sender, buffer, 8, 0), 6);

    CHECK_EQ(send_to(unix_socket(SOCK_DGRAM), &to, "?", 0), 1);
    got.length = sizeof(got.un);
    CHECK_EQ(recvfrom(receiver, buffer, 8, 0, (struct sockaddr *)&got.un,
                      &got.length),
             1);
    CHECK_EQ(got.length, 0);  // nobody to answer to
}

TEST(nobody_there)
{
    struct name name = abstract_name("n"), path = path_name("p");
    int fd = unix_socket(SOCK_DGRAM);

    CHECK_ERRNO(send_to(fd, &name, "x", 0), ECONNREFUSED);
    CHECK_ERRNO(send_to(fd, &path, "x", 0), ENOENT);
    CHECK_ERRNO(send(fd, "x", 1, 0), ENOTCONN);
    name.length = PATH_AT;
    CHECK_ERRNO(send_to(fd, &name, "x", 0), EINVAL);
    name.un.sun_family = AF_INET;
    name.length = 16;
    CHECK_ERRNO(send_to(fd, &name, "x", 0), EINVAL);
}

TEST(to_itself)
{
    struct name name = abstract_name("self");
    int fd = unix_bound(SOCK_DGRAM, &name);
    char byte;

    CHECK_OK(try_connect(fd, &name));
    for (int i = 0; i < queue_length() + 5; i++)  // no limit but SO_SNDBUF
        CHECK_EQ(send(fd, "x", 1, MSG_DONTWAIT), 1);
    CHECK_EQ(recv(fd, &byte, 1, 0), 1);
    CHECK_EQ(peer_of(fd).length, name.length);
}

TEST(a_connected_socket_hears_its_peer_alone)
{
    struct name a = abstract_name("a"), b = abstract_name("b");
    int one = unix_bound(SOCK_DGRAM, &a), other = unix_bound(SOCK_DGRAM, &b);
    int third = unix_socket(SOCK_DGRAM);

    CHECK_OK(try_connect(one, &b));
    CHECK_ERRNO(send_to(third, &a, "x", 0), EPERM);
    CHECK_ERRNO(try_connect(third, &a), EPERM);
    CHECK_EQ(send_to(other, &a, "x", 0), 1);
    CHECK_OK(try_connect(third, &b));  // b hears everybody
    CHECK_EQ(send(third, "x", 1, 0), 1);
}

TEST(connecting_again_and_to_nobody)
{
    struct name a = abstract_name("a"), b = abstract_name("b");
    int first = unix_bound(SOCK_DGRAM, &a), second = unix_bound(SOCK_DGRAM, &b);
    int fd = unix_socket(SOCK_DGRAM);
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    char byte;

    CHECK_OK(try_connect(fd, &a));
    CHECK_EQ(send(fd, "1", 1, 0), 1);
    CHECK_OK(try_connect(fd, &b));
    CHECK_EQ(send(fd, "2", 1, 0), 1);
    CHECK_EQ(peer_of(fd).length, b.length);
    CHECK_OK(connect(fd, &nobody, sizeof(nobody.sa_family)));
    CHECK_ERRNO(send(fd, "3", 1, 0), ENOTCONN);
    CHECK_OK(connect(fd, &nobody, sizeof(nobody)));
    CHECK_ERRNO(connect(fd, &nobody, 1), EINVAL);
    CHECK_EQ(recv(first, &byte, 1, MSG_DONTWAIT), 1);
    CHECK_EQ(byte, '1');
    CHECK_EQ(recv(second, &byte, 1, MSG_DONTWAIT), 1);
    CHECK_EQ(byte, '2');
}

// A pair in which one end connects elsewhere loses what it had not read.
TEST(a_peer_that_leaves)
{
    struct name other = abstract_name("o");
    int pair[2];
    char byte;

    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    unix_bound(SOCK_DGRAM, &other);
    CHECK_EQ(send(pair[1], "lost", 4, 0), 4);
    CHECK_OK(try_connect(pair[0], &other));
    CHECK_ERRNO(recv(pair[0], &byte, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(all_events(pair[1]) & POLLERR, POLLERR);
    CHECK_ERRNO(recv(pair[1], &byte, 1, MSG_DONTWAIT), ECONNRESET);
    CHECK_ERRNO(send(pair[1], "x", 1, 0), EPERM);
}

TEST(a_peer_that_closes)
{
    struct name name = abstract_name("p");
    int peer = unix_bound(SOCK_DGRAM, &name);
    int fd = unix_connected(SOCK_DGRAM, &name);
    char byte;

    close(peer);
    CHECK_EQ(all_events(fd), POLLOUT | POLLWRNORM);
    CHECK_ERRNO(recv(fd, &byte, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(peer_of(fd).length, name.length);
    CHECK_ERRNO(send(fd, "x", 1, 0), ECONNREFUSED);
    CHECK_ERRNO(send(fd, "x", 1, 0), ENOTCONN);  // it has none now
    unix_bound(SOCK_DGRAM, &name);
    CHECK_OK(try_connect(fd, &name));
    CHECK_EQ(send(fd, "x", 1, 0), 1);
}

TEST(the_queue_is_limited)
{
    struct name name = abstract_name("q");
    int receiver = unix_bound(SOCK_DGRAM, &name);
    int fd = unix_socket(SOCK_DGRAM);
    char byte;

    CHECK_EQ(fill(fd, &name), queue_length() + 1);
    CHECK_EQ(recv(receiver, &byte, 1, 0), 1);
    CHECK_EQ(fill(fd, &name), 1);
}

TEST(the_limit_can_be_set)
{
    struct name name = abstract_name("q");

    if (!on_wharf())
        skip("would change the machine");
    int before = queue_length();
    write_file("/proc/sys/net/unix/max_dgram_qlen", "3");
    unix_bound(SOCK_DGRAM, &name);
    CHECK_EQ(fill(unix_socket(SOCK_DGRAM), &name), 4);
    char text[16];
    snprintf(text, sizeof(text), "%d", before);
    write_file("/proc/sys/net/unix/max_dgram_qlen", text);
}

TEST(poll_tells_of_room_at_the_receiver)
{
    struct name name = abstract_name("q");
    int receiver = unix_bound(SOCK_DGRAM, &name);
    int fd = unix_connected(SOCK_DGRAM, &name);
    char byte;

    CHECK_EQ(all_events(fd), POLLOUT | POLLWRNORM);
    fill(unix_socket(SOCK_DGRAM), &name);
    CHECK_EQ(all_events(fd), 0);
    CHECK_ERRNO(send(fd, "x", 1, MSG_DONTWAIT), EAGAIN);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(poll_events(fd, POLLOUT, -1), POLLOUT);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_EQ(recv(receiver, &byte, 1, 0), 1);
    wait_child(child);
}

TEST(poll_tells_of_a_receiver_that_closes)
{
    struct name name = abstract_name("q");
    int receiver = unix_bound(SOCK_DGRAM, &name);
    int fd = unix_connected(SOCK_DGRAM, &name);

    fill(unix_socket(SOCK_DGRAM), &name);
    pid_t child = fork_child();
    if (child == 0) {
        close(receiver);
        CHECK_EQ(poll_events(fd, POLLOUT, -1), POLLOUT);
        CHECK_ERRNO(send(fd, "x", 1, 0), ECONNREFUSED);
        _exit(0);
    }
    wait_asleep(child);
    close(receiver);
    wait_child(child);
}

// A child that sends to a full queue; it ends with its errno.
static pid_t blocked_sender(const struct name *name, int close_first)
{
    pid_t child = fork_child();

    if (child == 0) {
        close(close_first);
        int fd = unix_socket(SOCK_DGRAM);
        _exit(send_to(fd, name, "late", 0) == 4 ? 0 : errno);
    }
    wait_asleep(child);
    return child;
}

TEST(blocked_senders_go_on)
{
    struct name name = abstract_name("q");
    int receiver = unix_bound(SOCK_DGRAM, &name);
    char buffer[8];

    int n = fill(unix_socket(SOCK_DGRAM), &name);
    pid_t one = blocked_sender(&name, -1), two = blocked_sender(&name, -1);
    for (int i = 0; i < n; i++)
        CHECK_EQ(recv(receiver, buffer, 8, 0), 1);
    CHECK_EQ(recv(receiver, buffer, 8, 0), 4);
    CHECK_EQ(recv(receiver, buffer, 8, 0), 4);
    wait_child(one);
    wait_child(two);
}

TEST(blocked_senders_see_the_receiver_close)
{
    struct name name = abstract_name("q");
    int receiver = unix_bound(SOCK_DGRAM, &name), status;

    fill(unix_socket(SOCK_DGRAM), &name);
    pid_t child = blocked_sender(&name, receiver);
    close(receiver);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(WEXITSTATUS(status), ECONNREFUSED);
}

TEST(a_send_times_out)
{
    struct name name = abstract_name("q");
    struct timeval time = {0, 50000};
    int fd = unix_socket(SOCK_DGRAM);

    unix_bound(SOCK_DGRAM, &name);
    fill(fd, &name);
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)));
    CHECK_ERRNO(send_to(fd, &name, "x", 0), EAGAIN);
    interrupt_every_ms(20);
    time.tv_usec = 0;
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)));
    CHECK_ERRNO(send_to(fd, &name, "x", 0), EINTR);
    interrupt_every_ms(0);
}

TEST(the_send_buffer_limits)
{
    int pair[2], size, n = 0;
    socklen_t length = sizeof(size);
    static char data[300000];

    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CHECK_OK(getsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, &length));
    CHECK_ERRNO(send(pair[0], data, size - 31, 0), EMSGSIZE);
    CHECK_EQ(send(pair[0], data, size - 32, 0), size - 32);
    CHECK_EQ(recv(pair[1], data, sizeof(data), 0), size - 32);
    size = 10000;  // doubled
    CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
    CHECK_ERRNO(send(pair[0], data, 20000, 0), EMSGSIZE);
    while (send(pair[0], data, 1000, MSG_DONTWAIT) == 1000)
        n++;
    CHECK_EQ(errno, EAGAIN);
    CHECK_BETWEEN(n, 5, 20);
    CHECK_EQ(all_events(pair[0]), 0);
    while (recv(pair[1], data, 1000, MSG_DONTWAIT) == 1000)
        n--;
    CHECK_EQ(n, 0);
    CHECK_EQ(all_events(pair[0]), POLLOUT | POLLWRNORM);
}

// The sender pays for what waits, not the receiver.
TEST(sizes_of_all_kinds)
{
    static char out[150001], in[150001];
    int pair[2];
    const size_t sizes[] = {0,     1,     4095,  4096,   32767,
                            32768, 32769, 65536, 100000, 150001};

    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = i * 7 + i / 251;
    for (int type = SOCK_DGRAM; type;
         type = type == SOCK_DGRAM ? SOCK_SEQPACKET : 0) {
        CHECK_OK(socketpair(AF_UNIX, type, 0, pair));
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            size_t n = sizes[i];
            CHECK_EQ(send(pair[0], out, n, 0), n);
            memset(in, 0, sizeof(in));
            CHECK_EQ(recv(pair[1], in, sizeof(in), 0), n);
            CHECK_MEMORY(in, out, n);
        }
    }
}

TEST(cut_and_peeked_at)
{
    for (int type = SOCK_DGRAM; type;
         type = type == SOCK_DGRAM ? SOCK_SEQPACKET : 0) {
        int pair[2];
        char buffer[16];
        struct iovec vector = {buffer, 3};
        struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};

        CHECK_OK(socketpair(AF_UNIX, type, 0, pair));
        CHECK_EQ(send(pair[0], "abcdef", 6, 0), 6);
        CHECK_EQ(send(pair[0], "next", 4, 0), 4);
        CHECK_EQ(recvmsg(pair[1], &message, MSG_PEEK), 3);
        CHECK_EQ(message.msg_flags & MSG_TRUNC, MSG_TRUNC);
        CHECK_EQ(recv(pair[1], buffer, 16, MSG_PEEK), 6);
        CHECK_EQ(recv(pair[1], buffer, 2, MSG_PEEK | MSG_TRUNC), 6);
        CHECK_EQ(recv(pair[1], buffer, 2, MSG_TRUNC), 6);
        CHECK_EQ(recv(pair[1], buffer, 16, MSG_WAITALL), 4);
        CHECK_MEMORY(buffer, "next", 4);
    }
}

TEST(counts)
{
    int pair[2], n;

    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CHECK_OK(ioctl(pair[1], FIONREAD, &n));
    CHECK_EQ(n, 0);
    CHECK_EQ(send(pair[0], "abc", 3, 0), 3);
    CHECK_EQ(send(pair[0], "de", 2, 0), 2);
    CHECK_OK(ioctl(pair[1], FIONREAD, &n));
    CHECK_EQ(n, 3);  // of the first one
    CHECK_OK(ioctl(pair[0], TIOCOUTQ, &n));
    CHECK_BETWEEN(n, 5, 10000);  // memory, not bytes
    CHECK_EQ(recv(pair[1], &n, 4, 0), 3);
    CHECK_EQ(recv(pair[1], &n, 4, 0), 2);
    CHECK_OK(ioctl(pair[0], TIOCOUTQ, &n));
    CHECK_EQ(n, 0);
    CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
    CHECK_EQ(send(pair[0], "abc", 3, 0), 3);
    CHECK_EQ(send(pair[0], "de", 2, 0), 2);
    CHECK_OK(ioctl(pair[1], FIONREAD, &n));
    CHECK_EQ(n, 5);  // packets count together
}

TEST(shutdown_of_datagrams)
{
    int pair[2];
    char byte;

    catch_signal(SIGPIPE, 0);
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CHECK_OK(shutdown(pair[1], SHUT_RD));
    CHECK_ERRNO(send(pair[0], "x", 1, 0), EPIPE);
    CHECK_EQ(signals_caught, 0);
    CHECK_EQ(recv(pair[1], &byte, 1, 0), 0);
    CHECK_ERRNO(recv(pair[1], &byte, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(send(pair[1], "x", 1, 0), 1);
    CHECK_OK(shutdown(pair[1], SHUT_WR));
    CHECK_ERRNO(send(pair[1], "x", 1, 0), EPIPE);
}

TEST(a_bad_pointer_loses_no_datagram)
{
    int pair[2];
    char buffer[8];

    if (!on_wharf())
        skip("Linux loses it");
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CHECK_EQ(send(pair[0], "keep", 4, 0), 4);
    CHECK_ERRNO(recv(pair[1], bad_pointer(), 4, 0), EFAULT);
    CHECK_EQ(recv(pair[1], buffer, 8, MSG_DONTWAIT), 4);
    CHECK_ERRNO(send(pair[0], bad_pointer(), 4, 0), EFAULT);
    CHECK_ERRNO(recv(pair[1], buffer, 8, MSG_DONTWAIT), EAGAIN);
}

TEST(no_urgent_datagrams)
{
    int pair[2];
    char byte;

    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CHECK_ERRNO(send(pair[0], "x", 1, MSG_OOB), EOPNOTSUPP);
    CHECK_ERRNO(recv(pair[1], &byte, 1, MSG_OOB), EOPNOTSUPP);
}

TEST(times_of_arrival)
{
    int pair[2], on = 1;
    char control[64], byte;
    struct iovec vector = {&byte, 1};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};

    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_TIMESTAMP, &on, sizeof(on)));
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    CHECK_EQ(recvmsg(pair[1], &message, 0), 1);
    struct cmsghdr *item = CMSG_FIRSTHDR(&message);
    CHECK(item && item->cmsg_level == SOL_SOCKET);
    CHECK_EQ(item->cmsg_len, CMSG_LEN(16));
}
