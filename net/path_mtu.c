// SPDX-License-Identifier: MIT
//
// The cache of path MTUs: small, since it only saves new connections from
// finding out again, and forgetful, since paths change (RFC 1191, 6.3: ten
// minutes).

#include <dev/timer.h>
#include <lwip/ip.h>
#include <net/path_mtu.h>

#define ENTRIES 256
#define LIFE    (600 * NSEC_PER_SEC)

// Whoever says that even less does not get through shall not make us send
// hundreds of tiny segments (Linux's min_pmtu; IPv6 has its own least).
#define LEAST4 552
#define LEAST6 1280

static struct {
    ip_addr_t to;
    uint16_t mtu;
    nsec_t until;
} cache[ENTRIES];  // (core) by the destination's hash

static unsigned slot_of(const ip_addr_t *to)
{
    const uint32_t *words = ip_2_ip6(to)->addr;
    uint32_t hash = words[0];

    if (IP_IS_V6_VAL(*to))
        hash ^= words[1] ^ words[2] ^ words[3];
    return (hash * 0x9e3779b1u >> 16) % ENTRIES;
}

uint16_t path_mtu_find(const ip_addr_t *to, uint16_t otherwise)
{
    unsigned i = slot_of(to);

    if (cache[i].until <= clock_monotonic() || !ip_addr_eq(&cache[i].to, to))
        return otherwise;
    return MIN(cache[i].mtu, otherwise);
}

// RFC 1191, 7.1: the sizes that networks have; the next one below.
static uint16_t plateau_below(uint16_t length)
{
    static const uint16_t plateaus[] = {32000, 17914, 8166, 4352,
                                        2002,  1492,  1006};

    for (unsigned i = 0; i < ARRAY_SIZE(plateaus); i++) {
        if (plateaus[i] < length)
            return plateaus[i];
    }
    return LEAST4;
}

uint16_t path_mtu_learn(const ip_addr_t *to, uint16_t mtu, uint16_t length)
{
    unsigned i = slot_of(to);

    if (mtu == 0)
        mtu = plateau_below(length);
    mtu = MAX(mtu, IP_IS_V6_VAL(*to) ? LEAST6 : LEAST4);
    mtu = path_mtu_find(to, mtu);  // it never grows by being told so
    ip_addr_copy(cache[i].to, *to);
    cache[i].mtu = mtu;
    cache[i].until = clock_monotonic() + LIFE;
    return mtu;
}
