// SPDX-License-Identifier: MIT
//
// TCP: bind(2) and connect(2).

#include <abi/errno.h>
#include <abi/inet.h>
#include <lwip/priv/tcp_priv.h>
#include <net/errors.h>
#include <net/ip_option.h>
#include <net/route.h>
#include <net/server.h>
#include <proc/task.h>

#include "connection.h"

int tcp_bind_op(struct socket *socket, const struct socket_address *address)
{
    struct tcp_socket *t = tcp_of(socket);
    struct endpoint local;
    int error = endpoint_to_bind(&local, socket, address);

    if (error < 0)
        return error;
    if (local.port && local.port < 1024 && current_process()->euid != 0)
        return -EACCES;
    net_lock();
    if (IP_IS_V6_VAL(local.ip) && ip_addr_ismulticast(&local.ip))
        error = -EINVAL;
    else if (!route_is_local(&local.ip) && !socket->options.ip.free_bind)
        error = -EADDRNOTAVAIL;
    else if (t->binding || socket->state != SOCKET_UNCONNECTED)
        error = -EINVAL;
    else if (local.port || !socket->options.ip.bind_without_port)
        error = port_bind(socket, &local, 0, &t->binding);
    if (error == 0) {
        t->bound = t->binding != NULL;
        ip_option_bound(socket, &local.ip);
        WITH_LOCK(&socket->lock) {
            t->local = t->binding ? t->binding->local : local;
        }
    }
    net_unlock();
    return error;
}

// The handshake is done.
static err_t connected_callback(void *argument, struct tcp_pcb *pcb,
                                err_t error)
{
    struct tcp_socket *t = argument;

    (void)error;  // always ERR_OK
    tcp_window_init(t, pcb);
    if (t->tcp.max_segment)
        pcb->mss = MIN(pcb->mss, t->tcp.max_segment);
    WITH_LOCK(&t->socket.lock) {
        socket_set_state(&t->socket, SOCKET_CONNECTED);
    }
    return ERR_OK;
}

// Is there a connection between these two already (TIME_WAIT included)?
static bool connection_exists(const struct endpoint *local,
                              const struct endpoint *peer)
{
    struct tcp_flow flow = {local->ip, peer->ip, local->port, peer->port};

    return pcb_find(&flow) != NULL;
}

// Settle our end: the address by the route to the peer, the port by bind or
// now. Core mutex held.
static int choose_local(struct tcp_socket *t, const struct endpoint *peer,
                        struct endpoint *local)
{
    struct netif *netif;
    int error;

    if (ip_addr_ismulticast(&peer->ip) || route_is_broadcast(&peer->ip) ||
        (t->socket.options.dont_route && !route_is_direct(&peer->ip)))
        return -ENETUNREACH;
    error = route_find(&peer->ip, &t->local.ip, &netif, &local->ip);
    if (error < 0)
        return error;
    local->port = 0;
    if (!t->binding) {
        error = port_bind(&t->socket, local, peer->port, &t->binding);
        if (error < 0)
            return error == -EADDRINUSE ? -EADDRNOTAVAIL : error;
    }
    local->port = t->binding->local.port;
    if (port_is_shared(t->binding) && connection_exists(local, peer))
        return -EADDRNOTAVAIL;
    return 0;
}

// Short of memory lwIP would kill a connection of its own choice to make room,
// so it sees none; one in TIME_WAIT is not missed.
static struct tcp_pcb *new_pcb(void)
{
    struct tcp_pcb *pcb;

    do {
        pcb_select(NULL);
        pcb = tcp_new();
    } while (!pcb && tcp_time_wait_recycle_oldest());
    if (pcb && !tcp_connection_create(pcb)) {
        tcp_abort(pcb);
        return NULL;
    }
    return pcb;
}

// Send the SYN. Core mutex held.
static int connect_start(struct tcp_socket *t, const struct endpoint *peer)
{
    struct endpoint local;
    int error = choose_local(t, peer, &local);

    if (error < 0)
        return error;
    struct tcp_flow flow = {local.ip, peer->ip, local.port, peer->port};
    struct tcp_pcb *pcb = new_pcb();
    if (!pcb)
        return -ENOBUFS;
    // Our own table says who may have the port; tcp_bind has another opinion.
    ip_addr_copy(pcb->local_ip, local.ip);
    pcb->local_port = local.port;
    tcp_attach(t, pcb, t->binding);
    t->syn_rto = pcb->rto;
    t->connect_unreported = true;
    WITH_LOCK(&t->socket.lock) {
        t->local = local;
        t->peer = *peer;
        t->socket.peer_shut = t->socket.read_shut = t->socket.write_shut =
            false;
        socket_set_state(&t->socket, SOCKET_CONNECTING);
    }
    pcb_select_bucket(pcb_bucket_of(&flow));
    err_t result = tcp_connect(pcb, &peer->ip, peer->port, connected_callback);
    if (result == ERR_OK)
        return 0;
    tcp_detach(t);
    tcp_abort(pcb);
    WITH_LOCK(&t->socket.lock) {
        socket_set_state(&t->socket, SOCKET_UNCONNECTED);
    }
    return -errno_of(result);
}

// Back to an unconnected socket: after a failure, or by AF_UNSPEC. What bind
// settled stays. Core mutex held.
static void connect_undo(struct tcp_socket *t)
{
    struct socket *socket = &t->socket;

    tcp_reset(t);
    if (!t->bound) {
        port_put(t->binding);
        t->binding = NULL;
    }
    t->fin_wanted = t->fin_sent = t->more = t->end_known = false;
    t->cork_due = 0;
    WITH_LOCK(&socket->lock) {
        if (socket->state != SOCKET_UNCONNECTED)
            socket_set_state(socket, SOCKET_UNCONNECTED);
        t->local = t->binding ? t->binding->local : endpoint_any(socket);
        t->peer = (struct endpoint){0};
    }
}

static int disconnect(struct tcp_socket *t)
{
    net_lock();
    if (t->socket.state == SOCKET_LISTENING)
        tcp_listen_end(t);
    connect_undo(t);
    net_unlock();
    return 0;
}

// The first half of connect: what state it finds. 0: begun or under way (then
// *busy is the answer for a caller that does not wait). Core mutex held.
static int connect_begin(struct tcp_socket *t, const struct endpoint *peer,
                         int *busy)
{
    int error;

    switch (t->socket.state) {
    case SOCKET_UNCONNECTED:
        *busy = -EINPROGRESS;
        error = connect_start(t, peer);
        if (error < 0)
            connect_undo(t);
        return error;
    case SOCKET_CONNECTING:
        *busy = -EALREADY;
        return 0;
    case SOCKET_CONNECT_FAILED:
        *busy = -ECONNABORTED;
        return 0;
    case SOCKET_CONNECTED:
        return t->connect_unreported ? 0 : -EISCONN;
    default:
        return -EISCONN;
    }
}

// The attempt has ended: how? Core mutex held.
static int connect_end(struct tcp_socket *t)
{
    t->connect_unreported = false;
    if (t->socket.state != SOCKET_CONNECT_FAILED)
        return 0;
    int error = socket_take_error(&t->socket);
    connect_undo(t);
    return error ? error : -ECONNABORTED;
}

int tcp_connect_op(struct socket *socket, const struct socket_address *address,
                   bool nonblock)
{
    struct tcp_socket *t = tcp_of(socket);
    nsec_t until = socket_deadline(nonblock, socket->options.send_timeout);
    struct endpoint peer;
    int busy = 0;

    if (address->length >= sizeof(uint16_t) && address->family == AF_UNSPEC)
        return disconnect(t);
    int error = endpoint_to_connect(&peer, socket, address);
    if (error < 0)
        return error;
    net_lock();
    endpoint_any_is_loopback(&peer, &t->local.ip);
    error = connect_begin(t, &peer, &busy);
    net_unlock();
    if (error < 0)
        return error;
    if (nonblock && busy == -EINPROGRESS)
        return busy;  // even if it is done already, as on the loopback
    error = socket_wait(socket, READ_ONCE(socket->state) != SOCKET_CONNECTING,
                        until);
    if (error < 0)
        return error == -EAGAIN ? busy : error;
    net_lock();
    error = connect_end(t);
    net_unlock();
    return error;
}
