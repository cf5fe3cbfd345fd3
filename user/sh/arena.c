// SPDX-License-Identifier: MIT
//
// Memory for trees and expansions: allocated piece by piece, given back all at
// once, so that no error path has to free anything. Also the growing string.

#include "sh.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE 4000

struct chunk {
    struct chunk *older;
    size_t used;
    size_t size;
    _Alignas(16) char data[];
};

struct arena scratch;

static struct chunk *chunk_create(struct chunk *older, size_t size)
{
    struct chunk *chunk;

    if (size < CHUNK_SIZE)
        size = CHUNK_SIZE;
    chunk = malloc(sizeof(*chunk) + size);
    if (!chunk)
        err(2, "malloc");
    chunk->older = older;
    chunk->used = 0;
    chunk->size = size;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct chunk *chunk = arena->newest;
    void *memory;

    size = (size + 15) & ~(size_t)15;
    if (!chunk || chunk->size - chunk->used < size)
        chunk = arena->newest = chunk_create(chunk, size);
    memory = chunk->data + chunk->used;
    chunk->used += size;
    return memset(memory, 0, size);
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);

    return memcpy(copy, text, length);
}

struct arena_mark arena_mark(const struct arena *arena)
{
    struct chunk *chunk = arena->newest;

    return (struct arena_mark){chunk, chunk ? chunk->used : 0};
}

// Gives back all that was allocated since the mark was taken.
void arena_release(struct arena *arena, struct arena_mark mark)
{
    while (arena->newest != mark.chunk) {
        struct chunk *chunk = arena->newest;

        arena->newest = chunk->older;
        free(chunk);
    }
    if (mark.chunk)
        mark.chunk->used = mark.used;
}

void arena_free(struct arena *arena)
{
    arena_release(arena, (struct arena_mark){NULL, 0});
}

static void buffer_reserve(struct buffer *buffer, size_t more)
{
    size_t needed = buffer->length + more + 1;
    size_t capacity = buffer->capacity ? buffer->capacity : 64;
    char *text;

    if (needed <= buffer->capacity)
        return;
    while (capacity < needed)
        capacity *= 2;
    if (buffer->arena) {
        text = arena_alloc(buffer->arena, capacity);
        if (buffer->text)
            memcpy(text, buffer->text, buffer->length);
    } else {
        text = realloc(buffer->text, capacity);
        if (!text)
            err(2, "malloc");
    }
    buffer->text = text;
    buffer->capacity = capacity;
}

void buffer_append(struct buffer *buffer, const char *text, size_t length)
{
    buffer_reserve(buffer, length);
    memcpy(buffer->text + buffer->length, text, length);
    buffer->length += length;
    buffer->text[buffer->length] = '\0';
}

void buffer_add(struct buffer *buffer, char c)
{
    buffer_append(buffer, &c, 1);
}

void buffer_clear(struct buffer *buffer)
{
    buffer_reserve(buffer, 0);
    buffer->length = 0;
    buffer->text[0] = '\0';
}
