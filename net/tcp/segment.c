// SPDX-License-Identifier: MIT
//
// TCP: what a segment must be before lwIP acts on it. lwIP believes more than
// RFC 9293 (3.10.7) and RFC 5961 allow, and some of it breaks its own
// assertions, so it asks this hook about every segment that found a PCB.
//
// The checksum has been verified, the header's fields are in the host's order.

#include <lwip/priv/tcp_priv.h>
#include <lwip/stats.h>
#include <lwip_hooks.h>

#include "segment.h"

// RFC 5961, 7: how often one connection answers segments that may be forged
// (Linux's tcp_invalid_ratelimit). The limit is each connection's own, since a
// common one would tell an attacker of others (CVE-2016-5696).
#define CHALLENGE_TICKS (500 / TCP_SLOW_INTERVAL)

struct segment {
    struct tcp_hdr *header;
    struct pbuf *data;
    unsigned flags;
    uint32_t end;  // the sequence number after the last byte, or FIN
};

void tcp_challenge(struct tcp_pcb *pcb)
{
    struct tcp_connection *c = tcp_connection_of(pcb);

    if (c->challenged && tcp_ticks - c->challenged < CHALLENGE_TICKS)
        return;
    c->challenged = tcp_ticks;
    tcp_send_empty_ack(pcb);
}

// ---- options ----

// An acknowledgement in a connection: was anything lost?
static void acknowledgement(struct tcp_pcb *pcb, const struct segment *segment,
                            const struct tcp_options *options)
{
    struct tcp_ack ack = {.number = segment->header->ackno};

    if (!pcb->unacked && !pcb->unsent)
        return;
    tcp_options_read_sack(options, &ack);
    tcp_recovery_input(tcp_connection_of(pcb), &ack);
}

static bool answers_syn(const struct tcp_pcb *pcb,
                        const struct segment *segment)
{
    return (segment->flags & TCP_SYN) && (segment->flags & TCP_ACK) &&
           segment->header->ackno == pcb->snd_nxt;
}

// Options count in the SYN that is answered, in the SYN-ACK that answers ours,
// and in a connection; not in what else comes during a handshake. A listening
// PCB has only the first fields of struct tcp_pcb.
static void check_options(const struct tcp_pcb *pcb,
                          const struct segment *segment,
                          const struct tcp_options *options)
{
    if (pcb->state == SYN_RCVD ||
        (pcb->state == SYN_SENT && !answers_syn(pcb, segment)))
        tcp_options_forget(options);
    else
        tcp_options_check_mss(options, segment->flags & TCP_SYN);
}

// ---- connections ----

// A SYN for a handshake that has begun: the same one once more, which is
// answered once more, or somebody else's, which is asked about (RFC 5961, 4.2).
// lwIP would read its options and apply them to a PCB that has been set up by
// the first one's: a window scale then breaks an invariant, a smaller MSS the
// segments that wait.
static bool repeated_syn(struct tcp_pcb *pcb, uint32_t sequence)
{
    if (sequence + 1 == pcb->rcv_nxt)
        tcp_rexmit(pcb);
    else
        tcp_ack_now(pcb);
    tcp_output(pcb);
    return false;
}

static bool in_window(const struct tcp_pcb *pcb, uint32_t seq)
{
    return TCP_SEQ_BETWEEN(seq, pcb->rcv_nxt, pcb->rcv_nxt + pcb->rcv_wnd);
}

// RFC 5961, 3.2: a reset must have the very next sequence number.
static bool check_reset(struct tcp_pcb *pcb, uint32_t seq)
{
    if (seq == pcb->rcv_nxt)
        return true;
    if (in_window(pcb, seq))
        tcp_challenge(pcb);
    return false;
}

// RFC 5961, 5.2: data acknowledges what was sent, and not too long ago.
static bool check_acknowledgement(struct tcp_pcb *pcb, uint32_t ack)
{
    if (TCP_SEQ_BETWEEN(ack, pcb->lastack - pcb->snd_wnd_max, pcb->snd_nxt))
        return true;
    tcp_challenge(pcb);
    return false;
}

// Is it within one that waits already? lwIP would cut off that one's end.
static bool is_queued(const struct tcp_pcb *pcb, const struct segment *segment)
{
    uint32_t seq = segment->header->seqno;

    for (const struct tcp_seg *s = pcb->ooseq; s; s = s->next) {
        uint32_t start = s->tcphdr->seqno;

        if (TCP_SEQ_GEQ(seq, start) &&
            TCP_SEQ_LEQ(segment->end, start + TCP_TCPLEN(s)))
            return true;
    }
    return false;
}

// Cut off what is beyond the window. lwIP does not always do so for a segment
// out of order, and fails an assertion once it is in order.
static void trim(const struct tcp_pcb *pcb, struct segment *segment)
{
    uint32_t seq = segment->header->seqno, edge = pcb->rcv_nxt + pcb->rcv_wnd;

    if (!TCP_SEQ_GT(seq, pcb->rcv_nxt) || !TCP_SEQ_LT(seq, edge) ||
        !TCP_SEQ_GT(segment->end, edge))
        return;
    TCPH_UNSET_FLAG(segment->header, TCP_FIN);
    if (segment->data->tot_len > edge - seq)
        pbuf_realloc(segment->data, edge - seq);
}

static bool check_data(struct tcp_pcb *pcb, struct segment *segment)
{
    if (is_queued(pcb, segment)) {
        tcp_send_empty_ack(pcb);
        return false;
    }
    trim(pcb, segment);
    // Part of a hole is filled: the peer hears of it at once (RFC 5681, 4.2),
    // as if this were the second segment of two.
    if (pcb->ooseq)
        tcp_set_flags(pcb, TF_ACK_DELAY);
    return true;
}

// RFC 9293, 3.10.7.4, in the synchronised states.
static bool check_segment(struct tcp_pcb *pcb, struct segment *segment)
{
    if (segment->flags & TCP_RST)
        return check_reset(pcb, segment->header->seqno);
    if (segment->flags & TCP_SYN) {
        tcp_challenge(pcb);
        return false;
    }
    if (!(segment->flags & TCP_ACK))
        return false;
    return check_acknowledgement(pcb, segment->header->ackno) &&
           (segment->end == segment->header->seqno || check_data(pcb, segment));
}

// LWIP_HOOK_TCP_INPACKET_PCB: anything but ERR_OK drops the segment. p is what
// follows the header.
err_t net_tcp_segment_hook(struct tcp_pcb *pcb, struct tcp_hdr *header,
                           uint16_t options_length, uint16_t first_length,
                           uint8_t *second, struct pbuf *p)
{
    unsigned flags = TCPH_FLAGS(header);
    struct tcp_options options = {.first = (uint8_t *)(header + 1),
                                  .second = second,
                                  .first_length = first_length,
                                  .length = options_length};
    struct segment segment = {.header = header,
                              .data = p,
                              .flags = flags,
                              .end = header->seqno + p->tot_len +
                                     ((flags & (TCP_SYN | TCP_FIN)) != 0)};
    bool good = true;

    if (pcb->state == LISTEN)  // none begins and ends at once
        good = !((flags & TCP_SYN) && (flags & TCP_FIN));
    else if (pcb->state == SYN_RCVD && (flags & (TCP_SYN | TCP_RST)) == TCP_SYN)
        good = repeated_syn(pcb, header->seqno);
    else if (pcb->state >= ESTABLISHED && pcb->state != TIME_WAIT)
        good = check_segment(pcb, &segment);
    if (!good) {
        TCP_STATS_INC(tcp.drop);
        return ERR_VAL;
    }
    check_options(pcb, &segment, &options);
    if (pcb->state >= ESTABLISHED && pcb->state != TIME_WAIT &&
        !(flags & TCP_RST))
        acknowledgement(pcb, &segment, &options);
    return ERR_OK;
}
