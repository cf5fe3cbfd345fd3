// SPDX-License-Identifier: MIT
//
// Sleeping until one of several files is ready. The user holds references on
// the files throughout:
//
//     poll_waiter_init(&w);
//     for (;;) {
//         poll_waiter_reset(&w);
//         look at every file: file_poll(file, first ? &w.table : NULL)
//         if (something is ready || error) break;
//         error = poll_waiter_sleep(&w, deadline);
//     }
//     poll_waiter_end(&w);

#pragma once

#include <fs/file.h>
#include <lib/wait.h>

#define POLL_FAST 6  // entries that need no allocation

struct poll_waiter;
struct poll_block;

struct poll_entry {
    struct wait_entry wait;
    struct wait_queue *queue;
    struct poll_waiter *waiter;
};

struct poll_waiter {
    struct poll_table table;
    struct task *task;
    bool triggered;  // (a) by an entry since the reset
    int error;       // -ENOMEM: not all queues are watched
    struct wait_queue own;
    unsigned used;  // of fast
    struct poll_entry fast[POLL_FAST];
    struct poll_block *blocks;  // the entries beyond
};

void poll_waiter_init(struct poll_waiter *waiter);
void poll_waiter_reset(struct poll_waiter *waiter);
// 0 when triggered, -ERESTARTSYS, -ETIMEDOUT.
int poll_waiter_sleep(struct poll_waiter *waiter, nsec_t deadline);
void poll_waiter_end(struct poll_waiter *waiter);

// Sleep until the file has one of the events, an error or its end. 0,
// -ERESTARTSYS, -ENOMEM.
int file_wait(struct file *file, unsigned events);
