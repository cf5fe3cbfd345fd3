// SPDX-License-Identifier: MIT
//
// net/tcp/send_buffer.c: bytes come out as they went in, through every way of
// cutting them; pages go when their bytes are acknowledged and not before.

#include "unit.h"

#include <mm/kmalloc.h>
#include <mm/page.h>
#include <net/send_buffer.h>

static long pages, chunks;
static unsigned largest_order = MAX_ORDER;

struct page *page_alloc(unsigned order)
{
    if (order > largest_order)
        return NULL;
    pages++;
    return aligned_alloc(PAGE_SIZE, PAGE_SIZE << order);
}

void page_put(struct page *page)
{
    pages--;
    free(page);
}

void *page_to_virt(const struct page *page)
{
    return (void *)page;
}

void *kzalloc(size_t n)
{
    chunks++;
    return calloc(1, n);
}

void kfree(const void *p)
{
    chunks--;
    free((void *)p);
}

static uint8_t byte_at(size_t position)
{
    return position * 7 + position / 251;
}

// What a sender does: up to n bytes into one chunk. How many.
static size_t put(struct send_buffer *buffer, size_t position, size_t n)
{
    struct send_chunk *chunk = send_buffer_reserve(buffer);

    if (!chunk) {
        chunk = send_chunk_create(n);
        CHECK(chunk != NULL);
        send_buffer_append(buffer, chunk);
    }
    if (n > chunk->size - chunk->end)
        n = chunk->size - chunk->end;
    for (size_t i = 0; i < n; i++)
        chunk->data[chunk->end + i] = byte_at(position + i);
    send_buffer_commit(buffer, chunk, n);
    return n;
}

// What TCP does: hand on up to n bytes of what is next. How many.
static size_t take(struct send_buffer *buffer, size_t position, size_t n)
{
    size_t there;
    const uint8_t *data = send_buffer_next(buffer, &there);

    if (!data)
        return 0;
    if (n > there)
        n = there;
    for (size_t i = 0; i < n; i++)
        CHECK_EQ(data[i], byte_at(position + i));
    send_buffer_queued(buffer, n);
    return n;
}

TEST(an_empty_one_holds_nothing)
{
    struct send_buffer buffer;
    size_t n;

    send_buffer_init(&buffer);
    CHECK(send_buffer_reserve(&buffer) == NULL);
    CHECK(send_buffer_next(&buffer, &n) == NULL);
    CHECK_EQ(pages, 0);
    CHECK_EQ(chunks, 0);
}

TEST(all_sizes_come_out_in_order)
{
    static const size_t sizes[] = {1, 7, 100, 1460, 4096, 5000, 40000};
    struct send_buffer buffer;
    size_t in = 0, queued = 0, acknowledged = 0;

    send_buffer_init(&buffer);
    for (unsigned i = 0; i < 2000; i++) {
        in += put(&buffer, in, sizes[i % 7]);
        queued += take(&buffer, queued, sizes[i * 3 % 7]);
        if (i % 5 == 0) {
            size_t n = (queued - acknowledged) / 2;
            send_buffer_release(&buffer, n);
            acknowledged += n;
        }
        CHECK_EQ(buffer.used, in - acknowledged);
        CHECK_EQ(buffer.unqueued, in - queued);
    }
    while (queued < in)
        queued += take(&buffer, queued, 65535);
    send_buffer_release(&buffer, queued - acknowledged);
    CHECK_EQ(buffer.used, 0);
    CHECK_EQ(pages, 0);
    CHECK_EQ(chunks, 0);
}

TEST(small_writes_share_a_page)
{
    struct send_buffer buffer;

    send_buffer_init(&buffer);
    for (size_t i = 0; i < PAGE_SIZE; i++)
        CHECK_EQ(put(&buffer, i, 1), 1);
    CHECK_EQ(pages, 1);
    CHECK_EQ(take(&buffer, 0, PAGE_SIZE), PAGE_SIZE);
    send_buffer_release(&buffer, PAGE_SIZE - 1);
    CHECK_EQ(pages, 1);
    send_buffer_release(&buffer, 1);
    CHECK_EQ(pages, 0);
}

TEST(a_page_that_is_written_to_stays)
{
    struct send_buffer buffer;
    struct send_chunk *chunk;

    send_buffer_init(&buffer);
    put(&buffer, 0, 10);
    take(&buffer, 0, 10);
    chunk = send_buffer_reserve(&buffer);
    CHECK(chunk != NULL);
    send_buffer_release(&buffer, 10);
    CHECK_EQ(pages, 1);
    send_buffer_commit(&buffer, chunk, 0);  // the copy failed
    CHECK_EQ(pages, 0);
}

TEST(clearing_spares_a_writer)
{
    struct send_buffer buffer;
    struct send_chunk *chunk;

    send_buffer_init(&buffer);
    while (pages < 3)
        put(&buffer, 0, 4000);
    chunk = send_buffer_reserve(&buffer);
    CHECK(chunk != NULL);
    send_buffer_clear(&buffer);
    CHECK_EQ(pages, 1);
    CHECK_EQ(buffer.used, 0);
    send_buffer_commit(&buffer, chunk, 0);
    CHECK_EQ(pages, 0);
}

TEST(large_chunks_are_a_wish)
{
    struct send_buffer buffer;

    send_buffer_init(&buffer);
    CHECK_EQ(put(&buffer, 0, 20000), 20000);
    largest_order = 0;
    CHECK_EQ(put(&buffer, 0, 20000), 32768 - 20000);  // what was left
    CHECK_EQ(put(&buffer, 0, 20000), PAGE_SIZE);
    send_buffer_clear(&buffer);
    CHECK_EQ(pages, 0);
    largest_order = MAX_ORDER;
}
