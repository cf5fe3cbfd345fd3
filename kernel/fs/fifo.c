// SPDX-License-Identifier: MIT
//
// Opening and closing pipes (fifo(7)). A pipe hangs on an inode while somebody
// has it open: one without a name for pipe2(2), a named one for mkfifo(3). Both
// are opened the same way.

#include "pipe.h"

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <fs/fcntl_command.h>
#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <proc/task.h>

#define PAGES_DEFAULT 16
#define PAGES_MAX     256  // Linux's /proc/sys/fs/pipe-max-size: 1 MiB

static struct pipe *pipe_create(void)
{
    struct pipe *pipe = kzalloc(sizeof(*pipe));

    if (!pipe)
        return NULL;
    if (!pipe_ring_init(&pipe->ring, PAGES_DEFAULT)) {
        kfree(pipe);
        return NULL;
    }
    mutex_init(&pipe->read_lock, RANK_PIPE_READER, "pipe reader");
    mutex_init(&pipe->lock, RANK_PIPE, "pipe");
    wait_queue_init(&pipe->wait);
    return pipe;
}

static void pipe_destroy(struct pipe *pipe)
{
    pipe_ring_free(&pipe->ring);
    kfree(pipe);
}

void pipe_release(struct file *file)
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

static struct super_block *pipe_super;  // of those that pipe2 made

// One that pipe2 made, opened again by /proc/self/fd: both sides have been
// there, so nothing is waited for.
static bool is_nameless(const struct inode *inode)
{
    return inode->super == pipe_super;
}

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
                !pipe->readers && !is_nameless(inode)) {
                if (!pipe->writers) {
                    inode->private = NULL;
                    pipe_destroy(pipe);
                }
                return -ENXIO;
            }
            if (!pipe->writers && !is_nameless(inode))
                file->position = pipe->opened_to_write;
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
    if (access == O_RDWR || (file->flags & O_NONBLOCK) || is_nameless(inode))
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

static long pipe_size(struct file *file, unsigned command, unsigned long size)
{
    struct pipe *pipe = file->private;
    unsigned pages = 1;
    long result = 0;

    if (file->ops != &pipe_ops)
        return -EBADF;
    if (command == F_GETPIPE_SZ)
        return READ_ONCE(pipe->ring.pages) * PAGE_SIZE;
    size = (uint32_t)size;
    if (size > PAGES_MAX * PAGE_SIZE)
        return current_process()->euid ? -EPERM : -EINVAL;
    while (pages * PAGE_SIZE < size)
        pages *= 2;
    WITH_MUTEX(&pipe->read_lock)
        WITH_MUTEX(&pipe->lock)
            result = pipe_ring_resize(&pipe->ring, pages);
    wake_up_all(&pipe->wait);
    return result ? result : (long)(pages * PAGE_SIZE);
}

FCNTL_COMMAND(getpipe_size) = {F_GETPIPE_SZ, pipe_size};
FCNTL_COMMAND(setpipe_size) = {F_SETPIPE_SZ, pipe_size};
