// SPDX-License-Identifier: MIT
//
// The largest packet that gets through to a destination, as far as routers have
// told (RFC 1191, RFC 8201). Core mutex held.

#pragma once

#include <lwip/ip_addr.h>

// What is known of a destination; `otherwise` if nothing is, or it is old.
uint16_t path_mtu_find(const ip_addr_t *to, uint16_t otherwise);

// A router could not pass a packet of `length` bytes on, and named the MTU that
// it could (0: an old one, which named none). Whoever calls has made sure that
// the packet was ours. Returns the MTU to use from now on.
uint16_t path_mtu_learn(const ip_addr_t *to, uint16_t mtu, uint16_t length);
