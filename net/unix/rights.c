// SPDX-License-Identifier: MIT
//
// AF_UNIX: files in messages, SCM_RIGHTS. A message holds a reference on each
// of them. How many a user has on the way is limited by RLIMIT_NOFILE, and
// AF_UNIX sockets among them are counted, for the collector.
//
// Freeing a message closes its files; one of them may be a socket whose queue
// holds messages with files, and so on. The depth of that must not become the
// depth of the stack, so what is to be closed goes to a list of the task's
// (struct unix_closer), which its outermost call works through.

#include <abi/errno.h>
#include <abi/process.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <proc/task.h>
#include <string.h>

#include "unix.h"

struct unix_rights {
    struct list_node node;  // (closers_lock) unix_closer.todo
    uint32_t uid;           // (i) who sent it
    unsigned count;         // (i)
    struct file *files[];   // (i) references
};

// One user's files in flight.
struct flight_count {
    struct list_node node;  // (r) counts
    uint32_t uid;           // (i)
    unsigned files;         // (r)
};

struct mutex unix_rights_mutex =
    MUTEX_INIT(unix_rights_mutex, RANK_UNIX_RIGHTS);
static struct list_node counts = LIST_INIT(counts);  // (r)

// ---- closing ----

static struct spinlock closers_lock = SPINLOCK_INIT(RANK_SPIN);
static struct list_node closers = LIST_INIT(closers);  // (closers_lock)

// The running task's. closers_lock held.
static struct unix_closer *current_closer(void)
{
    struct unix_closer *c;

    list_for_each(c, &closers, node) {
        if (c->task == current)
            return c;
    }
    return NULL;
}

void unix_closer_begin(struct unix_closer *closer)
{
    *closer = (struct unix_closer){.task = current};
    list_init(&closer->node);
    list_init(&closer->todo);
    WITH_LOCK(&closers_lock) {
        if (!current_closer())
            list_push_back(&closers, &closer->node);
    }
}

static struct unix_rights *next_to_close(struct unix_closer *closer)
{
    struct unix_rights *rights;

    WITH_LOCK(&closers_lock) {
        rights = list_pop_front(&closer->todo, struct unix_rights, node);
        if (!rights)
            list_remove(&closer->node);
    }
    return rights;
}

void unix_closer_end(struct unix_closer *closer)
{
    struct unix_rights *rights;

    while ((rights = next_to_close(closer))) {
        for (unsigned i = 0; i < rights->count; i++)
            file_put(rights->files[i]);
        kfree(rights);
    }
    if (closer->collect)
        unix_collect_after_close();
}

bool unix_closer_collects(void)
{
    struct unix_closer *c;

    WITH_LOCK(&closers_lock) {
        c = current_closer();
        if (c)
            c->collect = true;
    }
    return c;
}

void unix_rights_free(struct unix_rights *rights)
{
    struct unix_closer closer;

    if (!rights)
        return;
    unix_closer_begin(&closer);
    WITH_LOCK(&closers_lock)
        list_push_back(&current_closer()->todo, &rights->node);
    unix_closer_end(&closer);
}

// ---- making ----

static bool is_rights(const struct control_item *item)
{
    return item->level == SOL_SOCKET && item->type == SCM_RIGHTS;
}

static int add_files(struct unix_rights *rights,
                     const struct control_item *item)
{
    const int *fds = item->data;

    for (size_t i = 0; i < item->length / sizeof(int); i++) {
        struct file *file = fd_get_path(fds[i]);
        if (!file)
            return -EBADF;
        rights->files[rights->count++] = file;
    }
    return 0;
}

int unix_rights_create(const struct message *message,
                       struct unix_rights **result)
{
    struct control_item item;
    size_t count = 0;

    *result = NULL;
    control_for_each(item, message) count +=
        is_rights(&item) ? item.length / sizeof(int) : 0;
    if (count == 0)
        return 0;
    if (count > SCM_MAX_FD)
        return -EINVAL;
    struct unix_rights *rights =
        kzalloc(sizeof(*rights) + count * sizeof(rights->files[0]));
    if (!rights)
        return -ENOMEM;
    rights->uid = current_process()->uid;
    control_for_each(item, message)
    {
        int error = is_rights(&item) ? add_files(rights, &item) : 0;
        if (error < 0) {
            unix_rights_free(rights);
            return error;
        }
    }
    *result = rights;
    return 0;
}

int unix_rights_put(struct message *message, const struct unix_message *m)
{
    int error;

    // The collector wants nobody to get hold of a socket while it works.
    WITH_MUTEX(&unix_rights_mutex)
        error = control_put_files(message, m->rights->files, m->rights->count);
    return error;
}

// ---- in flight ----

static struct flight_count *find_count(uint32_t uid)
{
    struct flight_count *c;

    list_for_each(c, &counts, node) {
        if (c->uid == uid)
            return c;
    }
    c = kzalloc(sizeof(*c));
    if (c) {
        c->uid = uid;
        list_push_back(&counts, &c->node);
    }
    return c;
}

static void drop_count(struct flight_count *c)
{
    if (c->files > 0)
        return;
    list_remove(&c->node);
    kfree(c);
}

static bool too_many(const struct flight_count *c)
{
    const struct process *p = current_process();

    return c->files > READ_ONCE(p->limits[RLIMIT_NOFILE].soft) && p->euid != 0;
}

int unix_rights_attach(struct unix_message *m, struct unix_rights *rights)
{
    WITH_MUTEX(&unix_rights_mutex) {
        struct flight_count *c = find_count(rights->uid);
        if (!c)
            return -ENOMEM;
        if (too_many(c)) {
            drop_count(c);
            return -ETOOMANYREFS;
        }
        c->files += rights->count;
        for (unsigned i = 0; i < rights->count; i++) {
            struct unix_socket *u = unix_of_file(rights->files[i]);
            if (u)
                unix_flight_begin(u, rights->files[i]);
        }
        m->rights = rights;
    }
    return 0;
}

struct unix_rights *unix_rights_detach(struct unix_message *m)
{
    struct unix_rights *rights = m->rights;
    struct flight_count *c = find_count(rights->uid);

    assert_debug(mutex_held(&unix_rights_mutex));
    unix_rights_each_socket(m, unix_flight_end);
    c->files -= rights->count;
    drop_count(c);
    m->rights = NULL;
    return rights;
}

void unix_rights_each_socket(const struct unix_message *m,
                             void (*visit)(struct unix_socket *u))
{
    for (unsigned i = 0; m->rights && i < m->rights->count; i++) {
        struct unix_socket *u = unix_of_file(m->rights->files[i]);
        if (u)
            visit(u);
    }
}
