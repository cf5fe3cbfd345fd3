// SPDX-License-Identifier: MIT
//
// Bits of IP addresses: prefixes and masks, of both versions.

#include <lwip/def.h>
#include <net/address.h>

unsigned ip_bits(const ip_addr_t *ip)
{
    return IP_IS_V6(ip) ? 128 : 32;
}

// The n words of an address, in network byte order.
static uint32_t *words_of(ip_addr_t *ip)
{
    return IP_IS_V6(ip) ? ip_2_ip6(ip)->addr : &ip_2_ip4(ip)->addr;
}

uint32_t ip4_mask_of(unsigned bits)
{
    return bits ? lwip_htonl(~0u << (32 - bits)) : 0;
}

void ip_prefix_only(ip_addr_t *ip, unsigned bits)
{
    unsigned words = ip_bits(ip) / 32;

    for (unsigned i = 0; i < words; i++, bits -= MIN(bits, 32u))
        words_of(ip)[i] &= ip4_mask_of(MIN(bits, 32u));
}

bool ip_prefix_equal(const ip_addr_t *a, const ip_addr_t *b, unsigned bits)
{
    const uint32_t *x = words_of((ip_addr_t *)a);
    const uint32_t *y = words_of((ip_addr_t *)b);

    if (IP_GET_TYPE(a) != IP_GET_TYPE(b))
        return false;
    for (; bits > 0; bits -= MIN(bits, 32u)) {
        if ((*x++ ^ *y++) & ip4_mask_of(MIN(bits, 32u)))
            return false;
    }
    return true;
}
