// SPDX-License-Identifier: MIT
//
// Pipes (pipe(7)): transfers and readiness. fifo.c opens and closes them.

#include "pipe.h"

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/ioctl.h>
#include <abi/poll.h>
#include <fs/vfs.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <stdio.h>

#define PIPE_BUF 4096  // writes up to this size are not torn apart

// ---- reading ----

// Move what is there. The lock is held.
static ssize_t drain(struct pipe *pipe, struct uio *uio)
{
    size_t before = uio->done;

    while (uio->resid && pipe_ring_used(&pipe->ring)) {
        size_t length = MIN(uio->resid, pipe_ring_used(&pipe->ring));
        char *from = pipe_ring_piece(&pipe->ring, pipe->ring.tail, &length);
        if (copy_to_uio(uio, from, length))
            return uio->done > before ? (ssize_t)(uio->done - before) : -EFAULT;
        pipe_ring_consume(&pipe->ring, length);
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
        mutex_lock(&pipe->read_lock);
        mutex_lock(&pipe->lock);
        bool empty = !pipe_ring_used(&pipe->ring), end = !pipe->writers;
        if (!empty)
            n = drain(pipe, uio);
        mutex_unlock(&pipe->lock);
        mutex_unlock(&pipe->read_lock);
        if (!empty || end)
            break;
        if (flags & O_NONBLOCK)
            return -EAGAIN;
        int error = wait_event_interruptible(&pipe->wait, pipe_readable(pipe));
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
    return pipe_ring_room(&pipe->ring) >= (n <= PIPE_BUF ? n : 1);
}

static bool writable(const struct pipe *pipe, size_t n)
{
    return has_room(pipe, n) || !READ_ONCE(pipe->readers);
}

// Move what there is room for. The lock is held.
static int fill(struct pipe *pipe, struct uio *uio)
{
    while (uio->resid && pipe_ring_room(&pipe->ring)) {
        size_t length = MIN(uio->resid, pipe_ring_room(&pipe->ring));
        char *to = pipe_ring_piece(&pipe->ring, pipe->ring.head, &length);
        if (!to)
            return -ENOMEM;
        int error = copy_from_uio(uio, to, length);
        if (error)
            return error;
        pipe->ring.head += length;
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
        if (pipe_ring_used(&pipe->ring))
            events |= POLLIN | POLLRDNORM;
        // The end is reported once there has been a writer, after ours opened.
        if (!pipe->writers && pipe->opened_to_write != file->position)
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
    int32_t n = (int32_t)pipe_ring_used(&pipe->ring);
    mutex_unlock(&pipe->lock);
    return PUT_USER(argument, n);
}

static void pipe_describe(struct file *file, char *buf, size_t n)
{
    if (file->dentry->parent != file->dentry)
        dentry_path(file->dentry, buf, n, true);
    else
        snprintf(buf, n, "pipe:[%lu]", (unsigned long)file->inode->number);
}

const struct file_ops pipe_ops = {
    .name = "pipe",
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .describe = pipe_describe,
    .release = pipe_release,
};
