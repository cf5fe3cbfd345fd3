// SPDX-License-Identifier: MIT
//
// Between locks.c, which keeps locks, and record_locks.c, which is fcntl(2)'s
// way to them.

#pragma once

#include <fs/locks.h>
#include <fs/vfs.h>
#include <lib/list.h>
#include <lib/lock.h>

enum lock_family {
    RECORD_LOCK,
    WHOLE_FILE_LOCK
};

struct lock {
    struct list_node node;  // in order of owners' arrival
    enum lock_family family;
    bool exclusive;
    int64_t start, end;  // bytes, both included
    void *owner;
    int pid;  // for F_GETLK; -1: owned by an open file
};

struct lock_list {
    struct list_node locks;
    struct wait_queue wait;
    unsigned changes;  // counts releases; a waiter looks again after each
};

// Protects all lists of locks and of waiting tasks.
extern struct mutex locks_mutex;  // RANK_LEAF_MUTEX

// A lock of another owner that is in the way of this one, or NULL. locks_mutex
// is held.
struct lock *locks_conflict(struct lock_list *list, const struct lock *wanted);

// Take the lock, or give its range up; wait for who is in the way if wanted. 0,
// -EAGAIN, -EDEADLK, -ENOMEM, -ERESTARTSYS.
int locks_change(struct inode *inode, const struct lock *wanted, bool unlock,
                 bool wait);
