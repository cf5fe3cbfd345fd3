// SPDX-License-Identifier: MIT
//
// LWIP_HOOK_TCP_INPACKET_PCB: a segment for a connection, before lwIP sees it.
// What lwIP would take wrongly is answered here and goes no further.

#include <lwip/priv/tcp_priv.h>
#include <lwip/prot/tcp.h>
#include <lwip_hooks.h>

// A SYN for a handshake that has begun: the same one once more, which is
// answered once more, or somebody else's, which is asked about (RFC 5961, 4.2).
// lwIP would read its options and apply them to a PCB that has been set up by
// the first one's: a window scale then breaks an invariant, a smaller MSS the
// segments that wait.
static void repeated_syn(struct tcp_pcb *pcb, uint32_t sequence)
{
    if (sequence + 1 == pcb->rcv_nxt)
        tcp_rexmit(pcb);
    else
        tcp_ack_now(pcb);
    tcp_output(pcb);
}

err_t net_tcp_segment_hook(struct tcp_pcb *pcb, const struct tcp_hdr *header)
{
    // lwIP has turned the header's numbers into the host's order.
    if (pcb->state != SYN_RCVD || !(TCPH_FLAGS(header) & TCP_SYN))
        return ERR_OK;
    repeated_syn(pcb, header->seqno);
    return ERR_VAL;
}
