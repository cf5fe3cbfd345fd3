// SPDX-License-Identifier: MIT
//
// AF_UNIX: messages. What is sent is copied into one, which waits in the
// receiver's queue and is copied out of there. It counts against its sender's
// SO_SNDBUF for as long as it exists, wherever it waits: that is the limit of
// what a socket can make others hold.

#include <abi/poll.h>
#include <mm/kmalloc.h>
#include <string.h>

#include "unix.h"

#define MESSAGE_BLOCK (32 * KiB)  // large messages are made of several

static size_t block_count(size_t length)
{
    return (length + MESSAGE_BLOCK - 1) / MESSAGE_BLOCK;
}

static void blocks_free(struct unix_message *m)
{
    if (m->allocated > MESSAGE_BLOCK) {
        for (size_t i = 0; i < block_count(m->allocated); i++)
            kfree(m->blocks[i]);
    }
    kfree(m);
}

static bool blocks_alloc(struct unix_message *m)
{
    for (size_t i = 0; i < block_count(m->length); i++) {
        size_t n = MIN(m->length - i * MESSAGE_BLOCK, MESSAGE_BLOCK);

        m->blocks[i] = kmalloc(n);
        if (!m->blocks[i])
            return false;
    }
    return true;
}

// The bytes of a message of one block follow its header.
struct unix_message *unix_message_create(size_t length)
{
    size_t count = MAX(block_count(length), 1ul);
    size_t header = sizeof(struct unix_message) + count * sizeof(uint8_t *);
    bool single = length <= MESSAGE_BLOCK;
    struct unix_message *m = kmalloc(header + (single ? length : 0));

    if (!m)
        return NULL;
    memset(m, 0, header);
    m->length = m->allocated = length;
    m->memory = header + length;
    if (single) {
        m->blocks[0] = (uint8_t *)m + header;
    } else if (!blocks_alloc(m)) {
        blocks_free(m);
        return NULL;
    }
    return m;
}

int unix_message_fill(struct unix_message *m, struct uio *uio)
{
    size_t before = uio->done;
    int error = 0;

    for (size_t at = 0; at < m->length && error == 0; at += MESSAGE_BLOCK)
        error = copy_from_uio(uio, m->blocks[at / MESSAGE_BLOCK],
                              MIN(m->length - at, MESSAGE_BLOCK));
    if (error < 0)
        uio_revert(uio, uio->done - before);
    return error;
}

uint8_t unix_message_byte(const struct unix_message *m, size_t at)
{
    return m->blocks[at / MESSAGE_BLOCK][at % MESSAGE_BLOCK];
}

int unix_message_copy(const struct unix_message *m, size_t at, size_t n,
                      struct uio *uio)
{
    size_t before = uio->done;
    int error = 0;

    while (n > 0 && error == 0) {
        size_t offset = at % MESSAGE_BLOCK;
        size_t piece = MIN(n, MESSAGE_BLOCK - offset);

        error = copy_to_uio(uio, m->blocks[at / MESSAGE_BLOCK] + offset, piece);
        at += piece;
        n -= piece;
    }
    if (error < 0)
        uio_revert(uio, uio->done - before);
    return error;
}

// ---- SO_SNDBUF ----

static size_t send_limit(const struct unix_socket *u)
{
    return (size_t)READ_ONCE(u->socket.options.send_buffer);
}

bool unix_may_send(const struct unix_socket *u)
{
    return READ_ONCE(u->send_memory) < send_limit(u);
}

// Linux's rule: poll waits for three quarters to be free, so that a writer is
// not woken for every message that the reader takes.
bool unix_is_writable(const struct unix_socket *u)
{
    return READ_ONCE(u->send_memory) * 4 <= send_limit(u);
}

void unix_message_charge(struct unix_message *m, struct unix_socket *sender)
{
    socket_get(&sender->socket);
    m->sender = sender;
    __atomic_fetch_add(&sender->send_memory, m->memory, __ATOMIC_RELAXED);
}

// A datagram socket's messages wait at several receivers, of whom one may never
// read: its sender must not wait for that one's share.
static void release(struct unix_socket *sender, size_t memory)
{
    __atomic_fetch_sub(&sender->send_memory, memory, __ATOMIC_RELAXED);
    if (unix_is_writable(sender) || unix_is_datagram(sender))
        wake_up_events(&sender->socket.wait, POLLOUT | POLLWRNORM | POLLWRBAND);
    socket_put(&sender->socket);
}

// ---- the end ----

void unix_message_free(struct unix_message *m)
{
    struct unix_rights *rights = NULL;

    if (m->rights) {
        WITH_MUTEX(&unix_rights_mutex)
            rights = unix_rights_detach(m);
        unix_rights_free(rights);
    }
    if (m->sender)
        release(m->sender, m->memory);
    blocks_free(m);
}

void unix_messages_free(struct list_node *messages)
{
    struct unix_closer closer;
    struct unix_message *m;

    if (list_empty(messages))
        return;
    unix_closer_begin(&closer);
    while ((m = list_pop_front(messages, struct unix_message, node)))
        unix_message_free(m);
    unix_closer_end(&closer);
}

void unix_queue_take(struct unix_socket *u, struct list_node *messages)
{
    WITH_LOCK(&u->socket.lock) {
        list_splice_back(messages, &u->socket.receive_queue);
        u->socket.receive_bytes = 0;
        if (list_empty(&u->pending))
            u->queue_length = 0;
    }
}
