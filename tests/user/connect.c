// SPDX-License-Identifier: MIT
//
// connect(2) and getpeername(2) for TCP and UDP, on loopback. Time-outs and
// unreachable hosts need a wire and are in tests/host/test_connect.py.
#include "harness.h"

#include <arpa/inet.h>

static int socket_error(int fd)
{
    int error;
    socklen_t length = sizeof(error);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
    return error;
}

static int connect_to(int fd, struct sockaddr_in *address)
{
    return connect(fd, any(address), sizeof(*address));
}

static int tcp_nonblocking(void)
{
    return CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
}

static void dissolve(int fd)
{
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    CHECK_OK(connect(fd, &none, sizeof(none)));
}

TEST(blocking)
{
    struct sockaddr_in address, peer;
    socklen_t length = sizeof(peer);
    tcp_listener(&address, 1);
    int fd = tcp_socket();

    CHECK_OK(connect_to(fd, &address));
    CHECK_OK(getpeername(fd, any(&peer), &length));
    CHECK_EQ(length, sizeof(peer));
    CHECK_MEMORY(&peer, &address, 8);
    CHECK_BETWEEN(socket_port(fd), 1024, 65535);
}

TEST(from_a_bound_port)
{
    struct sockaddr_in address, mine = unused_port(SOCK_STREAM), peer;
    socklen_t length = sizeof(peer);
    int listener = tcp_listener(&address, 1), fd = tcp_socket();

    CHECK_OK(bind(fd, any(&mine), sizeof(mine)));
    CHECK_OK(connect_to(fd, &address));
    CHECK_OK(accept(listener, any(&peer), &length));
    CHECK_EQ(peer.sin_port, mine.sin_port);
}

TEST(any_address_means_loopback)
{
    struct sockaddr_in address;
    tcp_listener(&address, 1);
    address.sin_addr.s_addr = INADDR_ANY;
    CHECK_OK(connect_to(tcp_socket(), &address));
}

TEST(local_address_is_chosen)
{
    struct sockaddr_in address, name;
    socklen_t length = sizeof(name);
    tcp_listener(&address, 1);
    int fd = tcp_connect(&address);
    CHECK_OK(getsockname(fd, any(&name), &length));
    CHECK_EQ(name.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

TEST(refused)
{
    struct sockaddr_in address = unused_port(SOCK_STREAM);
    CHECK_ERRNO(connect_to(tcp_socket(), &address), ECONNREFUSED);
}

TEST(again_after_refused)
{
    struct sockaddr_in dead = unused_port(SOCK_STREAM), alive;
    int fd = tcp_socket();
    tcp_listener(&alive, 1);
    CHECK_ERRNO(connect_to(fd, &dead), ECONNREFUSED);
    CHECK_EQ(socket_error(fd), 0);
    CHECK_OK(connect_to(fd, &alive));
}

TEST(already_connected)
{
    struct sockaddr_in address;
    tcp_listener(&address, 2);
    CHECK_ERRNO(connect_to(tcp_connect(&address), &address), EISCONN);
}

TEST(accepted_is_connected)
{
    struct sockaddr_in address;
    int pair[2];
    tcp_listener(&address, 1);
    tcp_pair(pair);
    CHECK_ERRNO(connect_to(pair[1], &address), EISCONN);
}

TEST(listener_cannot_connect)
{
    struct sockaddr_in address, other;
    int fd = tcp_listener(&address, 1);
    tcp_listener(&other, 1);
    CHECK_ERRNO(connect_to(fd, &other), EISCONN);
}

TEST(nonblocking)
{
    struct sockaddr_in address;
    int listener = tcp_listener(&address, 1), fd = tcp_nonblocking();

    CHECK_ERRNO(connect_to(fd, &address), EINPROGRESS);
    CHECK_EQ(poll_events(fd, POLLOUT, 5000), POLLOUT);
    CHECK_EQ(socket_error(fd), 0);
    int server = CHECK_OK(accept(listener, NULL, NULL));
    write_all(fd, "x", 1);
    char byte;
    read_all(server, &byte, 1);
}

TEST(nonblocking_second_call_completes)
{
    struct sockaddr_in address;
    int fd = tcp_nonblocking();
    tcp_listener(&address, 1);

    CHECK_ERRNO(connect_to(fd, &address), EINPROGRESS);
    CHECK_EQ(poll_events(fd, POLLOUT, 5000), POLLOUT);
    CHECK_OK(connect_to(fd, &address));  // tells of success once
    CHECK_ERRNO(connect_to(fd, &address), EISCONN);
}

TEST(nonblocking_refused)
{
    struct sockaddr_in address = unused_port(SOCK_STREAM);
    int fd = tcp_nonblocking();

    CHECK_ERRNO(connect_to(fd, &address), EINPROGRESS);
    CHECK_EQ(poll_events(fd, POLLOUT, 5000), POLLOUT | POLLERR | POLLHUP);
    CHECK_EQ(socket_error(fd), ECONNREFUSED);
    CHECK_EQ(socket_error(fd), 0);  // read once
}

TEST(nonblocking_refused_second_call_tells)
{
    struct sockaddr_in address = unused_port(SOCK_STREAM);
    int fd = tcp_nonblocking();

    CHECK_ERRNO(connect_to(fd, &address), EINPROGRESS);
    CHECK(poll_events(fd, POLLOUT, 5000) & POLLOUT);
    CHECK_ERRNO(connect_to(fd, &address), ECONNREFUSED);
    CHECK_ERRNO(connect_to(fd, &address), EINPROGRESS);
}

// A full backlog keeps a connect in progress.
TEST(in_progress)
{
    struct sockaddr_in address, peer;
    socklen_t length = sizeof(peer);
    char byte;
    int fd = tcp_nonblocking();

    tcp_listener(&address, 0);
    tcp_connect(&address);
    CHECK_ERRNO(connect_to(fd, &address), EINPROGRESS);
    CHECK_ERRNO(connect_to(fd, &address), EALREADY);
    CHECK_EQ(poll_events(fd, POLLOUT | POLLIN, 0), 0);
    CHECK_ERRNO(getpeername(fd, any(&peer), &length), ENOTCONN);
    CHECK_ERRNO(send(fd, "x", 1, 0), EAGAIN);
    CHECK_ERRNO(recv(fd, &byte, 1, 0), EAGAIN);
    CHECK(socket_port(fd) != 0);
}

TEST(in_progress_can_be_closed)
{
    struct sockaddr_in address;
    int fd = tcp_nonblocking();

    tcp_listener(&address, 0);
    tcp_connect(&address);
    CHECK_ERRNO(connect_to(fd, &address), EINPROGRESS);
    CHECK_OK(close(fd));
}

TEST(bad_addresses)
{
    struct sockaddr_in address;
    int fd = tcp_socket();

    tcp_listener(&address, 1);
    CHECK_ERRNO(connect(fd, any(&address), 1), EINVAL);
    CHECK_ERRNO(connect(fd, any(&address), sizeof(address) - 1), EINVAL);
    CHECK_ERRNO(connect(fd, any(&address), -1), EINVAL);
    CHECK_ERRNO(connect(fd, any(&address), 1000), EINVAL);
    CHECK_ERRNO(connect(fd, bad_pointer(), sizeof(address)), EFAULT);
    address.sin_family = AF_INET6;
    CHECK_ERRNO(connect_to(fd, &address), EAFNOSUPPORT);
    CHECK_ERRNO(connect_to(udp_socket(), &address), EAFNOSUPPORT);
    address.sin_family = AF_INET;
    CHECK_OK(connect_to(fd, &address));
}

TEST(bad_descriptor)
{
    struct sockaddr_in address = loopback(1);
    CHECK_ERRNO(connect_to(-1, &address), EBADF);
    int file = CHECK_OK(open("/dev/null", O_RDWR));
    CHECK_ERRNO(connect_to(file, &address), ENOTSOCK);
}

TEST(tcp_to_broadcast)
{
    struct sockaddr_in address = loopback(9);
    address.sin_addr.s_addr = htonl(INADDR_BROADCAST);
    CHECK_ERRNO(connect_to(tcp_socket(), &address), ENETUNREACH);
}

TEST(dissolved_tcp_can_connect_again)
{
    struct sockaddr_in address, peer;
    socklen_t length = sizeof(peer);
    int listener = tcp_listener(&address, 2), fd = tcp_connect(&address);
    int server = CHECK_OK(accept(listener, NULL, NULL));
    char byte;

    dissolve(fd);
    CHECK_ERRNO(getpeername(fd, any(&peer), &length), ENOTCONN);
    CHECK_ERRNO(read(server, &byte, 1), ECONNRESET);
    CHECK_OK(connect_to(fd, &address));
    CHECK_OK(accept(listener, NULL, NULL));
}

TEST(peer_name_of_the_unconnected)
{
    struct sockaddr_in peer, address;
    socklen_t length = sizeof(peer);
    CHECK_ERRNO(getpeername(tcp_socket(), any(&peer), &length), ENOTCONN);
    CHECK_ERRNO(getpeername(udp_socket(), any(&peer), &length), ENOTCONN);
    CHECK_ERRNO(getpeername(tcp_listener(&address, 1), any(&peer), &length),
                ENOTCONN);
}

TEST(peer_name_errors)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof(peer), negative = -1;
    int pair[2];

    tcp_pair(pair);
    CHECK_ERRNO(getpeername(-1, any(&peer), &length), EBADF);
    CHECK_ERRNO(getpeername(0, any(&peer), &length), ENOTSOCK);
    CHECK_ERRNO(getpeername(pair[0], any(&peer), &negative), EINVAL);
    CHECK_ERRNO(getpeername(pair[0], bad_pointer(), &length), EFAULT);
    CHECK_ERRNO(getpeername(pair[0], any(&peer), bad_pointer()), EFAULT);
    length = 8;
    CHECK_OK(getpeername(pair[0], any(&peer), &length));
    CHECK_EQ(length, sizeof(peer));
}

// Both ends open at once, and both are this one.
TEST(to_itself)
{
    struct sockaddr_in address = loopback(0), peer;
    socklen_t length = sizeof(address);
    int fd = tcp_socket();
    char text[8];

    CHECK_OK(bind(fd, any(&address), sizeof(address)));
    CHECK_OK(getsockname(fd, any(&address), &length));
    CHECK_OK(connect(fd, any(&address), sizeof(address)));
    CHECK_OK(getpeername(fd, any(&peer), &length));
    CHECK_EQ(peer.sin_port, address.sin_port);
    CHECK_EQ(write(fd, "hello", 5), 5);
    CHECK_EQ(read(fd, text, sizeof(text)), 5);
    CHECK_OK(shutdown(fd, SHUT_WR));
    CHECK_EQ(read(fd, text, sizeof(text)), 0);
    CHECK_OK(close(fd));
}

TEST(many_connections_to_one_port)
{
    struct sockaddr_in address;
    int listener = tcp_listener(&address, 64);
    for (int i = 0; i < 64; i++) {
        tcp_connect(&address);
        CHECK_OK(accept(listener, NULL, NULL));
    }
}

TEST(child_uses_the_connection)
{
    int pair[2];
    char byte;
    tcp_pair(pair);
    pid_t child = fork_child();
    if (child == 0) {
        write_all(pair[0], "c", 1);
        _exit(0);
    }
    wait_child(child);
    read_all(pair[1], &byte, 1);
    // The child's exit closed only its own descriptor.
    write_all(pair[0], "p", 1);
    read_all(pair[1], &byte, 1);
    CHECK_EQ(byte, 'p');
}

TEST(udp_sets_the_peer)
{
    struct sockaddr_in address, peer;
    socklen_t length = sizeof(peer);
    int receiver = udp_bound(&address), fd = udp_socket();
    char byte;

    CHECK_OK(connect_to(fd, &address));
    CHECK_OK(getpeername(fd, any(&peer), &length));
    CHECK_EQ(peer.sin_port, address.sin_port);
    CHECK(socket_port(fd) != 0);
    CHECK_EQ(send(fd, "u", 1, 0), 1);
    CHECK_EQ(recv(receiver, &byte, 1, 0), 1);
}

TEST(udp_chooses_the_local_address)
{
    struct sockaddr_in address, name;
    socklen_t length = sizeof(name);
    int fd = udp_socket();

    udp_bound(&address);
    CHECK_OK(connect_to(fd, &address));
    CHECK_OK(getsockname(fd, any(&name), &length));
    CHECK_EQ(name.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

TEST(udp_filters_other_senders)
{
    int pair[2];
    char byte;
    udp_pair(pair);
    struct sockaddr_in address = loopback(socket_port(pair[0]));

    CHECK_EQ(sendto(udp_socket(), "s", 1, 0, any(&address), sizeof(address)),
             1);
    CHECK_EQ(send(pair[1], "p", 1, 0), 1);
    CHECK_EQ(recv(pair[0], &byte, 1, 0), 1);
    CHECK_EQ(byte, 'p');
    CHECK_ERRNO(recv(pair[0], &byte, 1, MSG_DONTWAIT), EAGAIN);
}

TEST(udp_changes_its_peer)
{
    struct sockaddr_in first, second;
    int receivers[2] = {udp_bound(&first), udp_bound(&second)};
    int fd = udp_socket();
    char byte;

    CHECK_OK(connect_to(fd, &first));
    int port = socket_port(fd);
    CHECK_OK(connect_to(fd, &second));
    CHECK_EQ(socket_port(fd), port);
    CHECK_EQ(send(fd, "2", 1, 0), 1);
    CHECK_EQ(recv(receivers[1], &byte, 1, 0), 1);
    CHECK_ERRNO(recv(receivers[0], &byte, 1, MSG_DONTWAIT), EAGAIN);
}

TEST(udp_dissolves)
{
    char byte;
    struct sockaddr_in address = unused_port(SOCK_DGRAM), other, peer;
    socklen_t length = sizeof(peer);
    int fd = udp_socket();

    udp_bound(&other);
    CHECK_OK(bind(fd, any(&address), sizeof(address)));
    CHECK_OK(connect_to(fd, &other));
    dissolve(fd);
    CHECK_ERRNO(getpeername(fd, any(&peer), &length), ENOTCONN);
    CHECK_ERRNO(send(fd, "x", 1, 0), EDESTADDRREQ);
    CHECK_EQ(socket_port(fd), ntohs(address.sin_port));
    // Open to all again.
    CHECK_EQ(sendto(udp_socket(), "s", 1, 0, any(&address), sizeof(address)),
             1);
    CHECK_EQ(recv(fd, &byte, 1, 0), 1);
}

TEST(udp_port_unreachable)
{
    struct sockaddr_in address = unused_port(SOCK_DGRAM);
    int fd = udp_socket();
    char byte;

    CHECK_OK(connect_to(fd, &address));
    CHECK_EQ(send(fd, "x", 1, 0), 1);
    CHECK_ERRNO(recv(fd, &byte, 1, 0), ECONNREFUSED);
    CHECK_ERRNO(recv(fd, &byte, 1, MSG_DONTWAIT), EAGAIN);
}

TEST(udp_to_broadcast_needs_the_option)
{
    struct sockaddr_in address = loopback(9);
    int on = 1, fd = udp_socket();
    address.sin_addr.s_addr = htonl(INADDR_BROADCAST);
    CHECK_ERRNO(connect_to(fd, &address), EACCES);
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)));
    if (connect_to(fd, &address) == -1)  // no interface but lo: no route
        CHECK_EQ(errno, ENETUNREACH);
}
