// SPDX-License-Identifier: MIT
//
// Segments in SYN_SENT, and what lwIP does not know there: both ends may open
// at once (RFC 9293, 3.5), as a socket does that happens to connect to itself.
// The peer's SYN, which lwIP would ignore, is kept, and ours is sent again as a
// SYN-ACK. The peer's SYN-ACK is then what lwIP waits for. If that is lost and
// only its acknowledgement comes, the SYN is given to lwIP as the SYN-ACK that
// it has become.

#include "segment.h"

static uint32_t peer_sequence(const struct pbuf *syn)
{
    const struct tcp_hdr *header = syn->payload;

    return lwip_ntohl(header->seqno);
}

void tcp_simultaneous_answer(const struct tcp_connection *c,
                             struct tcp_hdr *header)
{
    TCPH_SET_FLAG(header, TCP_ACK);
    header->ackno = lwip_htonl(peer_sequence(c->held_syn) + 1);
}

static void hold_syn(struct tcp_connection *c, struct tcp_segment *s)
{
    struct tcp_pcb *pcb = c->pcb;

    if (c->held_syn)
        pbuf_free(c->held_syn);
    c->held_syn = s->p;
    s->p = NULL;
    if (s->has_timestamp)
        pcb->ts_recent = s->timestamp;
    if (tcp_rexmit(pcb) == ERR_OK) {
        pcb->nrtx--;  // not by our timer
        tcp_output(pcb);
    }
}

// False: the connection did not survive it.
static bool replay_syn(struct tcp_connection *c, struct netif *netif)
{
    struct tcp_segment syn = {.p = c->held_syn};

    c->held_syn = NULL;
    syn.header = syn.p->payload;
    TCPH_SET_FLAG(syn.header, TCP_ACK);
    syn.header->ackno = lwip_htonl(c->pcb->snd_nxt);
    tcp_connection_watch(c);
    tcp_segment_to_lwip(&syn, netif);
    return tcp_connection_survived();
}

bool tcp_simultaneous_open(struct tcp_connection *c, struct tcp_segment *s,
                           struct netif *netif)
{
    const unsigned kind = s->flags & (TCP_SYN | TCP_ACK | TCP_RST);
    struct tcp_pcb *pcb = c->pcb;
    bool answers = s->flags & TCP_ACK && s->acknowledged == pcb->snd_nxt;

    if (kind == TCP_SYN) {
        hold_syn(c, s);
        return false;
    }
    if (kind == (TCP_SYN | TCP_ACK) && !answers) {
        // lwIP resets likewise, but would keep the options.
        tcp_rst(pcb, s->acknowledged, s->sequence + 1, &pcb->local_ip,
                &pcb->remote_ip, pcb->local_port, pcb->remote_port);
        return false;
    }
    if (kind == TCP_ACK && answers && c->held_syn &&
        s->sequence == peer_sequence(c->held_syn) + 1)
        return replay_syn(c, netif);
    return s->flags & TCP_ACK;  // a reset, too, has to acknowledge our SYN
}
