// SPDX-License-Identifier: MIT
//
// AF_PACKET sockets, packet(7): creation, binding to an interface, and what the
// socket hears of its interface's going down or away. The other files are
// listed in packet/socket.h.

#include "socket.h"

#include <abi/errno.h>
#include <abi/ioctl.h>
#include <abi/poll.h>
#include <lwip/def.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <net/observer.h>
#include <proc/task.h>
#include <string.h>

struct list_node packet_sockets = LIST_INIT(packet_sockets);

static void set_running(struct packet_socket *ps, bool running)
{
    ps->running = running && ps->protocol != 0;
    packet_tap_update();
}

static int packet_init_op(struct socket *socket)
{
    struct packet_socket *ps = packet_socket_of(socket);

    if (current_process()->euid != 0)
        return -EPERM;
    list_init(&ps->memberships);
    ps->protocol = lwip_ntohs(socket->protocol);
    socket->protocol = 0;  // so says Linux's SO_PROTOCOL
    net_lock();
    list_push_back(&packet_sockets, &ps->node);
    set_running(ps, true);
    net_unlock();
    return 0;
}

// Hear from an interface, if it is up. Core mutex held.
static void listen_to(struct packet_socket *ps, struct net_link *link)
{
    bool up = !link || netif_is_up(&link->netif);

    ps->index = link ? (int32_t)link_index(link) : 0;
    set_running(ps, up);
    if (!up) {
        WITH_LOCK(&ps->socket.lock) {
            socket_set_error(&ps->socket, ENETDOWN);
        }
    }
}

static int packet_bind_op(struct socket *socket,
                          const struct socket_address *address)
{
    struct packet_socket *ps = packet_socket_of(socket);
    const struct abi_sockaddr_ll *to = (const void *)address->data;
    struct net_link *link = NULL;

    if (address->length < sizeof(*to) || to->family != AF_PACKET)
        return -EINVAL;
    net_lock();
    if (to->index)
        link = link_by_index(to->index);
    if (to->index && !link) {
        net_unlock();
        return -ENODEV;
    }
    if (to->protocol)
        ps->protocol = lwip_ntohs(to->protocol);
    listen_to(ps, link);
    net_unlock();
    return 0;
}

static int packet_local_address(struct socket *socket,
                                struct socket_address *address)
{
    struct packet_socket *ps = packet_socket_of(socket);
    struct abi_sockaddr_ll *from = (void *)address->data;

    memset(address, 0, sizeof(*address));
    from->family = AF_PACKET;
    net_lock();
    from->protocol = lwip_htons(ps->protocol);
    from->index = ps->index;
    const struct net_link *link = link_by_index(ps->index);
    if (link) {
        from->hardware = link->interface->hardware;
        from->length = link_address_length(link);
        memcpy(from->address, link->netif.hwaddr, from->length);
    }
    net_unlock();
    address->length = offsetof(struct abi_sockaddr_ll, address) + from->length;
    return 0;
}

static int packet_peer_address(struct socket *socket,
                               struct socket_address *address)
{
    (void)socket;
    (void)address;
    return -EOPNOTSUPP;
}

// An interface went up, down or away: those bound to it hear of it.
static void link_changed(const struct net_link *link, bool gone)
{
    bool up = !gone && netif_is_up(&link->netif);
    struct packet_socket *ps;

    list_for_each(ps, &packet_sockets, node) {
        if (gone)
            packet_leave_all(ps, link);
        if (ps->index != (int32_t)link_index(link))
            continue;
        bool was_running = ps->running;
        set_running(ps, up);
        if (gone)
            ps->index = -1;
        if (was_running && !up) {
            WITH_LOCK(&ps->socket.lock) {
                socket_set_error(&ps->socket, ENETDOWN);
            }
        }
    }
}
NET_OBSERVER(packet_sockets) = {.link = link_changed};

static unsigned packet_poll_op(struct socket *socket)
{
    struct packet_socket *ps = packet_socket_of(socket);
    unsigned events = POLLOUT | POLLWRNORM | POLLWRBAND;

    WITH_LOCK(&socket->lock) {
        if (!list_empty(&socket->receive_queue) ||
            (ps->ring && packet_ring_readable(ps->ring)))
            events |= POLLIN | POLLRDNORM;
        if (socket->error)
            events |= POLLERR;
    }
    return events;
}

static long packet_ioctl_op(struct socket *socket, unsigned command,
                            uaddr argument)
{
    int next = 0;

    switch (command) {
    case SIOCINQ:
        WITH_LOCK(&socket->lock) {
            if (!list_empty(&socket->receive_queue))
                next = list_first(&socket->receive_queue, struct captured_frame,
                                  node)
                           ->kept;
        }
        return PUT_USER(argument, next);
    case SIOCOUTQ:
        return PUT_USER(argument, 0);
    default:
        return -ENOTTY;
    }
}

static void packet_close_op(struct socket *socket)
{
    struct packet_socket *ps = packet_socket_of(socket);

    net_lock();
    list_remove(&ps->node);
    packet_leave_all(ps, NULL);
    packet_tap_update();
    net_unlock();
    packet_queue_clear(socket);
    if (ps->ring)
        packet_ring_put(ps->ring);
    ps->ring = NULL;
}

#define PACKET_OPS                                                          \
    .size = sizeof(struct packet_socket), .filters = true,                  \
    .init = packet_init_op, .bind = packet_bind_op, .send = packet_send_op, \
    .receive = packet_receive_op, .local_address = packet_local_address,    \
    .peer_address = packet_peer_address, .poll = packet_poll_op,            \
    .ioctl = packet_ioctl_op, .mmap = packet_mmap_op, .close = packet_close_op

static const struct socket_ops packet_raw_ops = {.name = "frames", PACKET_OPS};
static const struct socket_ops packet_datagram_ops = {.name = "packets",
                                                      PACKET_OPS};
SOCKET_FAMILY(packet_raw) = {AF_PACKET, SOCK_RAW, ANY_PROTOCOL,
                             &packet_raw_ops};
SOCKET_FAMILY(packet_datagram) = {AF_PACKET, SOCK_DGRAM, ANY_PROTOCOL,
                                  &packet_datagram_ops};
