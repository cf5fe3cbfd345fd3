// SPDX-License-Identifier: MIT
//
// Pipes: making them, and moving their bytes within the kernel (splice(2)).

#pragma once

#include <fs/file.h>

// Make a pipe: the files of its reading and its writing end. flags: O_NONBLOCK.
// 0, -ENOMEM.
int pipe_open(struct file *ends[2], unsigned flags);

// ---- fs/pipe_splice.c: files that are pipes ----

bool file_is_pipe(const struct file *file);
size_t pipe_unread(const struct file *file);  // bytes in it

// Takes up to n bytes of data; how many, or -errno. Only other readers of the
// pipe wait meanwhile.
typedef ssize_t (*pipe_sink)(void *argument, const void *data, size_t n);
// Writes up to n bytes to data; how many, 0 at its end, or -errno. Called with
// the pipe's lock (RANK_PIPE): may not wait for anybody.
typedef ssize_t (*pipe_source)(void *argument, void *data, size_t n);

// Hand up to n of the bytes that are there to a sink until it takes less than
// it was offered. They leave the pipe if consume. How many it took; 0 if there
// are none; its -errno.
ssize_t pipe_drain_to(struct file *file, size_t n, bool consume, pipe_sink sink,
                      void *argument);
// Fill the pipe with up to n bytes, as far as there is room, from a source
// until it gives less than it was asked for. How many; 0: there is no room, or
// the source's end; -EPIPE (and SIGPIPE) without a reader; -ENOMEM; its -errno.
ssize_t pipe_fill_from(struct file *file, size_t n, pipe_source source,
                       void *argument);

// Wait for something to read or the last writer's end; for room, or the last
// reader's end. 0, -EAGAIN, -ERESTARTSYS.
int pipe_wait_readable(struct file *file, bool nonblock);
int pipe_wait_room(struct file *file, bool nonblock);
