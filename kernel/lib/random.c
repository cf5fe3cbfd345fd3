// SPDX-License-Identifier: MIT
//
// The one generator of unpredictable bytes. Its whole state is a ChaCha20 key.
// Each request runs ChaCha20 under the key: the first half block replaces the
// key, so that bytes that were handed out cannot be computed afterwards ("fast
// key erasure"), and what follows is the output.

#include <lib/csr.h>
#include <lib/lock.h>
#include <lib/random.h>
#include <string.h>

#include "chacha.h"

#define ENOUGH_BITS 128u

static struct {
    struct spinlock lock;
    uint32_t key[8];   // (lock)
    uint64_t request;  // (lock) no two requests share a nonce
    unsigned bits;     // (lock) believed entropy, up to ENOUGH_BITS
} pool = {.lock = SPINLOCK_INIT(RANK_RANDOM)};

// Replace the key, and give the rest of the stream's state to the caller: a key
// of its own for this request. The clock stirs a little into an unseeded pool.
static void next_key(uint32_t request_key[8])
{
    uint64_t now = rdtime();
    pool.request++;
    uint32_t nonce[3] = {pool.request, pool.request >> 32, now};
    uint32_t block[16];
    chacha20_block(pool.key, now >> 32, nonce, block);
    memcpy(pool.key, block, 32);
    memcpy(request_key, block + 8, 32);
    explicit_bzero(block, sizeof(block));
}

void random_add(const void *data, size_t n, unsigned bits)
{
    uint32_t chunk[8], unused[8];
    WITH_LOCK(&pool.lock) {
        // Exclusive-or a key's length in, then make a new key of it: whoever
        // chose the data knows no more of the result than of the old key.
        for (size_t done = 0; done < n; done += sizeof(chunk)) {
            memset(chunk, 0, sizeof(chunk));
            memcpy(chunk, (const char *)data + done,
                   MIN(n - done, sizeof(chunk)));
            for (unsigned i = 0; i < 8; i++)
                pool.key[i] ^= chunk[i];
            next_key(unused);
        }
        pool.bits = MIN(pool.bits + bits, ENOUGH_BITS);
    }
    explicit_bzero(chunk, sizeof(chunk));
}

bool random_ready(void)
{
    return READ_ONCE(pool.bits) >= ENOUGH_BITS;
}

void random_bytes(void *buf, size_t n)
{
    static const uint32_t nonce[3];
    uint32_t key[8], block[16];
    WITH_LOCK(&pool.lock)
        next_key(key);
    char *to = buf;
    if (n <= sizeof(key)) {  // short enough to be the output itself
        memcpy(to, key, n);
        n = 0;
    }
    for (uint32_t counter = 0; n > 0; counter++) {
        size_t part = MIN(n, sizeof(block));
        chacha20_block(key, counter, nonce, block);
        memcpy(to, block, part);
        to += part;
        n -= part;
    }
    explicit_bzero(key, sizeof(key));
    explicit_bzero(block, sizeof(block));
}

uint32_t random_u32(void)
{
    uint32_t value;
    random_bytes(&value, sizeof(value));
    return value;
}

// Values at the end of the range that would make small results more likely are
// drawn again.
uint32_t random_below(uint32_t limit)
{
    uint32_t unfair = -limit % limit, value;
    do
        value = random_u32();
    while (value < unfair);
    return value % limit;
}
