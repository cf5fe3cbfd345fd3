// SPDX-License-Identifier: MIT
//
// Netlink for the tests: the messages of rtnetlink(7) as they are on the wire,
// and a socket's questions and answers. A failure ends the test.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#ifndef SOL_NETLINK  // not in every C library
#define SOL_NETLINK 270
#endif

struct netlink_address {
    uint16_t family, pad;
    uint32_t port, groups;
};

struct netlink_header {
    uint32_t length;
    uint16_t type, flags;
    uint32_t sequence, port;
};

enum {
    MESSAGE_ERROR = 2,
    MESSAGE_DONE = 3,

    FLAG_REQUEST = 1,
    FLAG_MULTI = 2,
    FLAG_ACK = 4,
    FLAG_ECHO = 8,
    FLAG_INTERRUPTED = 0x10,
    FLAG_FILTERED = 0x20,
    FLAG_DUMP = 0x300,
    FLAG_REPLACE = 0x100,
    FLAG_EXCLUSIVE = 0x200,
    FLAG_CREATE = 0x400,
    FLAG_APPEND = 0x800,
    FLAG_CAPPED = 0x100,
    FLAG_ATTRIBUTES = 0x200,

    NEW_LINK = 16,
    DELETE_LINK,
    GET_LINK,
    SET_LINK,
    NEW_ADDRESS = 20,
    DELETE_ADDRESS,
    GET_ADDRESS,
    NEW_ROUTE = 24,
    DELETE_ROUTE,
    GET_ROUTE,
    NEW_NEIGHBOUR = 28,
    DELETE_NEIGHBOUR,
    GET_NEIGHBOUR,
    NEW_RULE = 32,
    GET_RULE = 34,

    GROUP_LINK = 1,
    GROUP_NEIGHBOUR = 3,
    GROUP_ADDRESS = 5,
    GROUP_ROUTE = 7,

    OPTION_ADD = 1,
    OPTION_DROP = 2,
    OPTION_PKTINFO = 3,
    OPTION_NO_ENOBUFS = 5,
    OPTION_LIST = 9,
    OPTION_CAP_ACK = 10,
    OPTION_EXT_ACK = 11,
    OPTION_STRICT = 12,
};

struct link_body {
    uint8_t family, pad;
    uint16_t type;
    int32_t index;
    uint32_t flags, change;
};
enum {
    LINK_ADDRESS = 1,
    LINK_NAME = 3,
    LINK_MTU = 4,
    LINK_STATS64 = 23
};

struct address_body {
    uint8_t family, prefix, flags, scope;
    uint32_t index;
};
enum {
    ADDRESS_NETWORK = 1,
    ADDRESS_LOCAL,
    ADDRESS_LABEL,
    ADDRESS_BROADCAST,
    ADDRESS_LIFETIME = 6,
    ADDRESS_SECONDARY = 1,  // flags
    ADDRESS_PERMANENT = 0x80,
};

struct route_body {
    uint8_t family, to_prefix, from_prefix, tos, table, protocol, scope, type;
    uint32_t flags;
};
#define ROUTE_IS_LOCAL 0x80000000u
enum {
    ROUTE_TO = 1,
    ROUTE_LINK = 4,
    ROUTE_GATEWAY = 5,
    ROUTE_METRIC = 6,
    ROUTE_SOURCE = 7,
    ROUTE_TABLE = 15,
    ROUTE_MULTIPATH = 9,
    ROUTE_CLONED = 0x200,

    TYPE_UNICAST = 1,
    TYPE_LOCAL = 2,
    TYPE_BLACKHOLE = 6,
    TYPE_UNREACHABLE = 7,
    TYPE_PROHIBIT = 8,
};

struct neighbour_body {
    uint8_t family, pad1;
    uint16_t pad2;
    int32_t index;
    uint16_t state;
    uint8_t flags, type;
};
enum {
    NEIGHBOUR_IP = 1,
    NEIGHBOUR_MAC = 2,
    STATE_PERMANENT = 0x80,
};

// A request being put together.
struct request {
    struct netlink_header header;
    uint8_t data[1024];
};

int netlink_open(void);  // bound to a port of its own
uint32_t netlink_port(int fd);
int netlink_set(int fd, int option, int value);  // as setsockopt

void request_begin(struct request *r, int type, int flags, const void *body,
                   size_t n);
void request_add(struct request *r, int type, const void *value, size_t n);
void request_add_u32(struct request *r, int type, uint32_t value);
void request_add_ip(struct request *r, int type, const char *dotted);

void request_send(int fd, struct request *r);
// Send it with FLAG_ACK, and the errno of the acknowledgement (0: none).
int request_run(int fd, struct request *r);

// The next datagram, of which `messages_length` bytes are in `messages`.
extern _Alignas(8) uint8_t messages[65536];
extern size_t messages_length;
void receive_messages(int fd);
bool anything_waits(int fd);

// Walk through messages, and through the attributes behind a body.
const struct netlink_header *next_message(
    const struct netlink_header *previous);
const void *message_body(const struct netlink_header *message);
const void *message_attribute(const struct netlink_header *message, size_t body,
                              int type, size_t *length);
uint32_t message_u32(const struct netlink_header *message, size_t body,
                     int type);
bool message_has_ip(const struct netlink_header *message, size_t body, int type,
                    const char *dotted);

// Send a request for a list, and call `each` for its messages, up to the end.
void request_list(int fd, struct request *r,
                  void (*each)(const struct netlink_header *message));

// An interface with neighbours, up and without addresses: its index. It is
// there as long as the process; on Linux in a namespace of the test's own.
int ethernet(void);
