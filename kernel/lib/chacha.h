// SPDX-License-Identifier: MIT
//
// The ChaCha20 block function, RFC 8439 section 2.3. Pure; tested on the host.

#pragma once

#include <stdint.h>

// One block of key stream. All numbers are words in the machine's order.
void chacha20_block(const uint32_t key[8], uint32_t counter,
                    const uint32_t nonce[3], uint32_t out[16]);
