// SPDX-License-Identifier: MIT
//
// Packets in the kernel log (trace=packets).

#pragma once

#include <lib/types.h>
#include <lwip/pbuf.h>

// name: the interface's. direction: '<' received, '>' sent. The packet begins
// with an Ethernet header, or with the IP header.
void packet_trace(const char *name, char direction, const struct pbuf *p,
                  bool ethernet);
