// SPDX-License-Identifier: MIT
//
// AF_UNIX connections, unix(7): listen, connect, accept, and how they end; for
// streams and packets alike.
#include "unix.h"

#include <sys/time.h>

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

static const int types[] = {SOCK_STREAM, SOCK_SEQPACKET};

// A listener and a client that is connected to it.
struct link {
    struct name name;
    int listener, client;
};

static struct link connected(int type)
{
    struct link link = {.name = path_name("s")};

    link.listener = unix_listener(type, &link.name, 5);
    link.client = unix_connected(type, &link.name);
    return link;
}

TEST(both_directions)
{
    for (int i = 0; i < 2; i++) {
        struct link link = connected(types[i]);
        char buffer[8];
        int server = CHECK_OK(accept(link.listener, NULL, NULL));

        CHECK_EQ(send(link.client, "ping", 4, 0), 4);
        CHECK_EQ(recv(server, buffer, 8, 0), 4);
        CHECK_EQ(send(server, "pong!", 5, 0), 5);
        CHECK_EQ(recv(link.client, buffer, 8, 0), 5);
        CHECK_MEMORY(buffer, "pong!", 5);
    }
}

TEST(addresses)
{
    struct link link = connected(SOCK_STREAM);
    struct name client_name = abstract_name("client"), from;

    from.length = sizeof(from.un);
    int server = CHECK_OK(
        accept(link.listener, (struct sockaddr *)&from.un, &from.length));
    CHECK_EQ(from.length, PATH_AT);  // it has no name
    CHECK_EQ(from.un.sun_family, AF_UNIX);
    CHECK_EQ(peer_of(server).length, PATH_AT);
    CHECK_STRING(name_of(server).un.sun_path, link.name.un.sun_path);
    CHECK_EQ(name_of(server).length, link.name.length);
    CHECK_STRING(peer_of(link.client).un.sun_path, link.name.un.sun_path);

    int fd = unix_bound(SOCK_STREAM, &client_name);
    CHECK_OK(try_connect(fd, &link.name));
    from.length = sizeof(from.un);
    server = CHECK_OK(
        accept(link.listener, (struct sockaddr *)&from.un, &from.length));
    CHECK_EQ(from.length, client_name.length);
    CHECK_MEMORY(&from.un, &client_name.un, from.length);
    CHECK_OK(close(fd));  // its name is remembered
    CHECK_EQ(peer_of(server).length, client_name.length);
}

TEST(who_may_listen)
{
    struct name name = path_name("s"), other = path_name("t");
    int fd = unix_socket(SOCK_STREAM);

    CHECK_ERRNO(listen(fd, 5), EINVAL);  // no name
    CHECK_ERRNO(listen(unix_bound(SOCK_DGRAM, &other), 5), EOPNOTSUPP);
    CHECK_OK(try_bind(fd, &name));
    CHECK_ERRNO(try_connect(unix_socket(SOCK_STREAM), &name), ECONNREFUSED);
    CHECK_ERRNO(accept(fd, NULL, NULL), EINVAL);
    CHECK_OK(listen(fd, 5));
    CHECK_OK(listen(fd, 7));
    int value;
    socklen_t length = sizeof(value);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &length));
    CHECK_EQ(value, 1);
    int client = unix_bound(SOCK_STREAM, (struct name[]){abstract_name("c")});
    CHECK_OK(try_connect(client, &name));
    CHECK_ERRNO(listen(client, 5), EINVAL);
}

TEST(who_may_connect)
{
    struct link link = connected(SOCK_STREAM);
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};

    CHECK_ERRNO(try_connect(link.client, &link.name), EISCONN);
    CHECK_ERRNO(try_connect(link.listener, &link.name), EINVAL);
    CHECK_ERRNO(connect(link.client, &nobody, sizeof(nobody)), EINVAL);
    CHECK_ERRNO(accept(link.client, NULL, NULL), EINVAL);
    CHECK_ERRNO(accept(unix_socket(SOCK_DGRAM), NULL, NULL), EOPNOTSUPP);
}

TEST(backlog)
{
    for (int backlog = 0; backlog < 3; backlog++) {
        struct name name = abstract_name("b");
        int listener = unix_listener(SOCK_STREAM, &name, backlog);

        for (int i = 0; i < backlog + 1; i++)  // one more than it says
            unix_connected(SOCK_STREAM | SOCK_NONBLOCK, &name);
        int late = unix_socket(SOCK_STREAM | SOCK_NONBLOCK);
        CHECK_ERRNO(try_connect(late, &name), EAGAIN);
        CHECK_OK(accept(listener, NULL, NULL));
        CHECK_OK(try_connect(late, &name));
        CHECK_OK(listen(listener, backlog + 1));
        unix_connected(SOCK_STREAM | SOCK_NONBLOCK, &name);
        close(listener);
    }
}

// A child whose connect blocks; it ends with its errno.
static pid_t blocked_connect(const struct name *name)
{
    pid_t child = fork_child();

    if (child == 0) {
        int fd = unix_socket(SOCK_STREAM);
        _exit(try_connect(fd, name) == 0 ? 0 : errno);
    }
    wait_asleep(child);
    return child;
}

static int exit_status(pid_t child)
{
    int status;

    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int full_listener(struct name *name)
{
    *name = abstract_name("full");
    int listener = unix_listener(SOCK_STREAM, name, 0);
    unix_connected(SOCK_STREAM, name);
    return listener;
}

TEST(connect_waits_for_the_backlog)
{
    struct name name;
    int listener = full_listener(&name);
    pid_t first = blocked_connect(&name), second = blocked_connect(&name);

    CHECK_OK(accept(listener, NULL, NULL));
    CHECK_OK(accept(listener, NULL, NULL));
    CHECK_OK(accept(listener, NULL, NULL));
    CHECK_EQ(exit_status(first), 0);
    CHECK_EQ(exit_status(second), 0);
}

TEST(a_waiting_connect_sees_the_listener_close)
{
    struct name name;
    int listener = full_listener(&name);
    pid_t child = fork_child();

    if (child == 0) {
        close(listener);
        int fd = unix_socket(SOCK_STREAM);
        _exit(try_connect(fd, &name) == 0 ? 0 : errno);
    }
    wait_asleep(child);
    CHECK_OK(close(listener));
    CHECK_EQ(exit_status(child), ECONNREFUSED);
}

TEST(connect_times_out)
{
    struct name name;
    struct timeval time = {0, 50000};

    full_listener(&name);
    int fd = unix_socket(SOCK_STREAM);
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)));
    long long start = now_ms();
    CHECK_ERRNO(try_connect(fd, &name), EAGAIN);
    CHECK_BETWEEN(now_ms() - start, 45, 5000);
}

TEST(connect_is_interrupted)
{
    struct name name;

    full_listener(&name);
    int fd = unix_socket(SOCK_STREAM);
    interrupt_every_ms(20);
    CHECK_ERRNO(try_connect(fd, &name), EINTR);
    interrupt_every_ms(0);
}

TEST(accept_does_not_wait)
{
    struct name name = abstract_name("a");
    struct timeval time = {0, 50000};
    int listener = unix_listener(SOCK_STREAM, &name, 1);

    CHECK_OK(
        setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
    CHECK_ERRNO(accept(listener, NULL, NULL), EAGAIN);
    set_nonblocking(listener);
    CHECK_ERRNO(accept(listener, NULL, NULL), EAGAIN);
}

TEST(accept_waits)
{
    struct name name = abstract_name("a");
    int listener = unix_listener(SOCK_SEQPACKET, &name, 1);
    pid_t child = fork_child();

    if (child == 0) {
        CHECK_OK(accept(listener, NULL, NULL));
        _exit(0);
    }
    wait_asleep(child);
    unix_connected(SOCK_SEQPACKET, &name);
    wait_child(child);
}

TEST(flags_of_the_accepted)
{
    struct link link = connected(SOCK_STREAM);

    set_nonblocking(link.listener);
    int fd = CHECK_OK(accept4(link.listener, NULL, NULL, SOCK_CLOEXEC));
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    unix_connected(SOCK_STREAM, &link.name);
    fd = CHECK_OK(accept4(link.listener, NULL, NULL, SOCK_NONBLOCK));
    CHECK_EQ(fcntl(fd, F_GETFD), 0);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

TEST(a_bad_pointer_loses_no_connection)
{
    struct link link = connected(SOCK_STREAM);
    socklen_t length = sizeof(struct sockaddr_un);

    if (!on_wharf())
        skip("Linux loses it");
    CHECK_EQ(send(link.client, "x", 1, 0), 1);
    CHECK_ERRNO(accept(link.listener, bad_pointer(), &length), EFAULT);
    set_nonblocking(link.listener);
    int fd = CHECK_OK(accept(link.listener, NULL, NULL));
    char byte;
    CHECK_EQ(recv(fd, &byte, 1, MSG_DONTWAIT), 1);
}

TEST(data_before_accept)
{
    for (int i = 0; i < 2; i++) {
        struct link link = connected(types[i]);
        char buffer[8];

        CHECK_EQ(send(link.client, "early", 5, 0), 5);
        CHECK_OK(close(link.client));
        int server = CHECK_OK(accept(link.listener, NULL, NULL));
        CHECK_EQ(recv(server, buffer, 8, 0), 5);
        CHECK_EQ(recv(server, buffer, 8, 0), 0);
        CHECK_EQ(peer_of(server).length, PATH_AT);
        close(link.listener);
    }
}

TEST(closing_a_listener_resets_who_waits)
{
    for (int i = 0; i < 2; i++) {
        struct link link = connected(types[i]);
        char byte;

        CHECK_OK(close(link.listener));
        CHECK_ERRNO(recv(link.client, &byte, 1, 0), ECONNRESET);
        CHECK_EQ(recv(link.client, &byte, 1, 0), 0);
        CHECK_ERRNO(send(link.client, "x", 1, MSG_NOSIGNAL), EPIPE);
        CHECK_ERRNO(try_connect(unix_socket(types[i]), &link.name),
                    ECONNREFUSED);
    }
}

TEST(shutdown_of_a_listener)
{
    struct name name = abstract_name("a");
    int listener = unix_listener(SOCK_STREAM, &name, 1);
    pid_t child = fork_child();

    if (child == 0) {
        CHECK_ERRNO(accept(listener, NULL, NULL), EINVAL);
        _exit(0);
    }
    wait_asleep(child);
    CHECK_OK(shutdown(listener, SHUT_RD));
    wait_child(child);
    CHECK_ERRNO(try_connect(unix_socket(SOCK_STREAM), &name), ECONNREFUSED);
}

TEST(unread_bytes_make_a_reset)
{
    int pair[2];
    char byte;

    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_EQ(send(pair[1], "for you", 7, 0), 7);
    CHECK_EQ(send(pair[0], "unread", 6, 0), 6);
    CHECK_OK(close(pair[1]));
    CHECK_ERRNO(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    for (int i = 0; i < 7; i++)  // what was sent before is not lost
        CHECK_EQ(recv(pair[0], &byte, 1, 0), 1);
    CHECK_ERRNO(recv(pair[0], &byte, 1, 0), ECONNRESET);
    CHECK_EQ(recv(pair[0], &byte, 1, 0), 0);

    CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
    CHECK_EQ(send(pair[1], "for you", 7, 0), 7);
    CHECK_EQ(send(pair[0], "unread", 6, 0), 6);
    CHECK_OK(close(pair[1]));
    CHECK_ERRNO(send(pair[0], "x", 1, MSG_NOSIGNAL), ECONNRESET);
    CHECK_ERRNO(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK_EQ(recv(pair[0], &byte, 1, 0), 1);
    CHECK_EQ(recv(pair[0], &byte, 1, 0), 0);
}

TEST(not_connected)
{
    int stream = unix_socket(SOCK_STREAM), packet = unix_socket(SOCK_SEQPACKET);
    char byte;
    struct name name = abstract_name("n");

    CHECK_ERRNO(recv(stream, &byte, 1, 0), EINVAL);
    CHECK_ERRNO(send(stream, "x", 1, 0), ENOTCONN);
    CHECK_ERRNO(recv(packet, &byte, 1, 0), ENOTCONN);
    CHECK_ERRNO(send(packet, "x", 1, 0), ENOTCONN);
    CHECK_ERRNO(
        sendto(stream, "x", 1, 0, (struct sockaddr *)&name.un, name.length),
        EOPNOTSUPP);
    socklen_t length = sizeof(name.un);
    CHECK_ERRNO(getpeername(stream, (struct sockaddr *)&name.un, &length),
                ENOTCONN);
    CHECK_OK(shutdown(stream, SHUT_RDWR));  // and is remembered
    CHECK_ERRNO(shutdown(packet, 3), EINVAL);
}

TEST(addresses_in_connected_sends)
{
    struct link stream = connected(SOCK_STREAM);
    struct name name = stream.name;

    CHECK_ERRNO(sendto(stream.client, "x", 1, 0, (struct sockaddr *)&name.un,
                       name.length),
                EISCONN);
    close(stream.listener);
    struct link packet = connected(SOCK_SEQPACKET);
    CHECK_EQ(sendto(packet.client, "x", 1, 0, (struct sockaddr *)&name.un,
                    name.length),
             1);  // ignored
}

TEST(shutdown_is_seen_by_the_peer)
{
    for (int i = 0; i < 2; i++) {
        int pair[2];
        char byte;

        CHECK_OK(socketpair(AF_UNIX, types[i], 0, pair));
        CHECK_EQ(send(pair[0], "x", 1, 0), 1);
        CHECK_OK(shutdown(pair[0], SHUT_WR));
        CHECK_ERRNO(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
        CHECK_EQ(recv(pair[1], &byte, 1, 0), 1);
        CHECK_EQ(recv(pair[1], &byte, 1, 0), 0);
        CHECK_EQ(send(pair[1], "y", 1, 0), 1);
        CHECK_OK(shutdown(pair[0], SHUT_RD));
        CHECK_ERRNO(send(pair[1], "y", 1, MSG_NOSIGNAL), EPIPE);
        CHECK_EQ(recv(pair[0], &byte, 1, 0), 1);
        CHECK_EQ(recv(pair[0], &byte, 1, 0), 0);
    }
}

TEST(only_streams_raise_sigpipe)
{
    int pair[2];

    catch_signal(SIGPIPE, 0);
    CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
    close(pair[1]);
    CHECK_ERRNO(send(pair[0], "x", 1, 0), EPIPE);
    CHECK_EQ(signals_caught, 0);
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    close(pair[1]);
    CHECK_ERRNO(send(pair[0], "x", 1, 0), EPIPE);
    CHECK_EQ(signals_caught, 1);
}

TEST_SECONDS(thousands_of_connections, 60)
{
    struct name name = path_name("s");
    int listener = unix_listener(SOCK_STREAM, &name, 64);
    pid_t child = fork_child();
    const int rounds = 3000;

    if (child == 0) {
        for (int i = 0; i < rounds; i++) {
            int fd = unix_connected(SOCK_STREAM, &name);
            write_all(fd, &i, sizeof(i));
            close(fd);
        }
        _exit(0);
    }
    for (int i = 0; i < rounds; i++) {
        int got, fd = CHECK_OK(accept(listener, NULL, NULL));
        read_all(fd, &got, sizeof(got));
        CHECK_EQ(got, i);
        close(fd);
    }
    wait_child(child);
}
