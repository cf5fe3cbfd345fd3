// SPDX-License-Identifier: MIT
//
// The terminal's ioctls on /dev/tty and on what is no terminal. What needs
// somebody at the keyboard is in tests/host/test_console.py.
#include "harness.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

static int open_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY);
    if (fd < 0 && on_wharf())
        fd = open("/dev/console", O_RDWR | O_NOCTTY);
    if (fd < 0)
        skip("no controlling terminal here");
    return fd;
}

TEST(is_a_terminal)
{
    struct stat status;
    int fd = open_terminal();
    CHECK_EQ(isatty(fd), 1);
    CHECK_OK(fstat(fd, &status));
    CHECK(S_ISCHR(status.st_mode));
}

TEST(settings_are_kept)
{
    struct termios before, raw, now;
    int fd = open_terminal();
    signal(SIGTTOU, SIG_IGN);
    CHECK_OK(tcgetattr(fd, &before));
    raw = before;
    raw.c_lflag &= ~(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 1;
    CHECK_OK(tcsetattr(fd, TCSANOW, &raw));
    CHECK_OK(tcgetattr(fd, &now));
    CHECK_EQ(now.c_lflag & (ICANON | ECHO), 0);
    CHECK_EQ(now.c_cc[VTIME], 1);
    CHECK_OK(tcsetattr(fd, TCSADRAIN, &before));
    CHECK_OK(tcgetattr(fd, &now));
    CHECK_EQ(now.c_lflag, before.c_lflag);
}

TEST(window_size)
{
    struct winsize size;
    CHECK_OK(ioctl(open_terminal(), TIOCGWINSZ, &size));
    CHECK_BETWEEN(size.ws_row, 0, 10000);
}

TEST(raw_read_with_a_time_limit)
{
    struct termios before, raw;
    char byte;
    int fd = open_terminal();
    signal(SIGTTOU, SIG_IGN);
    signal(SIGTTIN, SIG_IGN);
    CHECK_OK(tcgetattr(fd, &before));
    raw = before;
    raw.c_lflag &= ~(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 1;
    CHECK_OK(tcsetattr(fd, TCSANOW, &raw));
    ssize_t count = read(fd, &byte, 1);
    int error = errno;
    CHECK_OK(tcsetattr(fd, TCSANOW, &before));
    if (count == -1)
        CHECK_EQ(error, EIO);  // we are in the background
    else
        CHECK_BETWEEN(count, 0, 1);
}

TEST(no_terminal)
{
    struct winsize size;
    struct termios settings;
    int ends[2], null = CHECK_OK(open("/dev/null", O_RDWR));
    CHECK_OK(pipe(ends));
    CHECK_ERRNO(tcgetattr(null, &settings), ENOTTY);
    CHECK_ERRNO(tcgetattr(ends[0], &settings), ENOTTY);
    CHECK_ERRNO(ioctl(null, TIOCGWINSZ, &size), ENOTTY);
    CHECK_ERRNO(tcgetattr(-1, &settings), EBADF);
    CHECK_EQ(isatty(null), 0);
}

TEST(bad_requests)
{
    int fd = open_terminal();
    CHECK_ERRNO(ioctl(fd, TCGETS, bad_pointer()), EFAULT);
    CHECK_ERRNO(ioctl(fd, 0x12345, 0), ENOTTY);
}

TEST(no_controlling_terminal_after_setsid)
{
    pid_t child = fork_child();
    if (child == 0) {
        if (setsid() == -1) {  // we lead a group already
            child = fork_child();
            if (child != 0) {
                wait_child(child);
                _exit(0);
            }
            CHECK_OK(setsid());
        }
        CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
        _exit(0);
    }
    wait_child(child);
}
