// SPDX-License-Identifier: MIT
//
// Descriptors in messages, SCM_RIGHTS in unix(7).
#include "unix.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define MANY 253  // SCM_MAX_FD

// Room for the items of one message.
union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE((MANY + 3) * sizeof(int))];
};

static void make_pair(int type, int pair[2])
{
    CHECK_OK(socketpair(AF_UNIX, type, 0, pair));
}

// Send text with descriptors.
static ssize_t send_fds(int socket, const char *text, const int *fds, int count,
                        int flags)
{
    union control control;
    struct iovec vector = {(char *)text, strlen(text)};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(count * sizeof(int))};

    memset(&control, 0, sizeof(control));
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
    return sendmsg(socket, &message, flags);
}

// What a recvmsg brought.
struct received {
    ssize_t length;
    char text[64];
    int flags, count;
    int fds[MANY + 3];
};

// Receive up to n bytes, with room for so many descriptors (negative: none at
// all, not even for a header).
static struct received receive(int socket, size_t n, int room, int flags)
{
    static union control control;
    struct received r = {.count = 0};
    struct iovec vector = {r.text, n};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = room < 0 ? NULL : &control,
                             .msg_controllen =
                                 room < 0 ? 0 : CMSG_LEN(room * sizeof(int))};

    r.length = recvmsg(socket, &message, flags);
    r.flags = message.msg_flags;
    struct cmsghdr *item = CMSG_FIRSTHDR(&message);
    if (r.length >= 0 && item) {
        CHECK_EQ(item->cmsg_level, SOL_SOCKET);
        CHECK_EQ(item->cmsg_type, SCM_RIGHTS);
        r.count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(r.fds, CMSG_DATA(item), r.count * sizeof(int));
    }
    return r;
}

static bool same_file(int a, int b)
{
    struct stat x, y;

    CHECK_OK(fstat(a, &x));
    CHECK_OK(fstat(b, &y));
    return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

// The write end of a pipe that nobody else holds; *reader sees its end.
static int lone_writer(int *reader)
{
    int ends[2];

    CHECK_OK(pipe(ends));
    *reader = ends[0];
    return ends[1];
}

// Has every descriptor of the pipe's other end been closed?
static bool at_end(int reader)
{
    return poll_events(reader, POLLIN, 0) & POLLHUP;
}

TEST(a_file_arrives)
{
    const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};

    for (int i = 0; i < 3; i++) {
        int pair[2], reader, writer = lone_writer(&reader);
        char buffer[8];

        make_pair(types[i], pair);
        CHECK_EQ(send_fds(pair[0], "take", &writer, 1, 0), 4);
        CHECK_OK(close(writer));
        CHECK(!at_end(reader));  // the message holds it
        struct received r = receive(pair[1], 64, 1, 0);
        CHECK_EQ(r.length, 4);
        CHECK_EQ(r.count, 1);
        CHECK_EQ(r.flags, 0);
        CHECK_EQ(fcntl(r.fds[0], F_GETFD), 0);
        write_all(r.fds[0], "hi", 2);
        CHECK_EQ(read(reader, buffer, 8), 2);
        CHECK_OK(close(r.fds[0]));
        CHECK(at_end(reader));
    }
}

TEST(the_open_file_is_shared)
{
    int pair[2], fd = CHECK_OK(open("/proc/self/status", O_RDONLY));

    make_pair(SOCK_STREAM, pair);
    CHECK_EQ(send_fds(pair[0], "x", &fd, 1, 0), 1);
    struct received r = receive(pair[1], 1, 1, MSG_CMSG_CLOEXEC);
    CHECK_EQ(r.count, 1);
    CHECK_EQ(fcntl(r.fds[0], F_GETFD), FD_CLOEXEC);
    CHECK_OK(lseek(fd, 3, SEEK_SET));
    CHECK_EQ(lseek(r.fds[0], 0, SEEK_CUR), 3);
    CHECK_OK(fcntl(r.fds[0], F_SETFL, O_NONBLOCK));
    CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

TEST(path_descriptors_too)
{
    int pair[2], fd = CHECK_OK(open("/", O_PATH));

    make_pair(SOCK_DGRAM, pair);
    CHECK_EQ(send_fds(pair[0], "x", &fd, 1, 0), 1);
    struct received r = receive(pair[1], 1, 1, 0);
    CHECK_EQ(r.count, 1);
    CHECK(same_file(r.fds[0], fd));
}

TEST(as_many_as_allowed)
{
    int pair[2], fds[MANY + 1];

    make_pair(SOCK_STREAM, pair);
    for (int i = 0; i <= MANY; i++)
        fds[i] = i % 2 ? pair[0] : STDIN_FILENO;
    CHECK_ERRNO(send_fds(pair[0], "x", fds, MANY + 1, 0), EINVAL);
    CHECK_EQ(send_fds(pair[0], "x", fds, MANY, 0), 1);
    struct received r = receive(pair[1], 1, MANY, 0);
    CHECK_EQ(r.count, MANY);
    CHECK(same_file(r.fds[1], pair[0]) && same_file(r.fds[252], STDIN_FILENO));
}

TEST(several_items_are_one)
{
    union control control;
    struct iovec vector = {"x", 1};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = 2 * CMSG_SPACE(2 * sizeof(int))};
    int pair[2];

    make_pair(SOCK_STREAM, pair);
    memset(&control, 0, sizeof(control));
    int next = 0;
    for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item;
         item = CMSG_NXTHDR(&message, item)) {
        item->cmsg_level = SOL_SOCKET;
        item->cmsg_type = SCM_RIGHTS;
        item->cmsg_len = CMSG_LEN(2 * sizeof(int));
        int fds[2] = {pair[next], pair[!next]};
        memcpy(CMSG_DATA(item), fds, sizeof(fds));
        next = 1;
    }
    CHECK_EQ(sendmsg(pair[0], &message, 0), 1);
    struct received r = receive(pair[1], 1, 8, 0);
    CHECK_EQ(r.count, 4);
    CHECK(same_file(r.fds[0], pair[0]) && same_file(r.fds[1], pair[1]));
    CHECK(same_file(r.fds[2], pair[1]) && same_file(r.fds[3], pair[0]));
}

TEST(bad_descriptors)
{
    int pair[2], reader, writer = lone_writer(&reader);

    make_pair(SOCK_STREAM, pair);
    int fds[2] = {writer, -1};
    CHECK_ERRNO(send_fds(pair[0], "x", fds, 2, 0), EBADF);
    fds[1] = 999;
    CHECK_ERRNO(send_fds(pair[0], "x", fds, 2, 0), EBADF);
    CHECK_OK(close(writer));
    CHECK(at_end(reader));  // nothing holds the good one
    CHECK_EQ(poll_events(pair[1], POLLIN, 0), 0);
}

TEST(none_is_no_item)
{
    int pair[2];

    make_pair(SOCK_STREAM, pair);
    CHECK_EQ(send_fds(pair[0], "x", NULL, 0, 0), 1);
    struct received r = receive(pair[1], 1, 4, 0);
    CHECK_EQ(r.count, 0);
    CHECK_EQ(r.flags, 0);
}

TEST(other_items)
{
    struct {
        struct cmsghdr header;
        int value;
    } item = {{.cmsg_len = CMSG_LEN(sizeof(int)),
               .cmsg_level = SOL_SOCKET,
               .cmsg_type = 77},
              1};
    struct iovec vector = {"x", 1};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = &item,
                             .msg_controllen = sizeof(item)};
    int pair[2];

    make_pair(SOCK_STREAM, pair);
    CHECK_ERRNO(sendmsg(pair[0], &message, 0), EINVAL);
    item.header.cmsg_level = IPPROTO_IP;  // not for this family: no matter
    CHECK_EQ(sendmsg(pair[0], &message, 0), 1);
    item.header.cmsg_len = 1000;
    CHECK_ERRNO(sendmsg(pair[0], &message, 0), EINVAL);
}

TEST(too_little_room_closes_the_rest)
{
    int pair[2], readers[3], writers[3];

    make_pair(SOCK_STREAM, pair);
    for (int room = -1; room < 3; room++) {
        for (int i = 0; i < 3; i++)
            writers[i] = lone_writer(&readers[i]);
        CHECK_EQ(send_fds(pair[0], "x", writers, 3, 0), 1);
        for (int i = 0; i < 3; i++)
            CHECK_OK(close(writers[i]));
        struct received r = receive(pair[1], 1, room, 0);
        int got = room < 0 ? 0 : room;
        CHECK_EQ(r.length, 1);
        CHECK_EQ(r.count, got);
        CHECK_EQ(r.flags, MSG_CTRUNC);
        for (int i = 0; i < 3; i++)
            CHECK_EQ(at_end(readers[i]), i >= got);
    }
}

TEST(read_drops_them)
{
    int pair[2], reader, writer = lone_writer(&reader);
    char byte;

    make_pair(SOCK_STREAM, pair);
    CHECK_EQ(send_fds(pair[0], "x", &writer, 1, 0), 1);
    CHECK_OK(close(writer));
    CHECK_EQ(read(pair[1], &byte, 1), 1);
    CHECK(at_end(reader));
}

TEST(no_free_descriptor)
{
    int pair[2], fds[2] = {STDIN_FILENO, STDIN_FILENO};
    struct rlimit limit;

    make_pair(SOCK_STREAM, pair);
    CHECK_EQ(send_fds(pair[0], "x", fds, 2, 0), 1);
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = lowest_free_fd() + 1;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    struct received r = receive(pair[1], 1, 2, 0);
    CHECK_EQ(r.length, 1);
    CHECK_EQ(r.count, 1);
    CHECK_EQ(r.flags, MSG_CTRUNC);
}

TEST(peeking_duplicates)
{
    int pair[2], reader, writer = lone_writer(&reader);

    make_pair(SOCK_STREAM, pair);
    CHECK_EQ(send_fds(pair[0], "x", &writer, 1, 0), 1);
    CHECK_OK(close(writer));
    struct received first = receive(pair[1], 1, 1, MSG_PEEK);
    struct received second = receive(pair[1], 1, 1, 0);
    CHECK_EQ(first.count, 1);
    CHECK_EQ(second.count, 1);
    CHECK(first.fds[0] != second.fds[0]);
    CHECK_OK(close(first.fds[0]));
    CHECK(!at_end(reader));
    CHECK_OK(close(second.fds[0]));
    CHECK(at_end(reader));
}

// In a stream, files come with the first byte of the send that had them, and a
// read does not go on behind those bytes.
TEST(their_place_in_a_stream)
{
    int pair[2], fd = STDIN_FILENO;

    make_pair(SOCK_STREAM, pair);
    write_all(pair[0], "before", 6);
    CHECK_EQ(send_fds(pair[0], "with", &fd, 1, 0), 4);
    write_all(pair[0], "behind", 6);
    CHECK_EQ(send_fds(pair[0], "more", &fd, 1, 0), 4);
    struct received r = receive(pair[1], 64, 4, MSG_WAITALL);
    CHECK_EQ(r.length, 10);
    CHECK_MEMORY(r.text, "beforewith", 10);
    CHECK_EQ(r.count, 1);
    r = receive(pair[1], 7, 4, 0);
    CHECK_EQ(r.length, 7);
    CHECK_MEMORY(r.text, "behindm", 7);
    CHECK_EQ(r.count, 1);
    r = receive(pair[1], 64, 4, 0);
    CHECK_EQ(r.length, 3);  // "ore", whose file has come already
    CHECK_EQ(r.count, 0);
}

TEST(peeking_stops_there_too)
{
    int pair[2], fd = STDIN_FILENO;

    make_pair(SOCK_STREAM, pair);
    write_all(pair[0], "a", 1);
    CHECK_EQ(send_fds(pair[0], "b", &fd, 1, 0), 1);
    write_all(pair[0], "c", 1);
    struct received r = receive(pair[1], 64, 4, MSG_PEEK);
    CHECK_EQ(r.length, 2);
    CHECK_EQ(r.count, 1);
    r = receive(pair[1], 64, 4, 0);
    CHECK_EQ(r.length, 2);
    CHECK_EQ(r.count, 1);
    CHECK_EQ(receive(pair[1], 64, 4, 0).length, 1);
}

TEST(a_long_send_carries_them_once)
{
    static char data[100000], in[100000];
    int pair[2], fd = STDIN_FILENO;
    union control control;
    struct iovec vector = {data, sizeof(data)};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(sizeof(int))};

    make_pair(SOCK_STREAM, pair);
    control.header = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(4), .cmsg_level = SOL_SOCKET, .cmsg_type = 1};
    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    CHECK_EQ(sendmsg(pair[0], &message, 0), sizeof(data));
    CHECK_EQ(receive(pair[1], 1, 4, 0).count, 1);
    CHECK_EQ(receive(pair[1], 1, 4, 0).count, 0);
    read_all(pair[1], in, sizeof(data) - 2);
}

TEST(files_of_unread_messages_are_closed)
{
    int pair[2], reader, writer = lone_writer(&reader);

    make_pair(SOCK_DGRAM, pair);
    CHECK_EQ(send_fds(pair[0], "x", &writer, 1, 0), 1);
    CHECK_OK(close(writer));
    CHECK_OK(close(pair[1]));
    CHECK(at_end(reader));
}

TEST(files_wait_for_accept)
{
    struct name name = abstract_name("l");
    int listener = unix_listener(SOCK_STREAM, &name, 1);
    int client = unix_connected(SOCK_STREAM, &name);
    int reader, writer = lone_writer(&reader);

    CHECK_EQ(send_fds(client, "x", &writer, 1, 0), 1);
    CHECK_OK(close(writer));
    CHECK_OK(close(client));
    int server = CHECK_OK(accept(listener, NULL, NULL));
    struct received r = receive(server, 1, 1, 0);
    CHECK_EQ(r.count, 1);
    CHECK(!at_end(reader));
}

TEST(a_listener_that_closes_frees_them)
{
    struct name name = abstract_name("l");
    int listener = unix_listener(SOCK_STREAM, &name, 1);
    int client = unix_connected(SOCK_STREAM, &name);
    int reader, writer = lone_writer(&reader);

    CHECK_EQ(send_fds(client, "x", &writer, 1, 0), 1);
    CHECK_OK(close(writer));
    CHECK_OK(close(listener));
    CHECK(at_end(reader));
}

TEST(a_send_that_fails_keeps_nothing)
{
    int pair[2], reader, writer = lone_writer(&reader);
    static char data[300000];
    struct name name = abstract_name("nobody");
    union control control;
    struct iovec vector = {data, 1};
    struct msghdr message = {.msg_name = &name.un,
                             .msg_namelen = name.length,
                             .msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = CMSG_SPACE(sizeof(int))};

    control.header = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(4), .cmsg_level = SOL_SOCKET, .cmsg_type = 1};
    memcpy(CMSG_DATA(&control.header), &writer, sizeof(writer));
    CHECK_ERRNO(sendmsg(unix_socket(SOCK_DGRAM), &message, 0), ECONNREFUSED);
    make_pair(SOCK_DGRAM, pair);
    message.msg_namelen = 0;
    vector.iov_len = sizeof(data);
    CHECK_ERRNO(sendmsg(pair[0], &message, 0), EMSGSIZE);
    vector = (struct iovec){bad_pointer(), 1};
    CHECK_ERRNO(sendmsg(pair[0], &message, 0), EFAULT);
    CHECK_OK(close(writer));
    CHECK(at_end(reader));
}

TEST(a_bad_pointer_for_them)
{
    int pair[2], fd = STDIN_FILENO, before = lowest_free_fd() + 2;
    char byte;
    struct iovec vector = {&byte, 1};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = bad_pointer(),
                             .msg_controllen = CMSG_SPACE(sizeof(int))};

    if (!on_wharf())
        skip("Linux goes on without them");
    make_pair(SOCK_STREAM, pair);
    CHECK_EQ(send_fds(pair[0], "x", &fd, 1, 0), 1);
    CHECK_ERRNO(recvmsg(pair[1], &message, MSG_DONTWAIT), EFAULT);
    CHECK_EQ(lowest_free_fd(), before);
    CHECK_EQ(receive(pair[1], 1, 1, MSG_DONTWAIT).count, 1);
}

TEST(users_have_a_limit)
{
    int pair[2], fds[10], sent = 0;
    struct rlimit limit;

    if (geteuid() != 0)
        skip("not root");
    for (int i = 0; i < 10; i++)
        fds[i] = STDIN_FILENO;
    make_pair(SOCK_STREAM, pair);
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = 64;
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
    CHECK_OK(setresuid(54321, 54321, 54321));
    while (send_fds(pair[0], "x", fds, 10, MSG_DONTWAIT) == 1)
        sent += 10;
    CHECK_EQ(errno, ETOOMANYREFS);
    CHECK_EQ(sent, 70);  // the first one past the limit goes through
    CHECK_EQ(send(pair[0], "x", 1, MSG_DONTWAIT), 1);
    CHECK_EQ(receive(pair[1], 1, 0, 0).length, 1);
    CHECK_EQ(send_fds(pair[0], "x", fds, 10, MSG_DONTWAIT), 1);
}
