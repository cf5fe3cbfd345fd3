// SPDX-License-Identifier: MIT
//
// AF_NETLINK sockets, netlink(7): names, options, datagrams, acknowledgements,
// lists in pieces, groups and lost notifications. What the messages of
// NETLINK_ROUTE say is tested in rtnetlink_*.c.
#include "harness.h"

#include "private_network.h"
#include "rtnetlink.h"

#include <arpa/inet.h>

static struct request request;

static void ask_links(struct request *r, int flags)
{
    struct link_body body = {0};
    request_begin(r, GET_LINK, flags, &body, sizeof(body));
}

static void change_address(struct request *r, int type, int flags, unsigned ip,
                           int prefix)
{
    struct address_body body = {
        .family = AF_INET, .prefix = prefix, .index = interface_index("lo")};
    request_begin(r, type, flags, &body, sizeof(body));
    request_add_u32(r, ADDRESS_LOCAL, htonl(ip));
}

static void add_address(int fd, unsigned ip)
{
    change_address(&request, NEW_ADDRESS, FLAG_CREATE | FLAG_EXCLUSIVE, ip, 32);
    CHECK_EQ(request_run(fd, &request), 0);
}

static void delete_address(int fd, unsigned ip)
{
    change_address(&request, DELETE_ADDRESS, 0, ip, 32);
    CHECK_EQ(request_run(fd, &request), 0);
}

// ---- sockets and their names ----

TEST(types_and_protocols)
{
    CHECK_OK(socket(AF_NETLINK, SOCK_RAW, 0));
    CHECK_OK(socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    CHECK_ERRNO(socket(AF_NETLINK, SOCK_STREAM, 0), ESOCKTNOSUPPORT);
    CHECK_ERRNO(socket(AF_NETLINK, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
    CHECK_ERRNO(socket(AF_NETLINK, SOCK_RAW, 31), EPROTONOSUPPORT);
    CHECK_ERRNO(socket(AF_NETLINK, SOCK_RAW, 100), EPROTONOSUPPORT);
    CHECK_ERRNO(socket(AF_NETLINK, SOCK_RAW, -1), EPROTONOSUPPORT);
    CHECK_ERRNO(socketpair(AF_NETLINK, SOCK_RAW, 0, (int[2]){0}), EOPNOTSUPP);
}

TEST(port_is_the_process_then_another)
{
    int one = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, 0));
    CHECK_EQ(netlink_port(one), 0);
    struct netlink_address name = {.family = AF_NETLINK};
    CHECK_OK(bind(one, (void *)&name, sizeof(name)));
    CHECK_EQ(netlink_port(one), getpid());
    int other = netlink_open();
    CHECK(netlink_port(other) != 0);
    CHECK(netlink_port(other) != (uint32_t)getpid());
}

TEST(bind_errors)
{
    int fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, 0));
    struct netlink_address name = {.family = AF_NETLINK, .port = 77777777};
    struct netlink_address other = {.family = AF_INET};
    CHECK_ERRNO(bind(fd, (void *)&name, sizeof(name) - 1), EINVAL);
    CHECK_ERRNO(bind(fd, (void *)&other, sizeof(other)), EINVAL);
    CHECK_OK(bind(fd, (void *)&name, sizeof(name)));
    CHECK_EQ(netlink_port(fd), 77777777);
    name.port = 77777778;
    CHECK_ERRNO(bind(fd, (void *)&name, sizeof(name)), EINVAL);
    name.port = 77777777;
    CHECK_OK(bind(fd, (void *)&name, sizeof(name)));
    fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, 0));
    CHECK_ERRNO(bind(fd, (void *)&name, sizeof(name)), EADDRINUSE);
}

TEST(port_is_free_after_close)
{
    struct netlink_address name = {.family = AF_NETLINK, .port = 77777777};
    for (int i = 0; i < 3; i++) {
        int fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, 0));
        CHECK_OK(bind(fd, (void *)&name, sizeof(name)));
        CHECK_OK(close(fd));
    }
}

TEST(bind_and_membership_options_share_groups)
{
    int fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, 0));
    struct netlink_address name = {.family = AF_NETLINK, .groups = 0x11};
    uint32_t mask[4] = {0};
    socklen_t length = sizeof(mask);
    CHECK_OK(bind(fd, (void *)&name, sizeof(name)));
    CHECK_OK(netlink_set(fd, OPTION_ADD, 7));
    CHECK_OK(netlink_set(fd, OPTION_DROP, 1));
    CHECK_OK(getsockopt(fd, SOL_NETLINK, OPTION_LIST, mask, &length));
    CHECK_EQ(mask[0], 0x50);
    CHECK(length >= 4);
    length = sizeof(name);
    CHECK_OK(getsockname(fd, (void *)&name, &length));
    CHECK_EQ(name.groups, 0x50);
    CHECK_ERRNO(netlink_set(fd, OPTION_ADD, 0), EINVAL);
    CHECK_ERRNO(netlink_set(fd, OPTION_ADD, 1000), EINVAL);
}

TEST(peer)
{
    struct netlink_address name = {0};
    socklen_t length = sizeof(name);
    int fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, 0));
    CHECK_OK(getpeername(fd, (void *)&name, &length));
    CHECK_EQ(name.family, AF_NETLINK);
    CHECK_EQ(name.port, 0);
    CHECK_ERRNO(connect(fd, (void *)&name, sizeof(name) - 1), EINVAL);
    CHECK_OK(connect(fd, (void *)&name, sizeof(name)));
    CHECK_EQ(netlink_port(fd), getpid());  // connect binds
}

TEST(what_is_not_for_datagrams)
{
    int fd = netlink_open();
    CHECK_ERRNO(listen(fd, 1), EOPNOTSUPP);
    CHECK_ERRNO(accept(fd, NULL, NULL), EOPNOTSUPP);
    CHECK_ERRNO(shutdown(fd, SHUT_RD), EOPNOTSUPP);
    CHECK_ERRNO(recv(fd, &request, 1, MSG_OOB), EOPNOTSUPP);
    CHECK_ERRNO(send(fd, &request, 16, MSG_OOB), EOPNOTSUPP);
    CHECK_ERRNO(recv(fd, &request, 1, MSG_DONTWAIT), EAGAIN);
}

TEST(options)
{
    static const int flags[] = {OPTION_PKTINFO, OPTION_NO_ENOBUFS,
                                OPTION_CAP_ACK, OPTION_EXT_ACK, OPTION_STRICT};
    int fd = netlink_open();
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        int value = 7;
        socklen_t length = sizeof(value);
        CHECK_OK(getsockopt(fd, SOL_NETLINK, flags[i], &value, &length));
        CHECK_EQ(value, 0);
        CHECK_OK(netlink_set(fd, flags[i], 5));
        CHECK_OK(getsockopt(fd, SOL_NETLINK, flags[i], &value, &length));
        CHECK_EQ(value, 1);
        CHECK_EQ(length, sizeof(value));
    }
    CHECK_ERRNO(netlink_set(fd, 99, 1), ENOPROTOOPT);
    int value = 1;
    CHECK_ERRNO(setsockopt(fd, IPPROTO_TCP, 1, &value, sizeof(value)),
                ENOPROTOOPT);
}

// ---- sending ----

TEST(send_errors)
{
    struct netlink_address nobody = {.family = AF_NETLINK, .port = 66666666};
    struct netlink_address wrong = {.family = AF_INET};
    int small = 1, fd = netlink_open();
    char big[8192] = {0};
    CHECK_ERRNO(sendto(fd, big, 16, 0, (void *)&wrong, sizeof(wrong)), EINVAL);
    CHECK_ERRNO(sendto(fd, big, 16, 0, (void *)&nobody, 4), EINVAL);
    if (geteuid() == 0)
        CHECK_ERRNO(sendto(fd, big, 16, 0, (void *)&nobody, sizeof(nobody)),
                    ECONNREFUSED);
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)));
    CHECK_ERRNO(send(fd, big, sizeof(big), 0), EMSGSIZE);
    CHECK_ERRNO(send(fd, bad_pointer(), 16, 0), EFAULT);
}

TEST(one_process_to_another)
{
    if (geteuid() != 0)
        skip("needs root");
    int one = netlink_open(), other = netlink_open();
    struct netlink_address to = {.family = AF_NETLINK,
                                 .port = netlink_port(other)};
    socklen_t length = sizeof(to);
    char text[8];
    CHECK_EQ(sendto(one, "hello", 5, 0, (void *)&to, sizeof(to)), 5);
    CHECK_EQ(recvfrom(other, text, sizeof(text), 0, (void *)&to, &length), 5);
    CHECK_MEMORY(text, "hello", 5);
    CHECK_EQ(to.port, netlink_port(one));
}

TEST(impossible_lengths_are_dropped)
{
    int fd = netlink_open();
    struct netlink_header header = {
        .length = 4, .type = GET_LINK, .flags = FLAG_REQUEST | FLAG_ACK};
    CHECK_OK(send(fd, &header, sizeof(header), 0));
    header.length = sizeof(header) + 1;  // more than there is
    CHECK_OK(send(fd, &header, sizeof(header), 0));
    CHECK_OK(send(fd, &header, 5, 0));
    CHECK(!anything_waits(fd));
}

TEST(two_requests_in_a_datagram)
{
    struct link_body body = {.index = interface_index("lo")};
    int fd = netlink_open();
    struct request two[2];
    request_begin(&two[0], GET_LINK, 0, &body, sizeof(body));
    size_t first = two[0].header.length;
    request_begin(&request, GET_LINK, 0, &body, sizeof(body));
    memcpy((char *)two + first, &request, request.header.length);
    CHECK_OK(send(fd, two, first + request.header.length, 0));
    receive_messages(fd);
    CHECK_EQ(next_message(NULL)->type, NEW_LINK);
    CHECK_EQ(next_message(NULL)->sequence, two[0].header.sequence);
    receive_messages(fd);
    CHECK_EQ(next_message(NULL)->sequence, request.header.sequence);
}

// ---- acknowledgements ----

TEST(unknown_type)
{
    int fd = netlink_open();
    ask_links(&request, 0);
    request.header.type = 122;
    int error = request_run(fd, &request);
    CHECK(error == EOPNOTSUPP || error == EPERM);
    request.header.type = 5000;
    CHECK_EQ(request_run(fd, &request), EOPNOTSUPP);
}

TEST(control_messages_and_answers_are_only_acknowledged)
{
    int fd = netlink_open();
    ask_links(&request, 0);
    request.header.type = 1;  // NOOP
    CHECK_EQ(request_run(fd, &request), 0);
    ask_links(&request, 0);
    request.header.flags = FLAG_ACK;  // no request
    CHECK_OK(send(fd, &request, request.header.length, 0));
    receive_messages(fd);
    CHECK_EQ(next_message(NULL)->type, MESSAGE_ERROR);
    CHECK_EQ(*(const int *)message_body(next_message(NULL)), 0);
}

static const struct netlink_header *failure(int fd)
{
    struct link_body body = {.index = 9999};
    request_begin(&request, GET_LINK, 0, &body, sizeof(body));
    request_add(&request, LINK_NAME, "nobody", 7);
    request_send(fd, &request);
    receive_messages(fd);
    const struct netlink_header *message = next_message(NULL);
    CHECK_EQ(message->type, MESSAGE_ERROR);
    CHECK_EQ(*(const int *)message_body(message), -ENODEV);
    return message;
}

TEST(a_failed_request_is_repeated)
{
    int fd = netlink_open();
    const struct netlink_header *message = failure(fd);
    CHECK_EQ(message->length, 16 + 4 + request.header.length);
    CHECK_MEMORY((const char *)(message + 1) + 4, &request,
                 request.header.length);
    CHECK_EQ(message->flags & FLAG_CAPPED, 0);
}

TEST(or_its_header_alone)
{
    int fd = netlink_open();
    CHECK_OK(netlink_set(fd, OPTION_CAP_ACK, 1));
    const struct netlink_header *message = failure(fd);
    CHECK_EQ(message->length, 16 + 4 + 16);
    CHECK_EQ(message->flags & FLAG_CAPPED, FLAG_CAPPED);
}

static void has_words(const struct netlink_header *message, size_t body)
{
    size_t length;
    const char *why = message_attribute(message, body, 1, &length);
    CHECK(message->flags & FLAG_ATTRIBUTES);
    CHECK(why && length > 1 && why[length - 1] == '\0');
}

TEST(an_error_in_words)
{
    private_network();
    int fd = netlink_open();
    struct route_body body = {.family = AF_INET, .to_prefix = 33, .type = 1};
    CHECK_OK(netlink_set(fd, OPTION_CAP_ACK, 1));
    CHECK_OK(netlink_set(fd, OPTION_EXT_ACK, 1));
    request_begin(&request, NEW_ROUTE, FLAG_CREATE, &body, sizeof(body));
    request_send(fd, &request);
    receive_messages(fd);
    CHECK_EQ(next_message(NULL)->type, MESSAGE_ERROR);
    CHECK_EQ(*(const int *)message_body(next_message(NULL)), -EINVAL);
    CHECK(next_message(NULL)->flags & FLAG_CAPPED);
    has_words(next_message(NULL), 20);
}

// A list that cannot be had ends at once.
TEST(an_error_of_a_list)
{
    int fd = netlink_open();
    struct link_body body = {.index = 1};
    CHECK_OK(netlink_set(fd, OPTION_EXT_ACK, 1));
    CHECK_OK(netlink_set(fd, OPTION_STRICT, 1));
    request_begin(&request, GET_LINK, FLAG_DUMP, &body, sizeof(body));
    request_send(fd, &request);
    receive_messages(fd);
    CHECK_EQ(next_message(NULL)->type, MESSAGE_DONE);
    CHECK_EQ(*(const int *)message_body(next_message(NULL)), -EINVAL);
    has_words(next_message(NULL), 4);
    CHECK(!anything_waits(fd));
}

TEST(only_root_may_change)
{
    struct link_body link = {.index = 1, .flags = 1, .change = 1};
    pid_t child = fork_child();
    if (child == 0) {
        if (geteuid() == 0)
            CHECK_OK(setuid(65534));
        int fd = netlink_open();
        change_address(&request, NEW_ADDRESS, FLAG_CREATE, 0x0a4d0001, 32);
        CHECK_EQ(request_run(fd, &request), EPERM);
        change_address(&request, DELETE_ADDRESS, 0, 0x7f000001, 8);
        CHECK_EQ(request_run(fd, &request), EPERM);
        request_begin(&request, NEW_LINK, 0, &link, sizeof(link));
        CHECK_EQ(request_run(fd, &request), EPERM);
        struct netlink_address to = {.family = AF_NETLINK, .port = 1};
        CHECK_ERRNO(sendto(fd, "x", 1, 0, (void *)&to, sizeof(to)), EPERM);
        to.port = 0;
        to.groups = 1;
        CHECK_ERRNO(connect(fd, (void *)&to, sizeof(to)), EPERM);
        CHECK_OK(netlink_set(fd, OPTION_ADD, GROUP_LINK));  // but listen
        exit(0);
    }
    wait_child(child);
}

// ---- receiving ----

TEST(peek_and_truncation)
{
    char part[24];
    struct iovec iov = {part, sizeof(part)};
    struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};
    struct link_body body = {.index = interface_index("lo")};
    int fd = netlink_open();
    request_begin(&request, GET_LINK, 0, &body, sizeof(body));
    request_send(fd, &request);
    ssize_t length = CHECK_OK(recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC));
    CHECK(length > 200);
    CHECK_EQ(recvmsg(fd, &header, MSG_PEEK), sizeof(part));
    CHECK_EQ(header.msg_flags & MSG_TRUNC, MSG_TRUNC);
    CHECK_EQ(((struct netlink_header *)part)->length, length);
    CHECK_EQ(recvmsg(fd, &header, MSG_TRUNC), length);
    CHECK(!anything_waits(fd));  // what did not fit is lost
}

TEST(a_bad_pointer_loses_nothing)
{
    struct link_body body = {.index = interface_index("lo")};
    int fd = netlink_open();
    request_begin(&request, GET_LINK, 0, &body, sizeof(body));
    request_send(fd, &request);
    CHECK_ERRNO(recv(fd, bad_pointer(), 4096, 0), EFAULT);
    if (on_wharf())
        CHECK(anything_waits(fd));
}

static int listed;

static void count_message(const struct netlink_header *message)
{
    listed += message->type == NEW_ADDRESS;
}

TEST(a_long_list_comes_in_pieces)
{
    enum {
        MANY = 300
    };
    struct address_body body = {.family = AF_INET};
    private_network();
    int fd = netlink_open();
    for (int i = 0; i < MANY; i++)
        add_address(fd, 0x0a4d0001 + i);
    // Not even the smallest receive buffer limits the list.
    int small = 1;
    CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)));
    request_begin(&request, GET_ADDRESS, 0, &body, sizeof(body));
    request_list(fd, &request, count_message);
    CHECK(listed > MANY);
    for (int i = 0; i < MANY; i++)
        delete_address(fd, 0x0a4d0001 + i);
}

// What changes between the pieces is said; another list has to wait.
TEST(a_list_that_is_interrupted)
{
    enum {
        MANY = 100
    };
    struct address_body body = {.family = AF_INET};
    private_network();
    int fd = netlink_open(), other = netlink_open();
    for (int i = 0; i < MANY; i++)
        add_address(other, 0x0a4d0001 + i);
    request_begin(&request, GET_ADDRESS, FLAG_DUMP, &body, sizeof(body));
    request_send(fd, &request);
    unsigned sequence = request.header.sequence;
    add_address(other, 0x0a4e0001);
    request_begin(&request, GET_ADDRESS, FLAG_DUMP, &body, sizeof(body));
    request_send(fd, &request);
    unsigned flags = 0;
    bool busy = false, done = false;
    while (!done || !busy) {
        receive_messages(fd);
        const struct netlink_header *m = NULL;
        while ((m = next_message(m))) {
            if (m->sequence == sequence)
                flags |= m->flags;
            if (m->type == MESSAGE_ERROR) {
                CHECK_EQ(*(const int *)message_body(m), -EBUSY);
                busy = true;
            }
            done |= m->type == MESSAGE_DONE;
        }
    }
    CHECK(flags & FLAG_INTERRUPTED);
    for (int i = 0; i < MANY; i++)
        delete_address(other, 0x0a4d0001 + i);
    delete_address(other, 0x0a4e0001);
}

TEST(poll)
{
    int fd = netlink_open();
    CHECK_EQ(poll_events(fd, POLLIN | POLLOUT, 0), POLLOUT);
    ask_links(&request, FLAG_DUMP);
    request_send(fd, &request);
    CHECK_EQ(poll_events(fd, POLLIN, 5000), POLLIN);
    bool done = false;
    while (!done) {
        const struct netlink_header *m = NULL;
        CHECK_EQ(poll_events(fd, POLLIN, 5000), POLLIN);
        receive_messages(fd);
        while ((m = next_message(m)))
            done |= m->type == MESSAGE_DONE;
    }
    CHECK_EQ(poll_events(fd, POLLIN, 0), 0);
}

// ---- groups ----

TEST(members_hear_of_changes)
{
    private_network();
    int fd = netlink_open(), listener = netlink_open(), deaf = netlink_open();
    struct netlink_address from;
    socklen_t length = sizeof(from);
    CHECK_OK(netlink_set(listener, OPTION_ADD, GROUP_ADDRESS));
    add_address(fd, 0x0a4d0001);
    CHECK_EQ(poll_events(listener, POLLIN, 5000), POLLIN);
    messages_length = CHECK_OK(recvfrom(listener, messages, sizeof(messages), 0,
                                        (void *)&from, &length));
    const struct netlink_header *m = next_message(NULL);
    CHECK_EQ(m->type, NEW_ADDRESS);
    CHECK_EQ(m->sequence, request.header.sequence);
    CHECK_EQ(m->port, netlink_port(fd));
    CHECK(message_has_ip(m, sizeof(struct address_body), ADDRESS_LOCAL,
                         "10.77.0.1"));
    CHECK_EQ(from.groups, 1 << (GROUP_ADDRESS - 1));
    delete_address(fd, 0x0a4d0001);
    receive_messages(listener);
    CHECK_EQ(next_message(NULL)->type, DELETE_ADDRESS);
    CHECK(!anything_waits(deaf));
    CHECK_OK(netlink_set(listener, OPTION_DROP, GROUP_ADDRESS));
    add_address(fd, 0x0a4d0001);
    delete_address(fd, 0x0a4d0001);
    CHECK(!anything_waits(listener));
}

TEST(which_group_it_was)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(4)];
    } control;
    struct iovec iov = {messages, sizeof(messages)};
    struct msghdr header = {.msg_iov = &iov,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof(control)};
    private_network();
    int fd = netlink_open(), listener = netlink_open();
    CHECK_OK(netlink_set(listener, OPTION_ADD, GROUP_ADDRESS));
    CHECK_OK(netlink_set(listener, OPTION_PKTINFO, 1));
    add_address(fd, 0x0a4d0001);
    CHECK_OK(recvmsg(listener, &header, 0));
    struct cmsghdr *item = CMSG_FIRSTHDR(&header);
    CHECK(item && item->cmsg_level == SOL_NETLINK &&
          item->cmsg_type == OPTION_PKTINFO);
    CHECK_EQ(*(uint32_t *)CMSG_DATA(item), GROUP_ADDRESS);
    delete_address(fd, 0x0a4d0001);
}

TEST(echo_comes_once)
{
    private_network();
    int fd = netlink_open();
    CHECK_OK(netlink_set(fd, OPTION_ADD, GROUP_ADDRESS));
    change_address(&request, NEW_ADDRESS, FLAG_CREATE | FLAG_ECHO, 0x0a4d0001,
                   32);
    request_send(fd, &request);
    receive_messages(fd);
    CHECK_EQ(next_message(NULL)->type, NEW_ADDRESS);
    CHECK_EQ(next_message(NULL)->sequence, request.header.sequence);
    CHECK(!anything_waits(fd));
    CHECK_OK(netlink_set(fd, OPTION_DROP, GROUP_ADDRESS));
    delete_address(fd, 0x0a4d0001);
}

static void overrun(int listener)
{
    int small = 1, fd = netlink_open();
    CHECK_OK(
        setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)));
    CHECK_OK(netlink_set(listener, OPTION_ADD, GROUP_ADDRESS));
    for (int i = 0; i < 100; i++) {
        add_address(fd, 0x0a4d0001);
        delete_address(fd, 0x0a4d0001);
    }
    close(fd);
}

TEST(lost_notifications_are_told)
{
    private_network();
    int listener = netlink_open(), fd = netlink_open(), heard = 0;
    overrun(listener);
    CHECK(poll_events(listener, POLLIN, 0) & POLLERR);
    CHECK_ERRNO(recv(listener, messages, sizeof(messages), MSG_DONTWAIT),
                ENOBUFS);
    while (recv(listener, messages, sizeof(messages), MSG_DONTWAIT) > 0)
        heard++;
    CHECK_EQ(errno, EAGAIN);
    CHECK_BETWEEN(heard, 1, 199);
    add_address(fd, 0x0a4d0001);  // and it goes on
    receive_messages(listener);
    CHECK_EQ(next_message(NULL)->type, NEW_ADDRESS);
    delete_address(fd, 0x0a4d0001);
}

TEST(or_are_not_told)
{
    private_network();
    int listener = netlink_open();
    CHECK_OK(netlink_set(listener, OPTION_NO_ENOBUFS, 1));
    overrun(listener);
    CHECK_EQ(poll_events(listener, POLLIN, 0), POLLIN);
    while (recv(listener, messages, sizeof(messages), MSG_DONTWAIT) > 0)
        ;
    CHECK_EQ(errno, EAGAIN);
}

TEST(proc_lists_sockets)
{
    char line[64];
    int fd = netlink_open();
    snprintf(line, sizeof(line), " %-10u ", netlink_port(fd));
    CHECK(strstr(read_file("/proc/net/netlink"), line) != NULL);
}
