// SPDX-License-Identifier: MIT
//
// TCP's PCBs, found in constant time. lwIP searches one list of connections and
// one of TIME_WAITs; here a hash table has such a pair per bucket, and the pair
// of the bucket that a visit to lwIP is about is put in their place for as long
// as the visit lasts. lwIP edits what it believes to be all there is.
//
// The rule: whoever calls lwIP for a PCB, or changes one, selects it first. The
// selection lasts until the next one; net_unlock ends it. All functions want
// the core mutex.

#pragma once

#include <lib/list.h>
#include <lwip/tcp.h>
#include <net/sockaddr.h>

// The two ends of a connection: ours and the peer's.
struct tcp_flow {
    ip_addr_t local_ip, remote_ip;
    uint16_t local_port, remote_port;  // host byte order
};

struct pcb_bucket {
    struct tcp_pcb *active, *time_wait;  // (c) lists; stale while selected
    struct list_node busy;               // (c) net/tcp/timer.c
    uint32_t due;                        // (c) likewise
};

// -ENOMEM. Once, before lwIP is used.
int pcb_table_init(void);

// lwIP's lists are those of the PCB's bucket. NULL, or a listening one: of
// none, so they are empty.
void pcb_select(const struct tcp_pcb *pcb);
void pcb_select_bucket(struct pcb_bucket *bucket);
struct pcb_bucket *pcb_bucket_of(const struct tcp_flow *flow);
struct pcb_bucket *pcb_table_at(unsigned index);  // NULL: past the last one

// A call that works on the selected lists: selecting others in it is a bug.
void pcb_table_enter(void);
void pcb_table_leave(void);

// Select the flow's bucket and find its PCB, in TIME_WAIT or not. NULL: none.
struct tcp_pcb *pcb_find(const struct tcp_flow *flow);

// lwIP has made PCBs while no bucket was selected: take them into the table.
void pcb_table_adopt(void);

// Every PCB but the listening ones, one after the other; ends with NULL. Start
// with a cursor that is zero. No PCB may come or go meanwhile.
struct pcb_cursor {
    unsigned bucket;
    struct tcp_pcb *pcb;
    bool time_wait;
};
struct tcp_pcb *pcb_next(struct pcb_cursor *cursor);

// net/tcp/timer.c: what is left for the timers to do in the bucket?
void tcp_timer_rearm(struct pcb_bucket *bucket);
// Bring tcp_ticks up to date.
void tcp_timer_set_clock(void);
