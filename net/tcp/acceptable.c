// SPDX-License-Identifier: MIT
//
// The first checks of a segment for a connection, which lwIP makes only for the
// data in it: is it an old duplicate (PAWS, RFC 7323, 5), is it within the
// window (RFC 9293, 3.10.7.4), and may a handshake end? What is left goes to
// lwIP and comes to tcp/segment.c.

#include "segment.h"

// RFC 7323, 5.5: what is older than 24 days says nothing.
#define TIMESTAMP_LIFE (24u * 24 * 3600 * 1000 / TCP_SLOW_INTERVAL)

static bool is_old_duplicate(const struct tcp_pcb *pcb,
                             const struct tcp_segment *s)
{
    return pcb->flags & TF_TIMESTAMP && s->has_timestamp &&
           (int32_t)(s->timestamp - pcb->ts_recent) < 0 &&
           tcp_ticks - pcb->tmr < TIMESTAMP_LIFE;
}

// As Linux does it: what ends before our last acknowledgement or begins beyond
// the window is out of it. A probe of a closed window is not: what it
// acknowledges counts.
static bool is_in_window(const struct tcp_pcb *pcb, const struct tcp_segment *s)
{
    uint32_t end = s->sequence + s->data_length + !!(s->flags & TCP_FIN);

    return TCP_SEQ_GEQ(end, pcb->ts_lastacksent) &&
           TCP_SEQ_LEQ(s->sequence, pcb->rcv_nxt + pcb->rcv_wnd);
}

bool tcp_segment_is_acceptable(struct tcp_connection *c,
                               const struct tcp_segment *s)
{
    struct tcp_pcb *pcb = c->pcb;

    if (pcb->state == TIME_WAIT || s->flags & (TCP_RST | TCP_SYN))
        return true;
    if (is_old_duplicate(pcb, s) ||
        (!is_in_window(pcb, s) && s->data_length > 0)) {
        tcp_send_empty_ack(pcb);
        return false;
    }
    if (!is_in_window(pcb, s)) {
        tcp_challenge(pcb);
        return false;
    }
    // Else the SYN-ACK is repeated, and its acknowledgement too.
    return pcb->state != SYN_RCVD ||
           tcp_half_open_may_end(c, s->data_length > 0);
}
