// SPDX-License-Identifier: MIT
//
// See rtnetlink.h.
#include "harness.h"

#include "private_network.h"
#include "rtnetlink.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/ioctl.h>

_Alignas(8) uint8_t messages[65536];
size_t messages_length;

static uint32_t last_sequence = 1000;

static size_t aligned(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

int netlink_open(void)
{
    struct netlink_address name = {.family = AF_NETLINK};
    int fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, 0));

    CHECK_OK(bind(fd, (void *)&name, sizeof(name)));
    return fd;
}

uint32_t netlink_port(int fd)
{
    struct netlink_address name;
    socklen_t length = sizeof(name);

    CHECK_OK(getsockname(fd, (void *)&name, &length));
    CHECK_EQ(length, sizeof(name));
    CHECK_EQ(name.family, AF_NETLINK);
    return name.port;
}

int netlink_set(int fd, int option, int value)
{
    return setsockopt(fd, SOL_NETLINK, option, &value, sizeof(value));
}

void request_begin(struct request *r, int type, int flags, const void *body,
                   size_t n)
{
    memset(r, 0, sizeof(*r));
    r->header.type = type;
    r->header.flags = FLAG_REQUEST | flags;
    r->header.length = sizeof(r->header) + aligned(n);
    r->header.sequence = ++last_sequence;
    memcpy(r->data, body, n);
}

void request_add(struct request *r, int type, const void *value, size_t n)
{
    uint8_t *at = (uint8_t *)r + r->header.length;
    uint16_t head[2] = {sizeof(head) + n, type};

    memcpy(at, head, sizeof(head));
    memcpy(at + sizeof(head), value, n);
    r->header.length += aligned(head[0]);
}

void request_add_u32(struct request *r, int type, uint32_t value)
{
    request_add(r, type, &value, sizeof(value));
}

void request_add_ip(struct request *r, int type, const char *dotted)
{
    request_add_u32(r, type, inet_addr(dotted));
}

void request_send(int fd, struct request *r)
{
    CHECK_EQ(CHECK_OK(send(fd, r, r->header.length, 0)), r->header.length);
}

int request_run(int fd, struct request *r)
{
    const struct netlink_header *message;

    r->header.flags |= FLAG_ACK;
    request_send(fd, r);
    for (;;) {
        receive_messages(fd);
        for (message = NULL; (message = next_message(message));) {
            if (message->type != MESSAGE_ERROR ||
                message->sequence != r->header.sequence)
                continue;
            CHECK_EQ(message->port, netlink_port(fd));
            const int32_t *error = message_body(message);
            CHECK_MEMORY(error + 1, &r->header, sizeof(r->header));
            return -*error;
        }
    }
}

void receive_messages(int fd)
{
    struct netlink_address from;
    socklen_t length = sizeof(from);

    messages_length = CHECK_OK(
        recvfrom(fd, messages, sizeof(messages), 0, (void *)&from, &length));
    CHECK_EQ(length, sizeof(from));
    CHECK_EQ(from.family, AF_NETLINK);
    CHECK_EQ(from.port, 0);
}

bool anything_waits(int fd)
{
    return recv(fd, NULL, 0, MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC) >= 0;
}

const struct netlink_header *next_message(const struct netlink_header *previous)
{
    const uint8_t *at =
        previous ? (const uint8_t *)previous + aligned(previous->length)
                 : messages;
    const struct netlink_header *next = (const void *)at;
    size_t left = messages + messages_length - at;

    if ((ssize_t)left <= 0)
        return NULL;
    CHECK(left >= sizeof(*next) && next->length >= sizeof(*next));
    CHECK(next->length <= left);
    return next;
}

const void *message_body(const struct netlink_header *message)
{
    return message + 1;
}

const void *message_attribute(const struct netlink_header *message, size_t body,
                              int type, size_t *length)
{
    const uint8_t *at = (const uint8_t *)(message + 1) + aligned(body);
    const uint8_t *end = (const uint8_t *)message + message->length;

    while (at < end) {
        const uint16_t *head = (const void *)at;
        CHECK(end - at >= 4 && head[0] >= 4 && head[0] <= end - at);
        if ((head[1] & 0x3fff) == type) {
            if (length)
                *length = head[0] - 4;
            return head + 2;
        }
        at += aligned(head[0]);
    }
    return NULL;
}

uint32_t message_u32(const struct netlink_header *message, size_t body,
                     int type)
{
    size_t length;
    const uint32_t *value = message_attribute(message, body, type, &length);

    if (!value)
        return 0;
    CHECK_EQ(length, sizeof(*value));
    return *value;
}

bool message_has_ip(const struct netlink_header *message, size_t body, int type,
                    const char *dotted)
{
    return message_attribute(message, body, type, NULL) &&
           message_u32(message, body, type) == inet_addr(dotted);
}

void request_list(int fd, struct request *r,
                  void (*each)(const struct netlink_header *message))
{
    const struct netlink_header *message;

    r->header.flags |= FLAG_DUMP;
    request_send(fd, r);
    for (;;) {
        receive_messages(fd);
        for (message = NULL; (message = next_message(message));) {
            CHECK_EQ(message->sequence, r->header.sequence);
            CHECK_EQ(message->port, netlink_port(fd));
            if (message->type == MESSAGE_ERROR)
                FAIL("a list failed: %s",
                     strerror(-*(const int32_t *)message_body(message)));
            CHECK(message->flags & FLAG_MULTI);
            if (message->type == MESSAGE_DONE) {
                CHECK_EQ(*(const int32_t *)message_body(message), 0);
                return;
            }
            each(message);
        }
    }
}

#define TUNSETIFF 0x400454caul
#define IFF_TAP   0x0002
#define IFF_NO_PI 0x1000

// An Ethernet whose other end this process holds.
static void make_tap(void)
{
    struct ifreq request = {.ifr_name = "test0"};
    int fd = open("/dev/net/tun", O_RDWR);

    if (fd < 0 && !on_wharf())
        skip("no /dev/net/tun here");
    CHECK_OK(fd);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    CHECK_OK(ioctl(fd, TUNSETIFF, &request));
}

static void set_up(int fd, const char *name)
{
    struct link_body body = {
        .index = interface_index(name), .flags = 1, .change = 1};
    struct request r;

    request_begin(&r, NEW_LINK, 0, &body, sizeof(body));
    CHECK_EQ(request_run(fd, &r), 0);
}

int ethernet(void)
{
    private_network();
    make_tap();
    int fd = netlink_open();
    set_up(fd, "test0");
    close(fd);
    return interface_index("test0");
}
