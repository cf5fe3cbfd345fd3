// SPDX-License-Identifier: MIT
//
// A descriptor table from the inside: files.c makes, grows and shares them,
// descriptor.c is what system calls do with the running task's.

#pragma once

#include <fs/file.h>
#include <fs/vfs.h>

static inline bool bit_get(const uint64_t *map, unsigned i)
{
    return map[i / 64] >> (i % 64) & 1;
}

static inline void bit_set(uint64_t *map, unsigned i, bool value)
{
    if (value)
        map[i / 64] |= 1ull << (i % 64);
    else
        map[i / 64] &= ~(1ull << (i % 64));
}

static inline void files_free_number(struct files *files, unsigned fd)
{
    bit_set(files->taken, fd, false);
    files->first_free = MIN(files->first_free, fd);
}

// Make fd a valid index. 0 or -ENOMEM. Holds the table's lock, and may let it
// go in between.
int files_ensure(struct files *files, unsigned fd);

// Take a descriptor's file out of its slot and free the number. Lock held;
// files_close follows once it is released. NULL: it was not open.
struct file *files_detach(struct files *files, unsigned fd);

// What a closed descriptor lets go: its record locks, and its reference.
void files_close(struct files *files, struct file *file);

// Give the task a table of its own. 0 or -ENOMEM.
int files_unshare(struct task *task);
