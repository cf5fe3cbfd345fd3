// SPDX-License-Identifier: MIT
//
// TCP's timers, run only for the connections that have something to wait for.
// lwIP's two functions go through a whole list every 50 and 100 ms; here they
// see one bucket of net/tcp/pcb_table.c at a time: on every pass the buckets
// where something is in flight, and those where nothing is but a point in time
// to come (a keep-alive probe, the end of a TIME_WAIT) when it has come. Idle
// connections cost nothing, however many they are.
//
// tcp_ticks, which lwIP would count up in each pass, follows the clock instead.

#include <dev/timer.h>
#include <net/server.h>

#include "connection.h"

#define TICK (TCP_SLOW_INTERVAL * NSEC_PER_MSEC)

static struct list_node busy = LIST_INIT(busy);  // (c) buckets
static uint32_t next_due;  // (c) no bucket is due before this tick; 0: none is

// lwIP skips a PCB whose last_timer is its count of calls, which has 8 bits;
// this is the same count.
static uint8_t timer_calls;  // (c)

void tcp_timer_set_clock(void)
{
    tcp_ticks = clock_monotonic() / TICK;
}

static bool earlier(uint32_t tick, uint32_t than)
{
    return (int32_t)(tick - than) < 0;
}

static void note_due(uint32_t due)
{
    if (due && (!next_due || earlier(due, next_due)))
        next_due = due;
}

// Does the next pass find something to do?
static bool pcb_is_busy(const struct tcp_pcb *pcb)
{
    const tcpflags_t pending =
        TF_ACK_DELAY | TF_ACK_NOW | TF_CLOSEPEND | TF_NAGLEMEMERR;

    if (pcb->unsent || pcb->unacked || pcb->ooseq || pcb->refused_data ||
        pcb->flags & pending)
        return true;
    if (pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT)
        return tcp_is_busy(pcb->callback_arg);
    return pcb->state != FIN_WAIT_2;
}

// The tick at which lwIP has to look at a PCB that is not busy. 0: never.
static uint32_t pcb_due(struct tcp_pcb *pcb)
{
    uint32_t wait = 0;

    if (pcb->state == TIME_WAIT)
        wait = 2 * TCP_MSL;
    else if (pcb->state == FIN_WAIT_2 && pcb->flags & TF_RXCLOSED)
        return tcp_connection_orphan_due(pcb);
    else if ((pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT) &&
             ip_get_option(pcb, SOF_KEEPALIVE))
        wait = pcb->keep_idle + pcb->keep_cnt_sent * pcb->keep_intvl;
    return wait ? pcb->tmr + wait / TCP_SLOW_INTERVAL + 1 : 0;
}

static uint32_t list_due(struct tcp_pcb *pcbs)
{
    uint32_t first = 0;

    for (struct tcp_pcb *pcb = pcbs; pcb; pcb = pcb->next) {
        uint32_t due = pcb_due(pcb);
        if (due && (!first || earlier(due, first)))
            first = due;
    }
    return first;
}

void tcp_timer_rearm(struct pcb_bucket *bucket)
{
    uint32_t active = list_due(bucket->active);
    uint32_t waiting = list_due(bucket->time_wait);
    bool is_busy = false;

    for (struct tcp_pcb *pcb = bucket->active; pcb && !is_busy; pcb = pcb->next)
        is_busy = pcb_is_busy(pcb);
    if (!is_busy)
        list_remove(&bucket->busy);
    else if (list_empty(&bucket->busy))
        list_push_back(&busy, &bucket->busy);
    bucket->due =
        active && (!waiting || earlier(active, waiting)) ? active : waiting;
    note_due(bucket->due);
}

// Show lwIP one bucket, and let it count this call as one tick at most.
static void run_bucket(struct pcb_bucket *bucket, bool slow)
{
    pcb_select_bucket(bucket);
    tcp_timer_set_clock();
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        pcb->last_timer = timer_calls;
        tcp_connection_before_timers(pcb);
    }
    timer_calls++;
    pcb_table_enter();
    if (slow) {
        tcp_ticks--;
        tcp_slowtmr();
    } else {
        tcp_fasttmr();
    }
    pcb_table_leave();
}

void tcp_timer_run(void)
{
    static bool slow;
    struct list_node pass = LIST_INIT(pass);
    struct pcb_bucket *bucket;

    slow = !slow;
    pcb_select(NULL);
    list_splice_back(&pass, &busy);
    // Leaving a bucket puts it back on the list if it is still busy.
    while ((bucket = list_pop_front(&pass, struct pcb_bucket, busy))) {
        run_bucket(bucket, false);
        if (slow)
            run_bucket(bucket, true);
    }
    pcb_select(NULL);
}

bool tcp_timer_wanted(void)
{
    return !list_empty(&busy);
}

// A point in time has come: look which buckets it was for.
void tcp_timer_run_due(void)
{
    struct pcb_bucket *bucket;

    tcp_timer_set_clock();
    if (!next_due || earlier(tcp_ticks, next_due))
        return;
    next_due = 0;
    for (unsigned i = 0; (bucket = pcb_table_at(i)) != NULL; i++) {
        if (bucket->due && !earlier(tcp_ticks, bucket->due))
            run_bucket(bucket, true);
        else
            note_due(bucket->due);
    }
    pcb_select(NULL);
}

nsec_t tcp_timer_next_due(void)
{
    return next_due ? next_due * TICK : NSEC_FOREVER;
}

void tcp_transmit_ready(void)
{
    struct list_node pass = LIST_INIT(pass);
    struct pcb_bucket *bucket;

    pcb_select(NULL);
    list_splice_back(&pass, &busy);
    while ((bucket = list_pop_front(&pass, struct pcb_bucket, busy))) {
        pcb_select_bucket(bucket);
        for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
            if (pcb->unsent)
                tcp_output(pcb);
        }
    }
    pcb_select(NULL);
}
