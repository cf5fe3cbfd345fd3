// SPDX-License-Identifier: MIT
//
// O_ASYNC: a file that tells its owner of events by a signal, fcntl(2).
#include "harness.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>

static void wait_caught(void)
{
    long long deadline = now_ms() + 10000;
    while (!signals_caught && now_ms() < deadline)
        pause_ms(2);
    CHECK(signals_caught > 0);
}

static void make_async(int fd)
{
    catch_signal(SIGIO, 0);
    CHECK_OK(fcntl(fd, F_SETOWN, getpid()));
    CHECK_OK(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC));
    CHECK(fcntl(fd, F_GETFL) & O_ASYNC);
}

TEST(socket)
{
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    make_async(pair[0]);
    write_all(pair[1], "x", 1);
    wait_caught();
}

TEST(tcp)
{
    int pair[2];
    tcp_pair(pair);
    make_async(pair[0]);
    write_all(pair[1], "x", 1);
    wait_caught();
}

TEST(pipe_by_ioctl)
{
    int ends[2], on = 1;
    CHECK_OK(pipe(ends));
    catch_signal(SIGIO, 0);
    CHECK_OK(fcntl(ends[0], F_SETOWN, getpid()));
    CHECK_OK(ioctl(ends[0], FIOASYNC, &on));
    CHECK(fcntl(ends[0], F_GETFL) & O_ASYNC);
    write_all(ends[1], "x", 1);
    wait_caught();
}

TEST(switched_off)
{
    int pair[2];
    char byte;
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    make_async(pair[0]);
    CHECK_OK(fcntl(pair[0], F_SETFL, 0));
    write_all(pair[1], "x", 1);
    CHECK_EQ(read(pair[0], &byte, 1), 1);
    pause_ms(100);
    CHECK_EQ(signals_caught, 0);
}

TEST(group)
{
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    make_async(pair[0]);
    CHECK_OK(fcntl(pair[0], F_SETOWN, -getpgrp()));
    // The C library may ask with F_GETOWN_EX; the call itself gives -group.
    CHECK_EQ(fcntl(pair[0], F_GETOWN), -getpgrp());
    write_all(pair[1], "x", 1);
    wait_caught();
}

static volatile int caught_fd, caught_code;

static void note_info(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    caught_fd = info->si_fd;
    caught_code = info->si_code;
    signals_caught++;
}

TEST(other_signal_tells_the_descriptor)
{
    struct sigaction action = {.sa_sigaction = note_info,
                               .sa_flags = SA_SIGINFO};
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_OK(sigaction(SIGRTMIN + 3, &action, NULL));
    CHECK_OK(fcntl(pair[0], F_SETSIG, SIGRTMIN + 3));
    CHECK_EQ(fcntl(pair[0], F_GETSIG), SIGRTMIN + 3);
    CHECK_OK(fcntl(pair[0], F_SETOWN, getpid()));
    CHECK_OK(fcntl(pair[0], F_SETFL, O_ASYNC));
    write_all(pair[1], "x", 1);
    wait_caught();
    CHECK_EQ(caught_fd, pair[0]);
    CHECK_EQ(caught_code, POLL_IN);
}

TEST(owner)
{
    struct f_owner_ex owner = {F_OWNER_TID, syscall(SYS_gettid)}, got;
    int pair[2];
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_EQ(fcntl(pair[0], F_GETOWN), 0);
    CHECK_OK(fcntl(pair[0], F_SETOWN_EX, &owner));
    CHECK_OK(fcntl(pair[0], F_GETOWN_EX, &got));
    CHECK_EQ(got.type, F_OWNER_TID);
    CHECK_EQ(got.pid, owner.pid);
    owner.type = 7;
    CHECK_ERRNO(fcntl(pair[0], F_SETOWN_EX, &owner), EINVAL);
    CHECK_ERRNO(fcntl(pair[0], F_SETOWN, 0x3fffffff), ESRCH);
    CHECK_ERRNO(fcntl(pair[0], F_SETSIG, 65), EINVAL);
    CHECK_OK(fcntl(pair[0], F_SETOWN, 0));
}

TEST(closed_while_on)
{
    for (int i = 0; i < 100; i++) {
        int pair[2];
        CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
        make_async(pair[0]);
        write_all(pair[1], "x", 1);
        CHECK_OK(close(pair[0]));
        CHECK_OK(close(pair[1]));
    }
}

TEST(not_for_regular_files)
{
    int fd = CHECK_OK(open(program_path, O_RDONLY)), on = 1;
    CHECK_ERRNO(ioctl(fd, FIOASYNC, &on), ENOTTY);
    CHECK_OK(fcntl(fd, F_SETFL, O_ASYNC));
}

// A group that is not one's own hears nothing.
TEST(group_of_others)
{
    if (getuid() != 0)
        skip("needs root");
    int pair[2], ready[2];
    char byte;
    CHECK_OK(pipe(ready));
    pid_t victim = fork_child();
    if (victim == 0) {
        CHECK_OK(setpgid(0, 0));
        write_all(ready[1], "r", 1);
        for (;;)
            pause();
    }
    read_all(ready[0], &byte, 1);
    pid_t attacker = fork_child();
    if (attacker == 0) {
        CHECK_OK(setresuid(65534, 65534, 65534));
        CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
        catch_signal(SIGIO, 0);
        CHECK_OK(fcntl(pair[0], F_SETSIG, SIGKILL));
        CHECK_OK(fcntl(pair[0], F_SETOWN, -victim));
        CHECK_OK(fcntl(pair[0], F_SETFL, O_ASYNC));
        write_all(pair[1], "x", 1);
        pause_ms(300);  // for what must not come
        _exit(0);
    }
    wait_child(attacker);
    CHECK_EQ(waitpid(victim, NULL, WNOHANG), 0);
    CHECK_OK(kill(victim, SIGKILL));
}
