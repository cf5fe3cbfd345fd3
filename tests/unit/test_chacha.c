// SPDX-License-Identifier: MIT
//
// kernel/lib/chacha.c against the vectors of RFC 8439, sections 2.3.2 and A.1.

#include "unit.h"

#include "../../kernel/lib/chacha.h"

// The block as the RFC prints it: words in little-endian order.
static void check_block(const uint32_t key[8], uint32_t counter,
                        const uint32_t nonce[3], const uint32_t wanted[16])
{
    uint32_t got[16];
    chacha20_block(key, counter, nonce, got);
    for (int i = 0; i < 16; i++)
        CHECK_EQ(got[i], wanted[i]);
}

TEST(rfc8439_2_3_2)
{
    const uint32_t key[8] = {0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c,
                             0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c};
    const uint32_t nonce[3] = {0x09000000, 0x4a000000, 0x00000000};
    const uint32_t wanted[16] = {
        0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
        0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
        0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
    check_block(key, 1, nonce, wanted);
}

TEST(rfc8439_a_1_vector_1)
{
    const uint32_t key[8] = {0}, nonce[3] = {0};
    const uint32_t wanted[16] = {
        0xade0b876, 0x903df1a0, 0xe56a5d40, 0x28bd8653, 0xb819d2bd, 0x1aed8da0,
        0xccef36a8, 0xc70d778b, 0x7c5941da, 0x8d485751, 0x3fe02477, 0x374ad8b8,
        0xf4b8436a, 0x1ca11815, 0x69b687c3, 0x8665eeb2};
    check_block(key, 0, nonce, wanted);
}

TEST(rfc8439_a_1_vector_2)
{
    const uint32_t key[8] = {0}, nonce[3] = {0};
    const uint32_t wanted[16] = {
        0xbee7079f, 0x7a385155, 0x7c97ba98, 0x0d082d73, 0xa0290fcb, 0x6965e348,
        0x3e53c612, 0xed7aee32, 0x7621b729, 0x434ee69c, 0xb03371d5, 0xd539d874,
        0x281fed31, 0x45fb0a51, 0x1f0ae1ac, 0x6f4d794b};
    check_block(key, 1, nonce, wanted);
}

TEST(key_counter_and_nonce_all_matter)
{
    uint32_t key[8] = {0}, nonce[3] = {0}, base[16], other[16];
    chacha20_block(key, 0, nonce, base);
    key[7] = 1;
    chacha20_block(key, 0, nonce, other);
    CHECK(memcmp(base, other, sizeof(base)) != 0);
    key[7] = 0;
    nonce[2] = 1;
    chacha20_block(key, 0, nonce, other);
    CHECK(memcmp(base, other, sizeof(base)) != 0);
    nonce[2] = 0;
    chacha20_block(key, 1, nonce, other);
    CHECK(memcmp(base, other, sizeof(base)) != 0);
}
