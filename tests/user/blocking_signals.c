// SPDX-License-Identifier: MIT
//
// Blocking socket calls: ended by a signal or restarted, ended by a time
// limit, woken by shutdown from elsewhere, and costing nothing meanwhile.
#include "harness.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

static void set_timeout(int fd, int name, int milliseconds)
{
    struct timeval time = {milliseconds / 1000, milliseconds % 1000 * 1000};
    CHECK_OK(setsockopt(fd, SOL_SOCKET, name, &time, sizeof(time)));
}

static void fill(int fd)
{
    static char block[65536];
    for (int quiet = 0; quiet < 2; quiet++) {
        while (send(fd, block, sizeof(block), MSG_DONTWAIT) > 0 ||
               send(fd, block, 1, MSG_DONTWAIT) > 0)
            quiet = 0;
        pause_ms(200);
    }
}

TEST(accept_is_interrupted)
{
    struct sockaddr_in address;
    int fd = tcp_listener(&address, 1);
    interrupt_every_ms(50);
    CHECK_ERRNO(accept(fd, NULL, NULL), EINTR);
}

TEST(tcp_read_is_interrupted)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    interrupt_every_ms(50);
    CHECK_ERRNO(read(pair[0], &byte, 1), EINTR);
    CHECK_ERRNO(recv(pair[0], &byte, 1, MSG_PEEK), EINTR);
}

TEST(udp_read_is_interrupted)
{
    struct sockaddr_in address;
    char byte;
    int fd = udp_bound(&address);
    interrupt_every_ms(50);
    CHECK_ERRNO(recv(fd, &byte, 1, 0), EINTR);
}

TEST(pair_read_is_interrupted)
{
    int pair[2];
    char byte;
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    interrupt_every_ms(50);
    CHECK_ERRNO(read(pair[0], &byte, 1), EINTR);
}

TEST(write_is_interrupted)
{
    int pair[2];
    tcp_pair(pair);
    fill(pair[0]);
    interrupt_every_ms(50);
    CHECK_ERRNO(write(pair[0], "x", 1), EINTR);
}

TEST(interrupted_write_tells_what_was_taken)
{
    static char block[16 << 20];
    int pair[2];
    tcp_pair(pair);
    interrupt_every_ms(300);
    CHECK_BETWEEN(write(pair[0], block, sizeof(block)), 1, sizeof(block) - 1);
}

TEST(interrupted_waitall_tells_what_came)
{
    int pair[2];
    char buffer[8];
    tcp_pair(pair);
    write_all(pair[0], "abc", 3);
    interrupt_every_ms(200);
    CHECK_EQ(recv(pair[1], buffer, 8, MSG_WAITALL), 3);
}

TEST(connect_is_interrupted)
{
    struct sockaddr_in address;
    tcp_listener(&address, 0);
    tcp_connect(&address);  // the backlog is full
    int fd = tcp_socket();
    interrupt_every_ms(50);
    CHECK_ERRNO(connect(fd, any(&address), sizeof(address)), EINTR);
    // It goes on all the same.
    set_nonblocking(fd);
    CHECK_ERRNO(connect(fd, any(&address), sizeof(address)), EALREADY);
}

TEST(poll_is_interrupted)
{
    int pair[2];
    struct pollfd entry = {.events = POLLIN};
    tcp_pair(pair);
    entry.fd = pair[0];
    interrupt_every_ms(50);
    CHECK_ERRNO(poll(&entry, 1, -1), EINTR);
}

// A child blocks in a call that SA_RESTART must take up again.
static void restarts(void (*block)(int fd), int fd, void (*release)(int fd),
                     int release_fd)
{
    pid_t child = fork_child();
    if (child == 0) {
        catch_signal(SIGUSR1, SA_RESTART);
        block(fd);
        CHECK_EQ(signals_caught, 1);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(kill(child, SIGUSR1));
    pause_ms(100);
    wait_asleep(child);  // in the call again
    release(release_fd);
    wait_child(child);
}

static void block_in_read(int fd)
{
    char byte;
    CHECK_EQ(read(fd, &byte, 1), 1);
}

static void block_in_accept(int fd)
{
    CHECK_OK(accept(fd, NULL, NULL));
}

static void block_in_write(int fd)
{
    CHECK_EQ(write(fd, "x", 1), 1);
}

static void write_one(int fd)
{
    write_all(fd, "x", 1);
}

static void drain(int fd)
{
    static char block[65536];
    while (poll_events(fd, POLLIN, 500))
        CHECK_OK(read(fd, block, sizeof(block)));
}

static void connect_to_listener(int listener)
{
    struct sockaddr_in address = loopback(socket_port(listener));
    tcp_connect(&address);
}

TEST(read_restarts)
{
    int pair[2];
    tcp_pair(pair);
    restarts(block_in_read, pair[1], write_one, pair[0]);
    udp_pair(pair);
    restarts(block_in_read, pair[1], write_one, pair[0]);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    restarts(block_in_read, pair[1], write_one, pair[0]);
}

TEST(accept_restarts)
{
    struct sockaddr_in address;
    int fd = tcp_listener(&address, 1);
    restarts(block_in_accept, fd, connect_to_listener, fd);
}

TEST(write_restarts)
{
    int pair[2];
    tcp_pair(pair);
    fill(pair[0]);
    restarts(block_in_write, pair[0], drain, pair[1]);
}

TEST(ignored_signal_does_not_interrupt)
{
    int pair[2];
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        signal(SIGUSR1, SIG_IGN);
        block_in_read(pair[1]);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(kill(child, SIGUSR1));
    CHECK_OK(kill(child, SIGCHLD));  // ignored by default
    pause_ms(100);
    write_one(pair[0]);
    wait_child(child);
}

TEST(killed_while_blocked)
{
    struct sockaddr_in address;
    int fd = tcp_listener(&address, 1), status;
    pid_t child = fork_child();
    if (child == 0) {
        accept(fd, NULL, NULL);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(kill(child, SIGTERM));
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGTERM);
    tcp_connect(&address);  // nobody stole the next connection
    CHECK_OK(accept(fd, NULL, NULL));
}

static void times_out(int fd, int milliseconds)
{
    char byte;
    long long start = now_ms();
    CHECK_ERRNO(recv(fd, &byte, 1, 0), EAGAIN);
    CHECK_BETWEEN(now_ms() - start, milliseconds - 2, milliseconds + 5000);
}

TEST(receive_time_out)
{
    struct sockaddr_in address;
    int pair[2], fd = udp_bound(&address);
    tcp_pair(pair);
    set_timeout(pair[0], SO_RCVTIMEO, 150);
    set_timeout(fd, SO_RCVTIMEO, 150);
    times_out(pair[0], 150);
    times_out(pair[0], 150);  // each call anew
    times_out(fd, 150);
    set_timeout(pair[0], SO_RCVTIMEO, 0);  // no limit
    pid_t child = fork_child();
    if (child == 0) {
        block_in_read(pair[0]);
        _exit(0);
    }
    wait_asleep(child);
    pause_ms(200);
    write_one(pair[1]);
    wait_child(child);
}

TEST(receive_time_out_with_data)
{
    int pair[2];
    char byte, buffer[8];
    tcp_pair(pair);
    set_timeout(pair[0], SO_RCVTIMEO, 200);
    write_one(pair[1]);
    CHECK_EQ(recv(pair[0], &byte, 1, 0), 1);
    write_all(pair[1], "abc", 3);
    CHECK_EQ(recv(pair[0], buffer, 8, MSG_WAITALL), 3);
}

TEST(accept_time_out)
{
    struct sockaddr_in address;
    int fd = tcp_listener(&address, 1);
    set_timeout(fd, SO_RCVTIMEO, 150);
    long long start = now_ms();
    CHECK_ERRNO(accept(fd, NULL, NULL), EAGAIN);
    CHECK_BETWEEN(now_ms() - start, 148, 5000);
}

TEST(send_time_out)
{
    int pair[2];
    tcp_pair(pair);
    fill(pair[0]);
    set_timeout(pair[0], SO_SNDTIMEO, 150);
    long long start = now_ms();
    CHECK_ERRNO(send(pair[0], "x", 1, 0), EAGAIN);
    CHECK_BETWEEN(now_ms() - start, 148, 5000);
}

TEST(connect_time_out)
{
    struct sockaddr_in address;
    int fd = tcp_socket();
    tcp_listener(&address, 0);
    tcp_connect(&address);
    set_timeout(fd, SO_SNDTIMEO, 150);
    long long start = now_ms();
    CHECK_ERRNO(connect(fd, any(&address), sizeof(address)), EINPROGRESS);
    CHECK_BETWEEN(now_ms() - start, 148, 5000);
}

TEST(time_out_is_not_restarted)
{
    int pair[2];
    tcp_pair(pair);
    set_timeout(pair[0], SO_RCVTIMEO, 3000);
    pid_t child = fork_child();
    if (child == 0) {
        char byte;
        catch_signal(SIGUSR1, SA_RESTART);
        CHECK_ERRNO(read(pair[0], &byte, 1), EINTR);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(kill(child, SIGUSR1));
    wait_child(child);
}

TEST(shutdown_wakes_a_reader_elsewhere)
{
    int pair[2];
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        char byte;
        CHECK_EQ(read(pair[0], &byte, 1), 0);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(shutdown(pair[0], SHUT_RD));
    wait_child(child);
}

TEST(shutdown_wakes_a_writer_elsewhere)
{
    int pair[2];
    tcp_pair(pair);
    fill(pair[0]);
    pid_t child = fork_child();
    if (child == 0) {
        ignore_sigpipe();
        CHECK_ERRNO(write(pair[0], "x", 1), EPIPE);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(shutdown(pair[0], SHUT_WR));
    wait_child(child);
}

TEST(shutdown_wakes_an_acceptor_elsewhere)
{
    struct sockaddr_in address;
    int fd = tcp_listener(&address, 1);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_ERRNO(accept(fd, NULL, NULL), EINVAL);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(shutdown(fd, SHUT_RDWR));
    wait_child(child);
}

TEST(shutdown_wakes_a_udp_reader_elsewhere)
{
    int pair[2];
    udp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        char byte;
        CHECK_EQ(recv(pair[0], &byte, 1, 0), 0);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(shutdown(pair[0], SHUT_RD));
    wait_child(child);
}

TEST(shutdown_wakes_poll_elsewhere)
{
    int pair[2];
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(poll_events(pair[0], POLLIN, -1), POLLIN);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(shutdown(pair[0], SHUT_RD));
    wait_child(child);
}

struct blocked {
    int fd;
    volatile pid_t thread;
    ssize_t result;
    int error;
};

static void *read_in_thread(void *argument)
{
    struct blocked *blocked = argument;
    char byte;
    blocked->thread = syscall(SYS_gettid);
    blocked->result = read(blocked->fd, &byte, 1);
    blocked->error = errno;
    return NULL;
}

TEST(shutdown_wakes_another_thread)
{
    int pair[2];
    pthread_t thread;
    tcp_pair(pair);
    struct blocked blocked = {.fd = pair[0]};
    CHECK_EQ(pthread_create(&thread, NULL, read_in_thread, &blocked), 0);
    while (blocked.thread == 0)
        pause_ms(1);
    wait_asleep(blocked.thread);
    CHECK_OK(shutdown(pair[0], SHUT_RDWR));
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(blocked.result, 0);
}

TEST(signal_to_one_thread)
{
    int pair[2];
    pthread_t thread;
    catch_signal(SIGUSR1, 0);
    tcp_pair(pair);
    struct blocked blocked = {.fd = pair[0]};
    CHECK_EQ(pthread_create(&thread, NULL, read_in_thread, &blocked), 0);
    while (blocked.thread == 0)
        pause_ms(1);
    wait_asleep(blocked.thread);
    CHECK_EQ(pthread_kill(thread, SIGUSR1), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(blocked.result, -1);
    CHECK_EQ(blocked.error, EINTR);
}

// Processor time of a child that sleeps in a call for a while.
static long sleep_cost_ms(void (*block)(int fd), int fd)
{
    struct rusage usage;
    pid_t child = fork_child();
    if (child == 0) {
        block(fd);
        _exit(0);
    }
    wait_asleep(child);
    pause_ms(700);
    CHECK_OK(kill(child, SIGKILL));
    CHECK_EQ(wait4(child, NULL, 0, &usage), child);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

static void block_in_poll(int fd)
{
    poll_events(fd, POLLIN, -1);
}

static void block_in_connect(int fd)
{
    struct sockaddr_in address = loopback(socket_port(fd));
    connect(tcp_socket(), any(&address), sizeof(address));
}

TEST(waiting_uses_no_processor_time)
{
    struct sockaddr_in address, full;
    int pair[2], listener = tcp_listener(&address, 1);
    int full_listener = tcp_listener(&full, 0);
    tcp_pair(pair);
    tcp_connect(&full);
    // What is spent is the way into the call, much less than the stay.
    CHECK_BETWEEN(sleep_cost_ms(block_in_read, pair[0]), 0, 200);
    CHECK_BETWEEN(sleep_cost_ms(block_in_accept, listener), 0, 200);
    CHECK_BETWEEN(sleep_cost_ms(block_in_poll, pair[0]), 0, 200);
    CHECK_BETWEEN(sleep_cost_ms(block_in_connect, full_listener), 0, 200);
}
