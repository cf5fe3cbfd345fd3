// SPDX-License-Identifier: MIT
//
// The addresses of interfaces, and the routes that each brings with it.
//
// lwIP knows one IPv4 address of a netif: the first of the list (or what DHCP
// is working on). Packets to the others are taken in by net/link_input.c.
//
// All of it is protected by the core mutex, and every function wants it held.

#pragma once

#include <abi/netdevice.h>
#include <abi/rtnetlink.h>
#include <lib/list.h>
#include <lwip/ip_addr.h>

struct net_link;

#define LIFETIME_FOREVER UINT32_MAX

struct link_address {
    struct list_node node;  // net_link.addresses
    struct net_link *link;
    ip_addr_t ip;
    ip_addr_t peer;         // at the other end of the link; else as ip
    ip_addr_t broadcast;    // as it was given; any: none was
    uint8_t prefix;         // bits
    uint8_t scope;          // RT_SCOPE_*
    uint8_t protocol;       // IFAPROT_*: who made it
    bool leased;            // by DHCP
    uint32_t flags;         // IFA_F_*
    uint32_t route_metric;  // of the connected route
    char label[IFNAMSIZ];   // IPv4
    uint32_t preferred;     // lifetimes from `updated` on, in seconds
    uint32_t valid;         // the same
    nsec_t created, updated;
};

// Give a link a copy of an address, whose link, flags and times are filled in.
// 0, -EEXIST, -EINVAL (same network, another scope), -ENOMEM.
int address_add(struct net_link *link, const struct link_address *wanted);
// The address goes, with its routes; with an IPv4 network's first address go
// the others of the network, as on Linux.
void address_remove(struct link_address *address);
// Other lifetimes from now on.
void address_set_lifetimes(struct link_address *address, uint32_t preferred,
                           uint32_t valid);
// What is left of them, in seconds.
void address_lifetimes_left(const struct link_address *address,
                            uint32_t *preferred, uint32_t *valid);

// A link's address, with this prefix if it is not negative. NULL: none.
struct link_address *address_find(const struct net_link *link,
                                  const ip_addr_t *ip, int prefix);
// The address to send from through a link, to a neighbour or beyond. NULL: no
// address of this machine will do.
const struct link_address *address_select(const struct net_link *link,
                                          const ip_addr_t *to);

// The link goes up, or down: connected routes come and go.
void addresses_link_up(struct net_link *link);
// The link is detached.
void addresses_link_gone(struct net_link *link);

// DHCP has, or has no longer, an address in link->netif. And: for how many
// seconds it has it.
void address_lease_changed(struct net_link *link);
uint32_t address_lease_lifetime(const struct net_link *link);

// The routes to an address and its network as the link's state wants them.
void address_add_routes(const struct link_address *address);
void address_remove_routes(const struct link_address *address);

// For net/timers.c: lifetimes.
bool address_timer_wanted(void);
void address_timer(void);

// Bits of IP addresses.
unsigned ip_bits(const ip_addr_t *ip);  // 32 or 128
bool ip_prefix_equal(const ip_addr_t *a, const ip_addr_t *b, unsigned bits);
void ip_prefix_only(ip_addr_t *ip, unsigned bits);  // zeros behind the prefix
uint32_t ip4_mask_of(unsigned bits);                // in network byte order
