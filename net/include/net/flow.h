// SPDX-License-Identifier: MIT
//
// Spreading packets over the members of a group by their addresses and ports,
// so that those of one flow stay together: SO_REUSEPORT.

#pragma once

#include <net/packet.h>

// Which of count members has the packets that come this way: below count, or 0.
// No outsider can tell in advance.
unsigned flow_choose(const struct arrival *arrival, unsigned count);
