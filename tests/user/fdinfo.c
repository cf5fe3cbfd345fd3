// SPDX-License-Identifier: MIT
//
// /proc/self/fdinfo: what it says of positions, flags, and of the files that
// have more to tell.
#include "harness.h"

#include <dirent.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static const char *info(int fd)
{
    char path[40];
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    return read_file(path);
}

#define CHECK_HAS(text, wanted)                                       \
    do {                                                              \
        const char *text_ = (text);                                   \
        if (!strstr(text_, wanted))                                   \
            FAIL("no \"%s\" in \"%s\"", (const char *)wanted, text_); \
    } while (0)

TEST(position_and_flags)
{
    const char *path = temporary_name("file");
    write_file(path, "0123456789");
    int fd = CHECK_OK(open(path, O_RDONLY | O_CLOEXEC | O_APPEND));
    CHECK_OK(lseek(fd, 7, SEEK_SET));
    CHECK_HAS(info(fd), "pos:\t7\n");
    unsigned flags;
    CHECK_EQ(sscanf(strstr(info(fd), "flags:"), "flags:\t%o", &flags), 1);
    CHECK_EQ(flags & (O_ACCMODE | O_CLOEXEC | O_APPEND),
             O_RDONLY | O_CLOEXEC | O_APPEND);
    CHECK_OK(fcntl(fd, F_SETFD, 0));
    CHECK_EQ(sscanf(strstr(info(fd), "flags:"), "flags:\t%o", &flags), 1);
    CHECK_EQ(flags & O_CLOEXEC, 0);
    CHECK_OK(unlink(path));
}

TEST(socket)
{
    int fd = tcp_socket();
    set_nonblocking(fd);
    CHECK_HAS(info(fd), "pos:\t0\nflags:\t04002\n");
}

TEST(event)
{
    CHECK_HAS(info(CHECK_OK(eventfd(0x1a, EFD_SEMAPHORE))),
              "eventfd-count:               1a\n");
}

TEST(timer)
{
    struct itimerspec far = {.it_value = {1000, 0}, .it_interval = {5, 6}};
    int fd = CHECK_OK(timerfd_create(CLOCK_MONOTONIC, 0));
    CHECK_HAS(info(fd), "clockid: 1\nticks: 0\nsettime flags: 00\n"
                        "it_value: (0, 0)\nit_interval: (0, 0)\n");
    CHECK_OK(timerfd_settime(fd, 0, &far, NULL));
    CHECK_HAS(info(fd), "it_value: (999, ");
    CHECK_HAS(info(fd), "it_interval: (5, 6)\n");
}

TEST(signals)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGTERM);
    CHECK_HAS(info(CHECK_OK(signalfd(-1, &set, 0))),
              "sigmask:\t0000000000004200\n");
}

TEST(watched_files)
{
    int epoll = CHECK_OK(epoll_create1(0)), fd = CHECK_OK(eventfd(0, 0));
    struct epoll_event event = {EPOLLIN | EPOLLET, {.u64 = 0xabcdef}};
    char line[80];
    CHECK_OK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
    snprintf(
        line, sizeof(line),
        "tfd: %8d events: 80000019 data:           abcdef  pos:0 ino:", fd);
    CHECK_HAS(info(epoll), line);
}

TEST(names)
{
    int fd = CHECK_OK(dup(0)), found = 0;
    DIR *dir = opendir("/proc/self/fdinfo");
    struct dirent *entry;
    CHECK(dir != NULL);
    while ((entry = readdir(dir)))
        found += atoi(entry->d_name) == fd;
    CHECK_EQ(found, 1);
    CHECK_OK(closedir(dir));
    CHECK_OK(close(fd));
    char path[40];
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    CHECK_ERRNO(open(path, O_RDONLY), ENOENT);
}
