// SPDX-License-Identifier: MIT
//
// Descriptor tables: a growing array of files and two bitmaps, shared by the
// tasks that clone(CLONE_FILES) made. descriptor.c works on them.

#include <abi/process.h>
#include <mm/kmalloc.h>
#include <proc/task.h>
#include <string.h>

#include "files.h"

#define CAPACITY_FIRST 64

// ---- tables ----

// One block of memory holds the slots, one both maps.
static bool slots_alloc(struct files *files, unsigned capacity)
{
    struct file **slots = kzalloc(capacity * sizeof(struct file *));
    uint64_t *maps = kzalloc(capacity / 64 * 2 * sizeof(uint64_t));

    if (!slots || !maps) {
        kfree(slots);
        kfree(maps);
        return false;
    }
    files->capacity = capacity;
    files->slots = slots;
    files->taken = maps;
    files->close_on_exec = maps + capacity / 64;
    return true;
}

static void slots_free(struct files *files)
{
    kfree(files->slots);
    kfree(files->taken);
}

static struct files *files_create(unsigned capacity)
{
    struct files *files = kzalloc(sizeof(*files));

    if (!files || !slots_alloc(files, capacity)) {
        kfree(files);
        return NULL;
    }
    files->refs = 1;
    spin_init(&files->lock, RANK_FILES, "files");
    return files;
}

// Move everything to a block of at least `capacity`. Called with the lock held;
// it is let go over the allocation, after which the caller looks anew.
static int files_grow(struct files *files, unsigned capacity)
{
    struct files larger;

    spin_unlock(&files->lock);
    bool allocated = slots_alloc(&larger, capacity);
    spin_lock(&files->lock);
    if (!allocated)
        return -ENOMEM;
    if (files->capacity >= capacity) {  // another thread was faster
        slots_free(&larger);
        return 0;
    }
    size_t maps = files->capacity / 64 * sizeof(uint64_t);
    memcpy(larger.slots, files->slots, files->capacity * sizeof(struct file *));
    memcpy(larger.taken, files->taken, maps);
    memcpy(larger.close_on_exec, files->close_on_exec, maps);
    slots_free(files);
    files->slots = larger.slots;
    files->taken = larger.taken;
    files->close_on_exec = larger.close_on_exec;
    files->capacity = capacity;
    return 0;
}

void files_close(struct files *files, struct file *file)
{
    if (file->inode && file->inode->on_close)
        file->inode->on_close(file, files);
    file_put(file);
}

void files_put(struct files *files)
{
    if (__atomic_sub_fetch(&files->refs, 1, __ATOMIC_ACQ_REL))
        return;
    for (unsigned fd = 0; fd < files->capacity; fd++)
        if (files->slots[fd])
            files_close(files, files->slots[fd]);
    slots_free(files);
    kfree(files);
}

struct files *files_of(struct task *task)
{
    if (task->files)
        __atomic_fetch_add(&task->files->refs, 1, __ATOMIC_RELAXED);
    return task->files;
}

static struct files *files_copy(struct files *from)
{
    struct files *copy = files_create(READ_ONCE(from->capacity));

    if (!copy)
        return NULL;
    spin_lock(&from->lock);
    // It may have grown meanwhile; the lower part's size still fits then, and
    // what is above is copied after growing as well.
    while (copy->capacity < from->capacity) {
        unsigned capacity = from->capacity;
        spin_unlock(&from->lock);
        files_put(copy);
        copy = files_create(capacity);
        if (!copy)
            return NULL;
        spin_lock(&from->lock);
    }
    for (unsigned fd = 0; fd < from->capacity; fd++) {
        if (!from->slots[fd])
            continue;
        file_get(from->slots[fd]);
        copy->slots[fd] = from->slots[fd];
        bit_set(copy->taken, fd, true);
        bit_set(copy->close_on_exec, fd, bit_get(from->close_on_exec, fd));
    }
    spin_unlock(&from->lock);
    return copy;
}

int files_ensure(struct files *files, unsigned fd)
{
    while (fd >= files->capacity) {
        unsigned capacity = files->capacity;
        while (capacity <= fd)
            capacity *= 2;
        int error = files_grow(files, capacity);
        if (error)
            return error;
    }
    return 0;
}

struct file *files_detach(struct files *files, unsigned fd)
{
    struct file *file = fd < files->capacity ? files->slots[fd] : NULL;

    if (file) {
        files->slots[fd] = NULL;
        files_free_number(files, fd);
    }
    return file;
}

struct file *files_next(struct files *files, unsigned *fd)
{
    WITH_LOCK(&files->lock) {
        for (; *fd < files->capacity; ++*fd) {
            struct file *file = files->slots[*fd];
            if (!file)
                continue;
            file_get(file);
            return file;
        }
    }
    return NULL;
}

int files_unshare(struct task *task)
{
    struct files *old = task->files;

    if (__atomic_load_n(&old->refs, __ATOMIC_ACQUIRE) == 1)
        return 0;
    struct files *copy = files_copy(old);
    if (!copy)
        return -ENOMEM;
    WITH_LOCK(&process_tree_lock)
        task->files = copy;
    files_put(old);
    return 0;
}

// ---- tasks ----

static int files_fork(struct task *child, unsigned long flags)
{
    struct files *files = current->files;

    if (!files)
        child->files = files_create(CAPACITY_FIRST);
    else if (flags & CLONE_FILES)
        child->files = files_of(current);
    else
        child->files = files_copy(files);
    return child->files ? 0 : -ENOMEM;
}

// Close what is marked so. A table that is shared is copied first; exec fails
// earlier if there is no memory, so here it is only tried.
static void files_exec(struct task *task)
{
    if (files_unshare(task))
        return;
    struct files *files = task->files;
    for (unsigned fd = 0; fd < files->capacity; fd++) {
        if (!files->slots[fd] || !bit_get(files->close_on_exec, fd))
            continue;
        struct file *file = NULL;
        WITH_LOCK(&files->lock)
            file = files_detach(files, fd);
        files_close(files, file);
    }
}

static void files_exit(struct task *task)
{
    struct files *files = task->files;

    WITH_LOCK(&process_tree_lock)
        task->files = NULL;
    if (files)
        files_put(files);
}

TASK_RESOURCE(files) = {files_fork, files_exec, files_exit};
