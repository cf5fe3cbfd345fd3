// SPDX-License-Identifier: MIT
//
// AF_NETLINK: sending. A datagram to the kernel holds requests, which are
// handled one after the other before send returns, each followed by an
// acknowledgement if it asked for one or failed. One to another port goes to
// that socket.

#include <abi/errno.h>
#include <abi/rtnetlink.h>
#include <mm/kmalloc.h>
#include <net/server.h>
#include <proc/task.h>
#include <string.h>

#include "netlink.h"

const struct netlink_request *netlink_cause;

// ---- acknowledgements ----

// Linux repeats all of a request that failed, unless told not to.
static bool is_capped(const struct netlink_request *request, int error)
{
    return error == 0 || READ_ONCE(request->from->cap_ack);
}

static void acknowledge(struct netlink_request *request, int error)
{
    const struct abi_nlmsghdr *header = request->header;
    struct netlink_socket *to = request->from;
    const char *why = error && READ_ONCE(to->ext_ack) ? request->why : NULL;
    bool capped = is_capped(request, error);
    size_t repeated = capped ? 0 : request->length;
    struct netlink_writer w = {.room = NETLINK_MESSAGE_ROOM + repeated};
    struct abi_nlmsgerr *body;

    w.data = kmalloc(w.room);
    if (!w.data) {
        WITH_LOCK(&to->socket.lock) {
            socket_set_error(&to->socket, ENOBUFS);
        }
        return;
    }
    body =
        netlink_begin(&w, NLMSG_ERROR,
                      (capped ? NLM_F_CAPPED : 0) | (why ? NLM_F_ACK_TLVS : 0),
                      header->sequence, to->port, sizeof(*body) + repeated);
    body->error = error;
    body->request = *header;
    memcpy(body + 1, request->body, repeated);
    if (why)
        netlink_put_string(&w, NLMSGERR_ATTR_MSG, why);
    netlink_end(&w, body);
    netlink_deliver(to, w.data, w.length, 0, 0);
    kfree(w.data);
}

// ---- requests ----

static const struct netlink_handler *find_handler(uint16_t type)
{
    const struct netlink_handler *row;

    linkset_for_each(row, netlink_handlers) {
        if (row->type == type)
            return row;
    }
    return NULL;
}

// A dump's own messages are the answer: *acknowledged.
static int start_dump(struct netlink_request *request,
                      const struct netlink_handler *row, bool *acknowledged)
{
    struct netlink_socket *n = request->from;
    const uint8_t *family = request->body;
    struct netlink_dump dump = {.next = row->next,
                                .generation = netlink_generation,
                                .sequence = request->header->sequence,
                                .port = n->port,
                                .flags = NLM_F_MULTI,
                                .family = *family};

    if (n->dump.next)
        return -EBUSY;
    *acknowledged = true;
    int error = row->start ? row->start(request, &dump) : 0;
    if (error < 0)
        netlink_refuse_dump(n, &dump, error, request->why);
    else
        netlink_start_dump(n, &dump);
    return 0;
}

// What the types of NETLINK_ROUTE have in common: the two lower bits say what
// is to be done, and only 2, to get, is everybody's right.
static int dispatch(struct netlink_request *request, bool *acknowledged)
{
    uint16_t type = request->header->type;
    const struct netlink_handler *row = find_handler(type);
    bool get = (type & 3) == 2;

    if (type > RTM_MAX)
        return -EOPNOTSUPP;
    if (request->length < 1)
        return 0;  // no family: Linux ignores it
    if (!get && current_process()->euid != 0)
        return -EPERM;
    if (get && (request->header->flags & NLM_F_DUMP))
        return row && row->next ? start_dump(request, row, acknowledged)
                                : -EOPNOTSUPP;
    return row && row->act ? row->act(request) : -EOPNOTSUPP;
}

static void handle(struct netlink_socket *from,
                   const struct abi_nlmsghdr *header)
{
    struct netlink_request request = {.from = from,
                                      .header = header,
                                      .body = header + 1,
                                      .length =
                                          header->length - sizeof(*header)};
    bool acknowledged = false;
    int error = 0;

    if (header->flags & NLM_F_REQUEST && header->type >= NLMSG_MIN_TYPE) {
        netlink_cause = &request;
        error = dispatch(&request, &acknowledged);
        netlink_cause = NULL;
    }
    if (!acknowledged && (error < 0 || header->flags & NLM_F_ACK))
        acknowledge(&request, error);
}

// The requests of a datagram, up to the first whose length is impossible.
static void handle_all(struct netlink_socket *from, const uint8_t *at,
                       size_t left)
{
    while (left >= sizeof(struct abi_nlmsghdr)) {
        const struct abi_nlmsghdr *header = (const void *)at;
        size_t step = ALIGN_UP((size_t)header->length, NLMSG_ALIGN);

        if (header->length < sizeof(*header) || header->length > left)
            return;
        handle(from, header);
        at += MIN(step, left);
        left -= MIN(step, left);
    }
}

// ---- sending ----

// Where to: the address given, or connect's. 0 or -errno. Core mutex held.
static int destination(struct netlink_socket *n, const struct message *message,
                       uint32_t *port, unsigned *group)
{
    const struct abi_sockaddr_nl *to =
        message->address ? (void *)message->address->data : NULL;
    uint32_t groups;

    if (to &&
        (message->address->length < sizeof(*to) || to->family != AF_NETLINK))
        return -EINVAL;
    *port = to ? to->port : n->peer_port;
    groups = to ? to->groups : n->peer_groups;
    *group = groups ? __builtin_ctz(groups) + 1 : 0;
    if (to && (*port || *group) && current_process()->euid != 0)
        return -EPERM;
    return netlink_autobind(n);
}

// Core mutex held.
static int transfer(struct netlink_socket *n, const struct message *message,
                    const uint8_t *data, size_t length)
{
    uint32_t port;
    unsigned group;
    int error = destination(n, message, &port, &group);

    if (error < 0)
        return error;
    if (group)
        netlink_multicast(group, data, length, n->port, n->port);
    if (!port) {
        handle_all(n, data, length);
        return 0;
    }
    struct netlink_socket *to = netlink_by_port(port);
    if (!to)
        return -ECONNREFUSED;
    netlink_deliver(to, data, length, n->port, 0);
    return 0;
}

ssize_t netlink_send_op(struct socket *socket, struct message *message)
{
    size_t length = message->uio->resid;
    uint8_t *data;

    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (length == 0)
        return -ENODATA;
    if (length > (size_t)READ_ONCE(socket->options.send_buffer) - 32)
        return -EMSGSIZE;
    data = kmalloc(length);
    if (!data)
        return -ENOBUFS;
    int error = copy_from_uio(message->uio, data, length);
    if (error == 0) {
        net_lock();
        error = transfer(netlink_of(socket), message, data, length);
        net_unlock();
    }
    kfree(data);
    return error < 0 ? error : (ssize_t)length;
}
