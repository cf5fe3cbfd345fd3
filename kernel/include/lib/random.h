// SPDX-License-Identifier: MIT
//
// The one generator of unpredictable bytes: ChaCha20 (RFC 8439) with fast key
// erasure, seeded from the FDT's rng-seed and from devices.

#pragma once

#include <lib/types.h>

// Mix in entropy; bits: how much of it is believed. Any context.
void random_add(const void *data, size_t n, unsigned bits);

// Has it been seeded with at least 128 bits?
bool random_ready(void);

// Fill buf with n bytes. Any context; never fails.
void random_bytes(void *buf, size_t n);
uint32_t random_u32(void);
uint32_t random_below(uint32_t limit);  // uniform in [0, limit)
