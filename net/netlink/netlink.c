// SPDX-License-Identifier: MIT
//
// AF_NETLINK sockets with the protocol NETLINK_ROUTE, netlink(7): ports,
// groups, names. Requests are handled in net/netlink/send.c by rows of the
// linker set netlink_handlers (net/rtnl_*.c); answers, notifications and dumps
// are read in net/netlink/receive.c.

#include <abi/errno.h>
#include <abi/poll.h>
#include <abi/rtnetlink.h>
#include <fs/proc.h>
#include <lib/random.h>
#include <mm/kmalloc.h>
#include <net/server.h>
#include <proc/task.h>

#include "netlink.h"

struct list_node netlink_sockets = LIST_INIT(netlink_sockets);
uint64_t netlink_generation;

static int netlink_init_op(struct socket *socket)
{
    net_lock();
    list_push_back(&netlink_sockets, &netlink_of(socket)->node);
    net_unlock();
    return 0;
}

struct netlink_socket *netlink_by_port(uint32_t port)
{
    struct netlink_socket *n;

    list_for_each(n, &netlink_sockets, node) {
        if (n->port == port)
            return n;
    }
    return NULL;
}

// Take a port. Core mutex held.
static int take_port(struct netlink_socket *n, uint32_t port)
{
    if (netlink_by_port(port))
        return -EADDRINUSE;
    n->port = port;
    return 0;
}

int netlink_autobind(struct netlink_socket *n)
{
    if (n->port)
        return 0;
    if (take_port(n, current_process()->pid) == 0)
        return 0;
    // A process's second socket: a number that no process has.
    while (take_port(n, UINT32_MAX - random_below(1u << 30)) < 0)
        ;
    return 0;
}

int netlink_join(struct netlink_socket *n, uint32_t group, bool join)
{
    if (group < 1 || group > RTNLGRP_MAX)
        return -EINVAL;
    uint64_t bit = 1ull << (group - 1);
    n->groups = join ? n->groups | bit : n->groups & ~bit;
    return 0;
}

// 0, -EINVAL.
static int check_address(const struct socket_address *address)
{
    return address->length < sizeof(struct abi_sockaddr_nl) ||
                   address->family != AF_NETLINK
               ? -EINVAL
               : 0;
}

// The first 32 groups are those of the address.
static int bind_to(struct netlink_socket *n, const struct abi_sockaddr_nl *to)
{
    int error = 0;

    if (n->port && n->port != to->port)
        return -EINVAL;
    if (!n->port)
        error = to->port ? take_port(n, to->port) : netlink_autobind(n);
    if (error == 0)
        n->groups = (n->groups & ~(uint64_t)UINT32_MAX) | to->groups;
    return error;
}

static int netlink_bind_op(struct socket *socket,
                           const struct socket_address *address)
{
    int error = check_address(address);

    if (error < 0)
        return error;
    net_lock();
    error = bind_to(netlink_of(socket), (const void *)address->data);
    net_unlock();
    return error;
}

static int netlink_connect_op(struct socket *socket,
                              const struct socket_address *address,
                              bool nonblock)
{
    struct netlink_socket *n = netlink_of(socket);
    const struct abi_sockaddr_nl *to = (const void *)address->data;
    bool leave =
        address->length >= sizeof(uint16_t) && address->family == AF_UNSPEC;
    int error = leave ? 0 : check_address(address);

    (void)nonblock;
    if (error < 0)
        return error;
    if (!leave && (to->port || to->groups) && current_process()->euid != 0)
        return -EPERM;
    net_lock();
    n->peer_port = leave ? 0 : to->port;
    n->peer_groups = leave ? 0 : to->groups;
    if (!leave)
        error = netlink_autobind(n);
    net_unlock();
    return error;
}

static void put_name(struct socket_address *address, uint32_t port,
                     uint32_t groups)
{
    struct abi_sockaddr_nl *name = (void *)address->data;

    *name = (struct abi_sockaddr_nl){
        .family = AF_NETLINK, .port = port, .groups = groups};
    address->length = sizeof(*name);
}

static int netlink_local_address(struct socket *socket,
                                 struct socket_address *address)
{
    struct netlink_socket *n = netlink_of(socket);

    net_lock();
    put_name(address, n->port, n->groups);
    net_unlock();
    return 0;
}

static int netlink_peer_address(struct socket *socket,
                                struct socket_address *address)
{
    struct netlink_socket *n = netlink_of(socket);

    net_lock();
    put_name(address, n->peer_port, n->peer_groups);
    net_unlock();
    return 0;
}

static unsigned netlink_poll_op(struct socket *socket)
{
    unsigned events = POLLOUT | POLLWRNORM | POLLWRBAND;

    WITH_LOCK(&socket->lock) {
        if (!list_empty(&socket->receive_queue))
            events |= POLLIN | POLLRDNORM;
        if (socket->error)
            events |= POLLERR;
    }
    return events;
}

static void netlink_close_op(struct socket *socket)
{
    struct netlink_datagram *datagram;

    net_lock();
    list_remove(&netlink_of(socket)->node);
    net_unlock();
    // Nobody can find it any more: the queue is ours.
    while ((datagram = list_pop_front(&socket->receive_queue,
                                      struct netlink_datagram, node)))
        kfree(datagram);
}

static const struct socket_ops netlink_socket_ops = {
    .name = "NETLINK",
    .size = sizeof(struct netlink_socket),
    .init = netlink_init_op,
    .bind = netlink_bind_op,
    .connect = netlink_connect_op,
    .send = netlink_send_op,
    .receive = netlink_receive_op,
    .local_address = netlink_local_address,
    .peer_address = netlink_peer_address,
    .poll = netlink_poll_op,
    .close = netlink_close_op,
};
SOCKET_FAMILY(netlink_raw) = {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE,
                              &netlink_socket_ops};
SOCKET_FAMILY(netlink_datagram) = {AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE,
                                   &netlink_socket_ops};

// /proc/net/netlink, as Linux has it.
static void show_netlink(struct text *text)
{
    struct netlink_socket *n;

    text_printf(text,
                "sk               Eth Pid        Groups   Rmem     Wmem     "
                "Dump  Locks    Drops    Inode\n");
    net_lock();
    list_for_each(n, &netlink_sockets, node)
        text_printf(text,
                    "%016lx %-3d %-10u %08x %-8lu %-8d %-5d %-8d %-8u %-8lu\n",
                    0ul, NETLINK_ROUTE, n->port, (uint32_t)n->groups,
                    n->socket.receive_memory, 0, n->dump.next != NULL, 2,
                    n->drops, n->socket.inode);
    net_unlock();
}
PROC_FILE(net_netlink) = {"net/netlink", show_netlink, NULL};
