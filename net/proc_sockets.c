// SPDX-License-Identifier: MIT
//
// /proc/net/tcp, udp and sockstat: the Internet sockets as proc(5) lays them
// out, from lwIP's lists of PCBs and the sockets behind them.

#include <abi/inet.h>
#include <fs/proc.h>
#include <lwip/memp.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/stats.h>
#include <net/server.h>

#include "tcp.h"
#include "udp.h"

// Linux's number for lwIP's state.
static const uint8_t linux_state[] = {
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

// What a row says; addresses as in memory, ports in host order.
struct row {
    uint32_t local, peer;
    uint16_t local_port, peer_port;
    unsigned state, timer;
    size_t send_queue, receive_queue;
    unsigned retransmits;
    unsigned uid;
    uint64_t inode;
};

static void print_row(struct text *text, unsigned number, const struct row *r)
{
    text_printf(text,
                "%4u: %08X:%04X %08X:%04X %02X %08lX:%08lX %02X:%08lX %08X "
                "%5u %8d %lu",
                number, r->local, r->local_port, r->peer, r->peer_port,
                r->state, r->send_queue, r->receive_queue, r->timer, 0ul,
                r->retransmits, r->uid, 0, r->inode);
}

static void fill_socket(struct row *r, const struct socket *socket)
{
    r->uid = socket->uid;
    r->inode = socket->inode;
}

// The socket of a PCB, NULL for one that finishes alone or in a handshake.
static struct tcp_socket *socket_of_pcb(struct tcp_pcb *pcb)
{
    struct tcp_socket *t = tcp_ext_arg_get(pcb, TCP_ARGUMENT_SOCKET);

    return t && t->pcb == pcb && !t->orphaned ? t : NULL;
}

static void print_tcp(struct text *text, unsigned number, struct tcp_pcb *pcb)
{
    struct row r = {.local = ip_2_ip4(&pcb->local_ip)->addr,
                    .local_port = pcb->local_port,
                    .state = linux_state[pcb->state]};
    struct tcp_socket *t = socket_of_pcb(pcb);

    if (pcb->state == LISTEN) {
        r.receive_queue = t ? t->accept_count : 0;
    } else {
        r.peer = ip_2_ip4(&pcb->remote_ip)->addr;
        r.peer_port = pcb->remote_port;
        r.retransmits = pcb->nrtx;
        r.timer = pcb->state == TIME_WAIT ? 3 : pcb->unacked ? 1 : 0;
    }
    if (t && pcb->state != LISTEN) {
        r.send_queue = t->send.used;
        r.receive_queue = t->socket.receive_bytes;
    }
    if (t)
        fill_socket(&r, &t->socket);
    print_row(text, number, &r);
    text_printf(text, " 1 0 %u 0 0 %u -1\n",
                pcb->state == LISTEN ? 100 : pcb->rto * TCP_SLOW_INTERVAL / 10,
                pcb->state == LISTEN ? 10 : pcb->cwnd / MAX(pcb->mss, 1));
}

static void show_tcp(struct text *text)
{
    struct tcp_pcb *const lists[] = {tcp_listen_pcbs.pcbs, tcp_active_pcbs,
                                     tcp_tw_pcbs};
    unsigned number = 0;

    text_printf(text, "  sl  local_address rem_address   st tx_queue rx_queue "
                      "tr tm->when retrnsmt   uid  timeout inode\n");
    net_lock();
    for (unsigned i = 0; i < ARRAY_SIZE(lists); i++) {
        for (struct tcp_pcb *pcb = lists[i]; pcb; pcb = pcb->next)
            print_tcp(text, number++, pcb);
    }
    net_unlock();
}
PROC_FILE(net_tcp) = {"net/tcp", show_tcp, NULL};

// The socket of a PCB, NULL for lwIP's own (the DHCP client's).
static struct udp_socket *socket_of_udp(struct udp_pcb *pcb)
{
    return pcb->recv == udp_receive_callback ? pcb->recv_arg : NULL;
}

static void show_udp(struct text *text)
{
    unsigned number = 0;

    text_printf(text, "   sl  local_address rem_address   st tx_queue rx_queue "
                      "tr tm->when retrnsmt   uid  timeout inode ref pointer "
                      "drops\n");
    net_lock();
    for (struct udp_pcb *pcb = udp_pcbs; pcb; pcb = pcb->next) {
        struct udp_socket *u = socket_of_udp(pcb);
        bool connected = pcb->flags & UDP_FLAGS_CONNECTED;
        struct row r = {
            .local = ip_2_ip4(&pcb->local_ip)->addr,
            .local_port = pcb->local_port,
            .state = connected ? ABI_TCP_ESTABLISHED : ABI_TCP_CLOSE,
        };

        if (connected) {
            r.peer = ip_2_ip4(&pcb->remote_ip)->addr;
            r.peer_port = pcb->remote_port;
        }
        if (u) {
            r.receive_queue = u->socket.receive_memory;
            fill_socket(&r, &u->socket);
        }
        text_printf(text, " ");
        print_row(text, number++, &r);
        text_printf(text, " 2 0 %lu\n", u ? u->drops : 0);
    }
    net_unlock();
}
PROC_FILE(net_udp) = {"net/udp", show_udp, NULL};

static void show_sockstat(struct text *text)
{
    unsigned used = 0, orphans = 0, waiting = 0, udp = 0;

    net_lock();
    for (struct tcp_pcb *pcb = tcp_listen_pcbs.pcbs; pcb; pcb = pcb->next)
        used++;
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next) {
        used++;
        orphans += !socket_of_pcb(pcb);
    }
    for (struct tcp_pcb *pcb = tcp_tw_pcbs; pcb; pcb = pcb->next)
        waiting++;
    for (struct udp_pcb *pcb = udp_pcbs; pcb; pcb = pcb->next)
        udp += socket_of_udp(pcb) != NULL;
    net_unlock();
    text_printf(text,
                "sockets: used %u\n"
                "TCP: inuse %u orphan %u tw %u alloc %u mem %u\n"
                "UDP: inuse %u mem %u\n"
                "UDPLITE: inuse 0\n"
                "RAW: inuse 0\n"
                "FRAG: inuse %u memory %u\n",
                READ_ONCE(socket_count), used, orphans, waiting,
                (unsigned)lwip_stats.memp[MEMP_TCP_PCB]->used +
                    (unsigned)lwip_stats.memp[MEMP_TCP_PCB_LISTEN]->used,
                (unsigned)lwip_stats.memp[MEMP_TCP_SEG]->used, udp,
                (unsigned)lwip_stats.memp[MEMP_PBUF]->used,
                (unsigned)lwip_stats.memp[MEMP_REASSDATA]->used, 0);
}
PROC_FILE(net_sockstat) = {"net/sockstat", show_sockstat, NULL};
