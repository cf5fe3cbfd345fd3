// SPDX-License-Identifier: MIT
//
// A new connection over one in TIME_WAIT: a SYN with a later sequence number
// may reuse the ports at once (RFC 1122, 4.2.2.13). lwIP never lets it, so the
// old PCB is taken away before lwIP sees the SYN.

#include <lwip/priv/tcp_priv.h>
#include <net/time_wait.h>

void time_wait_recycle(const struct endpoint *local,
                       const struct endpoint *peer, uint32_t sequence)
{
    for (struct tcp_pcb *pcb = tcp_tw_pcbs; pcb; pcb = pcb->next) {
        if (pcb->remote_port != peer->port || pcb->local_port != local->port ||
            !ip_addr_eq(&pcb->remote_ip, &peer->ip) ||
            !ip_addr_eq(&pcb->local_ip, &local->ip))
            continue;
        if (TCP_SEQ_GT(sequence, pcb->rcv_nxt))
            tcp_abort(pcb);  // silent in this state
        return;
    }
}
