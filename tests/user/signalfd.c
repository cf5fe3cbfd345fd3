// SPDX-License-Identifier: MIT
//
// signalfd4(2): what a record says, which signals are taken, who gets them.
#include "harness.h"

#include <sys/signalfd.h>
#include <sys/syscall.h>

static sigset_t set_of(int first, int second)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, first);
    sigaddset(&set, second);
    return set;
}

// A descriptor for the two, which are blocked.
static int open_for(int first, int second, int flags)
{
    sigset_t set = set_of(first, second);
    CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
    return CHECK_OK(signalfd(-1, &set, flags));
}

static struct signalfd_siginfo take(int fd)
{
    struct signalfd_siginfo info;
    CHECK_EQ(read(fd, &info, sizeof(info)), sizeof(info));
    return info;
}

TEST(kill_says_who_sent_it)
{
    int fd = open_for(SIGUSR1, SIGUSR2, 0);
    CHECK_OK(kill(getpid(), SIGUSR1));
    struct signalfd_siginfo info = take(fd);
    CHECK_EQ(info.ssi_signo, SIGUSR1);
    CHECK_EQ(info.ssi_code, SI_USER);
    CHECK_EQ(info.ssi_pid, getpid());
    CHECK_EQ(info.ssi_uid, getuid());
}

TEST(sigqueue_carries_a_value)
{
    int fd = open_for(SIGRTMIN, SIGUSR2, 0);
    union sigval value = {.sival_int = 1234};
    CHECK_OK(sigqueue(getpid(), SIGRTMIN, value));
    struct signalfd_siginfo info = take(fd);
    CHECK_EQ(info.ssi_signo, SIGRTMIN);
    CHECK_EQ(info.ssi_code, SI_QUEUE);
    CHECK_EQ(info.ssi_int, 1234);
}

TEST(the_end_of_a_child)
{
    int fd = open_for(SIGCHLD, SIGUSR2, 0);
    pid_t child = fork_child();
    if (child == 0)
        _exit(42);
    struct signalfd_siginfo info = take(fd);
    CHECK_EQ(info.ssi_signo, SIGCHLD);
    CHECK_EQ(info.ssi_code, CLD_EXITED);
    CHECK_EQ(info.ssi_pid, child);
    CHECK_EQ(info.ssi_status, 42);
}

TEST(several_in_one_read)
{
    int fd = open_for(SIGUSR1, SIGUSR2, SFD_NONBLOCK);
    struct signalfd_siginfo infos[3];
    CHECK_ERRNO(read(fd, infos, sizeof(infos)), EAGAIN);
    CHECK_OK(kill(getpid(), SIGUSR2));
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(read(fd, infos, sizeof(infos)), 2 * sizeof(infos[0]));
    CHECK_EQ(infos[0].ssi_signo, SIGUSR1);
    CHECK_EQ(infos[1].ssi_signo, SIGUSR2);
    CHECK_ERRNO(read(fd, infos, sizeof(infos[0]) - 1), EINVAL);
}

TEST(only_the_mask_is_taken)
{
    int fd = open_for(SIGUSR1, SIGUSR2, SFD_NONBLOCK);
    struct signalfd_siginfo info;
    sigset_t other = set_of(SIGUSR2, SIGUSR2);
    CHECK_OK(kill(getpid(), SIGUSR1));
    CHECK_EQ(signalfd(fd, &other, 0), fd);
    CHECK_EQ(poll_events(fd, POLLIN, 0), 0);
    CHECK_ERRNO(read(fd, &info, sizeof(info)), EAGAIN);
    other = set_of(SIGUSR1, SIGKILL);
    CHECK_EQ(signalfd(fd, &other, 0), fd);
    CHECK_EQ(poll_events(fd, POLLIN, 0), POLLIN);
    CHECK_EQ(take(fd).ssi_signo, SIGUSR1);
}

TEST(arguments)
{
    sigset_t set = set_of(SIGUSR1, SIGUSR2);
    int fd = CHECK_OK(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    int ends[2];
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_OK(pipe(ends));
    CHECK_ERRNO(signalfd(ends[0], &set, 0), EINVAL);
    CHECK_ERRNO(signalfd(999, &set, 0), EBADF);
    CHECK_ERRNO(signalfd(-1, &set, 1), EINVAL);
    CHECK_ERRNO(syscall(SYS_signalfd4, -1, &set, 4, 0), EINVAL);
    CHECK_ERRNO(syscall(SYS_signalfd4, -1, bad_pointer(), 8, 0), EFAULT);
}

TEST(a_reader_sleeps)
{
    int fd = open_for(SIGUSR1, SIGUSR2, 0);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(take(fd).ssi_signo, SIGUSR2);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(kill(child, SIGUSR2));
    wait_child(child);
}

TEST(poll_wakes)
{
    int fd = open_for(SIGUSR1, SIGUSR2, 0);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(poll_events(fd, POLLIN, -1), POLLIN);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(kill(child, SIGUSR1));
    wait_child(child);
}

TEST(another_signal_interrupts)
{
    int fd = open_for(SIGUSR1, SIGUSR2, 0);
    struct signalfd_siginfo info;
    interrupt_every_ms(20);
    CHECK_ERRNO(read(fd, &info, sizeof(info)), EINTR);
}
