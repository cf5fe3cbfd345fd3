// SPDX-License-Identifier: MIT
//
// The ChaCha20 block function, RFC 8439 section 2.3.

#include "chacha.h"

static uint32_t rotate(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static void quarter_round(uint32_t s[16], int a, int b, int c, int d)
{
    s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b], s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d], s[b] = rotate(s[b] ^ s[c], 7);
}

void chacha20_block(const uint32_t key[8], uint32_t counter,
                    const uint32_t nonce[3], uint32_t out[16])
{
    // "expand 32-byte k", the key, the counter, the nonce.
    uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574,
                          key[0],     key[1],     key[2],     key[3],
                          key[4],     key[5],     key[6],     key[7],
                          counter,    nonce[0],   nonce[1],   nonce[2]};
    for (int i = 0; i < 16; i++)
        out[i] = start[i];
    for (int round = 0; round < 20; round += 2) {
        for (int i = 0; i < 4; i++)  // columns
            quarter_round(out, i, 4 + i, 8 + i, 12 + i);
        for (int i = 0; i < 4; i++)  // diagonals
            quarter_round(out, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4,
                          12 + (i + 3) % 4);
    }
    for (int i = 0; i < 16; i++)
        out[i] += start[i];
}
