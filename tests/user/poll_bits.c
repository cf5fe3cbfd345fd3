// SPDX-License-Identifier: MIT
//
// poll(2): every bit, of each kind of file in each of its states.
#include "harness.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/un.h>

#define IN  (POLLIN | POLLRDNORM)
#define OUT (POLLOUT | POLLWRNORM)
#define ALL                                                              \
    (POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND | POLLWRNORM | \
     POLLWRBAND | POLLRDHUP)

// Once all bits of `until` are there.
static int bits(int fd, int until)
{
    struct pollfd entry = {.fd = fd, .events = ALL};
    CHECK_OK(poll(&entry, 1, 0));
    if ((entry.revents & until) != until) {
        CHECK_EQ(poll_events(fd, until, 10000) & until, until);
        CHECK_OK(poll(&entry, 1, 0));
    }
    return entry.revents;
}

TEST(tcp_before_a_connection)
{
    struct sockaddr_in address, nobody = unused_port(SOCK_STREAM);
    int fd = tcp_socket();
    CHECK_EQ(bits(fd, 0), OUT | POLLHUP);
    CHECK_EQ(bits(tcp_listener(&address, 1), 0), 0);
    CHECK_ERRNO(connect(fd, any(&nobody), sizeof(nobody)), ECONNREFUSED);
    CHECK_EQ(bits(fd, 0), OUT | POLLHUP);
    fd = tcp_socket();
    set_nonblocking(fd);
    if (connect(fd, any(&nobody), sizeof(nobody)) < 0)
        CHECK_EQ(bits(fd, POLLERR), IN | OUT | POLLERR | POLLHUP | POLLRDHUP);
}

TEST(tcp_connected)
{
    int pair[2];
    tcp_pair(pair);
    CHECK_EQ(bits(pair[0], 0), OUT);
    write_all(pair[1], "x", 1);
    CHECK_EQ(bits(pair[0], POLLIN), IN | OUT);
}

TEST(tcp_half_closed)
{
    int pair[2];
    tcp_pair(pair);
    CHECK_OK(shutdown(pair[1], SHUT_WR));
    CHECK_EQ(bits(pair[0], POLLRDHUP), IN | OUT | POLLRDHUP);
    CHECK_EQ(bits(pair[1], 0), OUT);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK_EQ(bits(pair[0], POLLHUP), IN | OUT | POLLRDHUP | POLLHUP);
    CHECK_EQ(bits(pair[1], POLLHUP), IN | OUT | POLLRDHUP | POLLHUP);
}

TEST(tcp_shut_for_reading)
{
    int pair[2];
    tcp_pair(pair);
    CHECK_OK(shutdown(pair[0], SHUT_RD));
    CHECK_EQ(bits(pair[0], 0), IN | OUT | POLLRDHUP);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK_EQ(bits(pair[0], POLLHUP), IN | OUT | POLLRDHUP | POLLHUP);
}

TEST(tcp_reset)
{
    int pair[2];
    struct linger now = {1, 0};
    tcp_pair(pair);
    CHECK_OK(setsockopt(pair[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
    CHECK_OK(close(pair[1]));
    CHECK_EQ(bits(pair[0], POLLERR), IN | OUT | POLLERR | POLLHUP | POLLRDHUP);
    char byte;
    CHECK_ERRNO(read(pair[0], &byte, 1), ECONNRESET);
    CHECK_EQ(bits(pair[0], 0), IN | OUT | POLLHUP | POLLRDHUP);
}

TEST(udp)
{
    struct sockaddr_in nobody = unused_port(SOCK_DGRAM);
    int pair[2], fd = udp_socket();
    CHECK_EQ(bits(fd, 0), OUT | POLLWRBAND);
    CHECK_OK(connect(fd, any(&nobody), sizeof(nobody)));
    CHECK_EQ(bits(fd, 0), OUT | POLLWRBAND);
    CHECK_OK(send(fd, "x", 1, 0));
    CHECK_EQ(bits(fd, POLLERR), OUT | POLLWRBAND | POLLERR);
    udp_pair(pair);
    CHECK_OK(send(pair[0], "", 0, 0));
    CHECK_EQ(bits(pair[1], POLLIN), IN | OUT | POLLWRBAND);
    CHECK_OK(shutdown(pair[0], SHUT_RD));
    CHECK_EQ(bits(pair[0], 0), IN | OUT | POLLWRBAND | POLLRDHUP);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    CHECK_EQ(bits(pair[0], 0), IN | OUT | POLLWRBAND | POLLRDHUP | POLLHUP);
}

static int unix_listener(struct sockaddr_un *address, int type)
{
    int fd = CHECK_OK(socket(AF_UNIX, type, 0));
    socklen_t length = sizeof(*address);
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    CHECK_OK(bind(fd, (void *)address, sizeof(sa_family_t)));  // autobind
    CHECK_OK(getsockname(fd, (void *)address, &length));
    CHECK_EQ(length, 8);
    if (type != SOCK_DGRAM)
        CHECK_OK(listen(fd, 5));
    return fd;
}

static void check_unix_stream(int type)
{
    struct sockaddr_un address;
    int listener = unix_listener(&address, type), pair[2];
    int fd = CHECK_OK(socket(AF_UNIX, type, 0));
    CHECK_EQ(bits(fd, 0), OUT | POLLWRBAND | POLLHUP);
    CHECK_EQ(bits(listener, 0), 0);
    CHECK_OK(connect(fd, (void *)&address, 8));
    CHECK_EQ(bits(listener, 0), IN);
    CHECK_EQ(bits(fd, 0), OUT | POLLWRBAND);
    CHECK_OK(socketpair(AF_UNIX, type, 0, pair));
    CHECK_EQ(bits(pair[0], 0), OUT | POLLWRBAND);
    CHECK_OK(send(pair[1], "x", 1, 0));
    CHECK_EQ(bits(pair[0], 0), IN | OUT | POLLWRBAND);
    CHECK_OK(shutdown(pair[1], SHUT_WR));
    CHECK_EQ(bits(pair[0], 0), IN | OUT | POLLWRBAND | POLLRDHUP);
    CHECK_OK(close(pair[1]));
    CHECK_EQ(bits(pair[0], 0), IN | OUT | POLLWRBAND | POLLRDHUP | POLLHUP);
}

TEST(unix_stream)
{
    check_unix_stream(SOCK_STREAM);
}

TEST(unix_seqpacket)
{
    check_unix_stream(SOCK_SEQPACKET);
}

TEST(unix_datagrams)
{
    struct sockaddr_un address;
    int fd = unix_listener(&address, SOCK_DGRAM), pair[2];
    CHECK_EQ(bits(fd, 0), OUT | POLLWRBAND);
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CHECK_OK(send(pair[1], "x", 1, 0));
    CHECK_EQ(bits(pair[0], 0), IN | OUT | POLLWRBAND);
    CHECK_OK(close(pair[1]));
    CHECK(bits(pair[0], 0) & POLLOUT);
}

TEST(pipe_ends)
{
    int ends[2];
    static char data[65536];
    CHECK_OK(pipe(ends));
    CHECK_EQ(bits(ends[0], 0), 0);
    CHECK_EQ(bits(ends[1], 0), OUT);
    write_all(ends[1], data, sizeof(data));
    CHECK_EQ(bits(ends[0], 0), IN);
    CHECK_EQ(bits(ends[1], 0), 0);
    int copy = CHECK_OK(dup(ends[1]));
    CHECK_OK(close(ends[1]));
    CHECK_EQ(bits(ends[0], 0), IN);
    CHECK_OK(close(copy));
    CHECK_EQ(bits(ends[0], 0), IN | POLLHUP);
    read_all(ends[0], data, sizeof(data));
    CHECK_EQ(bits(ends[0], 0), POLLHUP);
    CHECK_OK(pipe(ends));
    CHECK_OK(close(ends[0]));
    CHECK_EQ(bits(ends[1], 0), OUT | POLLERR);
}

TEST(event_descriptors)
{
    sigset_t set;
    struct itimerspec soon = {.it_value = {0, 1}};
    int fd = CHECK_OK(eventfd(0, 0));
    CHECK_EQ(bits(fd, 0), POLLOUT);
    write_all(fd, "\1\0\0\0\0\0\0", 8);
    CHECK_EQ(bits(fd, 0), POLLIN | POLLOUT);
    fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, 0));
    CHECK_EQ(bits(fd, 0), 0);
    CHECK_OK(timerfd_settime(fd, 0, &soon, NULL));
    CHECK_EQ(bits(fd, POLLIN), POLLIN);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
    fd = CHECK_OK(signalfd(-1, &set, 0));
    CHECK_EQ(bits(fd, 0), 0);
    CHECK_OK(raise(SIGUSR1));
    CHECK_EQ(bits(fd, 0), POLLIN);
}

TEST(epoll_files)
{
    int epoll = CHECK_OK(epoll_create1(0)), fd = CHECK_OK(eventfd(1, 0));
    struct epoll_event event = {EPOLLIN, {.fd = fd}};
    CHECK_EQ(bits(epoll, 0), 0);
    CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
    CHECK_EQ(bits(epoll, 0), IN);
}

// What has no readiness of its own is always ready.
TEST(files_and_folders)
{
    const char *path = temporary_name("file");
    write_file(path, "");
    CHECK_EQ(bits(CHECK_OK(open(path, O_RDONLY)), 0), IN | OUT);
    CHECK_EQ(bits(CHECK_OK(open("/", O_RDONLY)), 0), IN | OUT);
    CHECK_EQ(bits(CHECK_OK(open("/dev/null", O_RDWR)), 0), IN | OUT);
    CHECK_EQ(bits(CHECK_OK(open("/dev/zero", O_RDWR)), 0), IN | OUT);
    CHECK_EQ(bits(CHECK_OK(open("/proc/meminfo", O_RDONLY)), 0), IN | OUT);
    CHECK_OK(unlink(path));
}
