// SPDX-License-Identifier: MIT
//
// TCP: finding out which segments were lost, and sending those again: RFC 6675
// (SACK), RFC 6582 (NewReno, for peers without it) and RFC 5827 (early
// retransmit). lwIP by itself repeats one segment for three duplicate
// acknowledgements and leaves the others to its timer. And the initial window
// is RFC 6928's ten segments.
//
// Called for each acknowledgement before lwIP sees it (net/tcp/segment.c). What
// is found lost moves from the PCB's list of unacknowledged segments to that of
// unsent ones, as lwIP's tcp_rexmit does it, and lwIP sends it when it has
// dealt with the acknowledgement. Two bits of tcp_seg.flags that lwIP does not
// use remember what is known of a segment.

#include <lwip/priv/tcp_priv.h>
#include <lwip/stats.h>

#include "connection.h"

#define SEG_SACKED 0x80  // the peer has it
#define SEG_RESENT 0x40  // sent again in this recovery

#define DUPLICATES     3  // segments that arrived behind a lost one
#define RESENT_AT_ONCE 2  // for each acknowledgement, against bursts

static uint32_t seg_start(const struct tcp_seg *seg)
{
    return lwip_ntohl(seg->tcphdr->seqno);
}

static uint32_t seg_end(const struct tcp_seg *seg)
{
    return seg_start(seg) + TCP_TCPLEN(seg);
}

// ---- what the peer says it has ----

static void forget(struct tcp_pcb *pcb)
{
    struct tcp_seg *const lists[] = {pcb->unacked, pcb->unsent};

    for (unsigned i = 0; i < ARRAY_SIZE(lists); i++) {
        for (struct tcp_seg *seg = lists[i]; seg; seg = seg->next)
            seg->flags &= ~(SEG_SACKED | SEG_RESENT);
    }
}

static void mark(struct tcp_pcb *pcb, const struct tcp_ack *ack)
{
    for (unsigned i = 0; i < ack->blocks; i++) {
        uint32_t left = ack->sack[i].left, right = ack->sack[i].right;

        if (!TCP_SEQ_LT(left, right) || !TCP_SEQ_GT(left, ack->number) ||
            TCP_SEQ_GT(right, pcb->snd_nxt))
            continue;
        for (struct tcp_seg *seg = pcb->unacked; seg; seg = seg->next) {
            if (TCP_SEQ_GEQ(seg_start(seg), left) &&
                TCP_SEQ_LEQ(seg_end(seg), right))
                seg->flags |= SEG_SACKED;
        }
    }
}

// The first segment that is still missing.
static struct tcp_seg *first_missing(const struct tcp_pcb *pcb,
                                     const struct tcp_ack *ack)
{
    struct tcp_seg *seg = pcb->unacked;

    while (seg && TCP_SEQ_LEQ(seg_end(seg), ack->number))
        seg = seg->next;
    return seg;
}

static unsigned count_from(const struct tcp_seg *seg, uint8_t flag)
{
    unsigned n = 0;

    for (; seg; seg = seg->next)
        n += !flag || (seg->flags & flag);
    return n;
}

// ---- sending again ----

// False: a device is still about to send it.
static bool resend(struct tcp_pcb *pcb, struct tcp_seg *seg)
{
    struct tcp_seg **from = &pcb->unacked, **to = &pcb->unsent;

    if (seg->p->ref != 1)
        return false;
    while (*from != seg)
        from = &(*from)->next;
    *from = seg->next;
    while (*to && TCP_SEQ_LT(seg_start(*to), seg_start(seg)))
        to = &(*to)->next;
    seg->next = *to;
    *to = seg;
    seg->flags |= SEG_RESENT;
    pcb->rttest = 0;  // Karn: the answer to which of the two?
    pcb->rtime = 0;
    MIB2_STATS_INC(mib2.tcpretranssegs);
    return true;
}

// Was the first missing segment lost once more? Something that was sent after
// it has arrived meanwhile.
static bool lost_again(struct tcp_pcb *pcb, struct tcp_recovery *r,
                       const struct tcp_seg *first)
{
    uint32_t newest = r->mark;

    if (r->first != seg_start(first)) {
        r->first = seg_start(first);
        r->mark = pcb->snd_nxt;
        return false;
    }
    for (const struct tcp_seg *seg = first; seg; seg = seg->next) {
        if ((seg->flags & SEG_SACKED) && TCP_SEQ_GT(seg_end(seg), newest))
            newest = seg_end(seg);
    }
    if (newest == r->mark)
        return false;
    r->mark = pcb->snd_nxt;
    return true;
}

// The first missing segment counts as lost; others, when enough behind them
// have arrived.
static void resend_lost(struct tcp_pcb *pcb, struct tcp_recovery *r,
                        struct tcp_seg *first)
{
    unsigned behind = count_from(first, SEG_SACKED), sent = 0;
    struct tcp_seg *next;

    if (lost_again(pcb, r, first))
        first->flags &= ~SEG_RESENT;
    for (struct tcp_seg *seg = first; seg && sent < RESENT_AT_ONCE;
         seg = next) {
        next = seg->next;
        if (seg->flags & SEG_SACKED)
            behind--;
        else if (!(seg->flags & SEG_RESENT) &&
                 (seg == first || behind >= DUPLICATES))
            sent += resend(pcb, seg);
    }
}

// ---- recovery ----

// lwIP has just sent the first segment again.
static void begin(struct tcp_pcb *pcb, struct tcp_recovery *r)
{
    struct tcp_seg *const heads[] = {pcb->unacked, pcb->unsent};

    for (unsigned i = 0; i < ARRAY_SIZE(heads); i++) {
        if (heads[i] && seg_start(heads[i]) == pcb->lastack)
            heads[i]->flags |= SEG_RESENT;
    }
    r->active = true;
    r->end = pcb->snd_nxt;
    r->first = pcb->lastack - 1;  // none yet
}

// Have enough segments behind the first missing one arrived? With few in
// flight, all of them are enough.
static bool is_lost(const struct tcp_seg *first)
{
    unsigned in_flight = count_from(first, 0);
    unsigned arrived = count_from(first, SEG_SACKED);

    return arrived > 0 && (arrived >= DUPLICATES || arrived + 1 >= in_flight);
}

void tcp_recovery_input(struct tcp_connection *c, const struct tcp_ack *ack)
{
    struct tcp_recovery *r = &c->recovery;
    struct tcp_pcb *pcb = c->pcb;

    if (pcb->flags & TF_RTO) {  // the timer has sent everything again
        forget(pcb);
        r->active = false;
        return;
    }
    mark(pcb, ack);
    struct tcp_seg *first = first_missing(pcb, ack);
    if (!first || (r->active && TCP_SEQ_GEQ(ack->number, r->end))) {
        r->active = false;
        return;
    }
    if (first->flags & SEG_SACKED) {  // the peer has changed its mind
        forget(pcb);
        return;
    }
    if (!r->active) {
        if (!(pcb->flags & TF_INFR) && is_lost(first))
            tcp_rexmit_fast(pcb);  // halves the window
        if (!(pcb->flags & TF_INFR))
            return;
        begin(pcb, r);
        first = first_missing(pcb, ack);
    }
    // lwIP ends recovery at every progress, which is too early.
    tcp_set_flags(pcb, TF_INFR);
    if (first)
        resend_lost(pcb, r, first);
}

// ---- the beginning ----

void tcp_initial_window(struct tcp_pcb *pcb)
{
    pcb->cwnd = MIN(10u * pcb->mss, MAX(2u * pcb->mss, 14600u));
    tcp_output(pcb);
}
