// SPDX-License-Identifier: MIT
//
// Who is at the other end of an AF_UNIX socket: SO_PEERCRED, SO_PEERGROUPS,
// SO_PASSCRED and SCM_CREDENTIALS, unix(7).
#include "unix.h"

#include <grp.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

struct credentials {
    int pid;
    unsigned uid, gid;
};
#define CREDENTIALS 2  // SCM_CREDENTIALS

static struct credentials peer_of_socket(int fd)
{
    struct credentials c;
    socklen_t length = sizeof(c);

    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &length));
    CHECK_EQ(length, sizeof(c));
    return c;
}

static void check_credentials(struct credentials c, int pid, unsigned uid,
                              unsigned gid)
{
    CHECK_EQ(c.pid, pid);
    CHECK_EQ(c.uid, uid);
    CHECK_EQ(c.gid, gid);
}

static void pass_credentials(int fd)
{
    int on = 1;
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
}

static ssize_t send_as(int fd, struct credentials c, size_t length)
{
    struct {
        struct cmsghdr header;
        struct credentials c;
        int pad;
    } item = {{.cmsg_len = CMSG_LEN(length),
               .cmsg_level = SOL_SOCKET,
               .cmsg_type = CREDENTIALS},
              c,
              0};
    struct iovec vector = {"x", 1};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = &item,
                             .msg_controllen = sizeof(item)};
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

// Receive with credentials; the number of bytes.
static ssize_t receive_from(int fd, char *text, size_t n, struct credentials *c)
{
    char control[CMSG_SPACE(sizeof(*c))] __attribute__((aligned(8)));
    struct iovec vector = {text, n};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    ssize_t got = CHECK_OK(recvmsg(fd, &message, 0));
    struct cmsghdr *item = CMSG_FIRSTHDR(&message);

    CHECK(item != NULL);
    CHECK_EQ(item->cmsg_level, SOL_SOCKET);
    CHECK_EQ(item->cmsg_type, CREDENTIALS);
    CHECK_EQ(item->cmsg_len, CMSG_LEN(sizeof(*c)));
    CHECK_EQ(message.msg_flags & ~MSG_EOR, 0);
    memcpy(c, CMSG_DATA(item), sizeof(*c));
    return got;
}

TEST(of_pairs_and_of_nobody)
{
    int pair[2];

    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    check_credentials(peer_of_socket(pair[0]), getpid(), geteuid(), getegid());
    check_credentials(peer_of_socket(unix_socket(SOCK_STREAM)), 0, -1, -1);
    check_credentials(peer_of_socket(tcp_socket()), 0, -1, -1);
}

// The listener's are those of listen, the client's those of connect, whoever
// holds the sockets later.
TEST(of_connections)
{
    struct name name = abstract_name("l");
    int listener = unix_bound(SOCK_STREAM, &name);
    pid_t child = fork_child();

    if (child == 0) {
        CHECK_OK(listen(listener, 5));
        _exit(0);
    }
    wait_child(child);
    pid_t client = fork_child();
    if (client == 0) {
        int fd = unix_connected(SOCK_STREAM, &name);
        CHECK_EQ(peer_of_socket(fd).pid, child);
        _exit(0);
    }
    wait_child(client);
    int server = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_EQ(peer_of_socket(server).pid, client);
    CHECK_EQ(peer_of_socket(listener).pid, child);
}

TEST(effective_numbers_and_groups)
{
    struct name name = abstract_name("l");
    gid_t groups[] = {11, 22, 33}, got[4];
    socklen_t length = sizeof(got);

    if (geteuid() != 0)
        skip("not root");
    int listener = unix_listener(SOCK_STREAM, &name, 5);
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_OK(setgroups(3, groups));
        CHECK_OK(setresgid(100, 200, 300));
        CHECK_OK(setresuid(1000, 2000, 3000));
        unix_connected(SOCK_STREAM, &name);
        _exit(0);
    }
    wait_child(child);
    int fd = CHECK_OK(accept(listener, NULL, NULL));
    check_credentials(peer_of_socket(fd), child, 2000, 200);
    CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, got, &length));
    CHECK_EQ(length, sizeof(groups));
    CHECK_MEMORY(got, groups, sizeof(groups));
    length = 8;
    CHECK_ERRNO(getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, got, &length),
                ERANGE);
    CHECK_EQ(length, sizeof(groups));
    CHECK_ERRNO(getsockopt(unix_socket(SOCK_DGRAM), SOL_SOCKET, SO_PEERGROUPS,
                           got, &length),
                ENODATA);
}

TEST(a_short_buffer)
{
    int pair[2], pid;
    socklen_t length = sizeof(pid);

    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_OK(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &pid, &length));
    CHECK_EQ(length, sizeof(pid));
    CHECK_EQ(pid, getpid());
}

TEST(writers_are_told)
{
    const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

    for (int i = 0; i < 3; i++) {
        int pair[2];
        char text[8];
        struct credentials c;

        CHECK_OK(socketpair(AF_UNIX, types[i], 0, pair));
        pass_credentials(pair[1]);
        pid_t child = fork_child();
        if (child == 0)
            _exit(write(pair[0], "x", 1) != 1);
        wait_child(child);
        CHECK_EQ(receive_from(pair[1], text, 8, &c), 1);
        check_credentials(c, child, getuid(), getgid());
    }
}

TEST(a_stream_is_not_joined_across_writers)
{
    int pair[2];
    char text[8];
    struct credentials c;

    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    pass_credentials(pair[1]);
    write_all(pair[0], "me", 2);
    pid_t child = fork_child();
    if (child == 0) {
        write_all(pair[0], "child", 5);
        _exit(0);
    }
    wait_child(child);
    write_all(pair[0], "me", 2);
    CHECK_EQ(receive_from(pair[1], text, 8, &c), 2);
    CHECK_EQ(c.pid, getpid());
    CHECK_EQ(receive_from(pair[1], text, 8, &c), 5);
    CHECK_EQ(c.pid, child);
    CHECK_EQ(receive_from(pair[1], text, 8, &c), 2);
    // Without the option they are.
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    write_all(pair[0], "me", 2);
    child = fork_child();
    if (child == 0) {
        write_all(pair[0], "child", 5);
        _exit(0);
    }
    wait_child(child);
    CHECK_EQ(recv(pair[1], text, 8, 0), 7);
}

// Nobody had asked when it was sent.
TEST(unknown_writers)
{
    int pair[2];
    char text[8];
    struct credentials c;

    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    pass_credentials(pair[1]);
    CHECK_EQ(receive_from(pair[1], text, 8, &c), 1);
    check_credentials(c, 0, 65534, 65534);
}

TEST(the_option_of_a_listener_is_inherited)
{
    struct name name = abstract_name("l");
    int listener = unix_listener(SOCK_STREAM, &name, 5);
    char text[8];
    struct credentials c;

    pass_credentials(listener);
    int client = unix_connected(SOCK_STREAM, &name);
    CHECK_EQ(send(client, "x", 1, 0), 1);
    int server = CHECK_OK(accept(listener, NULL, NULL));
    CHECK_EQ(receive_from(server, text, 8, &c), 1);
    CHECK_EQ(c.pid, getpid());
}

TEST(who_asks_gets_a_name)
{
    struct name name = abstract_name("r");
    int fd = unix_socket(SOCK_DGRAM), other = unix_socket(SOCK_DGRAM);

    unix_bound(SOCK_DGRAM, &name);
    pass_credentials(fd);
    pass_credentials(other);
    CHECK_EQ(sendto(fd, "x", 1, 0, (struct sockaddr *)&name.un, name.length),
             1);
    CHECK_EQ(name_of(fd).length, 8);
    CHECK_OK(try_connect(other, &name));
    CHECK_EQ(name_of(other).length, 8);
    struct name listening = abstract_name("l");
    unix_listener(SOCK_STREAM, &listening, 1);
    int stream = unix_socket(SOCK_STREAM);
    pass_credentials(stream);
    CHECK_OK(try_connect(stream, &listening));
    CHECK_EQ(name_of(stream).length, 8);
}

TEST(root_may_claim)
{
    int pair[2];
    char text[8];
    struct credentials c;

    if (geteuid() != 0)
        skip("not root");
    CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    pass_credentials(pair[1]);
    struct credentials claim = {getppid(), 77, 88};
    CHECK_EQ(send_as(pair[0], claim, sizeof(claim)), 1);
    CHECK_EQ(receive_from(pair[1], text, 8, &c), 1);
    check_credentials(c, getppid(), 77, 88);
    claim.pid = 1 << 30;
    CHECK_ERRNO(send_as(pair[0], claim, sizeof(claim)), ESRCH);
    claim = (struct credentials){getpid(), -1, 0};
    CHECK_ERRNO(send_as(pair[0], claim, sizeof(claim)), EINVAL);
    claim.uid = 0;
    CHECK_ERRNO(send_as(pair[0], claim, sizeof(claim) - 1), EINVAL);
    CHECK_ERRNO(send_as(pair[0], claim, sizeof(claim) + 4), EINVAL);
}

TEST(others_may_not)
{
    int pair[2];
    char text[8];
    struct credentials c;

    if (geteuid() != 0)
        skip("not root");
    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    pass_credentials(pair[1]);
    CHECK_OK(setresgid(1, 2, 3));
    CHECK_OK(setresuid(1, 2, 3));
    const struct credentials lies[] = {
        {getppid(), 1, 1}, {getpid(), 0, 1}, {getpid(), 1, 0}};
    for (int i = 0; i < 3; i++)
        CHECK_ERRNO(send_as(pair[0], lies[i], sizeof(lies[i])), EPERM);
    const struct credentials truths[] = {
        {getpid(), 1, 1}, {getpid(), 2, 3}, {getpid(), 3, 2}};
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(send_as(pair[0], truths[i], sizeof(truths[i])), 1);
        CHECK_EQ(receive_from(pair[1], text, 8, &c), 1);
        check_credentials(c, getpid(), truths[i].uid, truths[i].gid);
    }
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);  // unsaid: the real ones
    CHECK_EQ(receive_from(pair[1], text, 8, &c), 1);
    check_credentials(c, getpid(), 1, 1);
}

TEST(no_room_for_them)
{
    int pair[2];
    char byte;
    struct iovec vector = {&byte, 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};

    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    pass_credentials(pair[1]);
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    CHECK_EQ(recvmsg(pair[1], &message, 0), 1);
    CHECK_EQ(message.msg_flags, MSG_CTRUNC);
    CHECK_EQ(send(pair[0], "x", 1, 0), 1);
    CHECK_EQ(read(pair[1], &byte, 1), 1);
}

TEST(options)
{
    int pair[2], value = 7;
    socklen_t length = sizeof(value);
    char label[64];

    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    CHECK_OK(getsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &value, &length));
    CHECK_EQ(value, 0);
    value = 7;
    CHECK_OK(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &value, length));
    CHECK_OK(getsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &value, &length));
    CHECK_EQ(value, 1);
    CHECK_ERRNO(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &value, 3),
                EINVAL);
    CHECK_ERRNO(setsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &value, 4),
                ENOPROTOOPT);
    length = sizeof(label);
    CHECK_ERRNO(getsockopt(pair[0], SOL_SOCKET, SO_PEERSEC, label, &length),
                ENOPROTOOPT);
}
