// SPDX-License-Identifier: MIT
//
// Block devices: what a disk driver provides, and what file systems and
// /dev/NAME do with it. A device's contents go through a page cache of its own,
// in which file systems keep their metadata; the contents of files go from and
// to their own caches directly.

#pragma once

#include <lib/list.h>
#include <mm/page_cache.h>

#define SECTOR_SIZE 512

struct block_device;

struct block_device_ops {
    // Move n bytes (whole sectors) between the disk, from a sector on, and
    // physically contiguous kernel memory. 0, -EIO, -EROFS, -ENOMEM. Sleeps
    // until it is done.
    int (*transfer)(struct block_device *device, bool write, uint64_t sector,
                    void *data, size_t n);
    // What was written before is on the medium afterwards. 0 or -EIO.
    int (*flush)(struct block_device *device);
};

struct block_device {
    const struct block_device_ops *ops;  // (i)
    uint64_t sectors;                    // (i) of SECTOR_SIZE
    bool read_only;                      // (i)
    void *driver;                        // (i)
    // Set at registration.
    char name[8];             // (i) "vda"
    uint64_t rdev;            // (i)
    struct page_cache cache;  // its contents, RANK_BLOCK_CACHE
    uint32_t mounted;         // (a) by how many file systems: 0 or 1
};

// Give the device its name ("vda", "vdb" ...) and its node under /dev. 0,
// -ENOSPC past the 26th, -ENOMEM. The device stays for good.
int block_device_register(struct block_device *device);

// The device that a node of the file system names. -ENOENT, -ENOTBLK, -ENXIO,
// and the errors of path_lookup. May sleep.
int block_device_find(const char *path, struct block_device **device);

// Write what the cache holds back, and flush the disk. 0 or the first error.
int block_device_sync(struct block_device *device);

static inline uint64_t block_device_pages(const struct block_device *device)
{
    return device->sectors / (PAGE_SIZE / SECTOR_SIZE);
}
