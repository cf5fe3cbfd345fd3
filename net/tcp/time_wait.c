// SPDX-License-Identifier: MIT
//
// Connections in TIME_WAIT: a FIFO beside lwIP's lists. Their number is bounded
// (net.ipv4.tcp_max_tw_buckets), and the oldest makes way for the next. A SYN
// with a later sequence number may reuse the ports at once (RFC 1122,
// 4.2.2.13), which lwIP never lets it, so the old PCB goes before lwIP sees the
// SYN.

#include <net/sysctl.h>

#include "connection.h"

static struct list_node waiting = LIST_INIT(waiting);  // (c) oldest first
static int64_t count;                                  // (c)

bool tcp_time_wait_recycle_oldest(void)
{
    if (list_empty(&waiting))
        return false;
    struct tcp_pcb *pcb =
        list_first(&waiting, struct tcp_connection, node)->pcb;
    pcb_select(pcb);
    tcp_abort(pcb);  // silent in this state
    return true;
}

void tcp_time_wait_begin(struct tcp_connection *c)
{
    c->in_time_wait = true;
    list_push_back(&waiting, &c->node);
    count++;
    while (count > sysctl_tcp_max_tw_buckets)
        tcp_time_wait_recycle_oldest();
}

void tcp_time_wait_end(struct tcp_connection *c)
{
    list_remove(&c->node);
    count--;
}

bool tcp_time_wait_recycle(struct tcp_pcb *pcb, uint32_t sequence)
{
    if (!TCP_SEQ_GT(sequence, pcb->rcv_nxt))
        return false;
    tcp_abort(pcb);
    return true;
}
