// SPDX-License-Identifier: MIT
//
// TCP: a socket and its PCB. They are tied in tcp_attach and part in one of two
// ways: lwIP frees the PCB and says so by the extension argument's `destroyed`
// callback, which covers every path; or the socket lets the PCB finish alone
// (tcp_detach). The error callback is only set while somebody besides the PCB
// holds a reference, since lwIP may call it after `destroyed`.

#include <abi/errno.h>
#include <abi/inet.h>
#include <abi/ioctl.h>
#include <abi/poll.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/stats.h>
#include <mm/uaccess.h>
#include <net/errors.h>
#include <net/ip_option.h>
#include <net/server.h>
#include <net/sysctl.h>

#include "tcp.h"

static void tcp_error_callback(void *argument, err_t error)
{
    struct tcp_socket *t = argument;

    // A connection that lwIP gave up has had its ETIMEDOUT when it was freed.
    if (error != ERR_RST)
        return;
    t->end_known = true;
    WITH_LOCK(&t->socket.lock) {
        if (t->socket.state == SOCKET_CONNECTING)
            socket_set_error(&t->socket, ECONNREFUSED);
        else
            socket_set_error(&t->socket,
                             t->socket.peer_shut ? EPIPE : ECONNRESET);
    }
}

// lwIP frees the PCB: the end of every connection.
static void tcp_pcb_destroyed(u8_t id, void *data)
{
    struct tcp_socket *t = data;
    struct socket *socket = &t->socket;

    (void)id;
    t->pcb = NULL;
    WITH_LOCK(&socket->lock) {
        bool finished = socket->peer_shut && t->fin_sent;

        send_buffer_clear(&t->send);
        // Neither FINs nor a reset: lwIP's repetitions ran out.
        if (!finished && !t->end_known && !t->orphaned)
            socket->error = t->soft_error ? t->soft_error : ETIMEDOUT;
        if (socket->state == SOCKET_CONNECTING) {
            MIB2_STATS_INC(mib2.tcpattemptfails);
            socket_set_state(socket, SOCKET_CONNECT_FAILED);
        } else if (socket->state == SOCKET_CONNECTED) {
            socket_set_state(socket, SOCKET_DISCONNECTED);
        }
    }
    socket_put(socket);
}

static void port_destroyed(u8_t id, void *data)
{
    (void)id;
    port_put(data);
}

static const struct tcp_ext_arg_callbacks socket_callbacks = {
    .destroy = tcp_pcb_destroyed,
};
static const struct tcp_ext_arg_callbacks port_callbacks = {
    .destroy = port_destroyed,
};

void tcp_attach(struct tcp_socket *t, struct tcp_pcb *pcb,
                struct port_binding *binding)
{
    t->pcb = pcb;
    socket_get(&t->socket);
    port_get(binding);
    tcp_ext_arg_set(pcb, TCP_ARGUMENT_SOCKET, t);
    tcp_ext_arg_set_callbacks(pcb, TCP_ARGUMENT_SOCKET, &socket_callbacks);
    tcp_ext_arg_set(pcb, TCP_ARGUMENT_PORT, binding);
    tcp_ext_arg_set_callbacks(pcb, TCP_ARGUMENT_PORT, &port_callbacks);
    tcp_arg(pcb, t);
    tcp_recv(pcb, tcp_receive_callback);
    tcp_sent(pcb, tcp_sent_callback);
    tcp_err(pcb, tcp_error_callback);
    tcp_poll(pcb, tcp_poll_callback, 1);
    tcp_apply_options(t);
}

// SO_BINDTODEVICE as lwIP has it: the netif that a PCB's packets come and go
// by.
uint8_t tcp_netif_index(const struct tcp_socket *t)
{
    uint32_t device = t->socket.options.device;
    struct net_link *link = device ? link_by_index(device) : NULL;

    return link ? netif_get_index(&link->netif) : NETIF_NO_INDEX;
}

void tcp_apply_options(struct tcp_socket *t)
{
    struct tcp_pcb *pcb = t->pcb;

    if (!pcb || t->socket.state == SOCKET_LISTENING)
        return;
    ip_option_apply(&t->socket, pcb, &pcb->local_ip);
    pcb->netif_idx = tcp_netif_index(t);
    if (t->socket.options.keep_alive)
        ip_set_option(pcb, SOF_KEEPALIVE);
    else
        ip_reset_option(pcb, SOF_KEEPALIVE);
    pcb->keep_idle = t->tcp.keep_idle * 1000u;
    pcb->keep_intvl = t->tcp.keep_interval * 1000u;
    pcb->keep_cnt = t->tcp.keep_count;
    if (t->tcp.no_delay)
        tcp_nagle_disable(pcb);
    else
        tcp_nagle_enable(pcb);
}

static int tcp_local_address(struct socket *socket,
                             struct socket_address *address)
{
    WITH_LOCK(&socket->lock) {
        endpoint_to_address(address, socket, &tcp_of(socket)->local);
    }
    return 0;
}

static int tcp_peer_address(struct socket *socket,
                            struct socket_address *address)
{
    WITH_LOCK(&socket->lock) {
        if (socket->state != SOCKET_CONNECTED)
            return -ENOTCONN;
        endpoint_to_address(address, socket, &tcp_of(socket)->peer);
    }
    return 0;
}

// As Linux's tcp_poll: no connection counts as hung up, and writing that would
// fail at once as writable.
static unsigned tcp_poll_op(struct socket *socket)
{
    struct tcp_socket *t = tcp_of(socket);
    unsigned events = 0;

    WITH_LOCK(&socket->lock) {
        if (socket->state == SOCKET_LISTENING)
            return t->accept_count ? POLLIN | POLLRDNORM : 0;
        if (socket->error)
            events |= POLLERR;
        if (socket->state == SOCKET_CONNECTING)
            return events;
        bool over = socket->state != SOCKET_CONNECTED;
        bool no_input = socket->read_shut || socket->peer_shut;
        if (over || (no_input && socket->write_shut))
            events |= POLLHUP;
        if (no_input || (over && socket->state != SOCKET_UNCONNECTED))
            events |= POLLIN | POLLRDNORM | POLLRDHUP;
        if (socket->receive_bytes >= tcp_receive_low(t))
            events |= POLLIN | POLLRDNORM;
        if (over || socket->write_shut || tcp_writable(t))
            events |= POLLOUT | POLLWRNORM;
    }
    return events;
}

static int unsent_bytes(struct tcp_socket *t)
{
    size_t n;

    net_lock();
    n = t->send.unqueued;
    if (t->pcb)
        n += t->pcb->snd_lbb - t->pcb->snd_nxt;
    net_unlock();
    return (int)n;
}

static long tcp_ioctl_op(struct socket *socket, unsigned command,
                         uaddr argument)
{
    struct tcp_socket *t = tcp_of(socket);
    bool listening = READ_ONCE(socket->state) == SOCKET_LISTENING;

    switch (command) {
    case FIONREAD:
        return listening ? -EINVAL
                         : PUT_USER(argument, (int)socket->receive_bytes);
    case SIOCOUTQ:
        return listening ? -EINVAL : PUT_USER(argument, (int)t->send.used);
    case SIOCOUTQNSD:
        return listening ? -EINVAL : PUT_USER(argument, unsent_bytes(t));
    case SIOCATMARK:  // there is no urgent data
        return PUT_USER(argument, 0);
    default:
        return -ENOTTY;
    }
}

static int tcp_init_op(struct socket *socket)
{
    struct tcp_socket *t = tcp_of(socket);

    send_buffer_init(&t->send);
    list_init(&t->accept_queue);
    list_init(&t->accept_node);
    list_init(&t->half_opens);
    socket->options.receive_buffer = sysctl_tcp_rmem_default;
    socket->options.send_buffer = sysctl_tcp_wmem_default;
    ip_option_init(socket, IP_DEFAULT_TTL);
    t->local = endpoint_any(socket);
    t->tcp.keep_idle = sysctl_tcp_keepalive_time;
    t->tcp.keep_interval = sysctl_tcp_keepalive_interval;
    t->tcp.keep_count = sysctl_tcp_keepalive_probes;
    return 0;
}

static const struct socket_ops tcp_socket_ops = {
    .name = "TCP",
    .size = sizeof(struct tcp_socket),
    .init = tcp_init_op,
    .bind = tcp_bind_op,
    .listen = tcp_listen_op,
    .accept = tcp_accept_op,
    .unaccept = tcp_unaccept_op,
    .connect = tcp_connect_op,
    .send = tcp_send_op,
    .receive = tcp_receive_op,
    .shutdown = tcp_shutdown_op,
    .local_address = tcp_local_address,
    .peer_address = tcp_peer_address,
    .poll = tcp_poll_op,
    .ioctl = tcp_ioctl_op,
    .apply = tcp_apply_op,
    .close = tcp_close_op,
};
SOCKET_FAMILY(tcp) = {AF_INET, SOCK_STREAM, IPPROTO_TCP, &tcp_socket_ops};
SOCKET_FAMILY(tcp6) = {AF_INET6, SOCK_STREAM, IPPROTO_TCP, &tcp_socket_ops};
