// SPDX-License-Identifier: MIT
//
// socket(2): what can be made, with which flags, and what cannot.
#include "harness.h"

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>

static int option(int fd, int name)
{
    int value = -1;
    socklen_t length = sizeof(value);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, name, &value, &length));
    CHECK_EQ(length, sizeof(value));
    return value;
}

TEST(stream)
{
    int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
    CHECK_EQ(option(fd, SO_TYPE), SOCK_STREAM);
    CHECK_EQ(option(fd, SO_DOMAIN), AF_INET);
    CHECK_EQ(option(fd, SO_PROTOCOL), IPPROTO_TCP);
    CHECK_OK(close(fd));
}

TEST(datagram)
{
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
    CHECK_EQ(option(fd, SO_TYPE), SOCK_DGRAM);
    CHECK_EQ(option(fd, SO_DOMAIN), AF_INET);
    CHECK_EQ(option(fd, SO_PROTOCOL), IPPROTO_UDP);
    CHECK_OK(close(fd));
}

TEST(explicit_protocol)
{
    CHECK_OK(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP));
    CHECK_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP));
}

TEST(no_flags_by_default)
{
    int fd = tcp_socket();
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    CHECK_EQ(fcntl(fd, F_GETFL), O_RDWR);
}

TEST(cloexec_flag)
{
    int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
}

TEST(nonblock_flag)
{
    int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

TEST(both_flags)
{
    int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    int fd = CHECK_OK(socket(AF_INET, type, 0));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    CHECK_EQ(option(fd, SO_TYPE), SOCK_STREAM);
}

TEST(lowest_descriptor)
{
    int expected = lowest_free_fd();
    int first = tcp_socket();
    CHECK_EQ(first, expected);
    int second = udp_socket();
    CHECK_OK(close(first));
    CHECK_EQ(tcp_socket(), first);
    CHECK(second != first);
}

TEST(unknown_family)
{
    CHECK_ERRNO(socket(9999, SOCK_STREAM, 0), EAFNOSUPPORT);
    CHECK_ERRNO(socket(-1, SOCK_STREAM, 0), EAFNOSUPPORT);
    CHECK_ERRNO(socket(AF_UNSPEC, SOCK_STREAM, 0), EAFNOSUPPORT);
}

TEST(protocol_of_the_other_type)
{
    CHECK_ERRNO(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
    CHECK_ERRNO(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP), EPROTONOSUPPORT);
}

TEST(protocol_out_of_range)
{
    CHECK_ERRNO(socket(AF_INET, SOCK_STREAM, 9999), EINVAL);
    CHECK_ERRNO(socket(AF_INET, SOCK_STREAM, -1), EINVAL);
}

TEST(unknown_type)
{
    CHECK_ERRNO(socket(AF_INET, 15, 0), EINVAL);
    CHECK_ERRNO(socket(AF_INET, SOCK_RDM, 0), ESOCKTNOSUPPORT);
    CHECK_ERRNO(socket(AF_INET, 0, 0), ESOCKTNOSUPPORT);
}

TEST(unknown_flag)
{
    CHECK_ERRNO(socket(AF_INET, SOCK_STREAM | 0x10000, 0), EINVAL);
    CHECK_ERRNO(socket(AF_INET, SOCK_STREAM | 0x20, 0), EINVAL);
}

TEST(too_many_descriptors)
{
    struct rlimit limit;
    int last = -1;

    CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = 20;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    for (int fd; (fd = socket(AF_INET, SOCK_STREAM, 0)) != -1;)
        last = fd;
    CHECK_EQ(errno, EMFILE);
    CHECK_EQ(last, 19);
    CHECK_ERRNO(socket(AF_INET, SOCK_DGRAM, 0), EMFILE);
    CHECK_OK(close(last));
    CHECK_EQ(socket(AF_INET, SOCK_DGRAM, 0), last);
}

TEST(many_sockets_can_be_open)
{
    for (int i = 0; i < 200; i++) {
        tcp_socket();
        udp_socket();
    }
}

TEST(is_a_socket_file)
{
    struct stat status;
    int fd = tcp_socket();
    CHECK_OK(fstat(fd, &status));
    CHECK(S_ISSOCK(status.st_mode));
    CHECK(status.st_ino != 0);
}

TEST(two_sockets_have_two_inodes)
{
    struct stat first, second;
    CHECK_OK(fstat(tcp_socket(), &first));
    CHECK_OK(fstat(tcp_socket(), &second));
    CHECK(first.st_ino != second.st_ino);
}

TEST(link_in_proc_self_fd)
{
    char path[64], target[64], wanted[64];
    struct stat status;
    int fd = tcp_socket();

    CHECK_OK(fstat(fd, &status));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ssize_t length = CHECK_OK(readlink(path, target, sizeof(target) - 1));
    target[length] = '\0';
    snprintf(wanted, sizeof(wanted), "socket:[%lu]",
             (unsigned long)status.st_ino);
    CHECK_STRING(target, wanted);
}

TEST(cannot_seek)
{
    CHECK_ERRNO(lseek(tcp_socket(), 0, SEEK_SET), ESPIPE);
    CHECK_ERRNO(lseek(udp_socket(), 0, SEEK_CUR), ESPIPE);
    char byte;
    CHECK_ERRNO(pread(tcp_socket(), &byte, 1, 0), ESPIPE);
}

TEST(is_no_terminal)
{
    struct termios settings;
    CHECK_ERRNO(tcgetattr(tcp_socket(), &settings), ENOTTY);
    CHECK_ERRNO(ioctl(udp_socket(), 0x7fff, 0), ENOTTY);
}

TEST(cannot_be_cut_or_synchronised)
{
    CHECK_ERRNO(ftruncate(tcp_socket(), 0), EINVAL);
    CHECK_ERRNO(fsync(tcp_socket()), EINVAL);
}
