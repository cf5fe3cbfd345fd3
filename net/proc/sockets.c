// SPDX-License-Identifier: MIT
//
// /proc/net/tcp, tcp6, udp, udp6, sockstat and sockstat6: the Internet sockets
// as proc(5) lays them out, from lwIP's lists of PCBs and the sockets behind
// them.

#include <abi/inet.h>
#include <fs/proc.h>
#include <lwip/memp.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/stats.h>
#include <net/proc_socket.h>
#include <net/server.h>

#include "../tcp/tcp.h"
#include "../udp/udp.h"

static void fill_socket(struct proc_socket_row *r, const struct socket *socket)
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

// AF_INET or AF_INET6: the family of the socket that a PCB has, or had.
static int family_of_pcb(struct tcp_pcb *pcb)
{
    struct tcp_socket *t = tcp_ext_arg_get(pcb, TCP_ARGUMENT_SOCKET);
    struct port_binding *binding =
        pcb->state == LISTEN ? NULL : tcp_ext_arg_get(pcb, TCP_ARGUMENT_PORT);

    if (t)
        return t->socket.family;
    if (binding)
        return binding->family;
    return IP_IS_V4_VAL(pcb->local_ip) ? AF_INET : AF_INET6;
}

static void print_tcp(struct text *text, int family, unsigned number,
                      struct tcp_pcb *pcb)
{
    struct proc_socket_row r = {.local = pcb->local_ip,
                                .peer = *IP_ANY_TYPE,
                                .local_port = pcb->local_port,
                                .state = tcp_state_number(pcb->state)};
    struct tcp_socket *t = socket_of_pcb(pcb);

    if (pcb->state == LISTEN) {
        r.receive_queue = t ? t->accept_count : 0;
    } else {
        r.peer = pcb->remote_ip;
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
    proc_print_socket(text, family, number, &r);
    text_printf(text, " 1 0 %u 0 0 %u -1\n",
                pcb->state == LISTEN ? 100 : pcb->rto * TCP_SLOW_INTERVAL / 10,
                pcb->state == LISTEN ? 10 : pcb->cwnd / MAX(pcb->mss, 1));
}

static void show_tcp_of(struct text *text, int family)
{
    struct pcb_cursor cursor = {0};
    struct tcp_pcb *pcb;
    unsigned number = 0;

    text_printf(text,
                "  sl  %s st tx_queue rx_queue tr tm->when retrnsmt   uid  "
                "timeout inode\n",
                proc_socket_headings(family));
    net_lock();
    for (pcb = tcp_listen_pcbs.pcbs; pcb; pcb = pcb->next) {
        if (family_of_pcb(pcb) == family)
            print_tcp(text, family, number++, pcb);
    }
    while ((pcb = pcb_next(&cursor))) {
        if (family_of_pcb(pcb) == family)
            print_tcp(text, family, number++, pcb);
    }
    net_unlock();
}

static void show_tcp(struct text *text)
{
    show_tcp_of(text, AF_INET);
}
PROC_FILE(net_tcp) = {"net/tcp", show_tcp, NULL};

static void show_tcp6(struct text *text)
{
    show_tcp_of(text, AF_INET6);
}
PROC_FILE(net_tcp6) = {"net/tcp6", show_tcp6, NULL};

static void print_udp(struct text *text, unsigned number, struct udp_socket *u)
{
    bool connected = u->socket.state == SOCKET_CONNECTED;
    struct proc_socket_row r = {.local = u->local.ip,
                                .local_port = u->local.port,
                                .peer = connected ? u->peer.ip : *IP_ANY_TYPE,
                                .peer_port = u->peer.port,
                                .state = connected ? ABI_TCP_ESTABLISHED
                                                   : ABI_TCP_CLOSE,
                                .receive_queue = u->socket.receive_memory};

    fill_socket(&r, &u->socket);
    text_printf(text, " ");
    proc_print_socket(text, u->socket.family, number, &r);
    text_printf(text, " 2 0 %lu\n", u->socket.drops);
}

static void show_udp_of(struct text *text, int family)
{
    unsigned number = 0;

    text_printf(text,
                "   sl  %s st tx_queue rx_queue tr tm->when retrnsmt   uid  "
                "timeout inode ref pointer drops\n",
                proc_socket_headings(family));
    net_lock();
    for (struct udp_socket *u = udp_next(NULL); u; u = udp_next(u)) {
        if (u->socket.family == family)
            print_udp(text, number++, u);
    }
    net_unlock();
}

static void show_udp(struct text *text)
{
    show_udp_of(text, AF_INET);
}
PROC_FILE(net_udp) = {"net/udp", show_udp, NULL};

static void show_udp6(struct text *text)
{
    show_udp_of(text, AF_INET6);
}
PROC_FILE(net_udp6) = {"net/udp6", show_udp6, NULL};

struct counts {
    unsigned tcp, orphans, waiting, udp;
};

// The sockets of a family. Core mutex held.
static struct counts count_sockets(int family)
{
    struct pcb_cursor cursor = {0};
    struct tcp_pcb *pcb;
    struct counts n = {0};

    for (pcb = tcp_listen_pcbs.pcbs; pcb; pcb = pcb->next)
        n.tcp += family_of_pcb(pcb) == family;
    while ((pcb = pcb_next(&cursor))) {
        if (pcb->state == TIME_WAIT) {
            n.waiting++;
            continue;
        }
        n.tcp += family_of_pcb(pcb) == family;
        n.orphans += !socket_of_pcb(pcb);
    }
    for (struct udp_socket *u = udp_next(NULL); u; u = udp_next(u))
        n.udp += u->socket.family == family;
    return n;
}

// (Orphans and TIME_WAIT are those of both families, as on Linux.)
static void show_sockstat(struct text *text)
{
    struct counts n;

    net_lock();
    n = count_sockets(AF_INET);
    net_unlock();
    text_printf(text,
                "sockets: used %u\n"
                "TCP: inuse %u orphan %u tw %u alloc %u mem %u\n"
                "UDP: inuse %u mem %u\n"
                "UDPLITE: inuse 0\n"
                "RAW: inuse 0\n"
                "FRAG: inuse %u memory %u\n",
                READ_ONCE(socket_count), n.tcp, n.orphans, n.waiting,
                (unsigned)lwip_stats.memp[MEMP_TCP_PCB]->used +
                    (unsigned)lwip_stats.memp[MEMP_TCP_PCB_LISTEN]->used,
                (unsigned)lwip_stats.memp[MEMP_TCP_SEG]->used, n.udp,
                (unsigned)lwip_stats.memp[MEMP_PBUF]->used,
                (unsigned)lwip_stats.memp[MEMP_REASSDATA]->used, 0);
}
PROC_FILE(net_sockstat) = {"net/sockstat", show_sockstat, NULL};

static void show_sockstat6(struct text *text)
{
    struct counts n;

    net_lock();
    n = count_sockets(AF_INET6);
    net_unlock();
    text_printf(text,
                "TCP6: inuse %u\n"
                "UDP6: inuse %u\n"
                "UDPLITE6: inuse 0\n"
                "RAW6: inuse 0\n"
                "FRAG6: inuse %u memory %u\n",
                n.tcp, n.udp,
                (unsigned)lwip_stats.memp[MEMP_IP6_REASSDATA]->used, 0);
}
PROC_FILE(net_sockstat6) = {"net/sockstat6", show_sockstat6, NULL};
