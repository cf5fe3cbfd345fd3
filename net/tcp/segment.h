// SPDX-License-Identifier: MIT
//
// An arriving TCP segment, taken apart, before lwIP has it.

#pragma once

#include "connection.h"

struct tcp_segment {
    struct pbuf *p;          // payload: the TCP header
    struct tcp_hdr *header;  // in network byte order
    unsigned flags;
    uint32_t sequence, acknowledged;
    uint16_t header_length, data_length;
    bool has_timestamp;
    uint32_t timestamp;
};

// tcp/input.c: hand a segment of the selected bucket to lwIP, which frees it.
void tcp_segment_to_lwip(struct tcp_segment *s, struct netif *netif);

// tcp/segment.c: say what is expected. A true peer can act on it, a forger does
// not see it.
void tcp_challenge(struct tcp_pcb *pcb);

// tcp/acceptable.c: is it for lwIP? False: it was dealt with, and is the
// caller's to free. The next checks are those of tcp/segment.c.
bool tcp_segment_is_acceptable(struct tcp_connection *c,
                               const struct tcp_segment *s);

// tcp/simultaneous.c: a segment in SYN_SENT; as above. Takes s->p, and sets it
// to NULL, if it keeps the segment.
bool tcp_simultaneous_open(struct tcp_connection *c, struct tcp_segment *s,
                           struct netif *netif);
// A SYN of ours for a peer whose SYN has come acknowledges that.
void tcp_simultaneous_answer(const struct tcp_connection *c,
                             struct tcp_hdr *header);

// ---- tcp/segment_options.c ----

// A segment's options, which may lie in two buffers.
struct tcp_options {
    uint8_t *first, *second;
    unsigned first_length, length;
};

// Nothing of them counts: no-operations are left.
void tcp_options_forget(const struct tcp_options *options);
// lwIP takes the size of segments from whatever segment has the option. Only a
// SYN may: later it would be smaller than what is queued. A tiny one is raised.
void tcp_options_check_mss(const struct tcp_options *options, bool is_syn);
// Add the SACK blocks.
void tcp_options_read_sack(const struct tcp_options *options,
                           struct tcp_ack *ack);
