// SPDX-License-Identifier: MIT
//
// A new connection over one in TIME_WAIT: a SYN with a later sequence number
// may reuse the ports at once (RFC 1122, 4.2.2.13). lwIP never lets it, so the
// old PCB is taken away before lwIP sees the SYN.

#include <lwip/priv/tcp_priv.h>
#include <net/time_wait.h>

void time_wait_recycle(const struct ip_hdr *ip, const struct tcp_hdr *tcp)
{
    for (struct tcp_pcb *pcb = tcp_tw_pcbs; pcb; pcb = pcb->next) {
        if (pcb->remote_port != lwip_ntohs(tcp->src) ||
            pcb->local_port != lwip_ntohs(tcp->dest) ||
            ip_2_ip4(&pcb->remote_ip)->addr != ip->src.addr ||
            ip_2_ip4(&pcb->local_ip)->addr != ip->dest.addr)
            continue;
        if (TCP_SEQ_GT(lwip_ntohl(tcp->seqno), pcb->rcv_nxt))
            tcp_abort(pcb);  // silent in this state
        return;
    }
}
