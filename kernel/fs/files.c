// SPDX-License-Identifier: MIT
//
// Descriptor tables: a growing array of files and two bitmaps, shared by the
// tasks that clone(CLONE_FILES) made.

#include <abi/fcntl.h>
#include <fs/file.h>
#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <proc/task.h>
#include <string.h>

#define CAPACITY_FIRST 64
#define CAPACITY_MAX   (1u << 20)
#define RLIMIT_NOFILE  7
#define CLONE_FILES    0x400

static bool bit_get(const uint64_t *map, unsigned i)
{
    return map[i / 64] >> (i % 64) & 1;
}

static void bit_set(uint64_t *map, unsigned i, bool value)
{
    if (value)
        map[i / 64] |= 1ull << (i % 64);
    else
        map[i / 64] &= ~(1ull << (i % 64));
}

// The first clear bit at or after i, or capacity.
static unsigned next_clear(const uint64_t *map, unsigned i, unsigned capacity)
{
    while (i < capacity) {
        uint64_t clear = ~map[i / 64] >> (i % 64);
        if (clear)
            return i + __builtin_ctzll(clear);
        i = (i | 63) + 1;
    }
    return capacity;
}

// ---- tables ----

// One block of memory holds the slots and both maps.
static bool slots_alloc(struct files *files, unsigned capacity)
{
    size_t maps = capacity / 64 * sizeof(uint64_t);
    char *block = kzalloc(capacity * sizeof(struct file *) + 2 * maps);

    if (!block)
        return false;
    files->capacity = capacity;
    files->slots = (struct file **)block;
    files->taken = (uint64_t *)(files->slots + capacity);
    files->close_on_exec = files->taken + capacity / 64;
    return true;
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
        kfree(larger.slots);
        return 0;
    }
    size_t maps = files->capacity / 64 * sizeof(uint64_t);
    memcpy(larger.slots, files->slots, files->capacity * sizeof(struct file *));
    memcpy(larger.taken, files->taken, maps);
    memcpy(larger.close_on_exec, files->close_on_exec, maps);
    kfree(files->slots);
    files->slots = larger.slots;
    files->taken = larger.taken;
    files->close_on_exec = larger.close_on_exec;
    files->capacity = capacity;
    return 0;
}

// What a closed descriptor lets go: its record locks, and its reference.
static void close_file(struct files *files, struct file *file)
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
            close_file(files, files->slots[fd]);
    kfree(files->slots);
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

// ---- descriptors ----

struct file *fd_get_path(long number)
{
    struct files *files = current->files;
    unsigned fd = (unsigned)number;
    struct file *file = NULL;

    // A table that nobody shares is changed by nobody else; /proc's readers
    // hold a reference while they look and only read.
    bool shared = __atomic_load_n(&files->refs, __ATOMIC_ACQUIRE) > 1;
    if (shared)
        spin_lock(&files->lock);
    if (fd < files->capacity && (file = files->slots[fd]))
        file_get(file);
    if (shared)
        spin_unlock(&files->lock);
    return file;
}

struct file *fd_get(long fd)
{
    struct file *file = fd_get_path(fd);

    if (file && unlikely(file->flags & O_PATH)) {
        file_put(file);
        return NULL;
    }
    return file;
}

unsigned fd_limit(void)
{
    uint64_t limit = READ_ONCE(current_process()->limits[RLIMIT_NOFILE].soft);

    return MIN(limit, (uint64_t)CAPACITY_MAX);
}

// Make fd a valid index. Holds the lock, may let it go in between.
static int ensure_slot(struct files *files, unsigned fd)
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

int fd_reserve(int from, bool close_on_exec)
{
    struct files *files = current->files;
    unsigned limit = fd_limit();
    unsigned fd, capacity;
    int error;

    WITH_LOCK(&files->lock) {
        do {
            capacity = files->capacity;
            fd = next_clear(files->taken, (unsigned)from, capacity);
            fd = MAX(fd, (unsigned)from);
            if (fd >= limit)
                return -EMFILE;
            error = ensure_slot(files, fd);
            if (error)
                return error;
        } while (capacity != files->capacity);
        bit_set(files->taken, fd, true);
        bit_set(files->close_on_exec, fd, close_on_exec);
    }
    return (int)fd;
}

void fd_install(int fd, struct file *file)
{
    struct files *files = current->files;

    WITH_LOCK(&files->lock)
        files->slots[fd] = file;
}

void fd_cancel(int fd)
{
    struct files *files = current->files;

    WITH_LOCK(&files->lock)
        bit_set(files->taken, (unsigned)fd, false);
}

int fd_add(struct file *file, bool close_on_exec)
{
    int fd = fd_reserve(0, close_on_exec);

    if (fd < 0)
        file_put(file);
    else
        fd_install(fd, file);
    return fd;
}

// Take a descriptor's file out of its slot and free the number.
static struct file *detach(struct files *files, unsigned fd)
{
    struct file *file = fd < files->capacity ? files->slots[fd] : NULL;

    if (file) {
        files->slots[fd] = NULL;
        bit_set(files->taken, fd, false);
    }
    return file;
}

int fd_close(long fd)
{
    struct files *files = current->files;
    struct file *file = NULL;

    WITH_LOCK(&files->lock)
        file = detach(files, (unsigned)fd);
    if (!file)
        return -EBADF;
    close_file(files, file);
    return 0;
}

int fd_replace(long number, struct file *file, bool close_on_exec)
{
    struct files *files = current->files;
    unsigned fd = (unsigned)number;
    struct file *old = NULL;

    if (fd >= fd_limit())
        return -EBADF;
    WITH_LOCK(&files->lock) {
        int error = ensure_slot(files, fd);
        if (error)
            return error;
        old = files->slots[fd];
        if (!old && bit_get(files->taken, fd))
            return -EBUSY;
        file_get(file);
        files->slots[fd] = file;
        bit_set(files->taken, fd, true);
        bit_set(files->close_on_exec, fd, close_on_exec);
    }
    if (old)
        close_file(files, old);
    return (int)fd;
}

int fd_close_on_exec(long number, int set)
{
    struct files *files = current->files;
    unsigned fd = (unsigned)number;
    int result = -EBADF;

    WITH_LOCK(&files->lock) {
        if (fd < files->capacity && files->slots[fd]) {
            result = bit_get(files->close_on_exec, fd);
            if (set >= 0)
                bit_set(files->close_on_exec, fd, set);
        }
    }
    return result;
}

static int unshare_files(struct task *task)
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

int fd_close_range(unsigned first, unsigned last, unsigned flags)
{
    if ((flags & CLOSE_RANGE_UNSHARE) && unshare_files(current))
        return -ENOMEM;

    struct files *files = current->files;
    for (unsigned fd = first; fd <= last && fd < READ_ONCE(files->capacity);
         fd++) {
        struct file *file = NULL;
        WITH_LOCK(&files->lock) {
            if (!(flags & CLOSE_RANGE_CLOEXEC))
                file = detach(files, fd);
            else if (fd < files->capacity && files->slots[fd])
                bit_set(files->close_on_exec, fd, true);
        }
        if (file)
            close_file(files, file);
    }
    return 0;
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
    if (unshare_files(task))
        return;
    struct files *files = task->files;
    for (unsigned fd = 0; fd < files->capacity; fd++) {
        if (!files->slots[fd] || !bit_get(files->close_on_exec, fd))
            continue;
        struct file *file = NULL;
        WITH_LOCK(&files->lock)
            file = detach(files, fd);
        close_file(files, file);
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
