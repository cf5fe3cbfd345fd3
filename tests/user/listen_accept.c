// SPDX-License-Identifier: MIT
//
// listen(2), accept(2), accept4(2): backlog, addresses, flags, and many
// processes on one listener.
#include "harness.h"

#include <sys/resource.h>

static struct sockaddr_in listener_address;

static int nonblocking_connect(void)
{
    int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    if (connect(fd, any(&listener_address), sizeof(listener_address)) == -1)
        CHECK_EQ(errno, EINPROGRESS);
    return fd;
}

TEST(listen_binds_an_unbound_socket)
{
    int fd = tcp_socket();
    CHECK_OK(listen(fd, 5));
    struct sockaddr_in address = loopback(socket_port(fd));
    CHECK(address.sin_port != 0);
    tcp_connect(&address);
    CHECK_OK(accept(fd, NULL, NULL));
}

TEST(listen_on_udp)
{
    struct sockaddr_in address;
    CHECK_ERRNO(listen(udp_bound(&address), 1), EOPNOTSUPP);
}

TEST(listen_on_a_connection)
{
    int pair[2];
    tcp_pair(pair);
    CHECK_ERRNO(listen(pair[0], 1), EINVAL);
    CHECK_ERRNO(listen(pair[1], 1), EINVAL);
}

TEST(listen_bad_descriptor)
{
    CHECK_ERRNO(listen(-1, 1), EBADF);
    CHECK_ERRNO(listen(CHECK_OK(open("/dev/null", O_RDONLY)), 1), ENOTSOCK);
}

TEST(listen_again_changes_the_backlog)
{
    int fd = tcp_listener(&listener_address, 1);
    CHECK_OK(listen(fd, 10));
    for (int i = 0; i < 8; i++)
        tcp_connect(&listener_address);
    for (int i = 0; i < 8; i++)
        CHECK_OK(accept(fd, NULL, NULL));
}

TEST(listen_takes_any_backlog)
{
    CHECK_OK(listen(tcp_socket(), -1));
    CHECK_OK(listen(tcp_socket(), 0));
    CHECK_OK(listen(tcp_socket(), 1000000));
}

TEST(large_backlog)
{
    int fd = tcp_listener(&listener_address, 300);
    for (int i = 0; i < 300; i++)
        tcp_connect(&listener_address);
    set_nonblocking(fd);
    for (int i = 0; i < 300; i++)
        CHECK_OK(accept(fd, NULL, NULL));
    CHECK_ERRNO(accept(fd, NULL, NULL), EAGAIN);
}

// Linux queues one connection more than the backlog says.
TEST_SECONDS(syn_beyond_the_backlog_waits, 60)
{
    int listener = tcp_listener(&listener_address, 0);
    int first = nonblocking_connect();
    CHECK_EQ(poll_events(first, POLLOUT, 5000), POLLOUT);
    int second = nonblocking_connect();
    CHECK_EQ(poll_events(second, POLLOUT, 300), 0);

    CHECK_OK(accept(listener, NULL, NULL));
    // The client's repeated SYN now finds room.
    CHECK_EQ(poll_events(second, POLLOUT, 30000), POLLOUT);
    int server = CHECK_OK(accept(listener, NULL, NULL));
    write_all(second, "x", 1);
    char byte;
    read_all(server, &byte, 1);
    CHECK_EQ(byte, 'x');
}

TEST(accept_writes_the_peer_address)
{
    struct sockaddr_storage room;
    struct sockaddr_in *peer = (struct sockaddr_in *)&room;
    socklen_t length = sizeof(room);
    int listener = tcp_listener(&listener_address, 1);
    int client = tcp_connect(&listener_address);

    memset(&room, 0xff, sizeof(room));
    int server = CHECK_OK(accept(listener, any(peer), &length));
    CHECK_EQ(length, sizeof(*peer));
    CHECK_EQ(peer->sin_family, AF_INET);
    CHECK_EQ(peer->sin_port, htons(socket_port(client)));
    CHECK_EQ(peer->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    CHECK_EQ(socket_port(server), ntohs(listener_address.sin_port));
}

TEST(accept_cuts_the_address)
{
    unsigned char buffer[16];
    socklen_t length = 2;
    int listener = tcp_listener(&listener_address, 1);

    tcp_connect(&listener_address);
    memset(buffer, 0xee, sizeof(buffer));
    CHECK_OK(accept(listener, (struct sockaddr *)buffer, &length));
    CHECK_EQ(length, sizeof(struct sockaddr_in));
    CHECK_EQ(buffer[0], AF_INET);
    CHECK_EQ(buffer[2], 0xee);
}

TEST(accept_in_order_of_arrival)
{
    int clients[5], listener = tcp_listener(&listener_address, 5);
    for (int i = 0; i < 5; i++)
        clients[i] = tcp_connect(&listener_address);
    for (int i = 0; i < 5; i++) {
        struct sockaddr_in peer;
        socklen_t length = sizeof(peer);
        CHECK_OK(accept(listener, any(&peer), &length));
        CHECK_EQ(ntohs(peer.sin_port), socket_port(clients[i]));
    }
}

TEST(accept_would_block)
{
    int listener = tcp_listener(&listener_address, 1);
    set_nonblocking(listener);
    CHECK_ERRNO(accept(listener, NULL, NULL), EAGAIN);
    CHECK_EQ(poll_events(listener, POLLIN, 0), 0);
    tcp_connect(&listener_address);
    CHECK_EQ(poll_events(listener, POLLIN, 5000), POLLIN);
    int server = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_EQ(poll_events(listener, POLLIN, 0), 0);
    // Not inherited from the listener, unlike on BSD.
    CHECK_EQ(fcntl(server, F_GETFL), O_RDWR);
}

TEST(accept_blocks_until_a_connection)
{
    int listener = tcp_listener(&listener_address, 1);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(accept(listener, NULL, NULL));
        _exit(0);
    }
    wait_asleep(child);
    tcp_connect(&listener_address);
    wait_child(child);
}

TEST(accept4_flags)
{
    int listener = tcp_listener(&listener_address, 4);
    for (int i = 0; i < 4; i++)
        tcp_connect(&listener_address);

    int fd = CHECK_OK(accept4(listener, NULL, NULL, 0));
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    fd = CHECK_OK(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    fd = CHECK_OK(accept4(listener, NULL, NULL, SOCK_NONBLOCK));
    CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    fd = CHECK_OK(accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
    CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

TEST(accept4_unknown_flag)
{
    int listener = tcp_listener(&listener_address, 1);
    tcp_connect(&listener_address);
    CHECK_ERRNO(accept4(listener, NULL, NULL, 1), EINVAL);
    CHECK_OK(accept4(listener, NULL, NULL, 0));
}

TEST(accept_errors)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof(peer);
    int pair[2];

    CHECK_ERRNO(accept(-1, NULL, NULL), EBADF);
    CHECK_ERRNO(accept(CHECK_OK(open("/dev/null", O_RDONLY)), NULL, NULL),
                ENOTSOCK);
    CHECK_ERRNO(accept(tcp_socket(), NULL, NULL), EINVAL);
    CHECK_ERRNO(accept(udp_socket(), any(&peer), &length), EOPNOTSUPP);
    tcp_pair(pair);
    CHECK_ERRNO(accept(pair[0], NULL, NULL), EINVAL);
}

TEST(accept_without_descriptors_keeps_the_connection)
{
    struct rlimit limit;
    int listener = tcp_listener(&listener_address, 1);
    int client = tcp_connect(&listener_address), next = lowest_free_fd();

    CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = next;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    CHECK_ERRNO(accept(listener, NULL, NULL), EMFILE);
    limit.rlim_cur = before;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    int server = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_EQ(server, next);
    write_all(server, "y", 1);
    char byte;
    read_all(client, &byte, 1);
}

TEST(accept_errors_leak_no_descriptor)
{
    struct sockaddr_in peer;
    socklen_t negative = -1, length = sizeof(peer);
    int listener = tcp_listener(&listener_address, 8);
    set_nonblocking(listener);

    for (int i = 0; i < 3; i++)
        nonblocking_connect();
    CHECK_EQ(poll_events(listener, POLLIN, 5000), POLLIN);
    int before = lowest_free_fd();
    CHECK_ERRNO(accept(listener, any(&peer), &negative), EINVAL);
    CHECK_ERRNO(accept(listener, bad_pointer(), &length), EFAULT);
    CHECK_ERRNO(accept(listener, any(&peer), bad_pointer()), EFAULT);
    CHECK_EQ(lowest_free_fd(), before);
}

TEST(client_gone_before_accept)
{
    char buffer[8];
    int listener = tcp_listener(&listener_address, 1);
    int client = tcp_connect(&listener_address);

    write_all(client, "last", 4);
    CHECK_OK(close(client));
    int server = CHECK_OK(accept(listener, NULL, NULL));
    read_all(server, buffer, 4);
    CHECK_MEMORY(buffer, "last", 4);
    CHECK_EQ(read(server, buffer, 1), 0);
}

TEST(client_reset_before_accept)
{
    char byte;
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    int listener = tcp_listener(&listener_address, 1);
    int client = tcp_connect(&listener_address);

    CHECK_OK(
        setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
    CHECK_OK(close(client));
    // Linux hands over the dead connection; its first use tells.
    int server = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_ERRNO(read(server, &byte, 1), ECONNRESET);
}

TEST(closed_listener_resets_its_queue)
{
    char byte;
    int listener = tcp_listener(&listener_address, 1);
    int client = tcp_connect(&listener_address);

    CHECK_OK(close(listener));
    CHECK_ERRNO(read(client, &byte, 1), ECONNRESET);
    CHECK_ERRNO(
        connect(tcp_socket(), any(&listener_address), sizeof(listener_address)),
        ECONNREFUSED);
}

TEST(accepted_connection_outlives_the_listener)
{
    char byte;
    int listener = tcp_listener(&listener_address, 1);
    int client = tcp_connect(&listener_address);
    int server = CHECK_OK(accept(listener, NULL, NULL));

    CHECK_OK(close(listener));
    write_all(client, "z", 1);
    read_all(server, &byte, 1);
    CHECK_EQ(byte, 'z');
}

TEST(several_processes_accept)
{
    enum {
        PROCESSES = 4,
        CONNECTIONS = 32
    };
    pid_t children[PROCESSES];
    int listener = tcp_listener(&listener_address, CONNECTIONS);

    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork_child();
        if (children[i] != 0)
            continue;
        for (;;) {
            int server = CHECK_OK(accept(listener, NULL, NULL));
            char byte;
            read_all(server, &byte, 1);
            if (byte == 'q')
                _exit(0);
            write_all(server, &byte, 1);
            CHECK_OK(close(server));
        }
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        char sent = 'A' + i % 16, got;
        int client = tcp_connect(&listener_address);
        write_all(client, &sent, 1);
        read_all(client, &got, 1);
        CHECK_EQ(got, sent);
        CHECK_OK(close(client));
    }
    for (int i = 0; i < PROCESSES; i++)
        write_all(tcp_connect(&listener_address), "q", 1);
    for (int i = 0; i < PROCESSES; i++)
        wait_child(children[i]);
}

TEST(one_connection_wakes_one_acceptor)
{
    int told[2], listener = tcp_listener(&listener_address, 4);
    pid_t children[3];

    CHECK_OK(pipe(told));
    for (int i = 0; i < 3; i++) {
        children[i] = fork_child();
        if (children[i] != 0)
            continue;
        CHECK_OK(accept(listener, NULL, NULL));
        write_all(told[1], "a", 1);
        pause();
    }
    for (int i = 0; i < 3; i++)
        wait_asleep(children[i]);
    tcp_connect(&listener_address);
    char byte;
    read_all(told[0], &byte, 1);
    CHECK_EQ(poll_events(told[0], POLLIN, 200), 0);
}

TEST(listener_shared_by_fork)
{
    int listener = tcp_listener(&listener_address, 1);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(close(listener));
        _exit(0);
    }
    wait_child(child);
    tcp_connect(&listener_address);
    CHECK_OK(accept(listener, NULL, NULL));
}
