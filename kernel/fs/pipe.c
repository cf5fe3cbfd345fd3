// SPDX-License-Identifier: MIT
//
// Pipes and fifos (pipe(7)): a ring of pages that fill as they are needed. A
// pipe hangs on an inode while somebody has it open: one without a name for
// pipe2(2), a named one for mkfifo(3). Both are opened the same way.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/ioctl.h>
#include <abi/poll.h>
#include <fs/fcntl_command.h>
#include <fs/pipe.h>
#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <mm/page.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <stdio.h>
#include <string.h>

#define PIPE_BUF      4096  // writes up to this size are not torn apart
#define PAGES_DEFAULT 16
#define PAGES_MAX     256  // Linux's /proc/sys/fs/pipe-max-size: 1 MiB

struct pipe {
    struct mutex lock;       // RANK_PIPE: all below
    struct wait_queue wait;  // any change
    unsigned readers, writers;
    unsigned opened_to_read, opened_to_write;  // counts, for open's rendezvous
    uint64_t head, tail;                       // bytes written, bytes read
    unsigned pages;                            // capacity, a power of 2
    void **page;                               // NULL: not yet needed
};

static size_t used(const struct pipe *pipe)
{
    return pipe->head - pipe->tail;
}

static size_t room(const struct pipe *pipe)
{
    return pipe->pages * PAGE_SIZE - used(pipe);
}

static struct pipe *pipe_create(void)
{
    struct pipe *pipe = kzalloc(sizeof(*pipe));

    if (!pipe)
        return NULL;
    pipe->page = kzalloc(PAGES_DEFAULT * sizeof(void *));
    if (!pipe->page) {
        kfree(pipe);
        return NULL;
    }
    pipe->pages = PAGES_DEFAULT;
    mutex_init(&pipe->lock, RANK_PIPE, "pipe");
    wait_queue_init(&pipe->wait);
    return pipe;
}

static void free_page(void *page)
{
    if (page)
        page_put(virt_to_page(page));
}

static void pipe_destroy(struct pipe *pipe)
{
    for (unsigned i = 0; i < pipe->pages; i++)
        free_page(pipe->page[i]);
    kfree(pipe->page);
    kfree(pipe);
}

// The piece of the ring at a position: its address and length, within one page.
static char *piece(struct pipe *pipe, uint64_t at, size_t *length)
{
    size_t offset = at % PAGE_SIZE;
    void **page = &pipe->page[at / PAGE_SIZE % pipe->pages];

    if (!*page) {
        struct page *new = page_alloc(0);
        if (!new)
            return NULL;
        *page = page_to_virt(new);
    }
    *length = MIN(*length, PAGE_SIZE - offset);
    return (char *)*page + offset;
}

// ---- reading ----

static bool readable(struct pipe *pipe)
{
    return READ_ONCE(pipe->head) != READ_ONCE(pipe->tail) ||
           !READ_ONCE(pipe->writers);
}

// Move what is there. The lock is held.
static ssize_t drain(struct pipe *pipe, struct uio *uio)
{
    size_t before = uio->done;

    while (uio->resid && used(pipe)) {
        size_t length = MIN(uio->resid, used(pipe));
        char *from = piece(pipe, pipe->tail, &length);
        if (copy_to_uio(uio, from, length))
            return uio->done > before ? (ssize_t)(uio->done - before) : -EFAULT;
        pipe->tail += length;
        // An empty pipe starts again at a page's start and so stays small.
        if (pipe->tail == pipe->head)
            pipe->head = pipe->tail = 0;
    }
    return (ssize_t)(uio->done - before);
}

static ssize_t pipe_read(struct file *file, struct uio *uio, uint64_t *position,
                         unsigned flags)
{
    struct pipe *pipe = file->private;
    ssize_t n = 0;

    (void)position;
    if (!uio->resid)
        return 0;
    for (;;) {
        mutex_lock(&pipe->lock);
        bool empty = !used(pipe), end = !pipe->writers;
        if (!empty)
            n = drain(pipe, uio);
        mutex_unlock(&pipe->lock);
        if (!empty || end)
            break;
        if (flags & O_NONBLOCK)
            return -EAGAIN;
        int error = wait_event_interruptible(&pipe->wait, readable(pipe));
        if (error)
            return error;
    }
    if (n > 0)
        wake_up_events(&pipe->wait, POLLOUT | POLLWRNORM);
    return n;
}

// ---- writing ----

// Is there room to begin a write of n bytes? Small ones need all of it.
static bool has_room(const struct pipe *pipe, size_t n)
{
    return room(pipe) >= (n <= PIPE_BUF ? n : 1);
}

static bool writable(struct pipe *pipe, size_t n)
{
    uint64_t in_use = READ_ONCE(pipe->head) - READ_ONCE(pipe->tail);
    size_t free = READ_ONCE(pipe->pages) * PAGE_SIZE - in_use;

    return free >= (n <= PIPE_BUF ? n : 1) || !READ_ONCE(pipe->readers);
}

// Move what there is room for. The lock is held.
static int fill(struct pipe *pipe, struct uio *uio)
{
    while (uio->resid && room(pipe)) {
        size_t length = MIN(uio->resid, room(pipe));
        char *to = piece(pipe, pipe->head, &length);
        if (!to)
            return -ENOMEM;
        int error = copy_from_uio(uio, to, length);
        if (error)
            return error;
        pipe->head += length;
    }
    return 0;
}

// One turn: write what fits. 0, or an error; -EPIPE without a reader.
static int fill_locked(struct pipe *pipe, struct uio *uio, size_t n)
{
    int error = 0;

    mutex_lock(&pipe->lock);
    if (!pipe->readers)
        error = -EPIPE;
    else if (has_room(pipe, n))
        error = fill(pipe, uio);
    mutex_unlock(&pipe->lock);
    return error;
}

static ssize_t pipe_write(struct file *file, struct uio *uio,
                          uint64_t *position, unsigned flags)
{
    struct pipe *pipe = file->private;
    size_t total = uio->resid, before = uio->done;
    int error = 0;

    (void)position;
    while (uio->resid && !error) {
        size_t done = uio->done;
        error = fill_locked(pipe, uio, total);
        if (uio->done > done)
            wake_up_events(&pipe->wait, POLLIN | POLLRDNORM);
        if (error || !uio->resid)
            break;
        if (flags & O_NONBLOCK)
            error = -EAGAIN;
        else
            error =
                wait_event_interruptible(&pipe->wait, writable(pipe, total));
    }
    if (error == -EPIPE)
        signal_task(current, SIGPIPE, NULL);
    return uio->done > before ? (ssize_t)(uio->done - before) : error;
}

// ---- the rest of the operations ----

static unsigned pipe_poll(struct file *file, struct poll_table *table)
{
    struct pipe *pipe = file->private;
    unsigned access = file->flags & O_ACCMODE, events = 0;

    poll_wait(table, &pipe->wait);
    mutex_lock(&pipe->lock);
    if (access != O_WRONLY) {
        if (used(pipe))
            events |= POLLIN | POLLRDNORM;
        // The end is reported once there has been a writer.
        if (!pipe->writers && pipe->opened_to_write)
            events |= POLLHUP;
    }
    if (access != O_RDONLY) {
        if (has_room(pipe, PIPE_BUF))
            events |= POLLOUT | POLLWRNORM;
        if (!pipe->readers)
            events |= POLLERR;
    }
    mutex_unlock(&pipe->lock);
    return events;
}

static long pipe_ioctl(struct file *file, unsigned command, uaddr argument)
{
    struct pipe *pipe = file->private;

    if (command != FIONREAD)
        return -ENOTTY;
    mutex_lock(&pipe->lock);
    int32_t n = (int32_t)used(pipe);
    mutex_unlock(&pipe->lock);
    return PUT_USER(argument, n);
}

static void pipe_release(struct file *file)
{
    struct inode *inode = file->inode;
    struct pipe *pipe = file->private;
    unsigned access = file->flags & O_ACCMODE;
    bool unused = false;

    WITH_MUTEX(&inode->lock) {
        WITH_MUTEX(&pipe->lock) {
            pipe->readers -= access != O_WRONLY;
            pipe->writers -= access != O_RDONLY;
            unused = !pipe->readers && !pipe->writers;
        }
        if (unused)
            inode->private = NULL;
    }
    if (unused)
        pipe_destroy(pipe);
    else
        wake_up_all(&pipe->wait);
}

static void pipe_describe(struct file *file, char *buf, size_t n)
{
    if (file->dentry->parent != file->dentry)
        dentry_path(file->dentry, buf, n, true);
    else
        snprintf(buf, n, "pipe:[%lu]", (unsigned long)file->inode->number);
}

static const struct file_ops pipe_ops = {
    .name = "pipe",
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .describe = pipe_describe,
    .release = pipe_release,
};

// ---- opening ----

// Count the file in, making the pipe if this is the first.
static int join(struct inode *inode, struct file *file)
{
    unsigned access = file->flags & O_ACCMODE;

    WITH_MUTEX(&inode->lock) {
        struct pipe *pipe = inode->private;
        if (!pipe)
            inode->private = pipe = pipe_create();
        if (!pipe)
            return -ENOMEM;
        WITH_MUTEX(&pipe->lock) {
            if (access == O_WRONLY && (file->flags & O_NONBLOCK) &&
                !pipe->readers) {
                if (!pipe->writers) {
                    inode->private = NULL;
                    pipe_destroy(pipe);
                }
                return -ENXIO;
            }
            pipe->readers += access != O_WRONLY;
            pipe->writers += access != O_RDONLY;
            pipe->opened_to_read += access != O_WRONLY;
            pipe->opened_to_write += access != O_RDONLY;
        }
        file->private = pipe;
        file->ops = &pipe_ops;
    }
    return 0;
}

// An open waits for the other side, except O_RDWR and O_NONBLOCK ones. That the
// other side came counts even if it has gone again by now.
static int fifo_open(struct inode *inode, struct file *file)
{
    unsigned access = file->flags & O_ACCMODE;
    int error = join(inode, file);

    if (error)
        return error;
    struct pipe *pipe = file->private;
    wake_up_all(&pipe->wait);
    if (access == O_RDWR || (file->flags & O_NONBLOCK))
        return 0;
    unsigned *others =
        access == O_RDONLY ? &pipe->opened_to_write : &pipe->opened_to_read;
    unsigned *present = access == O_RDONLY ? &pipe->writers : &pipe->readers;
    unsigned before = READ_ONCE(*others);
    if (!READ_ONCE(*present))
        error =
            wait_event_interruptible(&pipe->wait, READ_ONCE(*others) != before);
    if (error)
        pipe_release(file);
    return error;
}

const struct file_ops fifo_file_ops = {
    .name = "fifo",
    .open = fifo_open,
};

// ---- pipe2 ----

static struct super_block *pipe_super;

static int pipe_init(void)
{
    pipe_super = super_create("pipefs", PIPEFS_MAGIC);
    return pipe_super ? 0 : -ENOMEM;
}
INITCALL(INIT_FS, pipe_init);

static struct dentry *nameless_fifo(void)
{
    struct dentry *dentry = dentry_create(pipe_super, NULL, "pipe", 4);
    struct inode *inode =
        dentry ? inode_create(pipe_super, S_IFIFO | 0600, 0, NULL, NULL) : NULL;

    if (inode) {
        dentry_attach(dentry, inode);
        return dentry;
    }
    if (dentry)
        dentry_put(dentry);
    return NULL;
}

int pipe_open(struct file *ends[2], unsigned flags)
{
    struct dentry *dentry = nameless_fifo();
    int error = dentry ? 0 : -ENOMEM;

    flags &= O_NONBLOCK;
    // The first end is opened without waiting for the second.
    if (!error)
        error = dentry_open(dentry, O_RDONLY | O_NONBLOCK, &ends[0]);
    if (!error) {
        error = dentry_open(dentry, O_WRONLY | flags, &ends[1]);
        if (error)
            file_put(ends[0]);
        else
            ends[0]->flags = O_RDONLY | flags;
    }
    if (dentry)
        dentry_put(dentry);
    return error;
}

// ---- F_GETPIPE_SZ, F_SETPIPE_SZ ----

// Copy what the ring holds to a larger or smaller one. The lock is held.
static int resize(struct pipe *pipe, unsigned pages)
{
    struct pipe larger = {.pages = pages};
    size_t held = used(pipe);

    if (held > pages * PAGE_SIZE)
        return -EBUSY;
    larger.page = kzalloc(pages * sizeof(void *));
    if (!larger.page)
        return -ENOMEM;
    while (larger.head < held) {
        size_t length = held - larger.head;
        char *from = piece(pipe, pipe->tail + larger.head, &length);
        char *to = piece(&larger, larger.head, &length);
        if (!to) {
            for (unsigned i = 0; i < pages; i++)
                free_page(larger.page[i]);
            kfree(larger.page);
            return -ENOMEM;
        }
        memcpy(to, from, length);
        larger.head += length;
    }
    for (unsigned i = 0; i < pipe->pages; i++)
        free_page(pipe->page[i]);
    kfree(pipe->page);
    pipe->page = larger.page;
    pipe->pages = pages;
    pipe->head = held;
    pipe->tail = 0;
    return (int)(pages * PAGE_SIZE);
}

static long pipe_size(struct file *file, unsigned command, unsigned long size)
{
    struct pipe *pipe = file->private;
    unsigned pages = 1;
    long result = 0;

    if (file->ops != &pipe_ops)
        return -EBADF;
    if (command == F_GETPIPE_SZ)
        return READ_ONCE(pipe->pages) * PAGE_SIZE;
    size = (uint32_t)size;
    if (size > PAGES_MAX * PAGE_SIZE)
        return current_process()->euid ? -EPERM : -EINVAL;
    while (pages * PAGE_SIZE < size)
        pages *= 2;
    mutex_lock(&pipe->lock);
    result = resize(pipe, pages);
    mutex_unlock(&pipe->lock);
    wake_up_all(&pipe->wait);
    return result;
}

FCNTL_COMMAND(getpipe_size) = {F_GETPIPE_SZ, pipe_size};
FCNTL_COMMAND(setpipe_size) = {F_SETPIPE_SZ, pipe_size};
