// SPDX-License-Identifier: MIT
//
// New connections over ones in TIME_WAIT.

#pragma once

#include <net/sockaddr.h>

// A SYN arrived from peer: end the TIME_WAIT that is in its way, if the
// sequence number allows it. Core mutex held, before lwIP sees the SYN.
void time_wait_recycle(const struct endpoint *local,
                       const struct endpoint *peer, uint32_t sequence);
