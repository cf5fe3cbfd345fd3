// SPDX-License-Identifier: MIT
//
// Epoll files, epoll(7). An epoll file has an item for each descriptor that it
// watches. An item has an entry on each wait queue of its file, which puts the
// item on the ready list; who waits looks at the files of that list and at no
// others.
//
// Key to the tags: (w) file_watch_lock, (r) ready_lock, (i) immutable.

#pragma once

#include <fs/file.h>
#include <lib/radix.h>

#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLWAKEUP    (1u << 29)
#define EPOLLONESHOT   (1u << 30)
#define EPOLLET        (1u << 31)
#define EPOLL_FLAGS    (EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET)

#define EPOLL_CHAIN_MAX 5  // epoll files that watch one another in a row

struct abi_epoll_event {
    uint32_t events;  // POLL* and EPOLL*
    uint32_t pad;
    uint64_t data;  // handed back
};

struct epoll {
    struct file *file;            // (i) not a reference: it owns this
    struct list_node items;       // (w) those of epoll files in front
    struct radix by_fd;           // (w) the same, first of each number
    struct wait_queue wait;       // epoll_wait sleeps here
    struct wait_queue poll_wait;  // who polls the epoll file itself
    struct spinlock ready_lock;   // RANK_WAKE
    struct list_node ready;       // (r) items to look at, in turn
    unsigned scans;               // (r) under way: items are off the list
    bool missed;                  // (r) somebody polled meanwhile
    unsigned checked, depth;      // (w) memory of the check for circles
};

struct epoll_hook;

struct epoll_item {
    struct file_watcher watcher;   // on its file
    struct epoll *epoll;           // (i)
    struct file *file;             // (i) not a reference
    int fd;                        // (i) its number when it was added
    struct epoll_item *same_fd;    // (w) the next one with this number
    bool exclusive;                // (i) one of several epoll files is told
    struct list_node node;         // (w) epoll->items
    struct epoll_hook *hooks;      // (w) entries on the file's wait queues
    unsigned refs;                 // (r) the watch, and who looks at the file
    bool gone;                     // (r) watched no more
    struct abi_epoll_event event;  // (r)
    struct list_node ready;        // (r) on the ready list or in a scan
};

extern const struct file_ops epoll_ops;

struct file *epoll_create(void);  // NULL: no memory

// epoll_ctl. The caller holds a reference to both files. 0, -EEXIST, -ENOENT,
// -ELOOP, -ENOMEM.
int epoll_add(struct epoll *epoll, struct file *file, int fd,
              const struct abi_epoll_event *event);
int epoll_modify(struct epoll *epoll, struct file *file, int fd,
                 const struct abi_epoll_event *event);
int epoll_delete(struct epoll *epoll, struct file *file, int fd);

// Write up to max events to user memory, waiting for the first. Their number,
// 0 past the deadline (0: no waiting), -EFAULT, -EINTR.
long epoll_wait_events(struct epoll *epoll, uaddr to, unsigned max,
                       nsec_t deadline);

// ---- between epoll.c and epoll_item.c ----

// Put an item on the ready list and tell who waits, if it asks for one of the
// events. Any context.
bool epoll_item_ready(struct epoll_item *item, unsigned events);
void epoll_item_put_locked(struct epoll_item *item);  // (r) held
void epoll_remove_all(struct epoll *epoll);
// Does the poll table belong to an item that is being added?
bool epoll_is_adding(const struct poll_table *table);
