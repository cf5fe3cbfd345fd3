// SPDX-License-Identifier: MIT
//
// The Internet checksum's sum (RFC 1071), for LWIP_CHKSUM: lwIP's own adds two
// bytes at a time, and in software it is the dearest part of sending. One's
// complement addition may be done in words of any size, in memory's byte order,
// and folded at the end.

#include <net/checksum.h>

// Aligned words, whatever they hold.
typedef uint64_t __attribute__((may_alias)) word64;
typedef uint32_t __attribute__((may_alias)) word32;
typedef uint16_t __attribute__((may_alias)) word16;

// One's complement: a carry comes in again at the bottom.
static uint64_t add(uint64_t sum, uint64_t word)
{
    sum += word;
    return sum + (sum < word);
}

static uint16_t fold(uint64_t sum)
{
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return sum;
}

// Is the address a multiple of `size` but not of twice that, and are there as
// many bytes?
static bool step(const uint8_t *p, size_t n, size_t size)
{
    return ((uintptr_t)p & size) && n >= size;
}

uint16_t checksum_add(const void *data, int length)
{
    const uint8_t *p = data;
    size_t n = length;
    uint64_t sum = 0;
    bool odd = step(p, n, 1);

    if (odd)
        sum = (uint64_t)*p++ << 8, n--;  // the upper half of a 16-bit word
    if (step(p, n, 2))
        sum += *(const word16 *)p, p += 2, n -= 2;
    if (step(p, n, 4))
        sum += *(const word32 *)p, p += 4, n -= 4;
    for (; n >= 32; p += 32, n -= 32) {
        const word64 *w = (const word64 *)p;
        sum = add(add(add(add(sum, w[0]), w[1]), w[2]), w[3]);
    }
    for (; n >= 8; p += 8, n -= 8)
        sum = add(sum, *(const word64 *)p);
    for (; n >= 2; p += 2, n -= 2)
        sum = add(sum, *(const word16 *)p);
    if (n)
        sum = add(sum, *p);
    uint16_t result = fold(sum);
    return odd ? result << 8 | result >> 8 : result;
}
