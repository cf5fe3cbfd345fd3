// SPDX-License-Identifier: MIT
//
// TCP: the end of a connection, by close(2), shutdown(2), or a reset.

#include <abi/errno.h>
#include <net/server.h>
#include <net/sysctl.h>

#include "connection.h"

static const struct tcp_ext_arg_callbacks no_callbacks;

// Each slow tick of a connection that finishes alone: it is given up sooner
// than one that somebody waits for, after as many repetitions as on Linux.
static err_t orphan_poll(void *argument, struct tcp_pcb *pcb)
{
    (void)argument;
    if (pcb->nrtx >= TCP_ORPHAN_RETRIES && pcb->rtime >= pcb->rto - 1)
        pcb->nrtx = UINT8_MAX;  // lwIP has tried enough
    return ERR_OK;
}

void tcp_detach(struct tcp_socket *t)
{
    struct tcp_pcb *pcb = t->pcb;

    tcp_arg(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_poll(pcb, orphan_poll, 1);
    tcp_ext_arg_set(pcb, TCP_ARGUMENT_SOCKET, NULL);
    tcp_ext_arg_set_callbacks(pcb, TCP_ARGUMENT_SOCKET, &no_callbacks);
    t->pcb = NULL;
    wake_up_all(&t->socket.wait);  // close may linger
    socket_put(&t->socket);
}

void tcp_reset(struct tcp_socket *t)
{
    struct tcp_pcb *pcb = t->pcb;

    if (pcb) {
        bool connecting = pcb->state == SYN_SENT;
        pcb_select(pcb);
        tcp_detach(t);
        if (connecting)
            tcp_close(pcb);  // nobody to send a reset to
        else
            tcp_abort(pcb);
    }
    tcp_receive_purge(t);
    WITH_LOCK(&t->socket.lock) {
        send_buffer_clear(&t->send);
    }
}

// How long it may stay in FIN_WAIT_2, where the peer could keep it for ever.
static void set_orphan_time(const struct tcp_socket *t)
{
    int64_t seconds =
        t->tcp.linger2 ? MAX(t->tcp.linger2, 0) : sysctl_tcp_fin_timeout;

    tcp_connection_of(t->pcb)->orphan_ticks =
        seconds * 1000 / TCP_SLOW_INTERVAL;
}

// The file is closed. Unread data, or SO_LINGER with no time, resets as on
// Linux; else the PCB sends what there is, then FIN, and the socket stays until
// that is acknowledged.
static void tcp_close_connection(struct tcp_socket *t)
{
    bool discard =
        t->socket.options.linger && t->socket.options.linger_seconds == 0;

    if (!t->pcb || t->pcb->state == SYN_SENT || t->pcb->refused_data ||
        t->socket.receive_bytes > 0 || discard) {
        tcp_reset(t);
        return;
    }
    t->orphaned = true;
    set_orphan_time(t);
    t->fin_wanted = true;
    tcp_err(t->pcb, NULL);
    tcp_send_push(t);
    if (t->pcb)
        tcp_output(t->pcb);
}

void tcp_close_op(struct socket *socket)
{
    struct tcp_socket *t = tcp_of(socket);

    net_lock();
    if (socket->state == SOCKET_LISTENING)
        tcp_listen_end(t);
    else
        tcp_close_connection(t);
    port_put(t->binding);
    t->binding = NULL;
    net_unlock();
    if (socket->options.linger && socket->options.linger_seconds)
        (void)socket_wait(
            socket, !READ_ONCE(t->pcb),
            socket_deadline(false,
                            socket->options.linger_seconds * NSEC_PER_SEC));
}

// shutdown(2). lwIP hears only of SHUT_WR: after a SHUT_RD it would abort the
// connection when data comes.
int tcp_shutdown_op(struct socket *socket, int how)
{
    struct tcp_socket *t = tcp_of(socket);
    enum socket_state state;

    net_lock();
    state = socket->state;
    if (state == SOCKET_LISTENING) {
        if (how != SHUT_WR)
            tcp_listen_end(t);
        net_unlock();
        return 0;
    }
    if (state == SOCKET_CONNECTING) {
        tcp_reset(t);
        WITH_LOCK(&socket->lock) {
            socket->error = ECONNRESET;
            socket_set_state(socket, SOCKET_CONNECT_FAILED);
        }
    } else if (state == SOCKET_CONNECTED) {
        WITH_LOCK(&socket->lock) {
            if (how != SHUT_WR)
                socket->read_shut = true;
            if (how != SHUT_RD)
                socket->write_shut = true;
            wake_up_all(&socket->wait);
        }
        if (how != SHUT_RD && t->pcb) {
            t->fin_wanted = true;
            tcp_send_push(t);
        }
    }
    net_unlock();
    return state == SOCKET_CONNECTED || state == SOCKET_CONNECTING ? 0
                                                                   : -ENOTCONN;
}
