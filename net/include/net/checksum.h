// SPDX-License-Identifier: MIT
//
// The arithmetic of RFC 1071.

#pragma once

#include <lib/types.h>

// The one's complement sum of length bytes taken as 16-bit words in memory's
// order, not inverted; a last odd byte is followed by zero.
uint16_t checksum_add(const void *data, int length);
