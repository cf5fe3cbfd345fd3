// SPDX-License-Identifier: MIT
//
// What a connection needs beside lwIP's PCB and whether or not it has a socket:
// one struct tcp_connection per PCB, from the SYN that made it to the end of
// TIME_WAIT. Everything here wants the core mutex.

#pragma once

#include <lwip/priv/tcp_priv.h>

#include "tcp.h"

// Finding lost segments, net/tcp/recovery.c.
struct tcp_recovery {
    bool active;
    uint32_t end;    // what must be acknowledged for it to be over
    uint32_t first;  // the first missing segment was this one
    uint32_t mark;   // and had been sent again when so much had been sent
};
// Linux's number of acknowledgements that are not delayed at the beginning.
#define TCP_QUICK_ACKS 16

struct tcp_connection {
    struct tcp_pcb *pcb;
    struct list_node node;  // listener's half_opens, or the FIFO of TIME_WAIT
    struct tcp_socket *listener;  // a reference, until the handshake is done
    struct pbuf *held_syn;        // the peer's, that crossed ours
    struct tcp_recovery recovery;
    uint32_t challenged;    // tick of the last challenge ACK
    uint32_t orphan_due;    // tick of FIN_WAIT_2's end, 0: not there yet
    uint32_t orphan_ticks;  // how long FIN_WAIT_2 may last
    uint32_t last_sent, last_received;  // tick of data
    uint32_t segments_in, segments_out, repeated;
    uint8_t quick_acks;  // so many acknowledgements are not delayed
    bool interactive;    // we answer what comes: then they are
    bool in_time_wait;   // counted there
};

// ---- tcp/connection.c ----

// NULL: no memory.
struct tcp_connection *tcp_connection_create(struct tcp_pcb *pcb);

static inline struct tcp_connection *tcp_connection_of(struct tcp_pcb *pcb)
{
    return tcp_ext_arg_get(pcb, TCP_ARGUMENT_CONNECTION);
}

// Notice whether the connection's PCB is freed until tcp_connection_survived.
void tcp_connection_watch(struct tcp_connection *c);
bool tcp_connection_survived(void);

// An outgoing segment, not yet sent.
void tcp_connection_count_sent(struct tcp_connection *c,
                               const struct tcp_hdr *header);

// Called before lwIP's timers look at the PCB; and the tick at which a closed
// one leaves FIN_WAIT_2.
void tcp_connection_before_timers(struct tcp_pcb *pcb);
uint32_t tcp_connection_orphan_due(struct tcp_pcb *pcb);

// ---- tcp/half_open.c: handshakes that the peer began ----

void tcp_half_open_begin(struct tcp_socket *listener, struct tcp_connection *c);
// The handshake is over, one way or the other.
void tcp_half_open_end(struct tcp_connection *c);
void tcp_half_open_end_all(struct tcp_socket *listener);
// Keep to net.ipv4.tcp_max_syn_backlog. PCBs other than c's may go.
void tcp_half_open_bound(struct tcp_connection *c);
// May the ACK that ends the handshake do so now? (Full accept queue;
// TCP_DEFER_ACCEPT.)
bool tcp_half_open_may_end(const struct tcp_connection *c, bool has_data);

// ---- tcp/quickack.c: acknowledgements that are not delayed ----

// After data has come; when the application sends.
void tcp_quickack_received(struct tcp_connection *c);
void tcp_quickack_sending(struct tcp_connection *c);

// ---- tcp/recovery.c: loss, from outside (RFC 6675, 6928) ----

// An acknowledgement: its number and its SACK blocks.
#define TCP_SACK_BLOCKS 4
struct tcp_ack {
    uint32_t number;
    unsigned blocks;
    struct {
        uint32_t left, right;
    } sack[TCP_SACK_BLOCKS];
};

// An acknowledgement has come that lwIP has not yet seen.
void tcp_recovery_input(struct tcp_connection *c, const struct tcp_ack *ack);
// The handshake is done.
void tcp_initial_window(struct tcp_pcb *pcb);

// ---- tcp/time_wait.c ----

void tcp_time_wait_begin(struct tcp_connection *c);
void tcp_time_wait_end(struct tcp_connection *c);
// Make room: false if nobody waits.
bool tcp_time_wait_recycle_oldest(void);
// A SYN with this sequence number arrives for a PCB in TIME_WAIT, which is
// selected: does it make way? Then it is gone.
bool tcp_time_wait_recycle(struct tcp_pcb *pcb, uint32_t sequence);
