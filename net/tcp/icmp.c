// SPDX-License-Identifier: MIT
//
// What ICMP says of a connection's segments, if they were its: a message whose
// quoted sequence number is not in flight is a forgery (RFC 5927, 4.1).
//
// - Of an attempt to connect it is the end; of a peer's attempt too, if it is a
//   hard error.
// - A connection rides it out (RFC 1122, 4.2.3.9), but if it fails, that is
// why.
// - A segment that is too large for the path is cut up and sent again, and so
// is
//   all that follows (RFC 1191, RFC 8201).

#include <abi/errno.h>
#include <net/icmp_error.h>
#include <net/path_mtu.h>
#include <net/server.h>

#include "connection.h"

// Room for options and some data, also at an interface whose MTU is nearly
// none.
#define MSS_LEAST 88

static uint16_t headers_of(const struct tcp_pcb *pcb)
{
    return TCP_HLEN + (IP_IS_V6_VAL(pcb->remote_ip) ? IP6_HLEN : IP_HLEN);
}

void tcp_path_mtu_apply(struct tcp_pcb *pcb)
{
    uint16_t known = path_mtu_find(&pcb->remote_ip, UINT16_MAX);

    pcb->mss = MAX(MIN(pcb->mss, known - headers_of(pcb)), MSS_LEAST);
}

// Split what waits to be sent into segments of `size` bytes. lwIP splits the
// first one of its list, so each is made the first in turn. False: no memory.
static bool split_unsent(struct tcp_pcb *pcb, uint16_t size)
{
    struct tcp_seg *first = pcb->unsent;
    bool done = true;

    while (pcb->unsent && done) {
        done = tcp_split_unsent_seg(pcb, size) == ERR_OK;
        pcb->unsent = pcb->unsent->next;
    }
    pcb->unsent = first;
    return done;
}

// The segments in flight are taken to be lost, as the one was that we heard of;
// that is no sign of congestion. The size for new ones is lowered last: lwIP
// asserts that none which waits is larger. If it cannot be done now, the next
// message will say so again.
static void shrink_segments(struct tcp_pcb *pcb, uint16_t mss)
{
    uint16_t options = pcb->mss - tcp_segment_size(pcb);

    if (mss >= pcb->mss)
        return;
    if (pcb->unacked && tcp_rexmit_rto_prepare(pcb) != ERR_OK)
        return;  // a device still has one of them
    if (split_unsent(pcb, mss - options)) {
        pcb->mss = mss;
        pcb->cwnd = MAX(pcb->cwnd, mss);
    }
    pcb->rtime = pcb->unsent ? 0 : pcb->rtime;
    tcp_set_flags(pcb, TF_NAGLEMEMERR);  // short ones do not wait for others
    tcp_output(pcb);
}

static void too_large(struct tcp_pcb *pcb, const struct icmp_report *report)
{
    uint16_t mtu = path_mtu_learn(&pcb->remote_ip, MIN(report->info, 0xffffu),
                                  pcb->mss + headers_of(pcb));

    if (pcb->state >= ESTABLISHED && pcb->state != TIME_WAIT)
        shrink_segments(pcb, mtu - headers_of(pcb));
}

static void attempt_failed(struct tcp_socket *t, int error)
{
    tcp_reset(t);
    WITH_LOCK(&t->socket.lock) {
        t->socket.error = error;
        socket_set_state(&t->socket, SOCKET_CONNECT_FAILED);
    }
}

// ip(7): with IP_RECVERR the application hears of it at once.
static void note_error(struct tcp_socket *t, const struct icmp_report *report)
{
    const struct socket_settings *options = &t->socket.options;
    int error = report->error->error;

    t->soft_error = error;
    if (report->is_v6 ? options->receive_errors6 : options->ip.receive_errors) {
        WITH_LOCK(&t->socket.lock) {
            socket_set_error(&t->socket, error);
        }
    }
}

void tcp_icmp_error(const struct icmp_report *report, uint32_t sequence)
{
    struct tcp_flow flow = {report->local.ip, report->peer.ip,
                            report->local.port, report->peer.port};
    struct tcp_pcb *pcb = pcb_find(&flow);

    if (!pcb || !TCP_SEQ_BETWEEN(sequence, pcb->lastack, pcb->snd_nxt))
        return;
    struct tcp_socket *t = tcp_ext_arg_get(pcb, TCP_ARGUMENT_SOCKET);
    if (report->error->error == EMSGSIZE)
        too_large(pcb, report);
    else if (pcb->state == SYN_RCVD && report->error->hard)
        tcp_abandon(pcb, 0);
    else if (t && pcb->state == SYN_SENT)
        attempt_failed(t, report->error->error);
    else if (t)
        note_error(t, report);
}
