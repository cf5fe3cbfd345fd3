// SPDX-License-Identifier: MIT
//
// Random system calls with bad arguments: each must return. A child makes
// them, so that only it can be hurt; afterwards the system must still work.
#include "harness.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

// Not called at random: they would end, stop or replace the child, change the
// limits or names that other tests live with, hurt the machine on which the
// test is tried out, or wait for ever.
static const long excluded[] = {
    SYS_exit,
    SYS_exit_group,
    SYS_reboot,
    SYS_kill,
    SYS_tkill,
    SYS_tgkill,
    SYS_rt_sigreturn,
    SYS_pselect6,
    SYS_ppoll,
    SYS_rt_sigsuspend,
    SYS_nanosleep,
    SYS_clock_nanosleep,
    SYS_rt_sigtimedwait,
    SYS_clone,
    SYS_execve,
    SYS_wait4,
    SYS_waitid,
    SYS_rt_sigqueueinfo,
    SYS_setpgid,
    SYS_setsid,
    SYS_prlimit64,
    SYS_sethostname,
    SYS_setdomainname,
};

static unsigned long long state;

static unsigned long long random_number(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static bool is_excluded(long number)
{
    for (size_t i = 0; i < sizeof(excluded) / sizeof(*excluded); i++)
        if (excluded[i] == number)
            return true;
    return false;
}

static long odd_argument(void *memory)
{
    switch (random_number() % 10) {
    case 0:
        return 0;
    case 1:
        return -1;
    case 2:
        return random_number() % 64;
    case 3:
        return (long)random_number();
    case 4:
        return 1L << (random_number() % 64);
    case 5:
        return (long)memory + random_number() % 4096;
    case 6:
        return (long)memory + 4090;  // runs into nothing
    case 7:
        return (long)(~0UL << 38) + (random_number() & 0xffffff);
    case 8:
        return random_number() % 8192;
    default:
        return (long)memory;
    }
}

static void alarm_passes(int number)
{
    (void)number;
}

// In the child: many calls, each ended by an alarm if it blocks.
static void make_calls(unsigned seed, int count, const long *numbers, int of)
{
    struct sigaction action = {.sa_handler = alarm_passes};
    int null = CHECK_OK(open("/dev/null", O_RDWR));
    char *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(memory + 4096, 4096);
    state = seed * 2654435761u + 88172645463325252ull;
    sigaction(SIGALRM, &action, NULL);
    for (int fd = 0; fd < 3; fd++)  // the runner's output is not for these
        dup2(null, fd);
    for (int i = 0; i < count; i++) {
        long number = numbers ? numbers[random_number() % of]
                              : (long)(random_number() % 300);
        if (is_excluded(number))
            continue;
        interrupt_every_ms(50);
        syscall(number, odd_argument(memory), odd_argument(memory),
                odd_argument(memory), odd_argument(memory),
                odd_argument(memory), odd_argument(memory));
        sigaction(SIGALRM, &action, NULL);
    }
    _exit(0);
}

static void survive(int rounds, int count, const long *numbers, int of)
{
    for (int round = 0; round < rounds; round++) {
        int status;
        pid_t child = fork_child();
        if (child == 0)
            make_calls(random_seed + round, count, numbers, of);
        // A call may have made the child block for good.
        for (int i = 0; waitpid(child, &status, WNOHANG) == 0; i++) {
            if (i == 100)
                kill(child, SIGKILL);
            pause_ms(20);
        }
    }
    // The machine still does its work.
    int pair[2];
    char byte;
    tcp_pair(pair);
    write_all(pair[0], "!", 1);
    read_all(pair[1], &byte, 1);
    pid_t child = fork_child();
    if (child == 0)
        exec_helper("exit", "0", NULL);
    wait_child(child);
}

TEST_SECONDS(every_system_call, 120)
{
    if (!on_wharf())
        skip("would disturb this machine");
    survive(20, 300, NULL, 0);
}

TEST_SECONDS(socket_calls, 120)
{
    static const long numbers[] = {
        SYS_socket,      SYS_socketpair, SYS_bind,     SYS_listen,
        SYS_accept,      SYS_accept4,    SYS_connect,  SYS_getsockname,
        SYS_getpeername, SYS_sendto,     SYS_recvfrom, SYS_setsockopt,
        SYS_getsockopt,  SYS_shutdown,   SYS_sendmsg,  SYS_recvmsg,
        SYS_dup,         SYS_close,      SYS_read,     SYS_write,
    };
    survive(10, 500, numbers, sizeof(numbers) / sizeof(*numbers));
}

// Real sockets, and calls on them with odd arguments.
TEST_SECONDS(calls_on_real_sockets, 120)
{
    static const long numbers[] = {
        SYS_bind,     SYS_listen,      SYS_accept4,     SYS_connect,
        SYS_sendto,   SYS_recvfrom,    SYS_getsockopt,  SYS_setsockopt,
        SYS_shutdown, SYS_getpeername, SYS_getsockname, SYS_fcntl,
        SYS_ioctl,    SYS_readv,       SYS_writev,
    };
    int pair[2];
    struct sockaddr_in address;
    for (int i = 0; i < 4; i++) {
        tcp_pair(pair);
        udp_pair(pair);
        tcp_listener(&address, 2);
        tcp_socket();
    }
    survive(10, 500, numbers, sizeof(numbers) / sizeof(*numbers));
}

TEST(wild_jumps)
{
    static const unsigned long targets[] = {
        0, 1, 0x1000, ~0UL, 1UL << 62, ~0UL << 38, 0x7ffffffffffe};
    for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
        int status;
        pid_t child = fork_child();
        if (child == 0) {
            ((void (*)(void))targets[i])();
            _exit(0);
        }
        CHECK_EQ(waitpid(child, &status, 0), child);
        CHECK(WIFSIGNALED(status));
    }
}

TEST(descriptor_of_every_kind_in_every_call)
{
    int fds[8], pair[2], count = 0;
    struct sockaddr_in address;
    char buffer[16];
    fds[count++] = CHECK_OK(open("/dev/null", O_RDWR));
    fds[count++] = CHECK_OK(open("/dev/zero", O_RDWR));
    fds[count++] = CHECK_OK(open("/tmp", O_RDONLY));
    CHECK_OK(pipe2(pair, O_NONBLOCK));
    fds[count++] = pair[0];
    fds[count++] = pair[1];
    fds[count++] = tcp_listener(&address, 1);
    fds[count++] = udp_bound(&address);
    ignore_sigpipe();
    for (int i = 0; i < count; i++) {
        int fd = fds[i];
        if (i >= 5)
            set_nonblocking(fd);
        // Whatever they answer, they answer.
        (void)!read(fd, buffer, 1);
        (void)!write(fd, buffer, 1);
        (void)!pread(fd, buffer, 1, 0);
        lseek(fd, 0, SEEK_SET);
        (void)!ftruncate(fd, 0);
        listen(fd, 1);
        shutdown(fd, SHUT_RD);
        (void)!fchdir(fd);
        syscall(SYS_getdents64, fd, buffer, sizeof(buffer));
        mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    CHECK_OK(close(fds[0]));
}
