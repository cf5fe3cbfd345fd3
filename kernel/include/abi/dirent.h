// SPDX-License-Identifier: MIT
//
// Directory entries as getdents64(2) returns them.

#pragma once

#include <lib/types.h>

// The type of a directory entry is S_IFMT's bits shifted down.
#define DT_OF_MODE(mode) (((mode) >> 12) & 15)
#define DT_UNKNOWN       0

// Followed by the name and its terminator, padded to eight bytes.
struct abi_dirent64 {
    uint64_t inode;
    int64_t next;     // position of the entry after this one
    uint16_t length;  // of this record
    uint8_t type;
    char name[];
} __attribute__((packed));
