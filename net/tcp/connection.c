// SPDX-License-Identifier: MIT
//
// struct tcp_connection: its life, which is its PCB's, and the time that states
// last. lwIP's limits for those are constants, counted from pcb->tmr, which
// means nothing else in these states; so tmr is made to say what we decide.

#include <mm/kmalloc.h>

#include "connection.h"

static struct tcp_connection *watched;

static void connection_destroyed(u8_t id, void *data)
{
    struct tcp_connection *c = data;

    (void)id;
    if (c->listener)
        tcp_half_open_end(c);
    if (c->in_time_wait)
        tcp_time_wait_end(c);
    if (c->held_syn)
        pbuf_free(c->held_syn);
    if (watched == c)
        watched = NULL;
    kfree(c);
}

static const struct tcp_ext_arg_callbacks connection_callbacks = {
    .destroy = connection_destroyed,
};

struct tcp_connection *tcp_connection_create(struct tcp_pcb *pcb)
{
    struct tcp_connection *c = kzalloc(sizeof(*c));

    if (!c)
        return NULL;
    c->pcb = pcb;
    list_init(&c->node);
    c->quick_acks = TCP_QUICK_ACKS;
    tcp_ext_arg_set(pcb, TCP_ARGUMENT_CONNECTION, c);
    tcp_ext_arg_set_callbacks(pcb, TCP_ARGUMENT_CONNECTION,
                              &connection_callbacks);
    return c;
}

void tcp_connection_watch(struct tcp_connection *c)
{
    watched = c;
}

bool tcp_connection_survived(void)
{
    bool survived = watched;

    watched = NULL;
    return survived;
}

void tcp_connection_count_sent(struct tcp_connection *c,
                               const struct tcp_hdr *header)
{
    c->segments_out++;
    if (TCP_SEQ_LT(lwip_ntohl(header->seqno), c->pcb->snd_nxt))
        c->repeated++;
    c->last_sent = tcp_ticks;
}

uint32_t tcp_connection_orphan_due(struct tcp_pcb *pcb)
{
    struct tcp_connection *c = tcp_connection_of(pcb);

    if (!c->orphan_due)
        c->orphan_due = tcp_ticks + c->orphan_ticks + 1;
    return c->orphan_due;
}

// In SYN_RCVD and LAST_ACK the number of repetitions decides, in FIN_WAIT_2
// after a close the time that it has lasted.
void tcp_connection_before_timers(struct tcp_pcb *pcb)
{
    bool over = false;

    if (pcb->state == FIN_WAIT_2 && pcb->flags & TF_RXCLOSED)
        over = (int32_t)(tcp_ticks - tcp_connection_orphan_due(pcb)) >= 0;
    else if (pcb->state != SYN_RCVD && pcb->state != LAST_ACK)
        return;
    pcb->tmr = tcp_ticks;
    if (over)
        pcb->tmr -= TCP_FIN_WAIT_TIMEOUT / TCP_SLOW_INTERVAL + 2;
}
