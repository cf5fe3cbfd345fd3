// SPDX-License-Identifier: MIT
//
// Open files and descriptor tables. Everything that a descriptor can name is a
// struct file with operations: regular files, pipes, terminals, sockets.

#pragma once

#include <lib/lock.h>
#include <lib/types.h>
#include <lib/wait.h>
#include <mm/mm.h>
#include <mm/uio.h>

struct file;
struct inode;
struct dentry;
struct poll_table;
struct task;
struct abi_stat;
struct readdir;
struct text;

// Operations. Missing ones give the errno that Linux gives: EINVAL for read
// and write, ESPIPE for seek, ENOTTY for ioctl, ENODEV for mmap, EINVAL for
// fsync, ENOTDIR for readdir. All may sleep. flags: the file's O_* flags at the
// time of the call. read and write of files with a seek operation are calls
// with a position; without one they are streams.
struct file_ops {
    const char *name;  // "pipe", "socket": for /proc/PID/fd and tracing
    // A file of this inode is opened: set file->private, replace file->ops.
    int (*open)(struct inode *inode, struct file *file);
    // Transfer at *position (NULL for streams; the caller holds the position's
    // lock and stores it back). Bytes moved, or -errno if none were.
    ssize_t (*read)(struct file *file, struct uio *uio, uint64_t *position,
                    unsigned flags);
    ssize_t (*write)(struct file *file, struct uio *uio, uint64_t *position,
                     unsigned flags);
    // The POLL* bits that are true now. Registers table (may be NULL) with
    // every wait queue that announces changes, by poll_wait, first. Missing:
    // always ready to read and to write.
    unsigned (*poll)(struct file *file, struct poll_table *table);
    long (*ioctl)(struct file *file, unsigned command, uaddr argument);
    // The new position; the caller holds the position's lock and stores it.
    int64_t (*seek)(struct file *file, int64_t offset, int whence);
    // Fill in the backing of a mapping (cache; file and index are set).
    int (*mmap)(struct file *file, struct mm_map *map);
    int (*fsync)(struct file *file);
    // Emit directory entries by dir_emit from file->position on until it
    // returns false; 0 or -errno. The directory's names are locked.
    int (*readdir)(struct file *file, struct readdir *context);
    // A description for /proc/PID/fd links where there is no path.
    void (*describe)(struct file *file, char *buf, size_t n);
    void (*stat)(struct file *file, struct abi_stat *st);  // no inode
    // More lines for /proc/PID/fdinfo.
    void (*info)(struct file *file, struct text *text);
    // The last reference is gone.
    void (*release)(struct file *file);
};

struct file {
    uint32_t refs;               // (a)
    unsigned flags;              // (a) O_*: access mode, O_NONBLOCK, O_APPEND
    const struct file_ops *ops;  // (i)
    void *private;               // (i) the operations' own object
    struct dentry *dentry;       // (i) its name, NULL for sockets and the like
    struct inode *inode;         // (i) of the dentry
    bool writes;                 // (i) counted in inode->writers
    struct mutex position_lock;  // RANK_FILE
    uint64_t position;           // (position_lock)
    struct list_node watchers;   // (file_watch_lock) next is NULL before any
    struct file_async *async;    // (file_watch_lock) fs/async.c's, or NULL
};

// A file with one reference, not yet in a table. NULL: no memory.
struct file *file_create(const struct file_ops *ops, void *private,
                         unsigned flags);
void file_put(struct file *file);  // may sleep: the last one releases

static inline void file_get(struct file *file)
{
    __atomic_fetch_add(&file->refs, 1, __ATOMIC_RELAXED);
}

// The same where the last reference may be gone, but not yet the file, which a
// lock keeps: then false.
static inline bool file_get_live(struct file *file)
{
    uint32_t refs = READ_ONCE(file->refs);

    while (refs &&
           !__atomic_compare_exchange_n(&file->refs, &refs, refs + 1, false,
                                        __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        ;
    return refs != 0;
}

// Hearing of a file's end without keeping it open. ended is called with the
// lock held when the last reference is gone, before the release operation, and
// unlinks the watcher. Whoever calls file_watch has a reference.
struct file_watcher {
    struct list_node node;  // (file_watch_lock)
    void (*ended)(struct file_watcher *watcher);
};
extern struct mutex file_watch_lock;  // RANK_FILE_WATCH
void file_watch(struct file *file, struct file_watcher *watcher);

// read(2), write(2) as the kernel itself does them; what readv, sendfile and
// the rest are made of. position NULL: the file's own. -EBADF if it is not open
// for that, -EINVAL, -ESPIPE for a position in a stream.
ssize_t file_read(struct file *file, struct uio *uio, uint64_t *position);
ssize_t file_write(struct file *file, struct uio *uio, uint64_t *position);

// lseek(2), fstat(2); mmap's part: check the access mode against the mapping
// and fill in its cache and file. 0 or more, or -errno.
int64_t file_seek(struct file *file, int64_t offset, int whence);
void file_stat(struct file *file, struct abi_stat *st);
int file_mmap(struct file *file, struct mm_map *map);
extern const struct vma_file_ops file_vma_ops;

// The seek operation of anything with a size, within [0, limit].
int64_t seek_within(struct file *file, int64_t offset, int whence,
                    uint64_t size);

// The name for /proc/PID/fd and /proc/PID/maps, terminated.
void file_describe(struct file *file, char *buf, size_t n);

// ---- descriptor tables (fs/files.c) ----

struct files {
    uint32_t refs;            // (a) tasks that share it, and who looks into it
    struct spinlock lock;     // RANK_FILES
    unsigned capacity;        // (lock) slots, a multiple of 64
    unsigned first_free;      // (lock) no number below it is free
    struct file **slots;      // (lock) NULL: free or only reserved
    uint64_t *taken;          // (lock) bitmap: reserved or open
    uint64_t *close_on_exec;  // (lock) bitmap
};

// Look up a descriptor of the running task. A reference for the caller, who
// drops it with file_put; NULL: EBADF. fd_get_path also finds O_PATH files,
// which stand for a name and nothing else.
struct file *fd_get(long fd);
struct file *fd_get_path(long fd);

// Reserve the lowest free descriptor >= from: -EMFILE past RLIMIT_NOFILE,
// -ENOMEM. Then either install a file in it (takes the caller's reference) or
// give it back; until then it is taken but not open, so a system call can fail
// after this point without leaking one.
int fd_reserve(int from, bool close_on_exec);
void fd_install(int fd, struct file *file);
void fd_cancel(int fd);
int fd_close(long fd);  // 0 or -EBADF
// Reserve and install in one. Takes the reference also on failure.
int fd_add(struct file *file, bool close_on_exec);

unsigned fd_limit(void);  // RLIMIT_NOFILE of the running task

// dup3: put the file (a reference is taken) at exactly fd, closing what was
// there. fd, -EBADF past the limit, -EBUSY while another thread opens it.
int fd_replace(long fd, struct file *file, bool close_on_exec);
int fd_close_on_exec(long fd, int set);  // set < 0: only ask. 0, 1 or -EBADF
int fd_close_range(unsigned first, unsigned last, unsigned flags);

// The first open descriptor >= *fd of a table and its file, with a reference;
// NULL at the end. For /proc/PID/fd.
struct file *files_next(struct files *files, unsigned *fd);
struct files *files_of(struct task *task);  // a reference, or NULL; (t) held
void files_put(struct files *files);

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
