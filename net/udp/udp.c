// SPDX-License-Identifier: MIT
//
// UDP sockets, udp(7): binding, connecting, closing. Data moves in
// net/udp/send.c and net/udp/datagram.c.

#include <abi/errno.h>
#include <abi/inet.h>
#include <net/datagram.h>
#include <net/error_queue.h>
#include <net/icmp_error.h>
#include <net/ip_option.h>
#include <net/multicast.h>
#include <net/path_mtu.h>
#include <net/route.h>
#include <net/server.h>
#include <proc/task.h>

#include "udp.h"

static int udp_init_op(struct socket *socket)
{
    struct udp_socket *u = udp_of(socket);

    ip_option_init(socket, IP_DEFAULT_TTL);
    list_init(&u->node);
    u->local = endpoint_any(socket);
    return 0;
}

struct endpoint udp_bound_to(const struct udp_socket *u)
{
    return u->bound || !ip_addr_isany(&u->bound_to.ip)
               ? u->bound_to
               : endpoint_any(&u->socket);
}

// Take a port: the one asked for, or any. Core mutex held. 0 or -errno.
static int udp_take_port(struct udp_socket *u, const struct endpoint *local)
{
    int error = port_bind(&u->socket, local, 0, &u->binding);

    if (error < 0)
        return error;
    WITH_LOCK(&u->socket.lock) {
        u->local = u->binding->local;
    }
    udp_listen_at(u);
    return 0;
}

int udp_ensure_port(struct udp_socket *u)
{
    struct endpoint local = udp_bound_to(u);

    return u->binding ? 0 : udp_take_port(u, &local);
}

static bool may_bind_to(const struct socket *socket, const ip_addr_t *address)
{
    return route_is_local(address) || ip_addr_ismulticast(address) ||
           route_is_broadcast(address) || socket->options.ip.free_bind;
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
    if (!may_bind_to(socket, &local.ip))
        error = -EADDRNOTAVAIL;
    else if (u->binding)
        error = -EINVAL;
    else if (local.port || !socket->options.ip.bind_without_port)
        error = udp_take_port(u, &local);
    if (error == 0) {
        u->bound = u->binding != NULL;
        u->bound_to = u->bound ? u->binding->local : local;
        WITH_LOCK(&socket->lock) {
            u->local = u->bound_to;
        }
        ip_option_bound(socket, &local.ip);
    }
    net_unlock();
    return error;
}

// A port that sending or connecting took.
static void give_port_back(struct udp_socket *u)
{
    udp_listen_no_more(u);
    port_put(u->binding);
    u->binding = NULL;
}

static int udp_disconnect_op(struct udp_socket *u)
{
    struct socket *socket = &u->socket;

    net_lock();
    if (!u->bound && u->binding)
        give_port_back(u);
    WITH_LOCK(&socket->lock) {
        u->local = u->binding ? u->binding->local : udp_bound_to(u);
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
    error = udp_ensure_port(u);
    if (error < 0)
        return error;
    local.port = u->binding->local.port;
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

// An ICMP message about a datagram of ours: who sent it hears of it if he has
// asked to (IP_RECVERR); else if he is connected, and it ends the association.
void udp_icmp_error(const struct icmp_report *report)
{
    struct arrival answer = {.from = report->peer.ip,
                             .to = report->local.ip,
                             .from_port = report->peer.port,
                             .to_port = report->local.port,
                             .interface = report->interface};
    struct udp_socket *u = udp_receiver(&answer);

    if (!u)
        return;
    bool hard = report->error->hard || report->error->error == EMSGSIZE;
    if (report->error->error == EMSGSIZE && !report->is_v6 && report->info)
        path_mtu_learn(&report->peer.ip, report->info, 0);
    if (!error_queue_icmp(&u->socket, report) &&
        (!hard || u->socket.state != SOCKET_CONNECTED))
        return;
    WITH_LOCK(&u->socket.lock) {
        socket_set_error(&u->socket, report->error->error);
    }
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

static void udp_close_op(struct socket *socket)
{
    struct udp_socket *u = udp_of(socket);

    net_lock();
    multicast_leave_all(socket);
    udp_listen_no_more(u);
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
    .receive = datagram_receive_op,
    .shutdown = datagram_shutdown_op,
    .local_address = udp_local_address,
    .peer_address = udp_peer_address,
    .poll = datagram_poll_op,
    .ioctl = datagram_ioctl_op,
    .close = udp_close_op,
};
SOCKET_FAMILY(udp) = {AF_INET, SOCK_DGRAM, IPPROTO_UDP, &udp_socket_ops};
SOCKET_FAMILY(udp6) = {AF_INET6, SOCK_DGRAM, IPPROTO_UDP, &udp_socket_ops};
