// SPDX-License-Identifier: MIT
//
// TCP: what no event does. The poll callback runs in each slow tick of 100 ms
// while a connection has something in flight or held back (tcp/timer.c): it
// sends what has waited long enough, and decides when to give up.

#include <abi/errno.h>
#include <lwip/priv/tcp_priv.h>
#include <net/route.h>
#include <net/server.h>
#include <net/sysctl.h>

#include "tcp.h"

#define RESOLVE_MS 3000  // three ARP requests

static void give_up(struct tcp_pcb *pcb)
{
    pcb->nrtx = UINT8_MAX;
}

// A SYN is not answered. lwIP repeats it at equal intervals, where RFC 6298
// doubles them; and after the last one it does not wait, so that is done here.
// A peer on our network whose address nobody answers for is unreachable, after
// as long as Linux asks. (To give up, lwIP is told that it has tried enough.)
static void poll_connecting(struct tcp_socket *t, struct tcp_pcb *pcb)
{
    unsigned age = (tcp_ticks - pcb->tmr) * TCP_SLOW_INTERVAL;
    unsigned retries =
        t->tcp.syn_count ? t->tcp.syn_count : sysctl_tcp_syn_retries;
    unsigned timeout = t->tcp.user_timeout;

    pcb->rto = t->syn_rto << MIN(pcb->nrtx, 12);
    if (age >= RESOLVE_MS && !route_is_resolved(&pcb->remote_ip)) {
        WITH_LOCK(&t->socket.lock) {
            t->socket.error = EHOSTUNREACH;
        }
        t->end_known = true;
        give_up(pcb);
    }
    if ((pcb->nrtx >= retries && pcb->rtime >= pcb->rto - 1) ||
        (timeout && age >= timeout))
        give_up(pcb);
}

// Has the peer acknowledged nothing for too long? (A probe of its closed window
// that is answered without opening it acknowledges nothing.)
static bool is_stalled(struct tcp_socket *t, const struct tcp_pcb *pcb)
{
    unsigned timeout = t->tcp.user_timeout;
    unsigned retries = t->orphaned ? TCP_ORPHAN_RETRIES : sysctl_tcp_retries2;

    if (pcb->lastack != t->stalled_ack) {
        t->stalled_ack = pcb->lastack;
        t->stalled_since = tcp_ticks;
    }
    if (!pcb->unacked && !pcb->unsent)
        return false;
    if (timeout &&
        (tcp_ticks - t->stalled_since) * TCP_SLOW_INTERVAL >= timeout)
        return true;
    return pcb->persist_probe > retries ||
           (pcb->nrtx >= retries && pcb->rtime >= pcb->rto - 1);
}

// Each slow tick of a connection that is busy: what no event does.
err_t tcp_poll_callback(void *argument, struct tcp_pcb *pcb)
{
    struct tcp_socket *t = argument;

    if (pcb->state == SYN_SENT) {
        poll_connecting(t, pcb);
        return ERR_OK;
    }
    if (is_stalled(t, pcb))
        give_up(pcb);
    tcp_send_push(t);
    tcp_output(pcb);
    return ERR_OK;
}

// Data that lwIP has not taken yet waits for the poll callback.
bool tcp_is_busy(const struct tcp_socket *t)
{
    return t && t->send.unqueued > 0;
}

// The pages of unacknowledged data are the socket's; and a close that lingers
// waits for the acknowledgement of FIN too, which may still be unsent if lwIP
// had no memory for it.
bool tcp_may_finish_alone(const struct tcp_socket *t)
{
    const struct socket_settings *options = &t->socket.options;
    enum tcp_state state = t->pcb->state;

    if (t->send.used > 0)
        return false;
    if (!options->linger || options->linger_seconds == 0)
        return true;
    return state == FIN_WAIT_2 || state == TIME_WAIT;
}
