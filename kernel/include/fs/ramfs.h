// SPDX-License-Identifier: MIT
//
// A ramfs for file systems that are one with something in it (devtmpfs).

#pragma once

#include <fs/vfs.h>

// An empty one; mode: of its root. 0 or -ENOMEM.
int ramfs_mount(const char *type, uint64_t magic, uint32_t mode,
                struct super_block **mounted);
