// SPDX-License-Identifier: MIT
//
// sha256sum [file]...: SHA-256 checksums (FIPS 180-4).

#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 64

struct sha256 {
    uint32_t state[8];
    uint64_t length;  // bytes so far
    uint8_t block[BLOCK];
};

// FIPS 180-4, 4.2.2
static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

// 6.2.2, step 1: the message schedule.
static void expand(const uint8_t *block, uint32_t w[64])
{
    for (int i = 0; i < 16; i++, block += 4)
        w[i] = (uint32_t)block[0] << 24 | block[1] << 16 | block[2] << 8 |
               block[3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];

        w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) +
               (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
}

// 6.2.2, steps 2 to 4; the names are the standard's.
static void digest_block(struct sha256 *sha, const uint8_t *block)
{
    uint32_t *s = sha->state, w[64];
    uint32_t a = s[0], b = s[1], c = s[2], d = s[3];
    uint32_t e = s[4], f = s[5], g = s[6], h = s[7];

    expand(block, w);
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
                      (g ^ (e & (f ^ g))) + constants[i] + w[i];
        uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
                      ((a & b) | (c & (a | b)));

        h = g, g = f, f = e, e = d + t1;
        d = c, c = b, b = a, a = t1 + t2;
    }
    s[0] += a, s[1] += b, s[2] += c, s[3] += d;
    s[4] += e, s[5] += f, s[6] += g, s[7] += h;
}

static void start(struct sha256 *sha)
{
    static const uint32_t initial[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    };

    memcpy(sha->state, initial, sizeof(initial));
    sha->length = 0;
}

static void add(struct sha256 *sha, const uint8_t *data, size_t length)
{
    while (length > 0) {
        size_t used = sha->length % BLOCK;

        if (used == 0 && length >= BLOCK) {  // no need to copy it
            digest_block(sha, data);
            sha->length += BLOCK;
            data += BLOCK;
            length -= BLOCK;
            continue;
        }
        size_t n = BLOCK - used < length ? BLOCK - used : length;

        memcpy(sha->block + used, data, n);
        sha->length += n;
        data += n;
        length -= n;
        if (used + n == BLOCK)
            digest_block(sha, sha->block);
    }
}

// 5.1.1: a 1 bit, zeros, and the length in bits up to a whole block.
static void finish(struct sha256 *sha)
{
    uint64_t bits = sha->length * 8;
    uint8_t padding[BLOCK + 8] = {0x80};
    size_t zeros = (BLOCK + 56 - 1 - sha->length % BLOCK) % BLOCK;

    for (int i = 0; i < 8; i++)
        padding[1 + zeros + i] = bits >> (56 - 8 * i);
    add(sha, padding, 1 + zeros + 8);
}

static bool print_sum(int fd, const char *name)
{
    static uint8_t buffer[65536];
    struct sha256 sha;
    ssize_t n;

    start(&sha);
    while ((n = read(fd, buffer, sizeof(buffer))) > 0)
        add(&sha, buffer, n);
    if (n < 0) {
        warn("%s", name);
        return false;
    }
    finish(&sha);
    for (int i = 0; i < 8; i++)
        printf("%08x", sha.state[i]);
    printf("  %s\n", name);
    return true;
}

int main(int argc, char *argv[])
{
    bool good = true;

    if (argc < 2)
        return !print_sum(0, "-");
    for (int i = 1; i < argc; i++) {
        int fd = open(argv[i], O_RDONLY);

        if (fd < 0) {
            warn("%s", argv[i]);
            good = false;
            continue;
        }
        good &= print_sum(fd, argv[i]);
        close(fd);
    }
    return !good;
}
