// SPDX-License-Identifier: MIT
//
// Every arriving TCP segment on its way to lwIP, IPv4 and IPv6, whole also if
// it came in fragments: the linker (--wrap, net/lwip/files.mk) sends lwIP's
// calls of tcp_input here. This finds the connection, lets lwIP see the lists
// in which it is (net/pcb_table.h) and segments that are acceptable, and
// afterwards does what lwIP leaves undone.

#include <lwip/inet_chksum.h>
#include <lwip/ip.h>
#include <string.h>

#include "segment.h"

void __real_tcp_input(struct pbuf *p, struct netif *netif);
void __wrap_tcp_input(struct pbuf *p, struct netif *netif);

static void to_lwip(struct pbuf *p, struct netif *netif)
{
    pcb_table_enter();
    __real_tcp_input(p, netif);
    pcb_table_leave();
}

// The checksum has been looked at.
void tcp_segment_to_lwip(struct tcp_segment *s, struct netif *netif)
{
    uint16_t checks = netif->chksum_flags;

    netif->chksum_flags &= ~NETIF_CHECKSUM_CHECK_TCP;
    to_lwip(s->p, netif);
    netif->chksum_flags = checks;
}

static void parse_options(struct tcp_segment *s)
{
    uint8_t options[TCP_MAX_OPTION_BYTES];
    unsigned length = s->header_length - TCP_HLEN;

    pbuf_copy_partial(s->p, options, length, TCP_HLEN);
    for (unsigned at = 0; at < length && options[at] != LWIP_TCP_OPT_EOL;) {
        if (options[at] == LWIP_TCP_OPT_NOP) {
            at++;
            continue;
        }
        if (length - at < 2 || options[at + 1] < 2 ||
            options[at + 1] > length - at)
            return;
        if (options[at] == LWIP_TCP_OPT_TS &&
            options[at + 1] == LWIP_TCP_OPT_LEN_TS) {
            uint32_t value;
            memcpy(&value, &options[at + 2], sizeof(value));
            s->has_timestamp = true;
            s->timestamp = lwip_ntohl(value);
        }
        at += options[at + 1];
    }
}

// False: malformed or damaged.
static bool segment_parse(struct tcp_segment *s, struct pbuf *p,
                          const struct netif *netif)
{
    struct tcp_hdr *header = p->payload;

    *s = (struct tcp_segment){.p = p, .header = header};
    if (p->len < TCP_HLEN)
        return false;
    s->header_length = TCPH_HDRLEN_BYTES(header);
    if (s->header_length < TCP_HLEN || s->header_length > p->tot_len)
        return false;
    if (netif->chksum_flags & NETIF_CHECKSUM_CHECK_TCP &&
        ip_chksum_pseudo(p, IP_PROTO_TCP, p->tot_len, ip_current_src_addr(),
                         ip_current_dest_addr()) != 0)
        return false;
    s->data_length = p->tot_len - s->header_length;
    s->flags = TCPH_FLAGS(header);
    s->sequence = lwip_ntohl(header->seqno);
    s->acknowledged = lwip_ntohl(header->ackno);
    parse_options(s);
    return true;
}

static struct tcp_flow segment_flow(const struct tcp_segment *s)
{
    return (struct tcp_flow){*ip_current_dest_addr(), *ip_current_src_addr(),
                             lwip_ntohs(s->header->dest),
                             lwip_ntohs(s->header->src)};
}

// lwIP has had the segment, and its connection lives.
static void finish(struct tcp_connection *c, enum tcp_state before)
{
    struct tcp_pcb *pcb = c->pcb;

    // A probe of a closed window that took all there was leaves lwIP's persist
    // timer with nothing to send, which lwIP asserts never to happen.
    if (!pcb->unsent)
        pcb->persist_backoff = 0;
    if (before < ESTABLISHED && pcb->state >= ESTABLISHED) {
        tcp_path_mtu_apply(pcb);
        tcp_initial_window(pcb);
    }
    tcp_quickack_received(c);
    if (pcb->callback_arg && pcb->state >= ESTABLISHED)
        tcp_note_unsent(pcb->callback_arg);
    // lwIP tells of acknowledged data, but not of FIN; a close may wait for it.
    if (pcb->callback_arg && pcb->state > before && before >= FIN_WAIT_1)
        tcp_send_push(pcb->callback_arg);
    if (pcb->state == TIME_WAIT && !c->in_time_wait)
        tcp_time_wait_begin(c);
}

// IP_MINTTL: has the packet come farther than the socket allows (RFC 5082)?
bool tcp_comes_from_afar(const struct tcp_socket *t)
{
    return !ip_current_is_v6() &&
           IPH_TTL(ip4_current_header()) < t->socket.options.ip.min_ttl;
}

static void to_connection(struct tcp_connection *c, struct tcp_segment *s,
                          struct netif *netif)
{
    struct tcp_pcb *pcb = c->pcb;
    const struct tcp_socket *t =
        c->listener ? c->listener : tcp_ext_arg_get(pcb, TCP_ARGUMENT_SOCKET);
    bool passes = !(t && tcp_comes_from_afar(t));

    if (passes)
        passes = pcb->state == SYN_SENT ? tcp_simultaneous_open(c, s, netif)
                                        : tcp_segment_is_acceptable(c, s);
    if (!passes) {
        if (s->p)
            pbuf_free(s->p);
        return;
    }
    enum tcp_state before = pcb->state;
    c->segments_in++;
    if (s->data_length > 0)
        c->last_received = tcp_ticks;
    tcp_connection_watch(c);
    tcp_segment_to_lwip(s, netif);
    if (tcp_connection_survived())
        finish(c, before);
}

// Perhaps a connection begins. Short of memory lwIP would make room for its PCB
// by killing others, so it sees none.
static void to_listener(struct tcp_segment *s, struct netif *netif)
{
    pcb_select(NULL);
    if ((s->flags & (TCP_SYN | TCP_FIN)) == (TCP_SYN | TCP_FIN)) {
        pbuf_free(s->p);  // nobody means this
        return;
    }
    tcp_segment_to_lwip(s, netif);
    struct tcp_pcb *pcb = tcp_active_pcbs;
    pcb_table_adopt();
    if (pcb)
        tcp_half_open_bound(tcp_connection_of(pcb));
}

void __wrap_tcp_input(struct pbuf *p, struct netif *netif)
{
    struct tcp_segment s;

    if (!segment_parse(&s, p, netif)) {
        pcb_select(NULL);
        to_lwip(p, netif);  // counts it and drops it
        return;
    }
    struct tcp_flow flow = segment_flow(&s);
    struct tcp_pcb *pcb = pcb_find(&flow);
    if (pcb && pcb->state == TIME_WAIT &&
        (s.flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN &&
        tcp_time_wait_recycle(pcb, s.sequence))
        pcb = NULL;
    if (pcb)
        to_connection(tcp_connection_of(pcb), &s, netif);
    else
        to_listener(&s, netif);
}
