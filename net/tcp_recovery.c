// SPDX-License-Identifier: MIT
//
// Congestion control as far as lwIP lacks it. Its Reno leaves fast recovery at
// the first acknowledgement of new data, so that a second loss in the same
// window waits for the timer; NewReno (RFC 6582) repeats the next segment at
// once for as long as acknowledgements stay below what had been sent when
// recovery began. And the initial window is RFC 6928's ten segments.

#include "tcp_connection.h"

static tcpwnd_size_t initial_window(const struct tcp_pcb *pcb)
{
    return MIN(10u * pcb->mss, MAX(2u * pcb->mss, 14600u));
}

static void partial_acknowledgement(struct tcp_pcb *pcb)
{
    if (tcp_rexmit(pcb) != ERR_OK)
        return;  // a device still has the segment: the timer repeats it
    tcp_set_flags(pcb, TF_INFR);
    pcb->cwnd = pcb->ssthresh + pcb->mss;
    tcp_output(pcb);
}

void tcp_recovery(struct tcp_connection *c, const struct tcp_before *before)
{
    struct tcp_pcb *pcb = c->pcb;

    if (before->state < ESTABLISHED && pcb->state >= ESTABLISHED) {
        pcb->cwnd = initial_window(pcb);
        tcp_output(pcb);
    }
    if (pcb->flags & TF_INFR) {
        if (!before->in_recovery)
            c->recover = pcb->snd_nxt;
    } else if (before->in_recovery && !(pcb->flags & TF_RTO) && pcb->unacked &&
               TCP_SEQ_LT(pcb->lastack, c->recover)) {
        partial_acknowledgement(pcb);
    }
}
