// SPDX-License-Identifier: MIT
//
// Connections in TIME_WAIT, as far as lwIP does not see to them.

#pragma once

#include <lwip/prot/ip4.h>
#include <lwip/prot/tcp.h>

// A SYN arrives; called before lwIP has it, with the core mutex held.
void time_wait_recycle(const struct ip_hdr *ip, const struct tcp_hdr *tcp);
