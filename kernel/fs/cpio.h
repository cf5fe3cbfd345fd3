// SPDX-License-Identifier: MIT
//
// Reading cpio archives of the "new ASCII" format, newc: what an initrd is
// made of. Pure, so that host unit tests compile it.

#pragma once

#include <lib/types.h>

#define CPIO_HEADER_SIZE 110
#define CPIO_TRAILER     "TRAILER!!!"

struct cpio_entry {
    uint32_t inode, mode, uid, gid, links, mtime, size;
    uint32_t device_major, device_minor, rdev_major, rdev_minor;
    const char *name;  // in the archive, terminated
    const char *data;  // in the archive, `size` bytes
    size_t next;       // offset of what follows
};

// Read the entry at offset `at` of an archive of `size` bytes. 0, or -1 if it
// is no entry or is cut short.
int cpio_read(const char *archive, size_t size, size_t at,
              struct cpio_entry *entry);

// The offset of what follows a run of zero bytes: archives are padded, and
// several may stand one behind another.
size_t cpio_skip_zeros(const char *archive, size_t size, size_t at);
