// SPDX-License-Identifier: MIT
//
// AF_UNIX: files that were sent are closed where no lock is held.

#pragma once

#include <lib/list.h>

struct task;

// A task that frees messages. Files that are to be closed meanwhile wait for
// the end, so that a chain of sockets in sockets is not closed recursively; and
// so does the collector. Nothing if the task is in one already.
// Who receives with a lock held that closing a file may take is in one, too.
struct unix_closer {
    struct list_node node;  // (closers_lock) closers; or a list of its own
    struct task *task;
    struct list_node todo;  // (closers_lock) struct unix_rights
    bool collect;           // sockets were closed
};
void unix_closer_begin(struct unix_closer *closer);
void unix_closer_end(struct unix_closer *closer);  // may sleep
