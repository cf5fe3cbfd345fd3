// SPDX-License-Identifier: MIT
//
// stat(2), statx(2) and statfs(2) structures of Linux's generic 64-bit ABI,
// which riscv64 uses.

#pragma once

#include <abi/mode.h>
#include <lib/types.h>

struct abi_stat {
    uint64_t dev, ino;
    uint32_t mode, nlink, uid, gid;
    uint64_t rdev, pad1;
    int64_t size;
    int32_t blksize, pad2;
    int64_t blocks;
    int64_t atime;
    uint64_t atime_nsec;
    int64_t mtime;
    uint64_t mtime_nsec;
    int64_t ctime;
    uint64_t ctime_nsec;
    uint32_t unused[2];
};
_Static_assert(sizeof(struct abi_stat) == 128, "struct stat");

struct abi_statfs {
    int64_t type, bsize;
    uint64_t blocks, bfree, bavail, files, ffree;
    uint32_t fsid[2];
    int64_t namelen, frsize, flags;
    int64_t spare[4];
};
_Static_assert(sizeof(struct abi_statfs) == 120, "struct statfs64");

struct abi_statx_timestamp {
    int64_t sec;
    uint32_t nsec;
    int32_t reserved;
};

struct abi_statx {
    uint32_t mask, blksize;
    uint64_t attributes;
    uint32_t nlink, uid, gid;
    uint16_t mode, spare0;
    uint64_t ino, size, blocks, attributes_mask;
    struct abi_statx_timestamp atime, btime, ctime, mtime;
    uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
    uint64_t spare[14];
};
_Static_assert(sizeof(struct abi_statx) == 256, "struct statx");

#define STATX_BASIC_STATS 0x7ffu
#define STATX_RESERVED    0x80000000u

// Device numbers, in the encoding that stat(2) shows.
#define MAKEDEV(major, minor)                            \
    ((((uint64_t)(major)&0xfff) << 8) | ((minor)&0xff) | \
     (((uint64_t)(minor) & ~0xffull) << 12))
#define DEV_MAJOR(dev) ((uint32_t)((dev) >> 8) & 0xfff)
#define DEV_MINOR(dev) ((uint32_t)(((dev)&0xff) | (((dev) >> 12) & ~0xffu)))

// f_type
#define RAMFS_MAGIC      0x858458f6
#define TMPFS_MAGIC      0x01021994
#define PROC_SUPER_MAGIC 0x9fa0
#define PIPEFS_MAGIC     0x50495045
