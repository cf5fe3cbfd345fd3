// SPDX-License-Identifier: MIT
//
// AF_UNIX under several processes that make, connect, pass and close sockets at
// random, all in each other's way. What must hold: no call fails in a way that
// its page does not name, nobody hangs, and nothing is left at the end.
#include "unix.h"

#include <sys/uio.h>

#define SLOTS    24
#define WORKERS  4
#define MEETINGS 3  // names that all of them share

static int slots[SLOTS];  // descriptors, -1: free

static int any_slot(void)
{
    return rand() % SLOTS;
}

static struct name meeting(int i)
{
    struct name name = {.un = {AF_UNIX, "\0meeting"}};

    name.length = offsetof(struct sockaddr_un, sun_path) +
                  sprintf(name.un.sun_path + 1, "meeting-%d-%d", getppid(), i) +
                  1;
    return name;
}

static int random_type(void)
{
    const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    return types[rand() % 3] | SOCK_NONBLOCK;
}

static void keep(int slot, int fd)
{
    if (slots[slot] >= 0)
        CHECK_OK(close(slots[slot]));
    slots[slot] = fd;
}

static void make_pair(void)
{
    int pair[2];

    CHECK_OK(socketpair(AF_UNIX, random_type(), 0, pair));
    keep(any_slot(), pair[0]);
    int other = any_slot();
    keep(other, pair[1]);
}

static void make_listener(void)
{
    struct name name = meeting(rand() % MEETINGS);
    int fd = CHECK_OK(socket(AF_UNIX, random_type(), 0));

    if (try_bind(fd, &name) < 0) {
        CHECK_EQ(errno, EADDRINUSE);
        CHECK_OK(close(fd));
        return;
    }
    if (listen(fd, rand() % 4) < 0)
        CHECK_EQ(errno, EOPNOTSUPP);
    keep(any_slot(), fd);
}

static void make_connection(void)
{
    struct name name = meeting(rand() % MEETINGS);
    int fd = CHECK_OK(socket(AF_UNIX, random_type(), 0));

    if (try_connect(fd, &name) < 0)
        CHECK(errno == ECONNREFUSED || errno == EAGAIN || errno == EPERM);
    keep(any_slot(), fd);
}

static void take_connection(void)
{
    int fd = accept4(slots[any_slot()], NULL, NULL, SOCK_NONBLOCK);

    if (fd < 0)
        CHECK(errno == EAGAIN || errno == EINVAL || errno == EBADF ||
              errno == EOPNOTSUPP);
    else
        keep(any_slot(), fd);
}

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(3 * sizeof(int))];
};

static void send_some(void)
{
    static char data[3000];
    union control control;
    struct iovec vector = {data, rand() % sizeof(data) + 1};
    int fds[3], count = 0;
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};

    for (int i = rand() % 4; i > 0; i--) {
        int fd = slots[any_slot()];
        if (fd >= 0)
            fds[count++] = fd;
    }
    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
    }
    if (sendmsg(slots[any_slot()], &message, MSG_NOSIGNAL) < 0)
        CHECK(errno == EAGAIN || errno == EBADF || errno == ENOTCONN ||
              errno == EPIPE || errno == ECONNREFUSED || errno == ECONNRESET ||
              errno == EPERM);
}

static void receive_some(void)
{
    static char data[3000];
    union control control;
    struct iovec vector = {data, rand() % sizeof(data) + 1};
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};

    if (recvmsg(slots[any_slot()], &message, rand() % 4 ? 0 : MSG_PEEK) < 0) {
        CHECK(errno == EAGAIN || errno == EBADF || errno == ENOTCONN ||
              errno == EINVAL || errno == ECONNRESET);
        return;
    }
    struct cmsghdr *item = CMSG_FIRSTHDR(&message);
    size_t count = item ? (item->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
    for (size_t i = 0; i < count; i++) {
        int fd;
        memcpy(&fd, CMSG_DATA(item) + i * sizeof(int), sizeof(fd));
        keep(any_slot(), fd);
    }
}

static void end_some(void)
{
    int slot = any_slot();

    if (rand() % 8 == 0)
        shutdown(slots[slot], rand() % 3);
    else
        keep(slot, -1);
}

static void work(int worker, int steps)
{
    static void (*const deeds[])(void) = {
        make_pair, make_listener, make_connection, take_connection, send_some,
        send_some, receive_some,  receive_some,    end_some,
    };

    srand(random_seed * WORKERS + worker);
    for (int i = 0; i < SLOTS; i++)
        slots[i] = -1;
    for (int i = 0; i < steps; i++)
        deeds[rand() % (sizeof(deeds) / sizeof(deeds[0]))]();
    _exit(0);
}

static int count_sockets(void)
{
    FILE *file = fopen("/proc/net/unix", "r");
    char line[512];
    int n = -1;

    CHECK(file != NULL);
    while (fgets(line, sizeof(line), file))
        n++;
    fclose(file);
    return n;
}

TEST_SECONDS(nothing_is_left, 120)
{
    int before = count_sockets();
    pid_t workers[WORKERS];

    for (int i = 0; i < WORKERS; i++)
        if ((workers[i] = fork_child()) == 0)
            work(i, 2000);
    for (int i = 0; i < WORKERS; i++)
        wait_child(workers[i]);
    close(unix_socket(SOCK_STREAM));  // the collector's last call
    if (on_wharf())
        CHECK_EQ(count_sockets(), before);
}
