// SPDX-License-Identifier: MIT
//
// net/ip/ip_check.c: which arriving packets of IPv4 and ARP are dropped at
// once.

#pragma once

#include <lib/types.h>

struct etharp_hdr;
struct netif;
struct pbuf;

// False: the packet is to be dropped; it has been counted. Borrows p, whose
// payload is an IP header of which nothing but the version has been checked.
// Core mutex held.
bool ip4_is_good(const struct pbuf *p, const struct netif *netif);

// False: somebody else claims an address of ours (RFC 5227), and lwIP would
// note him as its owner.
bool arp_is_good(const struct etharp_hdr *arp);
