// SPDX-License-Identifier: MIT
//
// Neighbours: which hardware address an IP address of a link has, as ARP and
// neighbour discovery found out or as somebody said. Core mutex held for all of
// it.

#pragma once

#include <drivers/net_interface.h>
#include <lwip/ip_addr.h>

struct net_link;

struct neighbour {
    struct net_link *link;
    ip_addr_t ip;
    uint8_t mac[ETHERNET_ADDRESS_SIZE];
    uint16_t state;  // NUD_*
    bool router;
};

// The nth neighbour; false: there are no more.
bool neighbour_get(unsigned n, struct neighbour *neighbour);
bool neighbour_find(const struct net_link *link, const ip_addr_t *ip,
                    struct neighbour *neighbour);

// Set a hardware address for good (IPv4). 0, -EINVAL (no such neighbour can
// be), -ENETUNREACH (the link does not lead there), -EOPNOTSUPP, -ENOMEM.
int neighbour_set(struct net_link *link, const ip_addr_t *ip,
                  const uint8_t *mac);
int neighbour_remove(struct net_link *link, const ip_addr_t *ip);  // -ENOENT

// The link is down: nobody is known there any more.
void neighbours_link_down(const struct net_link *link);
// The tables may have changed: tell the observers what did.
void neighbours_scan(void);
