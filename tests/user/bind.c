// SPDX-License-Identifier: MIT
//
// bind(2) and getsockname(2): local addresses and who may share them.
#include "harness.h"

#include <arpa/inet.h>
#include <sys/syscall.h>

static int bind_to(int fd, const char *host, int port)
{
    struct sockaddr_in address = loopback(port);
    CHECK_EQ(inet_pton(AF_INET, host, &address.sin_addr), 1);
    return bind(fd, any(&address), sizeof(address));
}

static void reuse_address(int fd)
{
    int on = 1;
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
}

TEST(unbound_name_is_zero)
{
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        struct sockaddr_in name;
        socklen_t length = sizeof(name);
        int fd = CHECK_OK(socket(AF_INET, type, 0));
        memset(&name, 0xff, sizeof(name));
        CHECK_OK(getsockname(fd, any(&name), &length));
        CHECK_EQ(length, sizeof(name));
        CHECK_EQ(name.sin_family, AF_INET);
        CHECK_EQ(name.sin_port, 0);
        CHECK_EQ(name.sin_addr.s_addr, INADDR_ANY);
    }
}

TEST(port_zero_picks_a_port)
{
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        int fd = CHECK_OK(socket(AF_INET, type, 0));
        CHECK_OK(bind_to(fd, "127.0.0.1", 0));
        CHECK_BETWEEN(socket_port(fd), 1024, 65535);
    }
}

TEST(picked_ports_differ)
{
    int ports[64];
    for (int i = 0; i < 64; i++) {
        int fd = udp_socket();
        CHECK_OK(bind_to(fd, "127.0.0.1", 0));
        ports[i] = socket_port(fd);
        for (int j = 0; j < i; j++)
            CHECK(ports[j] != ports[i]);
    }
}

TEST(name_is_what_was_bound)
{
    struct sockaddr_in name, address = unused_port(SOCK_STREAM);
    socklen_t length = sizeof(name);
    int fd = tcp_socket();

    CHECK_OK(bind(fd, any(&address), sizeof(address)));
    CHECK_OK(getsockname(fd, any(&name), &length));
    CHECK_EQ(name.sin_port, address.sin_port);
    CHECK_EQ(name.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

TEST(any_address)
{
    struct sockaddr_in name;
    socklen_t length = sizeof(name);
    int fd = udp_socket();

    CHECK_OK(bind_to(fd, "0.0.0.0", 0));
    CHECK_OK(getsockname(fd, any(&name), &length));
    CHECK_EQ(name.sin_addr.s_addr, INADDR_ANY);
    CHECK(name.sin_port != 0);
}

TEST(whole_loopback_network_is_local)
{
    CHECK_OK(bind_to(udp_socket(), "127.0.0.2", 0));
    CHECK_OK(bind_to(tcp_socket(), "127.1.2.3", 0));
}

TEST(address_in_use)
{
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        int first = CHECK_OK(socket(AF_INET, type, 0));
        int second = CHECK_OK(socket(AF_INET, type, 0));
        CHECK_OK(bind_to(first, "127.0.0.1", 0));
        int port = socket_port(first);
        CHECK_ERRNO(bind_to(second, "127.0.0.1", port), EADDRINUSE);
        CHECK_OK(close(first));
        CHECK_OK(bind_to(second, "127.0.0.1", port));
    }
}

TEST(any_collides_with_each)
{
    int first = udp_socket(), second = udp_socket();
    CHECK_OK(bind_to(first, "0.0.0.0", 0));
    int port = socket_port(first);
    CHECK_ERRNO(bind_to(second, "127.0.0.1", port), EADDRINUSE);
    CHECK_OK(close(first));
    CHECK_OK(bind_to(second, "127.0.0.1", port));
    CHECK_ERRNO(bind_to(udp_socket(), "0.0.0.0", port), EADDRINUSE);
}

TEST(two_addresses_do_not_collide)
{
    int first = udp_socket();
    CHECK_OK(bind_to(first, "127.0.0.1", 0));
    CHECK_OK(bind_to(udp_socket(), "127.0.0.2", socket_port(first)));
}

TEST(tcp_and_udp_ports_are_apart)
{
    int stream = tcp_socket();
    CHECK_OK(bind_to(stream, "127.0.0.1", 0));
    CHECK_OK(bind_to(udp_socket(), "127.0.0.1", socket_port(stream)));
}

TEST(foreign_address)
{
    CHECK_ERRNO(bind_to(tcp_socket(), "192.0.2.1", 0), EADDRNOTAVAIL);
    CHECK_ERRNO(bind_to(udp_socket(), "192.0.2.1", 0), EADDRNOTAVAIL);
}

TEST(twice)
{
    for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
        int fd = CHECK_OK(socket(AF_INET, type, 0));
        CHECK_OK(bind_to(fd, "127.0.0.1", 0));
        CHECK_ERRNO(bind_to(fd, "127.0.0.1", 0), EINVAL);
    }
}

TEST(after_connect)
{
    int pair[2];
    tcp_pair(pair);
    CHECK_ERRNO(bind_to(pair[0], "127.0.0.1", 0), EINVAL);
    CHECK_ERRNO(bind_to(pair[1], "127.0.0.1", 0), EINVAL);
}

TEST(wrong_family)
{
    struct sockaddr_in address = loopback(0);
    address.sin_family = AF_INET6;
    CHECK_ERRNO(bind(tcp_socket(), any(&address), sizeof(address)),
                EAFNOSUPPORT);
    address.sin_family = AF_UNIX;
    CHECK_ERRNO(bind(udp_socket(), any(&address), sizeof(address)),
                EAFNOSUPPORT);
    address.sin_family = AF_UNSPEC;  // only with 0.0.0.0, for old programs
    CHECK_ERRNO(bind(udp_socket(), any(&address), sizeof(address)),
                EAFNOSUPPORT);
    address.sin_addr.s_addr = INADDR_ANY;
    CHECK_OK(bind(udp_socket(), any(&address), sizeof(address)));
}

TEST(wrong_length)
{
    struct sockaddr_storage room = {0};
    struct sockaddr_in address = loopback(0);
    int fd = tcp_socket();

    memcpy(&room, &address, sizeof(address));
    struct sockaddr *start = (struct sockaddr *)&room;
    CHECK_ERRNO(bind(fd, start, sizeof(address) - 1), EINVAL);
    CHECK_ERRNO(bind(fd, start, 0), EINVAL);
    CHECK_ERRNO(bind(fd, start, -1), EINVAL);
    CHECK_ERRNO(bind(fd, start, sizeof(room) + 1), EINVAL);
    CHECK_OK(bind(fd, start, sizeof(room)));  // longer is fine
}

TEST(bad_descriptor)
{
    struct sockaddr_in address = loopback(0);
    CHECK_ERRNO(bind(-1, any(&address), sizeof(address)), EBADF);
    CHECK_ERRNO(bind(999, any(&address), sizeof(address)), EBADF);
    int file = CHECK_OK(open("/dev/null", O_RDWR));
    CHECK_ERRNO(bind(file, any(&address), sizeof(address)), ENOTSOCK);
}

TEST(bad_address_pointer)
{
    int fd = tcp_socket();
    CHECK_ERRNO(bind(fd, bad_pointer(), sizeof(struct sockaddr_in)), EFAULT);
    CHECK_OK(bind_to(fd, "127.0.0.1", 0));
}

TEST(low_port_as_root)
{
    if (geteuid() != 0)
        skip("ports under 1024 are root's");
    int fd = udp_socket();
    CHECK_OK(bind_to(fd, "127.0.0.1", 1));
    CHECK_EQ(socket_port(fd), 1);
}

TEST(port_is_held_until_the_last_close)
{
    int fd = udp_socket();
    CHECK_OK(bind_to(fd, "127.0.0.1", 0));
    int port = socket_port(fd), copy = CHECK_OK(dup(fd));
    CHECK_OK(close(fd));
    CHECK_ERRNO(bind_to(udp_socket(), "127.0.0.1", port), EADDRINUSE);
    CHECK_OK(close(copy));
    CHECK_OK(bind_to(udp_socket(), "127.0.0.1", port));
}

TEST(port_of_a_dead_process_is_free)
{
    struct sockaddr_in address = unused_port(SOCK_STREAM);
    pid_t child = fork_child();
    if (child == 0) {
        int fd = tcp_socket();
        CHECK_OK(bind(fd, any(&address), sizeof(address)));
        CHECK_OK(listen(fd, 1));
        _exit(0);
    }
    wait_child(child);
    CHECK_OK(bind(tcp_socket(), any(&address), sizeof(address)));
}

TEST(reuseaddr_lets_udp_share)
{
    int first = udp_socket(), second = udp_socket();
    reuse_address(first);
    reuse_address(second);
    CHECK_OK(bind_to(first, "127.0.0.1", 0));
    int port = socket_port(first);
    CHECK_OK(bind_to(second, "127.0.0.1", port));
    CHECK_ERRNO(bind_to(udp_socket(), "127.0.0.1", port), EADDRINUSE);
}

TEST(reuseaddr_must_be_set_on_both)
{
    int first = udp_socket(), second = udp_socket();
    CHECK_OK(bind_to(first, "127.0.0.1", 0));
    reuse_address(second);
    CHECK_ERRNO(bind_to(second, "127.0.0.1", socket_port(first)), EADDRINUSE);
}

TEST(reuseaddr_does_not_steal_from_a_listener)
{
    int first = tcp_socket(), second = tcp_socket();
    reuse_address(first);
    reuse_address(second);
    CHECK_OK(bind_to(first, "127.0.0.1", 0));
    CHECK_OK(listen(first, 1));
    CHECK_ERRNO(bind_to(second, "127.0.0.1", socket_port(first)), EADDRINUSE);
}

TEST(reuseaddr_two_bound_one_listens)
{
    int first = tcp_socket(), second = tcp_socket();
    reuse_address(first);
    reuse_address(second);
    CHECK_OK(bind_to(first, "127.0.0.1", 0));
    CHECK_OK(bind_to(second, "127.0.0.1", socket_port(first)));
    CHECK_OK(listen(first, 1));
    CHECK_ERRNO(listen(second, 1), EADDRINUSE);
}

// The server closes first, so that its port is in TIME_WAIT. Linux lets it be
// taken over only if its first owner, too, had set SO_REUSEADDR.
static struct sockaddr_in port_in_time_wait(bool reuse)
{
    struct sockaddr_in address = unused_port(SOCK_STREAM);
    char byte;
    int listener = tcp_socket();

    if (reuse)
        reuse_address(listener);
    CHECK_OK(bind(listener, any(&address), sizeof(address)));
    CHECK_OK(listen(listener, 1));
    int client = tcp_connect(&address);
    int server = CHECK_OK(accept(listener, NULL, NULL));

    CHECK_OK(close(server));
    CHECK_EQ(read(client, &byte, 1), 0);
    CHECK_OK(close(client));
    CHECK_OK(close(listener));
    return address;
}

TEST(time_wait_holds_the_port)
{
    struct sockaddr_in address = port_in_time_wait(false);
    CHECK_ERRNO(bind(tcp_socket(), any(&address), sizeof(address)), EADDRINUSE);
}

TEST(reuseaddr_restarts_over_time_wait)
{
    struct sockaddr_in address = port_in_time_wait(true);
    int server = tcp_socket();
    reuse_address(server);
    CHECK_OK(bind(server, any(&address), sizeof(address)));
    CHECK_OK(listen(server, 1));
    tcp_connect(&address);
    CHECK_OK(accept(server, NULL, NULL));
}

TEST(getsockname_cuts_the_address)
{
    struct sockaddr_in address;
    int fd = udp_bound(&address);
    unsigned char buffer[16];
    socklen_t length = 4;

    memset(buffer, 0xee, sizeof(buffer));
    CHECK_OK(getsockname(fd, (struct sockaddr *)buffer, &length));
    CHECK_EQ(length, sizeof(address));  // what it would have taken
    CHECK_MEMORY(buffer, &address, 4);
    CHECK_EQ(buffer[4], 0xee);
}

TEST(getsockname_errors)
{
    struct sockaddr_in name;
    socklen_t length = sizeof(name), negative = -1;
    int fd = udp_socket();

    CHECK_ERRNO(getsockname(-1, any(&name), &length), EBADF);
    CHECK_ERRNO(getsockname(0, any(&name), &length), ENOTSOCK);
    CHECK_ERRNO(getsockname(fd, any(&name), &negative), EINVAL);
    CHECK_ERRNO(getsockname(fd, bad_pointer(), &length), EFAULT);
    CHECK_ERRNO(getsockname(fd, any(&name), bad_pointer()), EFAULT);
}
