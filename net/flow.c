// SPDX-License-Identifier: MIT
//
// See net/flow.h. The hash is keyed: who sends cannot choose its receiver.

#include <lib/random.h>
#include <net/flow.h>

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    return hash ^ hash >> 29;
}

static uint64_t mix_address(uint64_t hash, const ip_addr_t *address)
{
    if (!IP_IS_V6(address))
        return mix(hash, ip_addr_get_ip4_u32(address));
    for (unsigned i = 0; i < 4; i++)
        hash = mix(hash, ip_2_ip6(address)->addr[i]);
    return hash;
}

unsigned flow_choose(const struct arrival *arrival, unsigned count)
{
    static uint64_t key;  // (core) random, from the first use on

    while (key == 0)
        random_bytes(&key, sizeof(key));
    uint64_t hash = mix_address(mix_address(key, &arrival->from), &arrival->to);
    hash = mix(hash, (uint32_t)arrival->from_port << 16 | arrival->to_port);
    return count ? (hash >> 32) % count : 0;
}
