// SPDX-License-Identifier: MIT
//
// What a pipe is, for the files of kernel/fs that make it: pipe_ring.c
// (memory), pipe.c (transfers), fifo.c (opening and closing).

#pragma once

#include <fs/file.h>
#include <fs/pipe.h>
#include <lib/lock.h>
#include <lib/wait.h>

// Key: (p) the pipe's lock. head and tail are also looked at without it by
// those who wait, and look again under it.
struct pipe_ring {
    uint64_t head, tail;  // (p) bytes written, bytes read
    unsigned pages;       // (p) capacity, a power of 2
    void **page;          // (p) NULL: not yet needed
};

struct pipe {
    struct mutex read_lock;     // RANK_PIPE_READER: one takes bytes out
    struct mutex lock;          // RANK_PIPE
    struct wait_queue wait;     // any change
    struct pipe_ring ring;      // (p)
    unsigned readers, writers;  // (p) open ends
    unsigned opened_to_read,
        opened_to_write;  // (p) ever, for open's rendezvous
};
// A pipe's file has in `position` the value of opened_to_write when it was
// opened without a writer.

extern const struct file_ops pipe_ops;  // file->private is the pipe

static inline size_t pipe_ring_used(const struct pipe_ring *ring)
{
    return READ_ONCE(ring->head) - READ_ONCE(ring->tail);
}

static inline size_t pipe_ring_room(const struct pipe_ring *ring)
{
    return READ_ONCE(ring->pages) * PAGE_SIZE - pipe_ring_used(ring);
}

static inline bool pipe_readable(const struct pipe *pipe)
{
    return pipe_ring_used(&pipe->ring) || !READ_ONCE(pipe->writers);
}

bool pipe_ring_init(struct pipe_ring *ring, unsigned pages);
void pipe_ring_free(struct pipe_ring *ring);

// The piece of the ring at a position: its address and, in *length, how much of
// that many bytes lies in one page. NULL: no memory.
char *pipe_ring_piece(struct pipe_ring *ring, uint64_t at, size_t *length);

// n bytes were read. An empty pipe starts again at a page's start and so stays
// small.
void pipe_ring_consume(struct pipe_ring *ring, size_t n);

// Change the capacity. 0, -EBUSY if it holds more, -ENOMEM.
int pipe_ring_resize(struct pipe_ring *ring, unsigned pages);

// An open end goes; with the last one the pipe does. (fifo.c)
void pipe_release(struct file *file);
