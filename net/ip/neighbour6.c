// SPDX-License-Identifier: MIT
//
// What lwIP's neighbour discovery knows (RFC 4861), read from its tables.

#include <lwip/priv/nd6_priv.h>
#include <net/ip6.h>

static const struct nd6_neighbor_cache_entry *find_neighbour(
    const ip6_addr_t *address)
{
    for (int i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++) {
        if (neighbor_cache[i].state != ND6_NO_ENTRY &&
            ip6_addr_eq(&neighbor_cache[i].next_hop_address, address))
            return &neighbor_cache[i];
    }
    return NULL;
}

bool neighbour6_is_resolved(const ip6_addr_t *to)
{
    for (int i = 0; i < LWIP_ND6_NUM_DESTINATIONS; i++) {
        const struct nd6_neighbor_cache_entry *neighbour;

        if (!ip6_addr_eq(&destination_cache[i].destination_addr, to))
            continue;
        neighbour = find_neighbour(&destination_cache[i].next_hop_addr);
        return neighbour && neighbour->state != ND6_INCOMPLETE;
    }
    return false;
}
