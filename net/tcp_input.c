// SPDX-License-Identifier: MIT
//
// Every arriving TCP segment on its way to lwIP, IPv4 and IPv6, whole also if
// it came in fragments: the linker (--wrap, net/lwip/files.mk) sends lwIP's
// calls of tcp_input here. This shows lwIP the connections among which the
// segment's is (net/pcb_table.h).

#include <lwip/ip.h>
#include <lwip/priv/tcp_priv.h>
#include <net/pcb_table.h>
#include <net/time_wait.h>

void __real_tcp_input(struct pbuf *p, struct netif *netif);
void __wrap_tcp_input(struct pbuf *p, struct netif *netif);

static void to_lwip(struct pbuf *p, struct netif *netif)
{
    pcb_table_enter();
    __real_tcp_input(p, netif);
    pcb_table_leave();
}

void __wrap_tcp_input(struct pbuf *p, struct netif *netif)
{
    const struct tcp_hdr *header = p->payload;

    if (p->len < sizeof(*header)) {
        to_lwip(p, netif);  // counts it and drops it
        return;
    }
    struct tcp_flow flow = {
        .local_port = lwip_ntohs(header->dest),
        .remote_port = lwip_ntohs(header->src),
    };
    ip_addr_copy(flow.local_ip, *ip_current_dest_addr());
    ip_addr_copy(flow.remote_ip, *ip_current_src_addr());
    struct tcp_pcb *pcb = pcb_find(&flow);
    if (pcb && pcb->state == TIME_WAIT &&
        (TCPH_FLAGS(header) & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN &&
        time_wait_recycle(pcb, lwip_ntohl(header->seqno)))
        pcb = NULL;
    if (pcb) {
        to_lwip(p, netif);
        return;
    }
    // Perhaps a connection begins. Short of memory lwIP would make room for its
    // PCB by killing others, so it sees none.
    pcb_select(NULL);
    to_lwip(p, netif);
    pcb_table_adopt();
}
