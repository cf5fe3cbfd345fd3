// SPDX-License-Identifier: MIT
//
// A new connection over one in TIME_WAIT: a SYN with a later sequence number
// may reuse the ports at once (RFC 1122, 4.2.2.13). lwIP never lets it, so the
// old PCB is taken away before lwIP sees the SYN.

#include <lwip/priv/tcp_priv.h>
#include <net/time_wait.h>

bool time_wait_recycle(struct tcp_pcb *pcb, uint32_t seq)
{
    if (!TCP_SEQ_GT(seq, pcb->rcv_nxt))
        return false;
    tcp_abort(pcb);  // silent in this state
    return true;
}
