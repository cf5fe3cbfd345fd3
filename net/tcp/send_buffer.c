// SPDX-License-Identifier: MIT
//
// The send buffer of a stream socket: see net/send_buffer.h. Used by
// net/tcp/send.c.

#include <lib/log.h>
#include <mm/kmalloc.h>
#include <mm/page.h>
#include <net/send_buffer.h>

#define LARGE_ORDER 3  // a chunk of 32 KiB for whoever sends that much at once

void send_buffer_init(struct send_buffer *buffer)
{
    list_init(&buffer->chunks);
    buffer->used = buffer->unqueued = 0;
}

static struct send_chunk *last_chunk(struct send_buffer *buffer)
{
    return list_empty(&buffer->chunks)
               ? NULL
               : list_entry(buffer->chunks.prev, struct send_chunk, node);
}

struct send_chunk *send_buffer_reserve(struct send_buffer *buffer)
{
    struct send_chunk *chunk = last_chunk(buffer);

    if (!chunk || chunk->end == chunk->size)
        return NULL;
    chunk->writing = true;
    return chunk;
}

struct send_chunk *send_chunk_create(size_t n)
{
    struct send_chunk *chunk = kzalloc(sizeof(*chunk));
    unsigned order = 0;

    if (!chunk)
        return NULL;
    while (order < LARGE_ORDER && PAGE_SIZE << order < n)
        order++;
    chunk->page = page_alloc(order);
    if (!chunk->page && order > 0)
        chunk->page = page_alloc(order = 0);
    if (!chunk->page) {
        kfree(chunk);
        return NULL;
    }
    chunk->size = PAGE_SIZE << order;
    chunk->data = page_to_virt(chunk->page);
    chunk->writing = true;
    return chunk;
}

static void chunk_free(struct send_chunk *chunk)
{
    list_remove(&chunk->node);
    page_put(chunk->page);
    kfree(chunk);
}

void send_buffer_append(struct send_buffer *buffer, struct send_chunk *chunk)
{
    list_push_back(&buffer->chunks, &chunk->node);
}

void send_buffer_commit(struct send_buffer *buffer, struct send_chunk *chunk,
                        size_t n)
{
    chunk->writing = false;
    chunk->end += n;
    buffer->used += n;
    buffer->unqueued += n;
    if (chunk->start == chunk->end)
        chunk_free(chunk);
}

const void *send_buffer_next(struct send_buffer *buffer, size_t *n)
{
    struct send_chunk *chunk;

    list_for_each(chunk, &buffer->chunks, node) {
        if (chunk->queued < chunk->end) {
            *n = chunk->end - chunk->queued;
            return chunk->data + chunk->queued;
        }
    }
    return NULL;
}

void send_buffer_queued(struct send_buffer *buffer, size_t n)
{
    struct send_chunk *chunk;

    buffer->unqueued -= n;
    list_for_each(chunk, &buffer->chunks, node) {
        if (chunk->queued < chunk->end) {
            chunk->queued += n;
            assert(chunk->queued <= chunk->end);
            return;
        }
    }
}

void send_buffer_release(struct send_buffer *buffer, size_t n)
{
    struct send_chunk *chunk, *next;

    assert(n <= buffer->used - buffer->unqueued);
    buffer->used -= n;
    list_for_each_safe(chunk, next, &buffer->chunks, node) {
        size_t part = MIN(n, chunk->queued - chunk->start);

        chunk->start += part;
        n -= part;
        if (chunk->start < chunk->end || chunk->writing)
            break;
        chunk_free(chunk);
    }
}

void send_buffer_clear(struct send_buffer *buffer)
{
    struct send_chunk *chunk, *next;

    list_for_each_safe(chunk, next, &buffer->chunks, node) {
        // A sender that is copying frees its chunk when it commits.
        chunk->start = chunk->queued = chunk->end;
        if (!chunk->writing)
            chunk_free(chunk);
    }
    buffer->used = buffer->unqueued = 0;
}
