// SPDX-License-Identifier: MIT
//
// Handshakes that a peer began and has not finished. Anybody can begin one from
// any address, so their number is bounded (net.ipv4.tcp_max_syn_backlog, per
// listener), and when there are too many the oldest makes way: under a flood an
// honest client has as long to answer as the flood needs to fill the queue, and
// tries again if that was not enough. A SYN-ACK is repeated with back-off
// (net.ipv4.tcp_synack_retries), then the attempt is forgotten, without a word.

#include <lwip/stats.h>
#include <net/server.h>
#include <net/sysctl.h>

#include "connection.h"

// Each slow tick: the last repetition has been waited for as long as any other?
static err_t half_open_poll(void *argument, struct tcp_pcb *pcb)
{
    (void)argument;
    if (pcb->state != SYN_RCVD || pcb->nrtx < sysctl_tcp_synack_retries ||
        pcb->rtime < pcb->rto - 1)
        return ERR_OK;
    tcp_abandon(pcb, 0);
    return ERR_ABRT;
}

void tcp_half_open_begin(struct tcp_socket *listener, struct tcp_connection *c)
{
    socket_get(&listener->socket);
    c->listener = listener;
    list_push_back(&listener->half_opens, &c->node);
    listener->half_open++;
    tcp_poll(c->pcb, half_open_poll, 1);
}

void tcp_half_open_end(struct tcp_connection *c)
{
    struct tcp_socket *listener = c->listener;

    c->listener = NULL;
    list_remove(&c->node);
    listener->half_open--;
    socket_put(&listener->socket);
}

static void end_oldest(struct tcp_socket *listener)
{
    struct tcp_connection *c =
        list_first(&listener->half_opens, struct tcp_connection, node);

    pcb_select(c->pcb);
    tcp_abandon(c->pcb, 0);
}

void tcp_half_open_end_all(struct tcp_socket *listener)
{
    while (!list_empty(&listener->half_opens))
        end_oldest(listener);
}

void tcp_half_open_bound(struct tcp_connection *c)
{
    struct tcp_socket *listener = c->listener;

    while (listener->half_open > sysctl_tcp_max_syn_backlog &&
           listener->half_open > 1) {
        TCP_STATS_INC(tcp.drop);
        end_oldest(listener);
    }
}

bool tcp_half_open_may_end(const struct tcp_connection *c, bool has_data)
{
    struct tcp_socket *listener = c->listener;

    if (!listener)
        return true;
    if (!has_data && c->pcb->nrtx < READ_ONCE(listener->tcp.defer_accept))
        return false;
    return !tcp_accept_queue_is_full(listener);
}
