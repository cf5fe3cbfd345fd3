// SPDX-License-Identifier: MIT
//
// Where a packet's payload begins, for filters that ask (SKF_AD_PAY_OFFSET).

#pragma once

#include <net/filter.h>

// The offset from the origin at which the innermost header that is known ends:
// TCP's, UDP's, ICMP's, else IP's; 0 if it is no IP packet.
uint32_t filter_payload_offset(const struct filter_packet *packet);
