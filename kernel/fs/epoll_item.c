// SPDX-License-Identifier: MIT
//
// What an epoll file watches: items come and go here, under file_watch_lock,
// <fs/epoll.h>. An item holds no reference to its file; it goes when the file
// does, of which file_watch tells it. An item is found by its number: several
// have the same one if it was closed and taken again while the file that it
// stood for lives on under another.

#include <abi/poll.h>
#include <fs/epoll.h>
#include <lib/log.h>
#include <mm/kmalloc.h>

struct epoll_hook {
    struct wait_entry wait;
    struct wait_queue *queue;
    struct epoll_item *item;
    struct epoll_hook *next;
};

// ---- entries on wait queues ----

// With the queue's lock held, maybe in an interrupt.
static bool wake_item(struct wait_entry *wait, unsigned events)
{
    struct epoll_item *item = container_of(wait, struct epoll_hook, wait)->item;
    bool somebody = !list_empty(&item->epoll->wait.entries);

    // An epoll file that nobody waits for leaves the event to another one.
    return epoll_item_ready(item, events) && somebody;
}

struct adding {
    struct poll_table table;
    struct epoll_item *item;
    bool failed;  // no memory
};

static void add_hook(struct poll_table *table, struct wait_queue *queue)
{
    struct adding *adding = container_of(table, struct adding, table);
    struct epoll_item *item = adding->item;
    struct epoll_hook *hook = kmalloc(sizeof(*hook));

    if (!hook) {
        adding->failed = true;
        return;
    }
    *hook =
        (struct epoll_hook){.queue = queue, .item = item, .next = item->hooks};
    wait_init(&hook->wait, item->exclusive);
    hook->wait.wake = wake_item;
    item->hooks = hook;
    wait_queue_add(queue, &hook->wait);
}

bool epoll_is_adding(const struct poll_table *table)
{
    return table && table->add == add_hook;
}

// ---- items by number ----

static struct epoll_item *find(struct epoll *epoll, struct file *file, int fd)
{
    struct epoll_item *item = radix_find(&epoll->by_fd, (unsigned)fd);

    while (item && item->file != file)
        item = item->same_fd;
    return item;
}

static int enter(struct epoll *epoll, struct epoll_item *item)
{
    struct epoll_item *first = radix_find(&epoll->by_fd, (unsigned)item->fd);

    if (!first)
        return radix_insert(&epoll->by_fd, (unsigned)item->fd, item);
    item->same_fd = first->same_fd;
    first->same_fd = item;
    return 0;
}

static void leave(struct epoll *epoll, struct epoll_item *item)
{
    struct epoll_item *at = radix_find(&epoll->by_fd, (unsigned)item->fd);

    if (at != item) {
        while (at->same_fd != item)
            at = at->same_fd;
        at->same_fd = item->same_fd;
    } else if (item->same_fd) {
        radix_replace(&epoll->by_fd, (unsigned)item->fd, item->same_fd);
    } else {
        radix_remove(&epoll->by_fd, (unsigned)item->fd);
    }
}

// ---- the end of an item ----

void epoll_item_put_locked(struct epoll_item *item)
{
    if (--item->refs == 0)
        kfree(item);
}

static void unwatch(struct epoll_item *item)
{
    struct epoll_hook *hook;

    list_remove(&item->watcher.node);
    list_remove(&item->node);
    leave(item->epoll, item);
    while ((hook = item->hooks)) {
        item->hooks = hook->next;
        wait_queue_remove(hook->queue, &hook->wait);
        kfree(hook);
    }
    WITH_LOCK(&item->epoll->ready_lock) {
        item->gone = true;
        list_remove(&item->ready);
        epoll_item_put_locked(item);
    }
}

static void file_ended(struct file_watcher *watcher)
{
    unwatch(container_of(watcher, struct epoll_item, watcher));
}

void epoll_remove_all(struct epoll *epoll)
{
    WITH_MUTEX(&file_watch_lock)
        while (!list_empty(&epoll->items))
            unwatch(list_first(&epoll->items, struct epoll_item, node));
}

// ---- epoll files that watch epoll files ----

static unsigned check;  // number of the latest one

static bool is_epoll(const struct file *file)
{
    return file->ops == &epoll_ops;
}

// How many epoll files are in the longest chain down from this one; too many
// if `above` is among them. A file is visited once in a check.
static unsigned chain_below(struct epoll *epoll, const struct epoll *above)
{
    struct epoll_item *item;
    unsigned longest = 0;

    if (epoll == above)
        return EPOLL_CHAIN_MAX + 1;
    if (epoll->checked == check)
        return epoll->depth;
    list_for_each(item, &epoll->items, node) {
        if (!is_epoll(item->file))
            break;
        longest = MAX(longest, chain_below(item->file->private, above));
    }
    epoll->checked = check;
    return epoll->depth = longest + 1;
}

static unsigned chain_above(struct epoll *epoll)
{
    struct file_watcher *w;
    unsigned longest = 0;

    if (epoll->checked == check)
        return epoll->depth;
    if (epoll->file->watchers.next)
        list_for_each(w, &epoll->file->watchers, node)
            longest =
                MAX(longest,
                    chain_above(
                        container_of(w, struct epoll_item, watcher)->epoll));
    epoll->checked = check;
    return epoll->depth = longest + 1;
}

static bool chain_too_long(struct epoll *epoll, struct epoll *watched)
{
    check++;
    unsigned below = chain_below(watched, epoll);
    check++;
    return below + chain_above(epoll) > EPOLL_CHAIN_MAX;
}

// ---- epoll_ctl ----

static struct abi_epoll_event wanted(const struct abi_epoll_event *event)
{
    return (struct abi_epoll_event){.events = event->events | POLLERR | POLLHUP,
                                    .data = event->data};
}

static struct epoll_item *watch(struct epoll *epoll, struct file *file, int fd,
                                const struct abi_epoll_event *event)
{
    struct epoll_item *item = kzalloc(sizeof(*item));

    if (!item)
        return NULL;
    item->file = file;
    item->fd = fd;
    if (enter(epoll, item)) {
        kfree(item);
        return NULL;
    }
    item->epoll = epoll;
    item->event = wanted(event);
    item->exclusive = event->events & EPOLLEXCLUSIVE;
    item->refs = 1;
    list_init(&item->ready);
    item->watcher.ended = file_ended;
    file_watch(file, &item->watcher);
    if (is_epoll(file))
        list_push_front(&epoll->items, &item->node);
    else
        list_push_back(&epoll->items, &item->node);
    return item;
}

static int add_locked(struct epoll *epoll, struct file *file, int fd,
                      const struct abi_epoll_event *event)
{
    if (find(epoll, file, fd))
        return -EEXIST;
    if (is_epoll(file) && chain_too_long(epoll, file->private))
        return -ELOOP;
    struct epoll_item *item = watch(epoll, file, fd, event);
    if (!item)
        return -ENOMEM;
    struct adding adding = {.table.add = add_hook, .item = item};
    unsigned events = file_poll(file, &adding.table);
    if (adding.failed) {
        unwatch(item);
        return -ENOMEM;
    }
    if (events & item->event.events)
        epoll_item_ready(item, events);
    return 0;
}

int epoll_add(struct epoll *epoll, struct file *file, int fd,
              const struct abi_epoll_event *event)
{
    int error = 0;

    WITH_MUTEX(&file_watch_lock)
        error = add_locked(epoll, file, fd, event);
    return error;
}

// The events may hold already: whoever waits looks.
int epoll_modify(struct epoll *epoll, struct file *file, int fd,
                 const struct abi_epoll_event *event)
{
    WITH_MUTEX(&file_watch_lock) {
        struct epoll_item *item = find(epoll, file, fd);
        if (!item)
            return -ENOENT;
        if (item->exclusive)
            return -EINVAL;
        WITH_LOCK(&epoll->ready_lock)
            item->event = wanted(event);
        epoll_item_ready(item, 0);
    }
    return 0;
}

int epoll_delete(struct epoll *epoll, struct file *file, int fd)
{
    WITH_MUTEX(&file_watch_lock) {
        struct epoll_item *item = find(epoll, file, fd);
        if (!item)
            return -ENOENT;
        unwatch(item);
    }
    return 0;
}
