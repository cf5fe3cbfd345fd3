// SPDX-License-Identifier: MIT
//
// Waiting for any of several files: an entry on each wait queue that a file's
// poll operation names, all of which wake one task.

#include <fs/poll.h>

#include <abi/poll.h>
#include <mm/kmalloc.h>

#define BLOCK_ENTRIES 30

struct poll_block {
    struct poll_block *next;
    unsigned used;
    struct poll_entry entries[BLOCK_ENTRIES];
};

unsigned file_poll(struct file *file, struct poll_table *table)
{
    if (!file->ops->poll)
        return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
    return file->ops->poll(file, table);
}

static bool wake_waiter(struct wait_entry *wait, unsigned events)
{
    struct poll_waiter *waiter =
        container_of(wait, struct poll_entry, wait)->waiter;

    (void)events;
    WRITE_ONCE(waiter->triggered, true);
    wake_task(waiter->task);
    return false;
}

static struct poll_entry *new_entry(struct poll_waiter *waiter)
{
    if (waiter->used < POLL_FAST)
        return &waiter->fast[waiter->used++];
    if (!waiter->blocks || waiter->blocks->used == BLOCK_ENTRIES) {
        struct poll_block *block = kmalloc(sizeof(*block));
        if (!block)
            return NULL;
        block->next = waiter->blocks;
        block->used = 0;
        waiter->blocks = block;
    }
    return &waiter->blocks->entries[waiter->blocks->used++];
}

static void add(struct poll_table *table, struct wait_queue *queue)
{
    struct poll_waiter *waiter = container_of(table, struct poll_waiter, table);
    struct poll_entry *entry = new_entry(waiter);

    if (!entry) {
        waiter->error = -ENOMEM;
        return;
    }
    wait_init(&entry->wait, false);
    entry->wait.wake = wake_waiter;
    entry->waiter = waiter;
    entry->queue = queue;
    wait_queue_add(queue, &entry->wait);
}

void poll_waiter_init(struct poll_waiter *waiter)
{
    waiter->table.add = add;
    waiter->task = current;
    waiter->triggered = false;
    waiter->error = 0;
    waiter->used = 0;
    waiter->blocks = NULL;
    wait_queue_init(&waiter->own);
}

void poll_waiter_reset(struct poll_waiter *waiter)
{
    WRITE_ONCE(waiter->triggered, false);
    // The look at the files comes after: what changes later triggers again.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

int poll_waiter_sleep(struct poll_waiter *waiter, nsec_t deadline)
{
    // Nothing wakes this queue; the entries above wake the task itself.
    return wait_event_interruptible_until(
        &waiter->own, READ_ONCE(waiter->triggered), deadline);
}

void poll_waiter_end(struct poll_waiter *waiter)
{
    for (unsigned i = 0; i < waiter->used; i++)
        wait_queue_remove(waiter->fast[i].queue, &waiter->fast[i].wait);
    while (waiter->blocks) {
        struct poll_block *block = waiter->blocks;
        for (unsigned i = 0; i < block->used; i++)
            wait_queue_remove(block->entries[i].queue, &block->entries[i].wait);
        waiter->blocks = block->next;
        kfree(block);
    }
}

int file_wait(struct file *file, unsigned events)
{
    struct poll_waiter waiter;
    struct poll_table *table = &waiter.table;
    int error = 0;

    events |= POLLERR | POLLHUP;
    poll_waiter_init(&waiter);
    for (;;) {
        poll_waiter_reset(&waiter);
        if (file_poll(file, table) & events)
            break;
        table = NULL;
        error = waiter.error;
        if (!error)
            error = poll_waiter_sleep(&waiter, NSEC_FOREVER);
        if (error)
            break;
    }
    poll_waiter_end(&waiter);
    return error;
}
