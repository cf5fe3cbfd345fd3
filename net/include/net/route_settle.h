// SPDX-License-Identifier: MIT
//
// Routes as users ask for them (IPv4): what they say is checked and completed.
// Core mutex held. *why: the reason of an error, in words.

#pragma once

#include <net/route_table.h>

// 0, or -EINVAL: too long a prefix, or bits of the destination behind it.
int route_check_prefix(const struct route *route, const char **why);

// Find the link to a route's gateway, and see that it can be used. 0,
// -ENETUNREACH, -ENODEV, -ENETDOWN, -EINVAL.
int route_settle(struct route *route, const char **why);

// Delete the first route that is as wanted; what is 0 (RT_SCOPE_NOWHERE for the
// scope) but table and destination may be anything. 0, -ESRCH.
int route_delete(const struct route *wanted);
