// SPDX-License-Identifier: MIT
//
// What may be changed of an interface while the machine runs. Core mutex held
// for all of it; observers are told.

#pragma once

#include <lib/types.h>

struct net_link;

#define LINK_QUEUE_LENGTH 1000  // where the driver's ring decides
unsigned link_queue_length(const struct net_link *link);

// Flags of a link, IFF_*.
unsigned link_flags(const struct net_link *link);
// Change the flags whose bits are in `mask`. 0, or -EOPNOTSUPP: one of them
// cannot be changed (then none was).
int link_set_flags(struct net_link *link, unsigned flags, unsigned mask);

// The least that link_set_mtu takes (RFC 791), for `lo` too: a fragment has to
// carry something.
#define LINK_MTU_MIN 68u
int link_set_mtu(struct net_link *link, unsigned mtu);  // 0, -EINVAL

bool link_name_valid(const char *name);
// 0, -EEXIST, -EINVAL (no name), -EBUSY (the link is up).
int link_set_name(struct net_link *link, const char *name);

// Another hardware address: 0, -EOPNOTSUPP, -EADDRNOTAVAIL (no station's).
int link_set_address(struct net_link *link, const uint8_t *mac);
