// SPDX-License-Identifier: MIT
//
// Advisory file locks, see <fs/locks.h>. A lock is a range of bytes and an
// owner: a descriptor table for POSIX locks, an open file for the others.

#include <fs/locks.h>

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <fs/fcntl_command.h>
#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <proc/task.h>

enum lock_family {
    RECORD_LOCK,
    WHOLE_FILE_LOCK
};

struct lock {
    struct list_node node;  // in order of owners' arrival
    enum lock_family family;
    bool exclusive;
    int64_t start, end;  // bytes, both included
    void *owner;
    int pid;  // for F_GETLK; -1: owned by an open file
};

struct lock_list {
    struct list_node locks;
    struct wait_queue wait;
    unsigned changes;  // counts releases; a waiter looks again after each
};

// A task that waits for a POSIX lock, to find circles of such.
struct waiting {
    struct list_node node;
    void *owner, *blocked_by;
};

// Protects all lists of locks and of waiting tasks.
static struct mutex locks_mutex = MUTEX_INIT(locks_mutex, RANK_LEAF_MUTEX);
static struct list_node all_waiting = LIST_INIT(all_waiting);

static bool overlap(const struct lock *a, const struct lock *b)
{
    return a->start <= b->end && b->start <= a->end;
}

static struct lock *find_conflict(struct lock_list *list,
                                  const struct lock *wanted)
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
    struct lock *conflict = unlock ? NULL : find_conflict(list, wanted);

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

static int change_lock(struct inode *inode, const struct lock *wanted,
                       bool unlock, bool wait)
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

// ---- fcntl ----

// The range that a struct flock means.
static int range_from_user(struct file *file, const struct abi_flock *flock,
                           struct lock *lock)
{
    int64_t base = 0, start, end = INT64_MAX;

    if (flock->whence == SEEK_CUR)
        base = (int64_t)READ_ONCE(file->position);
    else if (flock->whence == SEEK_END)
        base = (int64_t)READ_ONCE(file->inode->cache.size);
    else if (flock->whence != SEEK_SET)
        return -EINVAL;
    if (__builtin_add_overflow(base, flock->start, &start))
        return -EOVERFLOW;
    if (flock->length > 0) {
        if (__builtin_add_overflow(start, flock->length - 1, &end))
            return -EOVERFLOW;
    } else if (flock->length < 0) {
        end = start - 1;
        start += flock->length;
    }
    if (start < 0)
        return -EINVAL;
    lock->start = start;
    lock->end = end;
    return 0;
}

static int check_access(const struct file *file, int type)
{
    unsigned access = file->flags & O_ACCMODE;

    if (type == F_RDLCK)
        return access == O_WRONLY ? -EBADF : 0;
    if (type == F_WRLCK)
        return access == O_RDONLY ? -EBADF : 0;
    return type == F_UNLCK ? 0 : -EINVAL;
}

static int get_lock(struct file *file, struct abi_flock *flock,
                    const struct lock *wanted)
{
    struct lock_list *list = file->inode->locks;

    if (flock->type == F_UNLCK)
        return -EINVAL;
    flock->type = F_UNLCK;
    if (!list)
        return 0;
    WITH_MUTEX(&locks_mutex) {
        const struct lock *lock = find_conflict(list, wanted);
        if (!lock)
            break;
        flock->type = lock->exclusive ? F_WRLCK : F_RDLCK;
        flock->whence = SEEK_SET;
        flock->start = lock->start;
        flock->length =
            lock->end == INT64_MAX ? 0 : lock->end - lock->start + 1;
        flock->pid = lock->pid;
    }
    return 0;
}

static long lock_command(struct file *file, unsigned command,
                         unsigned long argument)
{
    bool of_file = command >= F_OFD_GETLK;
    struct abi_flock flock;
    struct lock wanted = {
        .family = RECORD_LOCK,
        .owner = of_file ? (void *)file : current->files,
        .pid = of_file ? -1 : current_process()->pid,
    };

    if (GET_USER(&flock, argument))
        return -EFAULT;
    if (!file->inode || (of_file && flock.pid))
        return -EINVAL;
    int error = range_from_user(file, &flock, &wanted);
    if (error)
        return error;
    wanted.exclusive = flock.type == F_WRLCK;
    if (command == F_GETLK || command == F_OFD_GETLK) {
        error = get_lock(file, &flock, &wanted);
        return error ? error : PUT_USER(argument, flock);
    }
    error = check_access(file, flock.type);
    if (error)
        return error;
    return change_lock(file->inode, &wanted, flock.type == F_UNLCK,
                       command == F_SETLKW || command == F_OFD_SETLKW);
}

FCNTL_COMMAND(getlk) = {F_GETLK, lock_command};
FCNTL_COMMAND(setlk) = {F_SETLK, lock_command};
FCNTL_COMMAND(setlkw) = {F_SETLKW, lock_command};
FCNTL_COMMAND(ofd_getlk) = {F_OFD_GETLK, lock_command};
FCNTL_COMMAND(ofd_setlk) = {F_OFD_SETLK, lock_command};
FCNTL_COMMAND(ofd_setlkw) = {F_OFD_SETLKW, lock_command};

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
        int error = change_lock(file->inode, &wanted, true, false);
        if (error)
            return error;
    }
    return change_lock(file->inode, &wanted, operation == LOCK_UN, wait);
}
