// SPDX-License-Identifier: MIT
//
// AF_PACKET: PACKET_ADD_MEMBERSHIP and PACKET_DROP_MEMBERSHIP, packet(7). An
// interface counts who wants it promiscuous, and who wants all multicast
// groups. Its device takes in every group in any case, so that a group asked
// for by name needs nothing but to be remembered.

#include "socket.h"

#include <abi/errno.h>
#include <mm/kmalloc.h>
#include <net/option.h>
#include <string.h>

struct membership {
    struct list_node node;
    struct abi_packet_mreq what;
    unsigned count;  // times it was added
};

static bool equal(const struct abi_packet_mreq *a,
                  const struct abi_packet_mreq *b)
{
    return a->index == b->index && a->type == b->type &&
           a->length == b->length &&
           memcmp(a->address, b->address, a->length) == 0;
}

static struct membership *find(struct packet_socket *ps,
                               const struct abi_packet_mreq *what)
{
    struct membership *m;

    list_for_each(m, &ps->memberships, node) {
        if (equal(&m->what, what))
            return m;
    }
    return NULL;
}

// The link's count changes by one.
static void count(struct net_link *link, uint16_t type, int change)
{
    if (type == PACKET_MR_PROMISC)
        link->promiscuous += change;
    else if (type == PACKET_MR_ALLMULTI)
        link->all_multicast += change;
}

// 0, -EINVAL: the option's value is no membership, or not for this link.
static int check(const struct net_link *link,
                 const struct abi_packet_mreq *what)
{
    size_t length = link_address_length(link);

    if (what->length > length || what->type > PACKET_MR_UNICAST)
        return -EINVAL;
    bool named =
        what->type == PACKET_MR_MULTICAST || what->type == PACKET_MR_UNICAST;
    return named && what->length != length ? -EINVAL : 0;
}

static int add(struct packet_socket *ps, const struct abi_packet_mreq *what)
{
    struct net_link *link = link_by_index(what->index);
    struct membership *m = find(ps, what);

    if (!link)
        return -ENODEV;
    int error = check(link, what);
    if (error < 0)
        return error;
    if (m) {
        m->count++;
        return 0;
    }
    m = kmalloc(sizeof(*m));
    if (!m)
        return -ENOBUFS;
    *m = (struct membership){.what = *what, .count = 1};
    list_push_front(&ps->memberships, &m->node);
    count(link, what->type, 1);
    return 0;
}

static void leave(struct membership *m)
{
    struct net_link *link = link_by_index(m->what.index);

    if (link)
        count(link, m->what.type, -1);
    list_remove(&m->node);
    kfree(m);
}

static int drop(struct packet_socket *ps, const struct abi_packet_mreq *what)
{
    struct membership *m = find(ps, what);

    if (!m)
        return -EADDRNOTAVAIL;
    if (--m->count == 0)
        leave(m);
    return 0;
}

void packet_leave_all(struct packet_socket *ps, const struct net_link *link)
{
    struct membership *m, *next;

    list_for_each_safe(m, next, &ps->memberships, node) {
        if (!link || m->what.index == (int32_t)link_index(link))
            leave(m);
    }
}

static int change(struct socket *socket, const void *value, size_t length,
                  int (*how)(struct packet_socket *ps,
                             const struct abi_packet_mreq *what))
{
    struct abi_packet_mreq what;

    memcpy(&what, value, sizeof(what));
    if (length < what.length + offsetof(struct abi_packet_mreq, address) ||
        what.length > sizeof(what.address))
        return -EINVAL;
    net_lock();
    int error = how(packet_socket_of(socket), &what);
    net_unlock();
    return error;
}

static int set_add(struct socket *socket, const void *value, size_t length)
{
    return change(socket, value, length, add);
}
SOCKET_OPTION(packet_add) = {
    .level = SOL_PACKET,
    .name = PACKET_ADD_MEMBERSHIP,
    .family = AF_PACKET,
    .size = sizeof(struct abi_packet_mreq),
    .max_size = sizeof(struct abi_packet_mreq),
    .set_bytes = set_add,
};

static int set_drop(struct socket *socket, const void *value, size_t length)
{
    return change(socket, value, length, drop);
}
SOCKET_OPTION(packet_drop) = {
    .level = SOL_PACKET,
    .name = PACKET_DROP_MEMBERSHIP,
    .family = AF_PACKET,
    .size = sizeof(struct abi_packet_mreq),
    .max_size = sizeof(struct abi_packet_mreq),
    .set_bytes = set_drop,
};
