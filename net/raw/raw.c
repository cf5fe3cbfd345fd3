// SPDX-License-Identifier: MIT
//
// Raw sockets, raw(7): IP packets of any protocol, for the super-user. Sending
// and receiving are in net/raw/send.c and net/raw/recv.c.

#include <abi/errno.h>
#include <abi/inet.h>
#include <lwip/prot/icmp6.h>
#include <net/datagram.h>
#include <net/ip_option.h>
#include <net/multicast.h>
#include <net/route.h>
#include <net/server.h>
#include <proc/task.h>

#include "raw.h"

struct list_node raw_sockets = LIST_INIT(raw_sockets);

// Its address, without a protocol of its own: an AF_INET6 socket of these kinds
// is for IPv6 only.
static struct endpoint any_address(const struct socket *socket)
{
    struct endpoint any = {0};

    ip_addr_set_any(socket->family == AF_INET6, &any.ip);
    return any;
}

int raw_create(struct raw_socket *raw, raw_recv_fn receive)
{
    struct socket *socket = &raw->socket;

    ip_option_init(socket, IP_DEFAULT_TTL);
    raw->checksum_at = -1;
    raw->local = raw->bound_to = any_address(socket);
    net_lock();
    raw->pcb = raw_new_ip_type(IP_GET_TYPE(&raw->local.ip), socket->protocol);
    if (raw->pcb) {
        raw_recv(raw->pcb, receive, raw);
        list_push_back(&raw_sockets, &raw->node);
    }
    net_unlock();
    return raw->pcb ? 0 : -ENOBUFS;
}

static int raw_init_op(struct socket *socket)
{
    struct raw_socket *raw = raw_of(socket);

    if (socket->protocol == 0 || socket->protocol > UINT8_MAX)
        return -EPROTONOSUPPORT;
    if (current_process()->euid != 0)
        return -EPERM;
    int error = raw_create(raw, raw_receive);
    if (error < 0)
        return error;
    // Linux shows the protocol where other sockets have a port.
    raw->local.port = raw->bound_to.port = socket->protocol;
    raw->header_included = socket->protocol == IPPROTO_RAW;
    if (socket->family == AF_INET6 && socket->protocol == IPPROTO_ICMPV6)
        raw->checksum_at = offsetof(struct icmp6_hdr, chksum);
    return 0;
}

int raw_bind_address(struct raw_socket *raw, const struct endpoint *local)
{
    ip_addr_t ip = local->ip;

    if (!route_is_local(&ip) && !ip_addr_ismulticast(&ip) &&
        !route_is_broadcast(&ip) && !raw->socket.options.ip.free_bind)
        return -EADDRNOTAVAIL;
    if (IP_IS_ANY_TYPE_VAL(ip))
        ip_addr_set_any(true, &ip);
    ip_addr_copy(raw->bound_to.ip, ip);
    raw_bind(raw->pcb, &ip);
    WITH_LOCK(&raw->socket.lock) {
        raw->local = raw->bound_to;
    }
    return 0;
}

static int raw_bind_op(struct socket *socket,
                       const struct socket_address *address)
{
    struct endpoint local;
    int error = endpoint_to_bind(&local, socket, address);

    if (error < 0)
        return error;
    if (socket->family == AF_INET6 && IP_IS_V4_VAL(local.ip))
        return -EADDRNOTAVAIL;
    net_lock();
    error = socket->state == SOCKET_UNCONNECTED
                ? raw_bind_address(raw_of(socket), &local)
                : -EINVAL;
    net_unlock();
    return error;
}

static int disconnect(struct raw_socket *raw)
{
    struct socket *socket = &raw->socket;

    net_lock();
    raw_disconnect(raw->pcb);
    raw_bind(raw->pcb, &raw->bound_to.ip);
    WITH_LOCK(&socket->lock) {
        raw->local.ip = raw->bound_to.ip;
        raw->peer = (struct endpoint){0};
        if (socket->state == SOCKET_CONNECTED)
            socket_set_state(socket, SOCKET_UNCONNECTED);
    }
    net_unlock();
    return 0;
}

// Core mutex held.
static int connect_to(struct raw_socket *raw, struct endpoint *peer)
{
    struct socket *socket = &raw->socket;
    struct netif *netif;
    ip_addr_t source;

    endpoint_any_is_loopback(peer, &raw->bound_to.ip);
    int error = route_find(&peer->ip, &raw->bound_to.ip, &netif, &source);
    if (error < 0)
        return error;
    if (route_is_broadcast(&peer->ip) && !socket->options.broadcast)
        return -EACCES;
    raw_bind(raw->pcb, &source);
    raw_connect(raw->pcb, &peer->ip);
    WITH_LOCK(&socket->lock) {
        raw->local.ip = source;
        raw->peer = *peer;
        if (socket->state == SOCKET_UNCONNECTED)
            socket_set_state(socket, SOCKET_CONNECTED);
    }
    return 0;
}

int raw_connect_op(struct socket *socket, const struct socket_address *address,
                   bool nonblock)
{
    struct endpoint peer;

    (void)nonblock;
    if (address->length >= sizeof(uint16_t) && address->family == AF_UNSPEC)
        return disconnect(raw_of(socket));
    int error = endpoint_to_connect(&peer, socket, address);
    if (error == 0 && socket->family == AF_INET6 && IP_IS_V4_VAL(peer.ip))
        error = -ENETUNREACH;
    if (error < 0)
        return error;
    net_lock();
    error = connect_to(raw_of(socket), &peer);
    net_unlock();
    return error;
}

int raw_local_address_op(struct socket *socket, struct socket_address *address)
{
    WITH_LOCK(&socket->lock) {
        endpoint_to_address(address, socket, &raw_of(socket)->local);
    }
    return 0;
}

int raw_peer_address_op(struct socket *socket, struct socket_address *address)
{
    WITH_LOCK(&socket->lock) {
        if (socket->state != SOCKET_CONNECTED)
            return -ENOTCONN;
        endpoint_to_address(address, socket, &raw_of(socket)->peer);
    }
    return 0;
}

void raw_close_op(struct socket *socket)
{
    struct raw_socket *raw = raw_of(socket);

    net_lock();
    multicast_leave_all(socket);
    raw_remove(raw->pcb);
    list_remove(&raw->node);
    packets_free(&socket->receive_queue);
    net_unlock();
}

static const struct socket_ops raw_socket_ops = {
    .name = "raw IP",
    .size = sizeof(struct raw_socket),
    .filters = true,
    .by_protocol = true,
    .init = raw_init_op,
    .bind = raw_bind_op,
    .connect = raw_connect_op,
    .send = raw_send_op,
    .receive = datagram_receive_op,
    .shutdown = datagram_shutdown_op,
    .local_address = raw_local_address_op,
    .peer_address = raw_peer_address_op,
    .poll = datagram_poll_op,
    .ioctl = datagram_ioctl_op,
    .close = raw_close_op,
};
SOCKET_FAMILY(raw) = {AF_INET, SOCK_RAW, ANY_PROTOCOL, &raw_socket_ops};
SOCKET_FAMILY(raw6) = {AF_INET6, SOCK_RAW, ANY_PROTOCOL, &raw_socket_ops};
