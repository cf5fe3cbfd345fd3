// SPDX-License-Identifier: MIT
//
// A pipe's bytes without the detour over user memory: handed from its ring to a
// sink, or taken from a source into it. splice(2) and tee(2) are made of these.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <proc/task.h>

#include "pipe.h"

bool file_is_pipe(const struct file *file)
{
    return file->ops == &pipe_ops;
}

size_t pipe_unread(const struct file *file)
{
    const struct pipe *pipe = file->private;

    return pipe_ring_used(&pipe->ring);
}

// ---- out ----

// What lies `skip` bytes behind the next one to read: its place, and in *length
// how much of that many bytes is there in one piece.
static const char *piece_to_read(struct pipe *pipe, size_t skip, size_t *length)
{
    const char *data = NULL;

    WITH_MUTEX(&pipe->lock) {
        size_t used = pipe_ring_used(&pipe->ring);
        *length = used > skip ? MIN(*length, used - skip) : 0;
        if (*length)
            data = pipe_ring_piece(&pipe->ring, pipe->ring.tail + skip, length);
    }
    return data;
}

ssize_t pipe_drain_to(struct file *file, size_t n, bool consume, pipe_sink sink,
                      void *argument)
{
    struct pipe *pipe = file->private;
    size_t done = 0;
    ssize_t taken = 0;

    // Nobody else reads meanwhile, so the bytes stay where they are while the
    // sink has them and the pipe's lock is free.
    WITH_MUTEX(&pipe->read_lock) {
        while (done < n) {
            size_t length = n - done;
            const char *data = piece_to_read(pipe, consume ? 0 : done, &length);
            taken = length ? sink(argument, data, length) : 0;
            if (taken <= 0)
                break;
            done += (size_t)taken;
            if (consume)
                WITH_MUTEX(&pipe->lock)
                    pipe_ring_consume(&pipe->ring, (size_t)taken);
            if ((size_t)taken < length)
                break;
        }
    }
    if (consume && done)
        wake_up_events(&pipe->wait, POLLOUT | POLLWRNORM);
    return done ? (ssize_t)done : taken;
}

int pipe_wait_readable(struct file *file, bool nonblock)
{
    struct pipe *pipe = file->private;

    if (nonblock)
        return pipe_readable(pipe) ? 0 : -EAGAIN;
    return wait_event_interruptible(&pipe->wait, pipe_readable(pipe));
}

// ---- in ----

static ssize_t fill_locked(struct pipe *pipe, size_t n, pipe_source source,
                           void *argument)
{
    size_t done = 0;
    ssize_t got = 0;

    while (done < n && pipe_ring_room(&pipe->ring)) {
        size_t length = MIN(n - done, pipe_ring_room(&pipe->ring));
        char *to = pipe_ring_piece(&pipe->ring, pipe->ring.head, &length);
        got = to ? source(argument, to, length) : -ENOMEM;
        if (got <= 0)
            break;
        pipe->ring.head += (size_t)got;
        done += (size_t)got;
        if ((size_t)got < length)
            break;
    }
    return done ? (ssize_t)done : got;
}

ssize_t pipe_fill_from(struct file *file, size_t n, pipe_source source,
                       void *argument)
{
    struct pipe *pipe = file->private;
    ssize_t done = -EPIPE;

    WITH_MUTEX(&pipe->lock)
        if (pipe->readers)
            done = fill_locked(pipe, n, source, argument);
    if (done > 0)
        wake_up_events(&pipe->wait, POLLIN | POLLRDNORM);
    if (done == -EPIPE)
        signal_task(current, SIGPIPE, NULL);
    return done;
}

static bool has_room_or_end(const struct pipe *pipe)
{
    return pipe_ring_room(&pipe->ring) || !READ_ONCE(pipe->readers);
}

int pipe_wait_room(struct file *file, bool nonblock)
{
    struct pipe *pipe = file->private;

    if (nonblock)
        return has_room_or_end(pipe) ? 0 : -EAGAIN;
    return wait_event_interruptible(&pipe->wait, has_room_or_end(pipe));
}
