// SPDX-License-Identifier: MIT
//
// TCP_QUICKACK, tcp(7): as long as the application has not answered what came,
// the peer is probably in slow start and waits for acknowledgements, so the
// first ones are sent at once; when both sides talk in turn they are delayed,
// to travel with the answer. The option puts a connection in the one mode or
// the other, for now.

#include <abi/inet.h>
#include <net/option.h>
#include <net/server.h>

#include "connection.h"

static void acknowledge_now(struct tcp_pcb *pcb)
{
    if (pcb->flags & TF_ACK_DELAY) {
        tcp_ack_now(pcb);
        tcp_output(pcb);
    }
}

void tcp_quickack_received(struct tcp_connection *c)
{
    if (c->interactive || !c->quick_acks || !(c->pcb->flags & TF_ACK_DELAY))
        return;
    c->quick_acks--;
    acknowledge_now(c->pcb);
}

void tcp_quickack_sending(struct tcp_connection *c)
{
    if (c->last_received)
        c->interactive = true;
}

static int get_quickack(struct socket *socket, union option_value *value)
{
    struct tcp_socket *t = tcp_of(socket);

    net_lock();
    value->integer = socket->state != SOCKET_CONNECTED || !t->pcb ||
                     !tcp_connection_of(t->pcb)->interactive;
    net_unlock();
    return 0;
}

static int set_quickack(struct socket *socket, const union option_value *value)
{
    struct tcp_socket *t = tcp_of(socket);

    net_lock();
    if (socket->state == SOCKET_CONNECTED && t->pcb) {
        struct tcp_connection *c = tcp_connection_of(t->pcb);

        c->interactive = value->integer == 0;
        if (!c->interactive) {
            pcb_select(t->pcb);
            c->quick_acks = TCP_QUICK_ACKS;
            acknowledge_now(t->pcb);
        }
    }
    net_unlock();
    return 0;
}
TCP_OPTION(tcp_quickack, TCP_QUICKACK, get_quickack, set_quickack);
