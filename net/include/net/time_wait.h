// SPDX-License-Identifier: MIT
//
// Connections in TIME_WAIT, as far as lwIP does not see to them. Core mutex
// held for all.

#pragma once

#include <lwip/tcp.h>

// A SYN with this sequence number arrives for the PCB, which is selected: does
// it make way? Then it is gone.
bool time_wait_recycle(struct tcp_pcb *pcb, uint32_t seq);
