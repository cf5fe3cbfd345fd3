// SPDX-License-Identifier: MIT
//
// fcntl(2), dup(2) and the descriptor table.
#include "harness.h"

#include <sys/resource.h>
#include <sys/syscall.h>

static int null_file(void)
{
    return CHECK_OK(open("/dev/null", O_RDWR));
}

TEST(lowest_is_taken)
{
    int first = null_file(), second = null_file();
    CHECK_EQ(second, first + 1);
    CHECK_OK(close(first));
    CHECK_EQ(null_file(), first);
    CHECK_EQ(dup(second), second + 1);
}

TEST(dup_to)
{
    int fd = null_file();
    CHECK_EQ(dup2(fd, 50), 50);
    CHECK_EQ(dup2(fd, fd), fd);
    CHECK_EQ(dup2(fd, 50), 50);
    CHECK_EQ(dup3(fd, 51, O_CLOEXEC), 51);
    CHECK_EQ(fcntl(51, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(50, F_GETFD), 0);
    CHECK_ERRNO(dup3(fd, fd, 0), EINVAL);
    CHECK_ERRNO(dup3(fd, 52, 0x7), EINVAL);
    CHECK_ERRNO(dup2(-1, 50), EBADF);
    CHECK_ERRNO(dup2(900, 50), EBADF);
    CHECK_ERRNO(dup2(fd, -1), EBADF);
    CHECK_ERRNO(dup2(fd, 1 << 30), EBADF);
    CHECK_OK(fcntl(50, F_GETFD));  // an error closed nothing
}

TEST(dup_from)
{
    int fd = null_file();
    CHECK_EQ(fcntl(fd, F_DUPFD, 70), 70);
    CHECK_EQ(fcntl(fd, F_DUPFD, 70), 71);
    CHECK_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 70), 72);
    CHECK_EQ(fcntl(72, F_GETFD), FD_CLOEXEC);
    CHECK_ERRNO(fcntl(fd, F_DUPFD, -1), EINVAL);
    CHECK_ERRNO(fcntl(fd, F_DUPFD, 1 << 30), EINVAL);
    CHECK_ERRNO(fcntl(-1, F_DUPFD, 0), EBADF);
}

TEST(duplicates_share_the_offset)
{
    const char *path = temporary_name("dup");
    char byte;
    write_file(path, "abc");
    int fd = CHECK_OK(open(path, O_RDONLY)), copy = CHECK_OK(dup(fd));
    read_all(fd, &byte, 1);
    read_all(copy, &byte, 1);
    CHECK_EQ(byte, 'b');
    int other = CHECK_OK(open(path, O_RDONLY));
    read_all(other, &byte, 1);
    CHECK_EQ(byte, 'a');
    CHECK_OK(unlink(path));
}

TEST(close_on_exec_is_the_descriptors_own)
{
    int fd = CHECK_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
    int copy = CHECK_OK(dup(fd));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(copy, F_GETFD), 0);
    CHECK_OK(fcntl(fd, F_SETFD, 0));
    CHECK_OK(fcntl(copy, F_SETFD, FD_CLOEXEC));
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    CHECK_EQ(fcntl(copy, F_GETFD), FD_CLOEXEC);
}

TEST(file_flags)
{
    int fd = null_file();
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK | O_APPEND), O_RDWR);
    CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK | O_APPEND));
    CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK | O_APPEND),
             O_RDWR | O_NONBLOCK | O_APPEND);
    CHECK_OK(fcntl(fd, F_SETFL, O_WRONLY));  // the access mode does not change
    CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
}

TEST(errors)
{
    CHECK_ERRNO(fcntl(-1, F_GETFD), EBADF);
    CHECK_ERRNO(fcntl(900, F_GETFL), EBADF);
    CHECK_ERRNO(fcntl(null_file(), 9999), EINVAL);
    CHECK_ERRNO(close(-1), EBADF);
    CHECK_ERRNO(close(900), EBADF);
    CHECK_ERRNO(dup(900), EBADF);
    CHECK_ERRNO(read(900, NULL, 0), EBADF);
    CHECK_ERRNO(write(-1, NULL, 0), EBADF);
}

TEST(limit_of_descriptors)
{
    struct rlimit limit;
    int fd, count = 0;
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
    CHECK(limit.rlim_cur >= 256);
    limit.rlim_cur = 40;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    while ((fd = open("/dev/null", O_RDONLY)) != -1)
        count++;
    CHECK_EQ(errno, EMFILE);
    CHECK_BETWEEN(count, 20, 37);
    CHECK_ERRNO(dup(0), EMFILE);
    CHECK_ERRNO(fcntl(0, F_DUPFD, 0), EMFILE);
    CHECK_ERRNO(dup2(0, 40), EBADF);
    CHECK_OK(close(20));
    CHECK_EQ(dup(0), 20);
}

TEST(limits)
{
    struct rlimit limit, other;
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
    CHECK(limit.rlim_cur <= limit.rlim_max);
    other = limit;
    other.rlim_cur = limit.rlim_cur - 1;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &other));
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &other));
    CHECK_EQ(other.rlim_cur, limit.rlim_cur - 1);
    other.rlim_cur = other.rlim_max + 1;
    if (other.rlim_max != RLIM_INFINITY)
        CHECK_ERRNO(setrlimit(RLIMIT_NOFILE, &other), EINVAL);
    CHECK_ERRNO(getrlimit(99, &limit), EINVAL);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(getrlimit(RLIMIT_NOFILE, &other));
        CHECK_EQ(other.rlim_cur, limit.rlim_cur - 1);
        _exit(0);
    }
    wait_child(child);
}

TEST(many_descriptors)
{
    for (int i = 0; i < 500; i++)
        null_file();
}

// The lowest free number is taken, in whatever order numbers became free.
TEST(lowest_number_first)
{
    int fd = CHECK_OK(dup(0)), first = fd;
    while (fd < 300)
        fd = CHECK_OK(dup(0));
    static const int gaps[] = {250, 64, 150, 63, 65, 299};
    for (int i = 0; i < 6; i++)
        if (gaps[i] >= first)
            CHECK_OK(close(gaps[i]));
    static const int taken[] = {63, 64, 65, 150, 250, 299, 301};
    CHECK_EQ(fcntl(0, F_DUPFD, 100), 150);
    CHECK_OK(close(150));
    for (int i = 0; i < 7; i++)
        CHECK_EQ(dup(0), taken[i]);
}

TEST(a_million_descriptors)
{
    const int million = 1 << 20;
    struct rlimit limit = {million, million};
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        skip("RLIMIT_NOFILE");
    CHECK_EQ(dup2(0, million - 1), million - 1);
    CHECK_EQ(fcntl(0, F_DUPFD, million - 2), million - 2);
    CHECK_ERRNO(fcntl(0, F_DUPFD, million - 2), EMFILE);
    CHECK_ERRNO(fcntl(0, F_DUPFD, million), EINVAL);
    CHECK_ERRNO(dup2(0, million), EBADF);
    limit.rlim_cur = 64;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    // What is open stays so.
    CHECK_EQ(fcntl(million - 1, F_GETFD), 0);
    CHECK_ERRNO(dup2(0, 64), EBADF);
    CHECK_OK(dup2(0, 63));
}
