// SPDX-License-Identifier: MIT
//
// net/ip_check.c: which arriving IPv4 packets are dropped at once.

#pragma once

#include <lib/types.h>

struct netif;
struct pbuf;

// False: the packet is to be dropped; it has been counted. Borrows p, whose
// payload is an IP header of which nothing but the version has been checked.
// Core mutex held.
bool ip4_is_good(const struct pbuf *p, const struct netif *netif);
