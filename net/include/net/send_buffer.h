// SPDX-License-Identifier: MIT
//
// What a stream socket has to send: bytes in pages that lwIP, and through it
// the device, refer to until they are acknowledged. Nothing is allocated while
// it is empty.
//
//   chunk:  | acknowledged | handed to lwIP | waiting | free |
//           0            start            queued     end   size

#pragma once

#include <lib/list.h>
#include <lib/types.h>

struct page;

struct send_chunk {
    struct list_node node;
    struct page *page;  // a reference; a block of size bytes
    uint8_t *data;
    uint32_t size;
    uint32_t start, queued, end;
    bool writing;  // a sender is copying into the free part
};

// Protected by the socket's lock, but for send_chunk_create.
struct send_buffer {
    struct list_node chunks;  // in order of the stream
    size_t used;              // bytes not yet acknowledged
    size_t unqueued;          // of these, not yet handed to lwIP
};

void send_buffer_init(struct send_buffer *buffer);

// The last chunk if it has room, now marked as being written; else NULL.
struct send_chunk *send_buffer_reserve(struct send_buffer *buffer);
// A chunk for up to n bytes, likewise marked. NULL: no memory. May sleep.
struct send_chunk *send_chunk_create(size_t n);
void send_buffer_append(struct send_buffer *buffer, struct send_chunk *chunk);
// n bytes were copied to the chunk's free part. n = 0: none.
void send_buffer_commit(struct send_buffer *buffer, struct send_chunk *chunk,
                        size_t n);

// The next bytes for lwIP and their number; NULL: none. And: n of them are its.
const void *send_buffer_next(struct send_buffer *buffer, size_t *n);
void send_buffer_queued(struct send_buffer *buffer, size_t n);

// n bytes were acknowledged: their pages are free to go.
void send_buffer_release(struct send_buffer *buffer, size_t n);
void send_buffer_clear(struct send_buffer *buffer);
