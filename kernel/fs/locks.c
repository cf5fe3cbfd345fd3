// SPDX-License-Identifier: MIT
//
// Advisory file locks, see <fs/locks.h>. A lock is a range of bytes and an
// owner: a descriptor table for POSIX locks, an open file for the others.

#include "locks.h"

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <proc/task.h>

// A task that waits for a POSIX lock, to find circles of such.
struct waiting {
    struct list_node node;
    void *owner, *blocked_by;
};

struct mutex locks_mutex = MUTEX_INIT(locks_mutex, RANK_LEAF_MUTEX);
static struct list_node all_waiting = LIST_INIT(all_waiting);

static bool overlap(const struct lock *a, const struct lock *b)
{
    return a->start <= b->end && b->start <= a->end;
}

struct lock *locks_conflict(struct lock_list *list, const struct lock *wanted)
{
    struct lock *lock;

    list_for_each(lock, &list->locks, node)
        if (lock->family == wanted->family && lock->owner != wanted->owner &&
            (lock->exclusive || wanted->exclusive) && overlap(lock, wanted))
            return lock;
    return NULL;
}

// Would waiting for the owner of a lock close a circle?
static bool would_deadlock(const void *self, const void *owner)
{
    struct waiting *w;
    bool found = true;

    for (int depth = 0; found && depth < 100; depth++) {
        found = false;
        list_for_each(w, &all_waiting, node) {
            if (w->owner != owner)
                continue;
            if (w->blocked_by == self)
                return true;
            owner = w->blocked_by;
            found = true;
            break;
        }
    }
    return false;
}

static void add_lock(struct lock_list *list, struct lock *node,
                     const struct lock *from, int64_t start, int64_t end)
{
    *node = *from;
    node->start = start;
    node->end = end;
    list_push_back(&list->locks, &node->node);
}

// Take the range out of what the owner holds. One lock may fall in two parts;
// *spare is used for the second then.
static void remove_range(struct lock_list *list, const struct lock *range,
                         struct lock **spare)
{
    struct lock *lock, *next;

    list_for_each_safe(lock, next, &list->locks, node) {
        if (lock->family != range->family || lock->owner != range->owner ||
            !overlap(lock, range))
            continue;
        if (lock->start < range->start && lock->end > range->end) {
            add_lock(list, *spare, lock, range->end + 1, lock->end);
            *spare = NULL;
            lock->end = range->start - 1;
        } else if (lock->start < range->start) {
            lock->end = range->start - 1;
        } else if (lock->end > range->end) {
            lock->start = range->end + 1;
        } else {
            list_remove(&lock->node);
            kfree(lock);
        }
    }
    list->changes++;
    wake_up_all(&list->wait);
}

// Grow a new lock over neighbours of the same kind, so that a program that
// locks byte by byte does not fill memory.
static void merge_neighbours(struct lock_list *list, struct lock *new)
{
    struct lock *lock, *next;

    list_for_each_safe(lock, next, &list->locks, node) {
        if (lock == new || lock->family != new->family ||
            lock->owner != new->owner || lock->exclusive != new->exclusive)
            continue;
        bool before = lock->end != INT64_MAX && lock->end + 1 == new->start;
        bool after = new->end != INT64_MAX &&new->end + 1 == lock->start;
        if (!before && !after)
            continue;
        new->start = MIN(new->start, lock->start);
        new->end = MAX(new->end, lock->end);
        list_remove(&lock->node);
        kfree(lock);
    }
}

static void on_close(struct file *file, struct files *table)
{
    void *owner = table ? (void *)table : file;
    struct lock_list *list = file->inode->locks;
    struct lock *lock, *next;

    WITH_MUTEX(&locks_mutex) {
        list_for_each_safe(lock, next, &list->locks, node) {
            if (lock->owner != owner)
                continue;
            list_remove(&lock->node);
            kfree(lock);
        }
        list->changes++;
    }
    wake_up_all(&list->wait);
}

// The inode's list, made when it is first needed.
static struct lock_list *list_of(struct inode *inode)
{
    WITH_MUTEX(&locks_mutex) {
        if (inode->locks)
            break;
        struct lock_list *list = kzalloc(sizeof(*list));
        if (!list)
            break;
        list_init(&list->locks);
        wait_queue_init(&list->wait);
        inode->locks = list;
        inode->on_close = on_close;
    }
    return inode->locks;
}

// One try. 0, -EAGAIN with *blocked_by, or -ENOMEM.
static int try_lock(struct lock_list *list, const struct lock *wanted,
                    bool unlock, void **blocked_by)
{
    struct lock *conflict = unlock ? NULL : locks_conflict(list, wanted);

    if (conflict) {
        *blocked_by = conflict->owner;
        return -EAGAIN;
    }
    struct lock *new = kmalloc(sizeof(*new));
    struct lock *spare = kmalloc(sizeof(*spare));
    if (!new || !spare) {
        kfree(new);
        kfree(spare);
        return -ENOMEM;
    }
    remove_range(list, wanted, &spare);
    kfree(spare);
    if (unlock) {
        kfree(new);
        return 0;
    }
    add_lock(list, new, wanted, wanted->start, wanted->end);
    merge_neighbours(list, new);
    return 0;
}

int locks_change(struct inode *inode, const struct lock *wanted, bool unlock,
                 bool wait)
{
    struct lock_list *list = list_of(inode);
    struct waiting self = {.owner = wanted->owner};
    int error;

    if (!list)
        return -ENOMEM;
    for (;;) {
        mutex_lock(&locks_mutex);
        error = try_lock(list, wanted, unlock, &self.blocked_by);
        unsigned seen = list->changes;
        if (error == -EAGAIN && wait) {
            error =
                wanted->pid >= 0 && would_deadlock(self.owner, self.blocked_by)
                    ? -EDEADLK
                    : 0;
            if (!error)
                list_push_back(&all_waiting, &self.node);
        } else {
            wait = false;
        }
        mutex_unlock(&locks_mutex);
        if (!wait || error)
            return error;
        error = wait_event_interruptible(&list->wait,
                                         READ_ONCE(list->changes) != seen);
        WITH_MUTEX(&locks_mutex)
            list_remove(&self.node);
        if (error)
            return error;
    }
}

// ---- flock ----

int file_flock(struct file *file, unsigned operation)
{
    bool wait = !(operation & LOCK_NB);
    struct lock wanted = {
        .family = WHOLE_FILE_LOCK,
        .start = 0,
        .end = INT64_MAX,
        .owner = file,
        .pid = -1,
    };

    operation &= ~(unsigned)LOCK_NB;
    if (operation != LOCK_SH && operation != LOCK_EX && operation != LOCK_UN)
        return -EINVAL;
    if (!file->inode)
        return -EBADF;
    wanted.exclusive = operation == LOCK_EX;
    // A change of kind lets the old lock go first, as flock(2) says.
    if (operation != LOCK_UN && file->inode->locks) {
        int error = locks_change(file->inode, &wanted, true, false);
        if (error)
            return error;
    }
    return locks_change(file->inode, &wanted, operation == LOCK_UN, wait);
}
