// SPDX-License-Identifier: MIT
//
// UDP sockets, udp(7): binding, connecting, closing. Data moves in
// net/udp_send.c and net/udp_recv.c.

#include <abi/errno.h>
#include <abi/inet.h>
#include <abi/ioctl.h>
#include <abi/poll.h>
#include <mm/uaccess.h>
#include <net/errors.h>
#include <net/icmp_error.h>
#include <net/ip_option.h>
#include <net/route.h>
#include <net/server.h>
#include <proc/task.h>

#include "udp.h"

static struct udp_pcb *pcb_create(struct udp_socket *u)
{
    struct udp_pcb *pcb = udp_new_ip_type(IP_GET_TYPE(&u->local.ip));

    if (!pcb)
        return NULL;
    udp_recv(pcb, udp_receive_callback, u);
    // Sharing of ports and SO_BROADCAST are checked here, not by lwIP.
    ip_set_option(pcb, SOF_REUSEADDR | SOF_BROADCAST);
    return pcb;
}

static int udp_init_op(struct socket *socket)
{
    struct udp_socket *u = udp_of(socket);

    ip_option_init(socket, UDP_TTL);
    u->local = endpoint_any(socket);
    net_lock();
    u->pcb = pcb_create(u);
    net_unlock();
    return u->pcb ? 0 : -ENOBUFS;
}

struct endpoint udp_bound_to(const struct udp_socket *u)
{
    return u->bound ? u->bound_to : endpoint_any(&u->socket);
}

int udp_take_port(struct udp_socket *u, const struct endpoint *local)
{
    int error = port_bind(&u->socket, local, 0, &u->binding);

    if (error < 0)
        return error;
    error = -errno_of(udp_bind(u->pcb, &local->ip, u->binding->local.port));
    if (error < 0) {
        port_put(u->binding);
        u->binding = NULL;
        return error;
    }
    WITH_LOCK(&u->socket.lock) {
        u->local = u->binding->local;
    }
    return 0;
}

static int udp_bind_op(struct socket *socket,
                       const struct socket_address *address)
{
    struct udp_socket *u = udp_of(socket);
    struct endpoint local;
    int error = endpoint_to_bind(&local, socket, address);

    if (error < 0)
        return error;
    if (local.port && local.port < 1024 && current_process()->euid != 0)
        return -EACCES;
    net_lock();
    if (!route_is_local(&local.ip) && !ip_addr_ismulticast(&local.ip) &&
        !route_is_broadcast(&local.ip))
        error = -EADDRNOTAVAIL;
    else if (u->binding)
        error = -EINVAL;
    else
        error = udp_take_port(u, &local);
    if (error == 0) {
        u->bound = true;
        u->bound_to = u->binding->local;
        ip_option_bound(socket, &local.ip);
    }
    net_unlock();
    return error;
}

// A port that sending or connecting took is given back; lwIP has no call for
// that, so the PCB is a new one.
static void give_port_back(struct udp_socket *u)
{
    struct udp_pcb *pcb;

    u->local = endpoint_any(&u->socket);
    pcb = pcb_create(u);
    if (!pcb)
        return;  // no memory: the port stays
    udp_remove(u->pcb);
    u->pcb = pcb;
    port_put(u->binding);
    u->binding = NULL;
}

static int udp_disconnect_op(struct udp_socket *u)
{
    struct socket *socket = &u->socket;
    struct endpoint bound;

    net_lock();
    bound = udp_bound_to(u);
    udp_disconnect(u->pcb);
    ip_addr_copy(u->pcb->local_ip, bound.ip);
    if (!u->bound && u->binding)
        give_port_back(u);
    WITH_LOCK(&socket->lock) {
        u->local = u->binding ? u->binding->local : endpoint_any(socket);
        u->peer = (struct endpoint){0};
        if (socket->state == SOCKET_CONNECTED)
            socket_set_state(socket, SOCKET_UNCONNECTED);
    }
    net_unlock();
    return 0;
}

// Core mutex held.
static int udp_connect_to(struct udp_socket *u, struct endpoint *peer)
{
    struct socket *socket = &u->socket;
    struct endpoint bound = udp_bound_to(u), local = {0};
    struct netif *netif;

    endpoint_any_is_loopback(peer, &bound.ip);
    int error = route_find(&peer->ip, &bound.ip, &netif, &local.ip);

    if (error < 0)
        return error;
    if (route_is_broadcast(&peer->ip) && !socket->options.broadcast)
        return -EACCES;
    if (!u->binding) {
        struct endpoint any = endpoint_any(socket);
        error = udp_take_port(u, &any);
        if (error < 0)
            return error;
    }
    local.port = u->binding->local.port;
    ip_addr_copy(u->pcb->local_ip, local.ip);
    error = -errno_of(udp_connect(u->pcb, &peer->ip, peer->port));
    if (error < 0)
        return error;
    WITH_LOCK(&socket->lock) {
        u->local = local;
        u->peer = *peer;
        if (socket->state == SOCKET_UNCONNECTED)
            socket_set_state(socket, SOCKET_CONNECTED);
    }
    return 0;
}

static int udp_connect_op(struct socket *socket,
                          const struct socket_address *address, bool nonblock)
{
    struct udp_socket *u = udp_of(socket);
    struct endpoint peer;

    (void)nonblock;
    if (address->length >= sizeof(uint16_t) && address->family == AF_UNSPEC)
        return udp_disconnect_op(u);
    int error = endpoint_to_connect(&peer, socket, address);
    if (error < 0)
        return error;
    net_lock();
    error = udp_connect_to(u, &peer);
    net_unlock();
    return error;
}

// An ICMP message about a datagram that we sent from local to peer: the
// connected socket that sent it hears of it, if it ends the association.
void udp_icmp_error(const struct endpoint *local, const struct endpoint *peer,
                    const struct icmp_errno *error)
{
    for (struct udp_pcb *pcb = udp_pcbs; pcb; pcb = pcb->next) {
        if (pcb->recv != udp_receive_callback || !error->hard ||
            !(pcb->flags & UDP_FLAGS_CONNECTED) ||
            pcb->local_port != local->port || pcb->remote_port != peer->port ||
            !ip_addr_eq(&pcb->local_ip, &local->ip) ||
            !ip_addr_eq(&pcb->remote_ip, &peer->ip))
            continue;
        struct udp_socket *u = pcb->recv_arg;
        WITH_LOCK(&u->socket.lock) {
            socket_set_error(&u->socket, error->error);
        }
    }
}

// Linux marks the directions also where it says that nobody is connected.
static int udp_shutdown_op(struct socket *socket, int how)
{
    int error;

    WITH_LOCK(&socket->lock) {
        if (how != SHUT_WR)
            socket->read_shut = true;
        if (how != SHUT_RD)
            socket->write_shut = true;
        wake_up_all(&socket->wait);
        error = socket->state == SOCKET_CONNECTED ? 0 : -ENOTCONN;
    }
    return error;
}

static int udp_local_address(struct socket *socket,
                             struct socket_address *address)
{
    WITH_LOCK(&socket->lock) {
        endpoint_to_address(address, socket, &udp_of(socket)->local);
    }
    return 0;
}

static int udp_peer_address(struct socket *socket,
                            struct socket_address *address)
{
    WITH_LOCK(&socket->lock) {
        if (socket->state != SOCKET_CONNECTED)
            return -ENOTCONN;
        endpoint_to_address(address, socket, &udp_of(socket)->peer);
    }
    return 0;
}

static unsigned udp_poll_op(struct socket *socket)
{
    unsigned events = POLLOUT | POLLWRNORM;

    WITH_LOCK(&socket->lock) {
        if (!list_empty(&socket->receive_queue) || socket->read_shut)
            events |= POLLIN | POLLRDNORM;
        if (socket->read_shut)
            events |= POLLRDHUP;
        if (socket->read_shut && socket->write_shut)
            events |= POLLHUP;
        if (socket->error)
            events |= POLLERR;
    }
    return events;
}

static long udp_ioctl_op(struct socket *socket, unsigned command,
                         uaddr argument)
{
    int next = 0;

    switch (command) {
    case FIONREAD:  // the next datagram's size
        WITH_LOCK(&socket->lock) {
            if (!list_empty(&socket->receive_queue))
                next = list_first(&socket->receive_queue, struct packet, node)
                           ->length;
        }
        return PUT_USER(argument, next);
    case SIOCOUTQ:
        return PUT_USER(argument, 0);
    default:
        return -ENOTTY;
    }
}

static void udp_close_op(struct socket *socket)
{
    struct udp_socket *u = udp_of(socket);

    net_lock();
    udp_remove(u->pcb);
    port_put(u->binding);
    if (u->corked)
        pbuf_free(u->corked);
    packets_free(&socket->receive_queue);
    net_unlock();
}

static const struct socket_ops udp_socket_ops = {
    .name = "UDP",
    .size = sizeof(struct udp_socket),
    .filters = true,
    .init = udp_init_op,
    .bind = udp_bind_op,
    .connect = udp_connect_op,
    .send = udp_send_op,
    .receive = udp_receive_op,
    .shutdown = udp_shutdown_op,
    .local_address = udp_local_address,
    .peer_address = udp_peer_address,
    .poll = udp_poll_op,
    .ioctl = udp_ioctl_op,
    .close = udp_close_op,
};
SOCKET_FAMILY(udp) = {AF_INET, SOCK_DGRAM, IPPROTO_UDP, &udp_socket_ops};
SOCKET_FAMILY(udp6) = {AF_INET6, SOCK_DGRAM, IPPROTO_UDP, &udp_socket_ops};
