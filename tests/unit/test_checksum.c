// SPDX-License-Identifier: MIT
//
// net/lwip/checksum.c against the definition in RFC 1071, for every length and
// alignment, and its example.

#include "unit.h"

#include <net/checksum.h>

// Two bytes at a time, as the RFC writes it, in little-endian order.
static uint16_t definition(const uint8_t *p, size_t n)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += i % 2 ? p[i] << 8 : p[i];
    while (sum >> 16)
        sum = (sum >> 16) + (sum & 0xffff);
    return sum;
}

// 0 and 0xffff are the same number in one's complement.
static bool same(uint16_t a, uint16_t b)
{
    return a % 0xffff == b % 0xffff;
}

TEST(example_of_the_rfc)
{
    static const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03,
                                   0xf4, 0xf5, 0xf6, 0xf7};

    CHECK_EQ(checksum_add(data, sizeof(data)), 0xf2dd);  // ddf2, swapped
}

TEST(every_length_and_alignment)
{
    static uint8_t data[160] __attribute__((aligned(8)));

    for (unsigned round = 0; round < 20; round++) {
        for (size_t i = 0; i < sizeof(data); i++)
            data[i] = round == 0 ? 0xff : rand();
        for (size_t start = 0; start < 9; start++) {
            for (size_t n = 0; start + n <= sizeof(data); n++)
                CHECK(same(checksum_add(data + start, n),
                           definition(data + start, n)));
        }
    }
}

TEST(carries_of_a_large_packet)
{
    static uint8_t data[65535];

    memset(data, 0xff, sizeof(data));
    for (size_t start = 0; start < 8; start++)
        CHECK(same(checksum_add(data + start, sizeof(data) - start),
                   definition(data + start, sizeof(data) - start)));
}
