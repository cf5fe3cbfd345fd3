// SPDX-License-Identifier: MIT
//
// AF_NETLINK, private to net/netlink*.c and the handlers of NETLINK_ROUTE in
// net/rtnl_*.c. Key to the tags: net/socket.h.

#pragma once

#include <abi/netlink.h>
#include <lib/linkset.h>
#include <lwip/ip_addr.h>
#include <net/socket.h>

struct netlink_request;
struct netlink_writer;

// ---- dumps ----

// A list that is being told, message by message, as it is read. What changes in
// between is told as it is by then, and the reader hears that something did.
struct netlink_dump {
    // Write what comes from number `at` on, as far as there is room. True:
    // there is more. NULL: no dump is under way.
    bool (*next)(struct netlink_dump *dump, struct netlink_writer *writer);
    unsigned at;          // items done
    uint64_t generation;  // of the tables (netlink_generation) at the start
    uint32_t sequence, port;
    uint16_t flags;  // of its messages

    // What is asked for. 0: all.
    uint8_t family, type, protocol;
    uint32_t index, table;
};

// Is it the turn of item n (counted from 0 by the walk)?
static inline bool netlink_dump_due(const struct netlink_dump *dump, unsigned n)
{
    return n >= dump->at;
}

// ---- sockets ----

// What waits in a socket's receive queue: one datagram of messages.
struct netlink_datagram {
    struct list_node node;
    uint32_t from;   // port; 0: the kernel
    unsigned group;  // it was sent to; 0: to this socket alone
    size_t length;
    uint8_t data[];
};

struct netlink_socket {
    struct socket socket;
    struct list_node node;     // (c) of netlink_sockets
    uint32_t port;             // (c) 0: not bound
    uint64_t groups;           // (c) bit n - 1: member of group n
    uint32_t peer_port;        // (c) of connect
    uint32_t peer_groups;      // (c) mask
    struct netlink_dump dump;  // (c)
    size_t largest_receive;    // (c) room that recvmsg had at most
    bool congested;            // (s) something was lost; none until it is read
    uint32_t drops;            // (s) lost datagrams
    bool packet_info;          // (a) NETLINK_PKTINFO
    bool no_enobufs;           // (a) NETLINK_NO_ENOBUFS
    bool cap_ack;              // (a) NETLINK_CAP_ACK
    bool ext_ack;              // (a) NETLINK_EXT_ACK
    bool strict;               // (a) NETLINK_GET_STRICT_CHK
};

extern struct list_node netlink_sockets;  // (c) all
extern uint64_t netlink_generation;       // (c) counts changes of the tables

static inline struct netlink_socket *netlink_of(struct socket *socket)
{
    return container_of(socket, struct netlink_socket, socket);
}

// Give an unbound socket a port: the process's number, or a free one. Core
// mutex held. 0, -EADDRINUSE.
int netlink_autobind(struct netlink_socket *n);
struct netlink_socket *netlink_by_port(uint32_t port);
// 0 or -EINVAL: there is no such group.
int netlink_join(struct netlink_socket *n, uint32_t group, bool join);

ssize_t netlink_send_op(struct socket *socket, struct message *message);
ssize_t netlink_receive_op(struct socket *socket, struct message *message);

// Queue a copy of what was written. What does not fit the socket's buffer is
// lost, and ENOBUFS tells so. Core mutex held.
void netlink_deliver(struct netlink_socket *to, const void *data, size_t length,
                     uint32_t from, unsigned group);
// To all members of a group but one; does it have any?
void netlink_multicast(unsigned group, const void *data, size_t length,
                       uint32_t from, uint32_t except);
bool netlink_has_members(unsigned group);
// Begin a dump with its first datagram, or say that it cannot be had. why: in
// words, or NULL.
void netlink_start_dump(struct netlink_socket *n,
                        const struct netlink_dump *dump);
void netlink_refuse_dump(struct netlink_socket *n,
                         const struct netlink_dump *dump, int error,
                         const char *why);

// ---- requests ----

struct netlink_request {
    struct netlink_socket *from;
    const struct abi_nlmsghdr *header;
    const void *body;  // behind it
    size_t length;     // of the body
    const char *why;   // set with an error: in words, for NETLINK_EXT_ACK
};

// The kernel's part for a type of message; a missing function is EOPNOTSUPP.
// Called with the core mutex held.
struct netlink_handler {
    uint16_t type;
    // Do what a request says: 0 or -errno, from which the acknowledgement is
    // made.
    int (*act)(struct netlink_request *request);
    // Check a request for a list, and fill in what it asks for.
    int (*start)(struct netlink_request *request, struct netlink_dump *dump);
    bool (*next)(struct netlink_dump *dump, struct netlink_writer *writer);
};
LINKSET_DECLARE(netlink_handlers, struct netlink_handler);
#define NETLINK_HANDLER(name)                               \
    LINKSET_ENTRY(netlink_handlers, struct netlink_handler, \
                  netlink_handler_##name)

// The request being handled; NULL: a change has another cause. Core mutex held.
extern const struct netlink_request *netlink_cause;

// An error with its explanation: returns error.
int netlink_refuse(struct netlink_request *request, int error, const char *why);

// ---- messages ----

// A buffer that messages are written into. Writing past its room sets full.
struct netlink_writer {
    uint8_t *data;
    size_t length, room;
    bool full;
};

// Room for any message that is not a list.
#define NETLINK_MESSAGE_ROOM 4096u

// Begin a message with a body of n zero bytes. NULL: no room.
void *netlink_begin(struct netlink_writer *w, uint16_t type, uint16_t flags,
                    uint32_t sequence, uint32_t port, size_t n);
// End the message whose body this is. False: it did not fit, and is gone again.
bool netlink_end(struct netlink_writer *w, const void *body);

void netlink_put(struct netlink_writer *w, uint16_t type, const void *data,
                 size_t n);
void netlink_put_u8(struct netlink_writer *w, uint16_t type, uint8_t value);
void netlink_put_u32(struct netlink_writer *w, uint16_t type, uint32_t value);
void netlink_put_string(struct netlink_writer *w, uint16_t type,
                        const char *text);
void netlink_put_ip(struct netlink_writer *w, uint16_t type,
                    const ip_addr_t *ip);

// The attributes behind a body of body_size bytes, by type up to max; a later
// one of a type wins. 0, -EINVAL: the body is too short.
int netlink_attributes(const struct netlink_request *request, size_t body_size,
                       const struct abi_nlattr *table[], unsigned max);
const void *netlink_value(const struct abi_nlattr *attribute);
size_t netlink_value_length(const struct abi_nlattr *attribute);
// The value of an attribute, untouched if attribute is NULL. 0 or -EINVAL: it
// has another size.
int netlink_get_u32(const struct abi_nlattr *attribute, uint32_t *value);
int netlink_get_ip(const struct abi_nlattr *attribute, uint8_t family,
                   ip_addr_t *ip);
// A name of at most size - 1 bytes, and a zero. The same errors.
int netlink_get_string(const struct abi_nlattr *attribute, char *text,
                       size_t size);

// Answer the request with one message, written by `write` for item; or tell a
// group of a change, with the cause's number.
typedef bool netlink_write(struct netlink_writer *w, const void *item,
                           uint16_t type, uint16_t flags, uint32_t sequence,
                           uint32_t port);
int netlink_reply(struct netlink_request *request, uint16_t type,
                  netlink_write *write, const void *item);
void netlink_notify(unsigned group, uint16_t type, netlink_write *write,
                    const void *item);
