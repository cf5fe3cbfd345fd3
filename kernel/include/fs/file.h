// SPDX-License-Identifier: MIT
//
// Open files and descriptor tables. Everything that a descriptor can name is a
// struct file with operations: regular files, pipes, terminals, sockets.

#pragma once

#include <lib/lock.h>
#include <lib/types.h>
#include <lib/wait.h>
#include <mm/uio.h>

struct file;
struct inode;
struct dentry;
struct poll_table;
struct task;
struct vma_file_ops;
struct mm_map;
struct abi_stat;
struct readdir;

// Operations. Missing ones give the errno that Linux gives: EINVAL for read
// and write, ESPIPE for seek, ENOTTY for ioctl, ENODEV for mmap. All may sleep.
// flags: the file's O_* flags at the time of the call.
struct file_ops {
    const char *name;  // "pipe", "socket": for /proc/PID/fd and tracing
    // Transfer at *position (NULL for streams; the caller holds the position's
    // lock and stores it back). Bytes moved, or -errno if none were.
    ssize_t (*read)(struct file *file, struct uio *uio, uint64_t *position,
                    unsigned flags);
    ssize_t (*write)(struct file *file, struct uio *uio, uint64_t *position,
                     unsigned flags);
    // The POLL* bits that are true now. Registers table (may be NULL) with
    // every wait queue that announces changes, by poll_wait, first.
    unsigned (*poll)(struct file *file, struct poll_table *table);
    long (*ioctl)(struct file *file, unsigned command, uaddr argument);
    int64_t (*seek)(struct file *file, int64_t offset, int whence);
    // Fill in the backing of a mapping (cache, index is set).
    int (*mmap)(struct file *file, struct mm_map *map);
    int (*fsync)(struct file *file);
    // Emit directory entries by `emit` from file->position on until it returns
    // false; 0 or -errno.
    int (*readdir)(struct file *file, struct readdir *context);
    // A description for /proc/PID/fd links where there is no path.
    void (*describe)(struct file *file, char *buf, size_t n);
    void (*stat)(struct file *file, struct abi_stat *st);  // no inode
    // A descriptor was closed (POSIX locks); other references may remain.
    void (*flush)(struct file *file);
    // The last reference is gone.
    void (*release)(struct file *file);
};

struct file {
    uint32_t refs;               // (a)
    unsigned flags;              // (a) O_*: access mode, O_NONBLOCK, O_APPEND
    const struct file_ops *ops;  // (i)
    void *private;               // (i) the operations' own object
    struct dentry *dentry;       // (i) its name, NULL for pipes and sockets
    struct inode *inode;         // (i) NULL where there is none
    struct mutex position_lock;  // RANK_FILE
    uint64_t position;           // (position_lock)
};

// A file with one reference, not yet in a table. NULL: no memory.
struct file *file_create(const struct file_ops *ops, void *private,
                         unsigned flags);
void file_get(struct file *file);
void file_put(struct file *file);  // may sleep: the last one releases

// ---- descriptor tables (fs/files.c) ----

// Look up a descriptor of the running task. A reference for the caller, who
// drops it with file_put; NULL: EBADF.
struct file *fd_get(long fd);

// Reserve the lowest free descriptor >= from: -EMFILE past RLIMIT_NOFILE,
// -ENOMEM. Then either install a file in it (takes the caller's reference) or
// give it back; until then it is taken but not open, so a system call can fail
// after this point without leaking one.
int fd_reserve(int from, bool close_on_exec);
void fd_install(int fd, struct file *file);
void fd_cancel(int fd);
int fd_close(long fd);             // 0 or -EBADF
// Reserve and install in one. Takes the reference also on failure.
int fd_add(struct file *file, bool close_on_exec);

// read(2), write(2) as the kernel itself does them; what readv, sendfile and
// the rest are made of. position NULL: the file's own.
ssize_t file_read(struct file *file, struct uio *uio, uint64_t *position);
ssize_t file_write(struct file *file, struct uio *uio, uint64_t *position);

// ---- readiness (fs/poll.c) ----

// Called by a file's poll operation for each of its wait queues.
struct poll_table {
    void (*add)(struct poll_table *table, struct wait_queue *queue);
};

static inline void poll_wait(struct poll_table *table, struct wait_queue *q)
{
    if (table)
        table->add(table, q);
}

unsigned file_poll(struct file *file, struct poll_table *table);
