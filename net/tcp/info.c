// SPDX-License-Identifier: MIT
//
// TCP_INFO and TCP_CONGESTION, tcp(7): what a connection's PCB knows of itself.
// lwIP measures time in ticks of 100 ms.

#include <abi/errno.h>
#include <abi/inet.h>
#include <net/option.h>
#include <net/server.h>
#include <string.h>

#include "connection.h"

#define TICK_US (TCP_SLOW_INTERVAL * 1000u)

#define CONGESTION_CONTROL "reno"

unsigned tcp_state_number(enum tcp_state state)
{
    static const uint8_t numbers[] = {
        [CLOSED] = ABI_TCP_CLOSE,
        [LISTEN] = ABI_TCP_LISTEN,
        [SYN_SENT] = ABI_TCP_SYN_SENT,
        [SYN_RCVD] = ABI_TCP_SYN_RECV,
        [ESTABLISHED] = ABI_TCP_ESTABLISHED,
        [FIN_WAIT_1] = ABI_TCP_FIN_WAIT1,
        [FIN_WAIT_2] = ABI_TCP_FIN_WAIT2,
        [CLOSE_WAIT] = ABI_TCP_CLOSE_WAIT,
        [CLOSING] = ABI_TCP_CLOSING,
        [LAST_ACK] = ABI_TCP_LAST_ACK,
        [TIME_WAIT] = ABI_TCP_TIME_WAIT,
    };

    return numbers[state];
}

static unsigned count_segments(const struct tcp_seg *segment)
{
    unsigned n = 0;

    for (; segment; segment = segment->next)
        n++;
    return n;
}

static uint32_t milliseconds_since(uint32_t tick)
{
    return tick ? (tcp_ticks - tick) * TCP_SLOW_INTERVAL : 0;
}

static void fill_options(struct abi_tcp_info *info, const struct tcp_pcb *pcb)
{
    if (pcb->flags & TF_TIMESTAMP)
        info->options |= TCPI_OPT_TIMESTAMPS;
    if (pcb->flags & TF_SACK)
        info->options |= TCPI_OPT_SACK;
    if (pcb->flags & TF_WND_SCALE) {
        info->options |= TCPI_OPT_WSCALE;
        info->window_scales = pcb->snd_scale | pcb->rcv_scale << 4;
    }
}

static void fill_congestion(struct abi_tcp_info *info,
                            const struct tcp_pcb *pcb)
{
    unsigned mss = MAX(pcb->mss, 1);

    if (pcb->flags & TF_RTO)
        info->congestion_state = TCP_CA_LOSS;
    else if (pcb->flags & TF_INFR)
        info->congestion_state = TCP_CA_RECOVERY;
    info->send_threshold = pcb->ssthresh / mss;
    info->congestion_window = pcb->cwnd / mss;
    info->rto = pcb->rto * TICK_US;
    info->rtt = (uint32_t)pcb->sa * TICK_US / 8;
    info->rtt_variance = (uint32_t)pcb->sv * TICK_US / 4;
}

static void fill_connection(struct abi_tcp_info *info,
                            const struct tcp_socket *t, struct tcp_pcb *pcb)
{
    const struct tcp_connection *c = tcp_connection_of(pcb);

    info->state = tcp_state_number(pcb->state);
    info->retransmits = pcb->nrtx;
    info->backoff = pcb->nrtx;
    info->probes = pcb->keep_cnt_sent + pcb->persist_probe;
    info->send_mss = info->receive_mss = tcp_segment_size(pcb);
    info->advertised_mss = pcb->mss;
    info->unacked = count_segments(pcb->unacked);
    info->last_data_sent = milliseconds_since(c->last_sent);
    info->last_data_received = milliseconds_since(c->last_received);
    info->last_ack_received = milliseconds_since(pcb->tmr);
    info->path_mtu = pcb->mss + TCP_HLEN +
                     (IP_IS_V6_VAL(pcb->remote_ip) ? IP6_HLEN : IP_HLEN);
    info->receive_threshold = pcb->rcv_wnd;
    info->receive_space = tcp_window_limit(t);
    info->total_retransmits = c->repeated;
    info->bytes_acked = t->bytes_acked;
    info->bytes_received = t->bytes_received;
    info->segments_out = c->segments_out;
    info->segments_in = c->segments_in;
    info->bytes_unsent = t->send.unqueued + (pcb->snd_lbb - pcb->snd_nxt);
    fill_options(info, pcb);
    fill_congestion(info, pcb);
}

static int get_info(struct socket *socket, void *value, size_t *length)
{
    struct tcp_socket *t = tcp_of(socket);
    struct abi_tcp_info info = {.state = ABI_TCP_CLOSE};

    net_lock();
    if (socket->state == SOCKET_LISTENING) {
        info.state = ABI_TCP_LISTEN;
        info.unacked = t->accept_count;  // as Linux reports a listener
        info.sacked = t->backlog;
    } else if (t->pcb) {
        pcb_select(t->pcb);
        fill_connection(&info, t, t->pcb);
    }
    net_unlock();
    *length = MIN(*length, (size_t)ABI_TCP_INFO_SIZE);
    memcpy(value, &info, *length);
    return 0;
}
SOCKET_OPTION(tcp_info) = {.level = IPPROTO_TCP,
                           .name = TCP_INFO,
                           .family = AF_INET,
                           .protocol = IPPROTO_TCP,
                           .max_size = ABI_TCP_INFO_SIZE,
                           .get_bytes = get_info};

static int get_congestion(struct socket *socket, void *value, size_t *length)
{
    char name[TCP_CONGESTION_NAME_MAX] = CONGESTION_CONTROL;

    (void)socket;
    *length = MIN(*length, sizeof(name));
    memcpy(value, name, *length);
    return 0;
}

static int set_congestion(struct socket *socket, const void *value,
                          size_t length)
{
    char name[TCP_CONGESTION_NAME_MAX] = "";

    (void)socket;
    memcpy(name, value, MIN(length, sizeof(name) - 1));
    return strcmp(name, CONGESTION_CONTROL) == 0 ? 0 : -ENOENT;
}
SOCKET_OPTION(tcp_congestion) = {.level = IPPROTO_TCP,
                                 .name = TCP_CONGESTION,
                                 .family = AF_INET,
                                 .protocol = IPPROTO_TCP,
                                 .size = 1,
                                 .max_size = TCP_CONGESTION_NAME_MAX,
                                 .get_bytes = get_congestion,
                                 .set_bytes = set_congestion};
