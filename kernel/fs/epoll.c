// SPDX-License-Identifier: MIT
//
// The ready list of an epoll file, and waiting for it; <fs/epoll.h>. A scan
// takes the whole list and polls one file after the other with no lock held but
// a reference to file and item. What is reported and not edge-triggered goes to
// the end of the list, so that all have their turn.

#include <abi/fcntl.h>
#include <abi/poll.h>
#include <abi/stat.h>
#include <fs/epoll.h>
#include <fs/proc.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>

struct scan {
    struct epoll *epoll;
    struct list_node left;   // (r) not yet looked at
    struct list_node again;  // (r) to look at again next time
};

static void scan_begin(struct scan *scan, struct epoll *epoll)
{
    scan->epoll = epoll;
    list_init(&scan->left);
    list_init(&scan->again);
    WITH_LOCK(&epoll->ready_lock) {
        list_splice_back(&scan->left, &epoll->ready);
        epoll->scans++;
    }
}

// Give back what is left, then what has become ready meanwhile, then the rest.
static void scan_end(struct scan *scan)
{
    struct epoll *epoll = scan->epoll;
    bool more = false, missed = false;

    WITH_LOCK(&epoll->ready_lock) {
        list_splice_back(&scan->left, &epoll->ready);
        list_splice_back(&scan->left, &scan->again);
        list_splice_back(&epoll->ready, &scan->left);
        more = !list_empty(&epoll->ready);
        missed = more && epoll->missed;
        if (--epoll->scans == 0)
            epoll->missed = false;
    }
    // Others may have found the list empty.
    if (more)
        wake_up(&epoll->wait);
    if (missed)
        wake_up(&epoll->poll_wait);
}

// The next item whose file still lives, with a reference to both.
static struct epoll_item *scan_next(struct scan *scan)
{
    struct epoll_item *item = NULL;

    WITH_LOCK(&scan->epoll->ready_lock) {
        do
            item = list_pop_front(&scan->left, struct epoll_item, ready);
        while (item && !file_get_live(item->file));
        if (item)
            item->refs++;
    }
    return item;
}

static void scan_put(struct epoll_item *item)
{
    struct spinlock *lock = &item->epoll->ready_lock;
    struct file *file = item->file;

    spin_lock(lock);
    epoll_item_put_locked(item);
    spin_unlock(lock);
    file_put(file);
}

static void put_back(struct list_node *list, struct epoll_item *item)
{
    if (!item->gone && list_empty(&item->ready))
        list_push_back(list, &item->ready);
}

// What to report of an item whose file has these events: *event, with the
// settings as they were in *before. Disarms it if it is to be reported once.
static bool claim(struct scan *scan, struct epoll_item *item, unsigned events,
                  struct abi_epoll_event *event, uint32_t *before)
{
    WITH_LOCK(&scan->epoll->ready_lock) {
        *before = item->event.events;
        *event = item->event;
        event->events = events & item->event.events & ~EPOLL_FLAGS;
        if (!event->events || item->gone)
            return false;
        if (*before & EPOLLONESHOT)
            item->event.events &= EPOLL_FLAGS;
        else if (!(*before & EPOLLET))
            put_back(&scan->again, item);
    }
    return true;
}

// The report did not reach the user: as if it had never been claimed.
static void unclaim(struct scan *scan, struct epoll_item *item, uint32_t before)
{
    WITH_LOCK(&scan->epoll->ready_lock) {
        if (item->event.events == (before & EPOLL_FLAGS))
            item->event.events = before;
        put_back(&scan->again, item);
    }
}

static int report(struct scan *scan, struct epoll_item *item, uaddr to)
{
    struct abi_epoll_event event;
    uint32_t before;

    if (!claim(scan, item, file_poll(item->file, NULL), &event, &before))
        return 0;
    if (!PUT_USER(to, event))
        return 1;
    unclaim(scan, item, before);
    return -EFAULT;
}

static int collect(struct epoll *epoll, uaddr to, unsigned max)
{
    struct epoll_item *item;
    struct scan scan;
    unsigned n = 0;
    int result = 0;

    scan_begin(&scan, epoll);
    while (n < max && result >= 0 && (item = scan_next(&scan))) {
        result = report(&scan, item, to + n * sizeof(struct abi_epoll_event));
        n += result > 0;
        scan_put(item);
    }
    scan_end(&scan);
    return n || result >= 0 ? (int)n : result;
}

static bool has_ready(struct epoll *epoll)
{
    return READ_ONCE(epoll->ready.next) != &epoll->ready;
}

long epoll_wait_events(struct epoll *epoll, uaddr to, unsigned max,
                       nsec_t deadline)
{
    for (;;) {
        int n = has_ready(epoll) ? collect(epoll, to, max) : 0;
        if (n || !deadline)
            return n;
        int error = wait_event_exclusive_until(&epoll->wait, has_ready(epoll),
                                               deadline);
        if (error)
            return error == -ETIMEDOUT ? 0 : -EINTR;
    }
}

bool epoll_item_ready(struct epoll_item *item, unsigned events)
{
    struct epoll *epoll = item->epoll;
    bool wanted = false;

    WITH_LOCK(&epoll->ready_lock) {
        wanted = !item->gone && (item->event.events & ~EPOLL_FLAGS) &&
                 (!events || (events & item->event.events));
        if (wanted && list_empty(&item->ready))
            list_push_back(&epoll->ready, &item->ready);
    }
    if (wanted) {
        wake_up(&epoll->wait);
        wake_up_events(&epoll->poll_wait, POLLIN | POLLRDNORM);
    }
    return wanted;
}

// ---- the epoll file as a file ----

static void epoll_item_info(const struct epoll_item *item, struct text *text)
{
    struct abi_stat st;

    file_stat(item->file, &st);
    text_printf(
        text, "tfd: %8d events: %8x data: %16lx  pos:%lu ino:%lx sdev:%lx\n",
        item->fd, READ_ONCE(item->event.events),
        (unsigned long)item->event.data, (unsigned long)item->file->position,
        (unsigned long)st.ino, (unsigned long)st.dev);
}

// Is any item ready? Those in front that are not leave the list.
static bool any_ready(struct epoll *epoll)
{
    struct epoll_item *item;
    struct scan scan;
    bool found = false;

    WITH_LOCK(&epoll->ready_lock)
        epoll->missed |= epoll->scans > 0;
    scan_begin(&scan, epoll);
    while (!found && (item = scan_next(&scan))) {
        unsigned events = file_poll(item->file, NULL);
        WITH_LOCK(&epoll->ready_lock) {
            found = events & item->event.events & ~EPOLL_FLAGS;
            if (found && !item->gone && list_empty(&item->ready))
                list_push_front(&scan.left, &item->ready);
        }
        scan_put(item);
    }
    scan_end(&scan);
    return found;
}

static unsigned epoll_poll(struct file *file, struct poll_table *table)
{
    struct epoll *epoll = file->private;

    poll_wait(table, &epoll->poll_wait);
    // Another epoll file comes to look later: now it holds file_watch_lock,
    // and the last reference to a file might be ours.
    if (epoll_is_adding(table) || any_ready(epoll))
        return POLLIN | POLLRDNORM;
    return 0;
}

static void epoll_info(struct file *file, struct text *text)
{
    struct epoll *epoll = file->private;
    struct epoll_item *item;
    uint64_t fd = 0;

    WITH_MUTEX(&file_watch_lock)
        for (; (item = radix_next(&epoll->by_fd, &fd)); fd++)
            for (; item; item = item->same_fd)
                epoll_item_info(item, text);
}

static void epoll_release(struct file *file)
{
    epoll_remove_all(file->private);
    kfree(file->private);
}

const struct file_ops epoll_ops = {
    .name = "eventpoll",
    .poll = epoll_poll,
    .info = epoll_info,
    .release = epoll_release,
};

struct file *epoll_create(void)
{
    struct epoll *epoll = kzalloc(sizeof(*epoll));

    if (!epoll)
        return NULL;
    list_init(&epoll->items);
    list_init(&epoll->ready);
    wait_queue_init(&epoll->wait);
    wait_queue_init(&epoll->poll_wait);
    spin_init(&epoll->ready_lock, RANK_WAKE, "epoll");
    epoll->file = file_create(&epoll_ops, epoll, O_RDWR);
    if (epoll->file)
        return epoll->file;
    kfree(epoll);
    return NULL;
}
