// SPDX-License-Identifier: MIT
//
// Where a packet's payload begins, for filters that ask (SKF_AD_PAY_OFFSET).

#pragma once

#include <net/filter.h>

// Copy n bytes at a position of the packet; false: it is shorter.
bool filter_packet_copy(const struct filter_packet *packet, size_t at, void *to,
                        size_t n);

// The offset from the origin at which the innermost header that is known ends:
// TCP's, UDP's, ICMP's, else IP's; 0 if it is no IP packet.
uint32_t filter_payload_offset(const struct filter_packet *packet);
