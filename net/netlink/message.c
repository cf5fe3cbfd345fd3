// SPDX-License-Identifier: MIT
//
// Netlink messages: writing them into a buffer, taking requests apart, sending
// answers and notifications. netlink(7), and RFC 3549 for the idea.

#include <abi/errno.h>
#include <mm/kmalloc.h>
#include <string.h>

#include "netlink.h"

#define IP4_BYTES 4u
#define IP6_BYTES 16u

static size_t aligned(size_t n)
{
    return ALIGN_UP(n, NLMSG_ALIGN);
}

// n more bytes, zeroed, and what aligns the next ones. NULL: no room.
static void *take(struct netlink_writer *w, size_t n)
{
    uint8_t *at = w->data + w->length;

    if (w->full || aligned(n) > w->room - w->length) {
        w->full = true;
        return NULL;
    }
    memset(at, 0, aligned(n));
    w->length += aligned(n);
    return at;
}

void *netlink_begin(struct netlink_writer *w, uint16_t type, uint16_t flags,
                    uint32_t sequence, uint32_t port, size_t n)
{
    struct abi_nlmsghdr *header = take(w, sizeof(*header) + n);

    if (!header)
        return NULL;
    header->type = type;
    header->flags = flags;
    header->sequence = sequence;
    header->port = port;
    return header + 1;
}

bool netlink_end(struct netlink_writer *w, const void *body)
{
    struct abi_nlmsghdr *header;

    if (!body)
        return false;
    header = (struct abi_nlmsghdr *)body - 1;
    if (w->full)
        w->length = (uint8_t *)header - w->data;
    else
        header->length = w->data + w->length - (uint8_t *)header;
    return !w->full;
}

void netlink_put(struct netlink_writer *w, uint16_t type, const void *data,
                 size_t n)
{
    struct abi_nlattr *attribute = take(w, sizeof(*attribute) + n);

    if (!attribute)
        return;
    attribute->length = sizeof(*attribute) + n;
    attribute->type = type;
    memcpy(attribute + 1, data, n);
}

void netlink_put_u8(struct netlink_writer *w, uint16_t type, uint8_t value)
{
    netlink_put(w, type, &value, sizeof(value));
}

void netlink_put_u32(struct netlink_writer *w, uint16_t type, uint32_t value)
{
    netlink_put(w, type, &value, sizeof(value));
}

void netlink_put_string(struct netlink_writer *w, uint16_t type,
                        const char *text)
{
    netlink_put(w, type, text, strlen(text) + 1);
}

void netlink_put_ip(struct netlink_writer *w, uint16_t type,
                    const ip_addr_t *ip)
{
    if (IP_IS_V6(ip))
        netlink_put(w, type, ip_2_ip6(ip)->addr, IP6_BYTES);
    else
        netlink_put(w, type, &ip_2_ip4(ip)->addr, IP4_BYTES);
}

// ---- requests ----

int netlink_attributes(const struct netlink_request *request, size_t body_size,
                       const struct abi_nlattr *table[], unsigned max)
{
    const uint8_t *at = request->body;
    size_t left = request->length;

    memset(table, 0, (max + 1) * sizeof(table[0]));
    if (left < body_size)
        return -EINVAL;
    at += MIN(left, aligned(body_size));
    left -= MIN(left, aligned(body_size));
    while (left >= sizeof(struct abi_nlattr)) {
        const struct abi_nlattr *attribute = (const void *)at;
        unsigned type = attribute->type & NLA_TYPE_MASK;

        if (attribute->length < sizeof(*attribute) || attribute->length > left)
            break;  // Linux ignores what is left, too
        if (type <= max)
            table[type] = attribute;
        at += MIN(left, aligned(attribute->length));
        left -= MIN(left, aligned(attribute->length));
    }
    return 0;
}

const void *netlink_value(const struct abi_nlattr *attribute)
{
    return attribute + 1;
}

size_t netlink_value_length(const struct abi_nlattr *attribute)
{
    return attribute->length - sizeof(*attribute);
}

int netlink_get_u32(const struct abi_nlattr *attribute, uint32_t *value)
{
    if (!attribute)
        return 0;
    if (netlink_value_length(attribute) != sizeof(*value))
        return -EINVAL;
    memcpy(value, netlink_value(attribute), sizeof(*value));
    return 0;
}

int netlink_get_ip(const struct abi_nlattr *attribute, uint8_t family,
                   ip_addr_t *ip)
{
    size_t length = family == AF_INET6 ? IP6_BYTES : IP4_BYTES;

    if (!attribute)
        return 0;
    if (netlink_value_length(attribute) != length)
        return -EINVAL;
    ip_addr_set_zero(ip);
    if (family == AF_INET6) {
        IP_SET_TYPE_VAL(*ip, IPADDR_TYPE_V6);
        memcpy(ip_2_ip6(ip)->addr, netlink_value(attribute), length);
    } else {
        IP_SET_TYPE_VAL(*ip, IPADDR_TYPE_V4);
        memcpy(&ip_2_ip4(ip)->addr, netlink_value(attribute), length);
    }
    return 0;
}

int netlink_get_string(const struct abi_nlattr *attribute, char *text,
                       size_t size)
{
    size_t length;

    if (!attribute)
        return 0;
    length = strnlen(netlink_value(attribute), netlink_value_length(attribute));
    if (length >= size)
        return -EINVAL;
    memcpy(text, netlink_value(attribute), length);
    text[length] = '\0';
    return 0;
}

int netlink_refuse(struct netlink_request *request, int error, const char *why)
{
    request->why = why;
    return error;
}

// ---- answers and notifications ----

int netlink_reply(struct netlink_request *request, uint16_t type,
                  netlink_write *write, const void *item)
{
    struct netlink_writer w = {.data = kmalloc(NETLINK_MESSAGE_ROOM),
                               .room = NETLINK_MESSAGE_ROOM};
    struct netlink_socket *to = request->from;

    if (!w.data)
        return -ENOBUFS;
    bool written =
        write(&w, item, type, 0, request->header->sequence, to->port);
    if (written)
        netlink_deliver(to, w.data, w.length, 0, 0);
    kfree(w.data);
    return written ? 0 : -EMSGSIZE;
}

// The request that asked for a change of this kind. What a change brings with
// it (an address's routes) has none.
static const struct netlink_request *cause_of(uint16_t type)
{
    bool same = netlink_cause && netlink_cause->header->type / 4 == type / 4;

    return same ? netlink_cause : NULL;
}

void netlink_notify(unsigned group, uint16_t type, netlink_write *write,
                    const void *item)
{
    const struct netlink_request *cause = cause_of(type);
    bool echo = cause && cause->header->flags & NLM_F_ECHO;
    uint32_t port = cause ? cause->from->port : 0;
    struct netlink_writer w = {.room = NETLINK_MESSAGE_ROOM};

    netlink_generation++;
    if (!echo && !netlink_has_members(group))
        return;
    w.data = kmalloc(w.room);
    if (w.data &&
        write(&w, item, type, 0, cause ? cause->header->sequence : 0, port)) {
        netlink_multicast(group, w.data, w.length, 0, echo ? port : 0);
        if (echo)
            netlink_deliver(cause->from, w.data, w.length, 0, 0);
    }
    kfree(w.data);
}
