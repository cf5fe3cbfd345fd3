// SPDX-License-Identifier: MIT
//
// Pseudo-terminals, pty(7): the pair, what passes through it, its ends, and the
// session that it controls.
#include "harness.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

static int master_of(char name[32])
{
    int master = CHECK_OK(posix_openpt(O_RDWR | O_NOCTTY));
    CHECK_OK(grantpt(master));
    CHECK_OK(unlockpt(master));
    CHECK_OK(ptsname_r(master, name, 32));
    return master;
}

static void pty_pair(int *master, int *slave)
{
    char name[32];
    *master = master_of(name);
    *slave = CHECK_OK(open(name, O_RDWR | O_NOCTTY));
}

static void make_raw(int fd)
{
    struct termios termios;
    CHECK_OK(tcgetattr(fd, &termios));
    cfmakeraw(&termios);
    CHECK_OK(tcsetattr(fd, TCSANOW, &termios));
}

static void expect(int fd, const char *wanted)
{
    char got[256] = "";
    size_t length = strlen(wanted);
    read_all(fd, got, length);
    got[length] = '\0';
    CHECK_STRING(got, wanted);
}

TEST(names)
{
    struct stat st;
    char name[32], other[32];
    int master = master_of(name), second = master_of(other);
    CHECK(strncmp(name, "/dev/pts/", 9) == 0);
    CHECK(strcmp(name, other) != 0);
    CHECK_OK(stat(name, &st));
    CHECK(S_ISCHR(st.st_mode));
    CHECK_EQ(st.st_rdev >> 8 & 0xfff, 136);
    CHECK_OK(close(second));
    CHECK_ERRNO(stat(other, &st), ENOENT);
    int slave = CHECK_OK(open(name, O_RDWR | O_NOCTTY));
    CHECK(isatty(slave) && isatty(master));
    CHECK_STRING(ttyname(slave), name);
    CHECK_OK(close(slave));
    CHECK_OK(close(master));
    CHECK_ERRNO(stat(name, &st), ENOENT);
}

TEST(locked_until_unlocked)
{
    char name[32];
    int master = CHECK_OK(posix_openpt(O_RDWR | O_NOCTTY)), locked;
    CHECK_OK(ptsname_r(master, name, sizeof(name)));
    CHECK_OK(ioctl(master, TIOCGPTLCK, &locked));
    CHECK_EQ(locked, 1);
    CHECK_ERRNO(open(name, O_RDWR | O_NOCTTY), EIO);
    CHECK_OK(unlockpt(master));
    CHECK_OK(open(name, O_RDWR | O_NOCTTY));
}

TEST(peer)
{
    char name[32];
    int master = master_of(name);
    int slave =
        CHECK_OK(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    CHECK_STRING(ttyname(slave), name);
    CHECK_EQ(fcntl(slave, F_GETFD), FD_CLOEXEC);
}

TEST(lines_and_echo)
{
    int master, slave;
    char line[64] = "";
    pty_pair(&master, &slave);
    write_all(master, "helx\177lo\n", 8);
    CHECK_EQ(read(slave, line, sizeof(line)), 6);
    CHECK_MEMORY(line, "hello\n", 6);
    expect(master, "helx\b \blo\r\n");
    write_all(slave, "answer\n", 7);
    expect(master, "answer\r\n");
    write_all(master, "\004", 1);
    CHECK_EQ(read(slave, line, sizeof(line)), 0);
}

TEST(raw)
{
    char bytes[256], got[256];
    int master, slave, count;
    pty_pair(&master, &slave);
    make_raw(slave);
    for (int i = 0; i < 256; i++)
        bytes[i] = i;
    write_all(master, bytes, 256);
    CHECK(poll_events(slave, POLLIN, 5000) & POLLIN);
    read_all(slave, got, 256);
    CHECK_MEMORY(got, bytes, 256);
    write_all(slave, bytes, 256);
    CHECK(poll_events(master, POLLIN, 5000) & POLLIN);
    CHECK_OK(ioctl(master, FIONREAD, &count));
    CHECK_BETWEEN(count, 1, 256);
    read_all(master, got, 256);
    CHECK_MEMORY(got, bytes, 256);
    set_nonblocking(master);
    CHECK_ERRNO(read(master, got, 1), EAGAIN);
}

// More than either side holds: writers wait, and nothing is lost.
TEST(much_passes_both_ways)
{
    enum {
        TOTAL = 200000
    };
    static char data[TOTAL], got[TOTAL];
    int master, slave;
    pty_pair(&master, &slave);
    make_raw(slave);
    for (int i = 0; i < TOTAL; i++)
        data[i] = i * 7 + i / 251;
    for (int way = 0; way < 2; way++) {
        int from = way ? slave : master, to = way ? master : slave;
        pid_t child = fork_child();
        if (child == 0) {
            write_all(from, data, TOTAL);
            _exit(0);
        }
        read_all(to, got, TOTAL);
        CHECK_MEMORY(got, data, TOTAL);
        wait_child(child);
    }
}

TEST(end_of_the_slave)
{
    char byte;
    int master, slave;
    pty_pair(&master, &slave);
    write_all(slave, "x", 1);
    CHECK_EQ(poll_events(master, POLLIN, 5000), POLLIN);
    CHECK_OK(close(slave));
    CHECK_EQ(poll_events(master, POLLIN, 5000), POLLIN | POLLHUP);
    CHECK_EQ(read(master, &byte, 1), 1);
    CHECK_EQ(poll_events(master, POLLIN, 5000), POLLHUP);
    CHECK_ERRNO(read(master, &byte, 1), EIO);
    // Opened again, it lives again.
    char name[32];
    CHECK_OK(ptsname_r(master, name, sizeof(name)));
    slave = CHECK_OK(open(name, O_RDWR | O_NOCTTY));
    write_all(slave, "y", 1);
    CHECK_EQ(read(master, &byte, 1), 1);
    CHECK_EQ(byte, 'y');
}

TEST(end_of_the_slave_wakes)
{
    char byte;
    int master, slave;
    pty_pair(&master, &slave);
    pid_t parent = getpid(), child = fork_child();
    if (child == 0) {
        close(master);
        wait_asleep(parent);
        _exit(0);
    }
    close(slave);
    CHECK_ERRNO(read(master, &byte, 1), EIO);
    wait_child(child);
}

TEST(end_of_the_master)
{
    struct pollfd poll_slave;
    char byte;
    int master, slave;
    pty_pair(&master, &slave);
    CHECK_OK(close(master));
    CHECK_EQ(read(slave, &byte, 1), 0);
    CHECK_ERRNO(write(slave, "x", 1), EIO);
    poll_slave = (struct pollfd){.fd = slave, .events = POLLIN | POLLOUT};
    CHECK_EQ(poll(&poll_slave, 1, 0), 1);
    CHECK(poll_slave.revents & POLLHUP);
}

TEST(size)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80}, got;
    int master, slave;
    pty_pair(&master, &slave);
    CHECK_OK(ioctl(master, TIOCSWINSZ, &size));
    CHECK_OK(ioctl(slave, TIOCGWINSZ, &got));
    CHECK_EQ(got.ws_row, 24);
    CHECK_EQ(got.ws_col, 80);
    size.ws_col = 100;
    CHECK_OK(ioctl(slave, TIOCSWINSZ, &size));
    CHECK_OK(ioctl(master, TIOCGWINSZ, &got));
    CHECK_EQ(got.ws_col, 100);
}

// Becomes the leader of a session with the slave as its terminal.
static int take_terminal(const char *name)
{
    CHECK_OK(setsid());
    return CHECK_OK(open(name, O_RDWR));
}

static pid_t session_waiting(int master, const char *name, int signal)
{
    int ready[2];
    char byte;
    CHECK_OK(pipe(ready));
    pid_t child = fork_child();
    if (child == 0) {
        close(master);
        take_terminal(name);
        catch_signal(signal, 0);
        write_all(ready[1], "r", 1);
        while (!signals_caught)
            poll(NULL, 0, 10);
        _exit(0);
    }
    read_all(ready[0], &byte, 1);
    return child;
}

TEST(keys_send_signals)
{
    char name[32];
    int master = master_of(name);
    pid_t child = session_waiting(master, name, SIGINT);
    write_all(master, "\003", 1);
    wait_child(child);
}

TEST(size_sends_a_signal)
{
    struct winsize size = {.ws_row = 10, .ws_col = 20};
    char name[32];
    int master = master_of(name);
    pid_t child = session_waiting(master, name, SIGWINCH);
    CHECK_OK(ioctl(master, TIOCSWINSZ, &size));
    wait_child(child);
}

TEST(hang_up_sends_a_signal)
{
    char name[32];
    int master = master_of(name);
    pid_t child = session_waiting(master, name, SIGHUP);
    CHECK_OK(close(master));
    wait_child(child);
}

TEST(controls_its_session)
{
    char name[32];
    int master = master_of(name), group;
    pid_t child = fork_child();
    if (child == 0) {
        int slave = take_terminal(name), own;
        signal(SIGHUP, SIG_IGN);  // giving the terminal up sends it
        CHECK_EQ(tcgetpgrp(slave), getpid());
        CHECK_EQ(tcgetsid(slave), getpid());
        own = CHECK_OK(open("/dev/tty", O_RDWR));
        write_all(own, "mine", 4);
        CHECK_OK(ioctl(own, TIOCNOTTY));
        CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
        _exit(0);
    }
    expect(master, "mine");
    wait_child(child);
    CHECK_OK(ioctl(master, TIOCGPGRP, &group));
    CHECK_EQ(group, 0);
}

TEST(terminal_of_a_session_that_lost_it)
{
    char name[32];
    int master = master_of(name), ready[2];
    char byte;
    CHECK_OK(pipe(ready));
    pid_t child = fork_child();
    if (child == 0) {
        close(master);
        close(take_terminal(name));
        catch_signal(SIGHUP, 0);
        write_all(ready[1], "r", 1);
        while (!signals_caught)
            poll(NULL, 0, 10);
        CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
        _exit(0);
    }
    read_all(ready[0], &byte, 1);
    CHECK_OK(close(master));
    wait_child(child);
}

TEST(a_dead_terminal_controls_nobody)
{
    int master, slave;
    pty_pair(&master, &slave);
    CHECK_OK(close(master));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(setsid());
        CHECK_ERRNO(ioctl(slave, TIOCSCTTY, 0), EIO);
        CHECK_OK(close(slave));
        CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
        _exit(0);
    }
    CHECK_OK(close(slave));
    wait_child(child);
}

TEST(many)
{
    enum {
        MANY = 200
    };
    static int masters[MANY];
    char name[32];
    for (int i = 0; i < MANY; i++) {
        masters[i] = master_of(name);
        int slave = CHECK_OK(open(name, O_RDWR | O_NOCTTY));
        write_all(slave, "z", 1);
        expect(masters[i], "z");
        CHECK_OK(close(slave));
    }
    for (int i = 0; i < MANY; i++)
        CHECK_OK(close(masters[i]));
}

TEST(refusals)
{
    char name[32];
    int master = master_of(name);
    CHECK_ERRNO(ioctl(master, TIOCNOTTY), ENOTTY);
    CHECK_ERRNO(ioctl(master, TIOCSIG, 100), EINVAL);
    CHECK_ERRNO(ioctl(master, TIOCGPTN, bad_pointer()), EFAULT);
    CHECK_ERRNO(lseek(master, 0, SEEK_SET), ESPIPE);
    CHECK_ERRNO(write(master, bad_pointer(), 1), EFAULT);
}
