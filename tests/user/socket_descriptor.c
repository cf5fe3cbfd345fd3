// SPDX-License-Identifier: MIT
//
// Sockets as descriptors, beyond read and write: flags, ioctls, what a stream
// or datagram without a position refuses, nothing at all to move, several
// messages in one call.
#include "harness.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

// <linux/sockios.h>, which not every C library comes with.
#define IN_QUEUE     0x541b
#define OUT_QUEUE    0x5411
#define AT_MARK      0x8905
#define STAMP_OLD    0x8906
#define STAMP_NEW    0x80108906
#define STAMP_NS_OLD 0x8907
#define STAMP_NS_NEW 0x80108907

static int number(int fd, unsigned long request)
{
    int value = -1;
    CHECK_OK(ioctl(fd, request, &value));
    return value;
}

// ---- flags ----

TEST(file_flags_of_a_socket)
{
    int fd = tcp_socket();
    CHECK_EQ(fcntl(fd, F_GETFL), O_RDWR);
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
    CHECK_EQ(fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
    // What says how it was opened does not change.
    CHECK_OK(fcntl(fd, F_SETFL, O_WRONLY | O_CREAT));
    CHECK_EQ(fcntl(fd, F_GETFL), O_RDWR);
    fd =
        CHECK_OK(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    CHECK_EQ(fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

TEST(accept_inherits_no_flags)
{
    struct sockaddr_in address;
    int listener = tcp_listener(&address, 5), fd;
    set_nonblocking(listener);
    for (int i = 0; i < 3; i++)
        tcp_connect(&address);
    CHECK_EQ(poll_events(listener, POLLIN, -1), POLLIN);
    fd = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_EQ(fcntl(fd, F_GETFL), O_RDWR);
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    fd = CHECK_OK(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    CHECK_EQ(fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_ERRNO(accept4(listener, NULL, NULL, 1), EINVAL);
    CHECK_OK(accept(listener, NULL, NULL));
}

TEST(close_on_exec_by_ioctl)
{
    int fd = tcp_socket();
    CHECK_OK(ioctl(fd, FIOCLEX));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_OK(ioctl(fd, FIONCLEX));
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    CHECK_ERRNO(ioctl(fd, FIONBIO, bad_pointer()), EFAULT);
    CHECK_ERRNO(ioctl(fd, TIOCGWINSZ, &fd), ENOTTY);
    CHECK_ERRNO(ioctl(-1, FIOCLEX), EBADF);
}

// ---- how much there is ----

TEST(bytes_to_read_and_to_send)
{
    int pair[2];
    struct sockaddr_in address;
    tcp_pair(pair);
    CHECK_EQ(number(pair[1], FIONREAD), 0);
    CHECK_EQ(number(pair[0], OUT_QUEUE), 0);
    write_all(pair[0], "hello", 5);
    CHECK_EQ(poll_events(pair[1], POLLIN, -1), POLLIN);
    CHECK_EQ(number(pair[1], FIONREAD), 5);
    CHECK_EQ(number(pair[1], IN_QUEUE), 5);
    CHECK_EQ(number(pair[1], AT_MARK), 0);
    CHECK_ERRNO(ioctl(pair[1], FIONREAD, bad_pointer()), EFAULT);
    CHECK_ERRNO(ioctl(tcp_listener(&address, 1), FIONREAD, pair), EINVAL);
}

TEST(unsent_bytes)
{
    int pair[2], sent = 0, n;
    static char data[65536];
    tcp_pair(pair);
    set_nonblocking(pair[0]);
    while ((n = write(pair[0], data, sizeof(data))) > 0)
        sent += n;
    CHECK_EQ(errno, EAGAIN);
    CHECK_BETWEEN(number(pair[0], OUT_QUEUE), 1, sent);
}

TEST(bytes_of_the_next_datagram)
{
    int pair[2];
    udp_pair(pair);
    CHECK_EQ(number(pair[1], FIONREAD), 0);
    CHECK_OK(send(pair[0], "hello", 5, 0));
    CHECK_OK(send(pair[0], "world!!", 7, 0));
    CHECK_EQ(poll_events(pair[1], POLLIN, -1), POLLIN);
    CHECK_EQ(number(pair[1], FIONREAD), 5);
    CHECK_ERRNO(ioctl(pair[1], AT_MARK, pair), ENOTTY);
}

TEST(time_of_the_last_datagram)
{
    int pair[2];
    char byte;
    struct timespec now;
    long stamp[2];
    static const unsigned requests[] = {STAMP_OLD, STAMP_NEW, STAMP_NS_OLD,
                                        STAMP_NS_NEW};
    udp_pair(pair);
    CHECK_ERRNO(ioctl(pair[1], STAMP_OLD, stamp), ENOENT);
    CHECK_OK(send(pair[0], "x", 1, 0));
    CHECK_OK(recv(pair[1], &byte, 1, 0));
    CHECK_OK(clock_gettime(CLOCK_REALTIME, &now));
    for (int i = 0; i < 4; i++) {
        CHECK_OK(ioctl(pair[1], requests[i], stamp));
        CHECK_BETWEEN(now.tv_sec - stamp[0], 0, 20);
        CHECK_BETWEEN(stamp[1], 0, i < 2 ? 999999 : 999999999);
    }
}

// ---- no position, no pages ----

static void check_no_position(int fd)
{
    char data[4];
    struct iovec iov = {data, 4};
    CHECK_ERRNO(lseek(fd, 0, SEEK_SET), ESPIPE);
    CHECK_ERRNO(pread(fd, data, 4, 0), ESPIPE);
    CHECK_ERRNO(pwrite(fd, data, 4, 0), ESPIPE);
    CHECK_ERRNO(preadv(fd, &iov, 1, 0), ESPIPE);
    CHECK_ERRNO(pwritev(fd, &iov, 1, 0), ESPIPE);
    CHECK_ERRNO(pread(fd, data, 4, -1), EINVAL);
    CHECK_ERRNO(ftruncate(fd, 0), EINVAL);
    CHECK_ERRNO(fsync(fd), EINVAL);
    CHECK_ERRNO(syscall(SYS_fallocate, fd, 0, 0l, 1l), ENODEV);
    // Linux has a use for mappings of TCP sockets.
    CHECK_EQ((long)mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0), -1);
    CHECK(errno == ENODEV || errno == EPERM);
    CHECK_ERRNO(fchdir(fd), ENOTDIR);
    CHECK_ERRNO(syscall(SYS_getdents64, fd, data, sizeof(data)), ENOTDIR);
    CHECK_ERRNO(copy_file_range(fd, NULL, fd, NULL, 1, 0), EINVAL);
}

TEST(sockets_have_no_position)
{
    int pair[2];
    tcp_pair(pair);
    check_no_position(pair[0]);
    check_no_position(udp_socket());
    CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
    check_no_position(pair[0]);
}

TEST(status_of_a_socket)
{
    struct stat one, other;
    int fd = tcp_socket(), second = tcp_socket();
    CHECK_OK(fstat(fd, &one));
    CHECK(S_ISSOCK(one.st_mode));
    CHECK_EQ(one.st_mode & 0777, 0777);
    CHECK_EQ(one.st_nlink, 1);
    CHECK_EQ(one.st_size, 0);
    CHECK_OK(fstat(second, &other));
    CHECK(one.st_ino != other.st_ino);
    CHECK_EQ(one.st_dev, other.st_dev);
    char path[40], text[64] = "", wanted[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    snprintf(wanted, sizeof(wanted), "socket:[%lu]", (unsigned long)one.st_ino);
    CHECK_OK(readlink(path, text, sizeof(text) - 1));
    CHECK_STRING(text, wanted);
    CHECK_ERRNO(open(path, O_RDWR), ENXIO);
}

// ---- vectors ----

TEST(vectors_of_odd_lengths)
{
    int pair[2];
    char byte;
    static struct iovec iov[1025];
    tcp_pair(pair);
    for (int i = 0; i < 1025; i++)
        iov[i] = (struct iovec){&byte, 0};
    CHECK_ERRNO(writev(pair[0], iov, 1025), EINVAL);
    CHECK_ERRNO(readv(pair[0], iov, 1025), EINVAL);
    CHECK_ERRNO(syscall(SYS_writev, pair[0], iov, -1), EINVAL);
    CHECK_EQ(writev(pair[0], iov, 1024), 0);
    CHECK_EQ(readv(pair[0], iov, 1024), 0);
    CHECK_EQ(writev(pair[0], NULL, 0), 0);
    CHECK_EQ(readv(pair[0], NULL, 0), 0);
    iov[0].iov_len = (size_t)1 << 63;
    CHECK_ERRNO(writev(pair[0], iov, 2), EINVAL);
    iov[0].iov_len = 1, iov[1].iov_len = ((size_t)1 << 63) - 1;
    iov[1].iov_base = NULL;
    CHECK_ERRNO(readv(pair[0], iov, 3), EFAULT);
    CHECK_ERRNO(writev(pair[0], bad_pointer(), 1), EFAULT);
}

// ---- nothing to move ----

TEST(nothing_on_tcp)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    CHECK_EQ(write(pair[0], NULL, 0), 0);
    CHECK_EQ(send(pair[0], NULL, 0, 0), 0);
    CHECK_EQ(read(pair[1], &byte, 0), 0);
    CHECK_ERRNO(recv(pair[1], &byte, 1, MSG_DONTWAIT), EAGAIN);
    write_all(pair[0], "x", 1);
    CHECK_EQ(poll_events(pair[1], POLLIN, -1), POLLIN);
    CHECK_EQ(recv(pair[1], &byte, 0, 0), 0);
    CHECK_EQ(read(pair[1], &byte, 1), 1);
}

TEST(nothing_on_udp)
{
    int pair[2];
    char byte;
    udp_pair(pair);
    CHECK_EQ(read(pair[1], &byte, 0), 0);
    CHECK_EQ(write(pair[0], NULL, 0), 0);
    CHECK_EQ(poll_events(pair[1], POLLIN, -1), POLLIN);
    // A read of nothing leaves it, recv takes it.
    CHECK_EQ(read(pair[1], &byte, 0), 0);
    CHECK_EQ(poll_events(pair[1], POLLIN, 0), POLLIN);
    CHECK_EQ(recv(pair[1], &byte, 0, 0), 0);
    CHECK_EQ(poll_events(pair[1], POLLIN, 0), 0);
}

TEST(nothing_on_an_unconnected_socket)
{
    char byte;
    ignore_sigpipe();
    CHECK_EQ(read(tcp_socket(), &byte, 0), 0);
    CHECK_ERRNO(read(tcp_socket(), &byte, 1), ENOTCONN);
    CHECK_ERRNO(write(tcp_socket(), &byte, 1), EPIPE);
    CHECK_ERRNO(write(udp_socket(), &byte, 1), EDESTADDRREQ);
    CHECK_ERRNO(write(udp_socket(), &byte, 0), EDESTADDRREQ);
}

// ---- several messages in one call ----

struct many {
    struct mmsghdr header[4];
    struct iovec iov[4];
    char data[4][16];
};

// The system calls: a C library may look at the messages itself.
static long many_send(int fd, void *messages, unsigned n, unsigned flags)
{
    return syscall(SYS_sendmmsg, fd, messages, n, flags);
}

static long many_receive(int fd, void *messages, unsigned n, unsigned flags,
                         struct timespec *limit)
{
    return syscall(SYS_recvmmsg, fd, messages, n, flags, limit);
}

static struct many *messages(void)
{
    static struct many m;
    memset(&m, 0, sizeof(m));
    for (int i = 0; i < 4; i++) {
        m.iov[i] = (struct iovec){m.data[i], 16};
        m.header[i].msg_hdr.msg_iov = &m.iov[i];
        m.header[i].msg_hdr.msg_iovlen = 1;
    }
    return &m;
}

TEST(many_messages_there_and_back)
{
    int pair[2];
    struct many *m = messages();
    udp_pair(pair);
    for (int i = 0; i < 4; i++)
        m->iov[i].iov_len = i;
    CHECK_EQ(many_send(pair[0], m->header, 4, 0), 4);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(m->header[i].msg_len, i);
    m = messages();
    CHECK_EQ(poll_events(pair[1], POLLIN, -1), POLLIN);
    CHECK_EQ(many_receive(pair[1], m->header, 4, MSG_WAITFORONE, NULL), 4);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(m->header[i].msg_len, i);
    CHECK_ERRNO(many_receive(pair[1], m->header, 4, MSG_DONTWAIT, NULL),
                EAGAIN);
    CHECK_EQ(many_send(pair[0], m->header, 0, 0), 0);
}

TEST(what_went_before_an_error_counts)
{
    int pair[2];
    struct many *m = messages();
    udp_pair(pair);
    m->iov[2].iov_base = bad_pointer();
    CHECK_EQ(many_send(pair[0], m->header, 4, 0), 2);
    CHECK_ERRNO(many_send(pair[0], m->header + 2, 2, 0), EFAULT);
    CHECK_EQ(poll_events(pair[1], POLLIN, -1), POLLIN);
    CHECK_ERRNO(many_send(pair[0], bad_pointer(), 1, 0), EFAULT);
    CHECK_ERRNO(many_send(-1, m->header, 1, 0), EBADF);
    CHECK_ERRNO(many_send(0, m->header, 1, 0), ENOTSOCK);
}

// An error after the first message waits for the next call.
TEST(an_error_after_the_first_message_is_kept)
{
    struct sockaddr_in address = unused_port(SOCK_DGRAM);
    int fd = udp_socket(), error = -1;
    socklen_t length = sizeof(error);
    struct many *m = messages();
    CHECK_OK(connect(fd, any(&address), sizeof(address)));
    CHECK_EQ(send(fd, "x", 1, 0), 1);
    CHECK_EQ(poll_events(fd, POLLERR, -1), POLLERR);
    CHECK_ERRNO(many_receive(fd, m->header, 4, 0, NULL), ECONNREFUSED);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
    CHECK_EQ(error, 0);
}

TEST(a_time_limit_of_recvmmsg)
{
    int pair[2];
    struct many *m = messages();
    struct timespec wrong = {0, 1000000000}, soon = {0, 1};
    udp_pair(pair);
    CHECK_ERRNO(many_receive(pair[1], m->header, 4, 0, &wrong), EINVAL);
    CHECK_ERRNO(many_receive(pair[1], m->header, 4, 0, bad_pointer()), EFAULT);
    CHECK_OK(send(pair[0], "x", 1, 0));
    CHECK_EQ(poll_events(pair[1], POLLIN, -1), POLLIN);
    // It is looked at after each message alone.
    CHECK_EQ(many_receive(pair[1], m->header, 4, 0, &soon), 1);
}
