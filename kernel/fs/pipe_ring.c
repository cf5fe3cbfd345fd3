// SPDX-License-Identifier: MIT
//
// The ring of pages inside a pipe. A page is allocated when the first byte
// lands in it.

#include "pipe.h"

#include <abi/errno.h>
#include <mm/kmalloc.h>
#include <mm/page.h>
#include <string.h>

bool pipe_ring_init(struct pipe_ring *ring, unsigned pages)
{
    *ring = (struct pipe_ring){.pages = pages};
    ring->page = kzalloc(pages * sizeof(void *));
    return ring->page;
}

void pipe_ring_free(struct pipe_ring *ring)
{
    for (unsigned i = 0; i < ring->pages; i++)
        if (ring->page[i])
            page_put(virt_to_page(ring->page[i]));
    kfree(ring->page);
}

char *pipe_ring_piece(struct pipe_ring *ring, uint64_t at, size_t *length)
{
    size_t offset = at % PAGE_SIZE;
    void **page = &ring->page[at / PAGE_SIZE % ring->pages];

    if (!*page) {
        struct page *new = page_alloc(0);
        if (!new)
            return NULL;
        *page = page_to_virt(new);
    }
    *length = MIN(*length, PAGE_SIZE - offset);
    return (char *)*page + offset;
}

void pipe_ring_consume(struct pipe_ring *ring, size_t n)
{
    ring->tail += n;
    if (ring->tail == ring->head)
        ring->head = ring->tail = 0;
}

// Copy what one ring holds to another, which is empty and large enough.
static int copy_ring(struct pipe_ring *from, struct pipe_ring *to)
{
    size_t held = pipe_ring_used(from);

    while (to->head < held) {
        size_t length = held - to->head;
        char *source = pipe_ring_piece(from, from->tail + to->head, &length);
        char *target = pipe_ring_piece(to, to->head, &length);
        if (!target)
            return -ENOMEM;
        memcpy(target, source, length);
        to->head += length;
    }
    return 0;
}

int pipe_ring_resize(struct pipe_ring *ring, unsigned pages)
{
    struct pipe_ring other;

    if (pipe_ring_used(ring) > pages * PAGE_SIZE)
        return -EBUSY;
    if (!pipe_ring_init(&other, pages))
        return -ENOMEM;
    int error = copy_ring(ring, &other);
    pipe_ring_free(error ? &other : ring);
    if (!error)
        *ring = other;
    return error;
}
