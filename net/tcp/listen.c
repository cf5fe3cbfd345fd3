// SPDX-License-Identifier: MIT
//
// TCP: listen(2) and accept(2). lwIP's own backlog counts 8 bits; ours counts
// the connections that wait for accept. Beyond it a SYN is dropped, and so is
// the end of a handshake, so that the client tries again. Handshakes under way
// have a bound of their own (tcp/half_open.c).

#include <abi/errno.h>
#include <abi/inet.h>
#include <abi/poll.h>
#include <lwip/priv/tcp_priv.h>
#include <net/flow.h>
#include <net/ip_option.h>
#include <net/server.h>
#include <net/sysctl.h>

#include "connection.h"

bool tcp_accept_queue_is_full(struct tcp_socket *listener)
{
    return READ_ONCE(listener->accept_count) > READ_ONCE(listener->backlog);
}

static bool same_group(const struct tcp_pcb_listen *a,
                       const struct tcp_pcb_listen *b)
{
    const struct tcp_socket *t =
        tcp_ext_arg_get((void *)b, TCP_ARGUMENT_SOCKET);

    return a->local_port == b->local_port && a->netif_idx == b->netif_idx &&
           ip_addr_eq(&a->local_ip, &b->local_ip) && t->binding->reuse_port;
}

// lwIP has found one listener for the SYN. Of those that share its port by
// SO_REUSEPORT, the one that the connection's hash chooses.
static struct tcp_socket *choose_of_group(struct tcp_pcb_listen *found,
                                          const struct tcp_pcb *pcb)
{
    struct tcp_socket *listener =
        tcp_ext_arg_get((void *)found, TCP_ARGUMENT_SOCKET);
    struct arrival arrival = {.from = pcb->remote_ip,
                              .to = pcb->local_ip,
                              .from_port = pcb->remote_port,
                              .to_port = pcb->local_port};
    struct tcp_pcb_listen *l;
    unsigned count = 0;

    if (!listener->binding->reuse_port)
        return listener;
    for (l = tcp_listen_pcbs.listen_pcbs; l; l = l->next)
        count += same_group(found, l);
    count = flow_choose(&arrival, count);
    for (l = tcp_listen_pcbs.listen_pcbs; l; l = l->next) {
        if (same_group(found, l) && count-- == 0)
            return tcp_ext_arg_get((void *)l, TCP_ARGUMENT_SOCKET);
    }
    return listener;
}

// A SYN arrived; the answer is not sent yet. Anything but ERR_OK drops it.
static err_t passive_open(u8_t id, struct tcp_pcb_listen *lpcb,
                          struct tcp_pcb *pcb)
{
    struct tcp_socket *listener = choose_of_group(lpcb, pcb);
    struct tcp_connection *c;

    (void)id;
    if (tcp_comes_from_afar(listener) || tcp_accept_queue_is_full(listener))
        return ERR_MEM;
    c = tcp_connection_create(pcb);
    if (!c)
        return ERR_MEM;
    tcp_half_open_begin(listener, c);
    pcb->listener = (struct tcp_pcb_listen *)listener->pcb;
    tcp_window_init(listener, pcb);
    // For the SYN-ACK.
    ip_option_apply(&listener->socket, pcb, &pcb->local_ip);
    return ERR_OK;
}

static const struct tcp_ext_arg_callbacks listener_callbacks = {
    .passive_open = passive_open,
};

// A socket for a connection whose handshake is done. NULL: no memory.
static struct tcp_socket *child_create(struct tcp_socket *listener,
                                       struct tcp_pcb *pcb)
{
    struct socket *socket = socket_create_like(&listener->socket);

    if (!socket)
        return NULL;
    struct tcp_socket *child = tcp_of(socket);
    send_buffer_init(&child->send);
    list_init(&child->accept_queue);
    child->tcp = listener->tcp;
    child->local = (struct endpoint){pcb->local_ip, pcb->local_port};
    child->peer = (struct endpoint){pcb->remote_ip, pcb->remote_port};
    child->binding = listener->child_binding;
    port_get(child->binding);
    WITH_LOCK(&socket->lock) {
        socket_set_state(socket, SOCKET_CONNECTED);
    }
    tcp_attach(child, pcb, child->binding);
    if (child->tcp.max_segment)
        pcb->mss = MIN(pcb->mss, child->tcp.max_segment);
    return child;
}

// The handshake is done. An error makes lwIP reset the connection.
static err_t accept_callback(void *argument, struct tcp_pcb *pcb, err_t error)
{
    (void)argument;  // the listener that lwIP found, or another of its group:
    if (!pcb || error != ERR_OK)
        return ERR_VAL;
    struct tcp_socket *listener = tcp_connection_of(pcb)->listener;
    struct tcp_socket *child = child_create(listener, pcb);
    if (!child)
        return ERR_MEM;
    WITH_LOCK(&listener->socket.lock) {
        listener->accept_count++;
        list_push_back(&listener->accept_queue, &child->accept_node);
    }
    pcb->listener = NULL;
    tcp_half_open_end(tcp_connection_of(pcb));
    wake_up_events(&listener->socket.wait, POLLIN | POLLRDNORM);
    return ERR_OK;
}

static int listen_failed(struct tcp_socket *t)
{
    t->binding->listening = false;
    port_put(t->child_binding);
    t->child_binding = NULL;
    return -ENOBUFS;
}

// Create the listening PCB. Core mutex held.
static int listen_start(struct tcp_socket *t)
{
    struct endpoint local = {.ip = t->local.ip};
    struct tcp_pcb *pcb, *listening;
    int error;

    if (!t->binding) {
        error = port_bind(&t->socket, &local, 0, &t->binding);
        if (error < 0)
            return error;
    }
    error = port_listen(t->binding);
    if (error < 0)
        return error;
    // Connections may share the port with others that said SO_REUSEADDR, as
    // the listener does not: theirs is a binding of its own.
    t->child_binding = port_clone(t->binding);
    pcb_select(NULL);  // short of memory lwIP would kill a connection
    pcb = t->child_binding ? tcp_new() : NULL;
    if (!pcb)
        return listen_failed(t);
    ip_addr_copy(pcb->local_ip, t->binding->local.ip);
    pcb->local_port = t->binding->local.port;
    ip_option_apply(&t->socket, pcb, &pcb->local_ip);
    pcb->netif_idx = tcp_netif_index(t);
    listening = tcp_listen(pcb);
    if (!listening) {
        tcp_abort(pcb);
        return listen_failed(t);
    }
    t->pcb = listening;
    tcp_arg(listening, t);
    tcp_accept(listening, accept_callback);
    tcp_ext_arg_set(listening, TCP_ARGUMENT_SOCKET, t);
    tcp_ext_arg_set_callbacks(listening, TCP_ARGUMENT_SOCKET,
                              &listener_callbacks);
    WITH_LOCK(&t->socket.lock) {
        t->local = t->binding->local;
        socket_set_state(&t->socket, SOCKET_LISTENING);
    }
    return 0;
}

int tcp_listen_op(struct socket *socket, int backlog)
{
    struct tcp_socket *t = tcp_of(socket);
    int error = 0;

    net_lock();
    if (socket->state == SOCKET_UNCONNECTED)
        error = listen_start(t);
    else if (socket->state != SOCKET_LISTENING)
        error = -EINVAL;
    if (error == 0) {
        WITH_LOCK(&socket->lock) {
            // Linux: a negative backlog is the largest one.
            t->backlog = MIN((unsigned)backlog, (unsigned)sysctl_somaxconn);
        }
    }
    net_unlock();
    return error;
}

// The next connection, with the queue's reference, or NULL.
static struct tcp_socket *accept_next(struct tcp_socket *t)
{
    struct tcp_socket *child;

    WITH_LOCK(&t->socket.lock) {
        child =
            list_pop_front(&t->accept_queue, struct tcp_socket, accept_node);
        if (child)
            t->accept_count--;
    }
    return child;
}

int tcp_accept_op(struct socket *socket, bool nonblock, struct socket **result)
{
    struct tcp_socket *t = tcp_of(socket);
    nsec_t until = socket_deadline(nonblock, socket->options.receive_timeout);

    for (;;) {
        if (READ_ONCE(socket->state) != SOCKET_LISTENING)
            return -EINVAL;
        struct tcp_socket *child = accept_next(t);
        if (child) {
            *result = &child->socket;
            return 0;
        }
        int error = socket_wait_exclusive(socket,
                                          READ_ONCE(t->accept_count) ||
                                              READ_ONCE(socket->state) !=
                                                  SOCKET_LISTENING,
                                          until);
        if (error < 0)
            return error;
    }
}

void tcp_unaccept_op(struct socket *socket, struct socket *child)
{
    struct tcp_socket *t = tcp_of(socket);
    bool listening;

    WITH_LOCK(&socket->lock) {
        listening = socket->state == SOCKET_LISTENING;
        if (listening) {
            list_push_front(&t->accept_queue, &tcp_of(child)->accept_node);
            t->accept_count++;
        }
    }
    if (listening) {
        wake_up_events(&socket->wait, POLLIN | POLLRDNORM);
        return;
    }
    child->ops->close(child);
    socket_put(child);
}

// Stop listening: connections that nobody accepted are reset.
void tcp_listen_end(struct tcp_socket *t)
{
    struct tcp_socket *child;

    // (lwIP would look in its own lists for those that refer to the listener.)
    tcp_half_open_end_all(t);
    tcp_close(t->pcb);
    t->pcb = NULL;
    t->binding->listening = false;
    port_put(t->child_binding);
    t->child_binding = NULL;
    WITH_LOCK(&t->socket.lock) {
        socket_set_state(&t->socket, SOCKET_UNCONNECTED);
    }
    while ((child = accept_next(t))) {
        tcp_reset(child);
        port_put(child->binding);
        child->binding = NULL;
        socket_put(&child->socket);
    }
}
