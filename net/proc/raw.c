// SPDX-License-Identifier: MIT
//
// /proc/net/raw, raw6, icmp and icmp6: raw and ping sockets, as Linux lists
// them.

#include <abi/inet.h>
#include <fs/proc.h>
#include <net/proc_socket.h>
#include <net/server.h>

#include "../raw/raw.h"

static void print_raw(struct text *text, struct raw_socket *raw)
{
    struct socket *socket = &raw->socket;
    bool connected = socket->state == SOCKET_CONNECTED;
    struct proc_socket_row row = {
        .local = raw->local.ip,
        .local_port = raw->local.port,
        .peer = connected ? raw->peer.ip : *IP_ANY_TYPE,
        .peer_port = connected ? raw->peer.port : 0,
        .state = connected ? ABI_TCP_ESTABLISHED : ABI_TCP_CLOSE,
        .receive_queue = socket->receive_memory,
        .uid = socket->uid,
        .inode = socket->inode,
    };

    proc_print_socket(text, socket->family, raw->local.port, &row);
    text_printf(text, " 2 0 %lu\n", socket->drops);
}

static void show(struct text *text, int family, int type)
{
    struct raw_socket *raw;

    text_printf(text,
                "  sl  %s st tx_queue rx_queue tr tm->when retrnsmt   uid  "
                "timeout inode ref pointer drops\n",
                proc_socket_headings(family));
    net_lock();
    list_for_each(raw, &raw_sockets, node) {
        if (raw->socket.family == family && raw->socket.type == type)
            print_raw(text, raw);
    }
    net_unlock();
}

static void show_raw(struct text *text)
{
    show(text, AF_INET, SOCK_RAW);
}
PROC_FILE(net_raw) = {"net/raw", show_raw, NULL};

static void show_raw6(struct text *text)
{
    show(text, AF_INET6, SOCK_RAW);
}
PROC_FILE(net_raw6) = {"net/raw6", show_raw6, NULL};

static void show_icmp(struct text *text)
{
    show(text, AF_INET, SOCK_DGRAM);
}
PROC_FILE(net_icmp) = {"net/icmp", show_icmp, NULL};

static void show_icmp6(struct text *text)
{
    show(text, AF_INET6, SOCK_DGRAM);
}
PROC_FILE(net_icmp6) = {"net/icmp6", show_icmp6, NULL};
