// SPDX-License-Identifier: MIT
//
// TCP's rows of the option table: tcp(7). Options live in the socket, so that
// they outlast a PCB and are there before one; a live PCB gets them at once.

#include <abi/errno.h>
#include <abi/inet.h>
#include <lwip/prot/tcp.h>
#include <lwip_hooks.h>
#include <net/option.h>
#include <net/server.h>

#include "segment.h"

void tcp_apply_op(struct socket *socket)
{
    net_lock();
    pcb_select(tcp_of(socket)->pcb);
    tcp_apply_options(tcp_of(socket));
    net_unlock();
}

static int get_no_delay(struct socket *socket, union option_value *value)
{
    value->integer = tcp_of(socket)->tcp.no_delay;
    return 0;
}

// Setting it also sends what Nagle's rule held back.
static int set_no_delay(struct socket *socket, const union option_value *value)
{
    struct tcp_socket *t = tcp_of(socket);

    net_lock();
    t->tcp.no_delay = value->integer != 0;
    pcb_select(t->pcb);
    tcp_apply_options(t);
    if (t->tcp.no_delay)
        tcp_send_flush(t);  // even if corked, tcp(7)
    net_unlock();
    return 0;
}
TCP_OPTION(tcp_no_delay, TCP_NODELAY, get_no_delay, set_no_delay);

// A connection's value is what it uses; before, it is the bound for the MSS
// option of our SYN (Linux gives 536 where none was set).
static int get_max_segment(struct socket *socket, union option_value *value)
{
    struct tcp_socket *t = tcp_of(socket);

    net_lock();
    if (socket->state == SOCKET_CONNECTED && t->pcb)
        value->integer = tcp_segment_size(t->pcb);
    else
        value->integer = t->tcp.max_segment ? t->tcp.max_segment : 536;
    net_unlock();
    return 0;
}

static int set_max_segment(struct socket *socket,
                           const union option_value *value)
{
    if (value->integer && (value->integer < 88 || value->integer > 32767))
        return -EINVAL;
    tcp_of(socket)->tcp.max_segment = value->integer;
    return 0;
}
TCP_OPTION(tcp_max_segment, TCP_MAXSEG, get_max_segment, set_max_segment);

// LWIP_HOOK_TCP_OUT_ADD_TCPOPTS: a SYN shall promise no more than SO_RCVBUF and
// TCP_MAXSEG allow. The MSS option stands first among its options.
uint32_t *net_tcp_options_hook(struct tcp_hdr *header,
                               const struct tcp_pcb *pcb, uint32_t *options)
{
    struct tcp_connection *c =
        pcb ? tcp_ext_arg_get(pcb, TCP_ARGUMENT_CONNECTION) : NULL;
    uint32_t *mss = (uint32_t *)(header + 1);

    if (c)
        tcp_connection_count_sent(c, header);
    if (!c || !(TCPH_FLAGS(header) & TCP_SYN))
        return options;
    struct tcp_socket *t =
        c->listener ? c->listener : tcp_ext_arg_get(pcb, TCP_ARGUMENT_SOCKET);
    if (c->held_syn)
        tcp_simultaneous_answer(c, header);
    header->wnd = lwip_htons(MIN(tcp_window_limit(t), (size_t)0xffff));
    if (t->tcp.max_segment) {
        int own = lwip_ntohl(*mss) & 0xffff;
        *mss = lwip_htonl(0x02040000 | MIN(t->tcp.max_segment, own));
    }
    return options;
}

static int get_cork(struct socket *socket, union option_value *value)
{
    value->integer = tcp_of(socket)->tcp.cork;
    return 0;
}

static int set_cork(struct socket *socket, const union option_value *value)
{
    struct tcp_socket *t = tcp_of(socket);

    net_lock();
    t->tcp.cork = value->integer != 0;
    if (!t->tcp.cork)
        tcp_send_flush(t);
    net_unlock();
    return 0;
}
TCP_OPTION(tcp_cork, TCP_CORK, get_cork, set_cork);
