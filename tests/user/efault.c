// SPDX-License-Identifier: MIT
//
// Bad pointers are EFAULT, and cost neither a datagram nor a connection. Linux
// keeps only a part of that promise; where it does not, only the errno is
// checked there.
#include "harness.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

// The last bytes before memory that is not there.
static char *page_end(void)
{
    long page = sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    CHECK_OK(munmap(pages + page, page));
    return pages + page;
}

static void *read_only_page(void)
{
    void *page =
        mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    return page;
}

TEST(stream_data_stays)
{
    int pair[2];
    char buffer[8];
    tcp_pair(pair);
    write_all(pair[0], "precious", 8);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    CHECK_ERRNO(recv(pair[1], bad_pointer(), 8, 0), EFAULT);
    CHECK_ERRNO(recv(pair[1], read_only_page(), 8, 0), EFAULT);
    CHECK_ERRNO(read(pair[1], bad_pointer(), 8), EFAULT);
    read_all(pair[1], buffer, 8);
    CHECK_MEMORY(buffer, "precious", 8);
}

TEST(kernel_addresses_are_bad)
{
    int pair[2];
    char buffer[4];
    void *kernel = (void *)(~0UL << 38 | 0x200000);
    tcp_pair(pair);
    write_all(pair[0], "safe", 4);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    CHECK_ERRNO(read(pair[1], kernel, 4), EFAULT);
    CHECK_ERRNO(write(pair[1], kernel, 4), EFAULT);
    CHECK_ERRNO(read(pair[1], (void *)-2L, 4), EFAULT);
    read_all(pair[1], buffer, 4);
}

TEST(stream_across_the_end_of_memory)
{
    int pair[2];
    char buffer[8], *end = page_end();
    tcp_pair(pair);
    write_all(pair[0], "abcdefgh", 8);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    // All or the part that fits; never bytes that are neither here nor there.
    ssize_t count = recv(pair[1], end - 3, 8, 0);
    if (count == -1) {
        CHECK_EQ(errno, EFAULT);
        count = 0;
    }
    CHECK_BETWEEN(count, 0, 3);
    read_all(pair[1], buffer, 8 - count);
    CHECK_MEMORY(buffer, "abcdefgh" + count, 8 - count);
}

TEST(datagram_stays)
{
    int pair[2];
    char buffer[8];
    udp_pair(pair);
    CHECK_EQ(send(pair[0], "precious", 8, 0), 8);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    CHECK_ERRNO(recv(pair[1], bad_pointer(), 8, 0), EFAULT);
    if (!on_wharf())
        return;
    CHECK_ERRNO(recv(pair[1], page_end() - 3, 8, 0), EFAULT);
    CHECK_EQ(recv(pair[1], buffer, 8, MSG_DONTWAIT), 8);
    CHECK_MEMORY(buffer, "precious", 8);
}

TEST(datagram_stays_when_the_address_is_bad)
{
    struct sockaddr_in to, from;
    socklen_t length = sizeof(from);
    char buffer[8];
    int receiver = udp_bound(&to);

    CHECK_EQ(sendto(udp_socket(), "addr", 4, 0, any(&to), sizeof(to)), 4);
    CHECK_EQ(poll_events(receiver, POLLIN, 5000), POLLIN);
    CHECK_ERRNO(recvfrom(receiver, buffer, 8, 0, bad_pointer(), &length),
                EFAULT);
    if (!on_wharf())
        return;
    CHECK_ERRNO(recvfrom(receiver, buffer, 8, 0, any(&from), bad_pointer()),
                EFAULT);
    CHECK_EQ(recv(receiver, buffer, 8, MSG_DONTWAIT), 4);
}

TEST(connection_stays)
{
    struct sockaddr_in address, peer;
    socklen_t length = sizeof(peer);
    char byte;
    int listener = tcp_listener(&address, 2), client = tcp_connect(&address);

    CHECK_ERRNO(accept(listener, bad_pointer(), &length), EFAULT);
    if (!on_wharf())
        return;
    CHECK_ERRNO(accept(listener, any(&peer), bad_pointer()), EFAULT);
    set_nonblocking(listener);
    int server = CHECK_OK(accept(listener, NULL, NULL));
    write_all(client, "x", 1);
    read_all(server, &byte, 1);
}

TEST(bad_data_to_send)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    CHECK_ERRNO(send(pair[0], bad_pointer(), 10, 0), EFAULT);
    udp_pair(pair);
    CHECK_ERRNO(send(pair[0], bad_pointer(), 10, 0), EFAULT);
    CHECK_ERRNO(send(pair[0], page_end() - 3, 10, 0), EFAULT);
    // No half datagram went out.
    CHECK_ERRNO(recv(pair[1], &byte, 1, MSG_DONTWAIT), EAGAIN);
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    CHECK_EQ(recv(pair[1], &byte, 1, 0), 1);
}

TEST(bad_vector)
{
    int pair[2];
    char buffer[8];
    struct iovec in[] = {{buffer, 2}, {bad_pointer(), 8}};
    tcp_pair(pair);
    CHECK_ERRNO(syscall(SYS_writev, pair[0], bad_pointer(), 1), EFAULT);
    CHECK_ERRNO(syscall(SYS_readv, pair[0], bad_pointer(), 1), EFAULT);
    write_all(pair[0], "abcd", 4);
    CHECK_EQ(poll_events(pair[1], POLLIN, 5000), POLLIN);
    ssize_t count = readv(pair[1], in, 2);
    if (count == -1)
        CHECK_EQ(errno, EFAULT);
    count = count < 0 ? 0 : count;
    CHECK_BETWEEN(count, 0, 2);
    read_all(pair[1], buffer, 4 - count);
    CHECK_MEMORY(buffer, "abcd" + count, 4 - count);
}

TEST(poll_and_select)
{
    struct pollfd *entries = bad_pointer();
    CHECK_ERRNO(syscall(SYS_ppoll, entries, 1, NULL, NULL, 8), EFAULT);
    CHECK_ERRNO(syscall(SYS_ppoll, NULL, 0, bad_pointer(), NULL, 8), EFAULT);
    CHECK_ERRNO(syscall(SYS_pselect6, 1, bad_pointer(), NULL, NULL, NULL, NULL),
                EFAULT);
}

TEST(other_calls)
{
    CHECK_ERRNO(syscall(SYS_openat, AT_FDCWD, bad_pointer(), O_RDONLY, 0),
                EFAULT);
    CHECK_ERRNO(syscall(SYS_pipe2, bad_pointer(), 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_uname, bad_pointer()), EFAULT);
    CHECK_ERRNO(syscall(SYS_getcwd, bad_pointer(), 100), EFAULT);
    CHECK_ERRNO(syscall(SYS_execve, bad_pointer(), NULL, NULL), EFAULT);
    CHECK_ERRNO(syscall(SYS_nanosleep, bad_pointer(), NULL), EFAULT);
    CHECK_ERRNO(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, bad_pointer()),
                EFAULT);
    CHECK_ERRNO(syscall(SYS_getrandom, bad_pointer(), 8, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, bad_pointer(), NULL, 8),
                EFAULT);
    CHECK_ERRNO(syscall(SYS_rt_sigprocmask, SIG_BLOCK, bad_pointer(), NULL, 8),
                EFAULT);
    pid_t child = fork_child();
    if (child == 0)
        _exit(0);
    siginfo_t info;
    CHECK_OK(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
    CHECK_ERRNO(syscall(SYS_wait4, child, bad_pointer(), 0, NULL), EFAULT);
}

TEST(null_path_of_exec_arguments)
{
    CHECK_ERRNO(syscall(SYS_execve, "/bin/sh", bad_pointer(), NULL), EFAULT);
    char *arguments[] = {bad_pointer(), NULL};
    CHECK_ERRNO(syscall(SYS_execve, "/bin/sh", arguments, NULL), EFAULT);
}
