// SPDX-License-Identifier: MIT
//
// Times as system calls have them, 64-bit ABI.

#pragma once

#include <lib/types.h>

struct abi_timespec {
    int64_t sec, nsec;
};

struct abi_timeval {
    int64_t sec, usec;
};
