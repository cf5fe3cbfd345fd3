// SPDX-License-Identifier: MIT
//
// Descriptors of the running task: looking one up, which nearly every system
// call begins with, and taking, filling and closing them.

#include <abi/fcntl.h>
#include <abi/process.h>
#include <proc/task.h>

#include "files.h"

#define DESCRIPTORS_MAX (1u << 20)  // whatever RLIMIT_NOFILE says

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

    return MIN(limit, (uint64_t)DESCRIPTORS_MAX);
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
            unsigned start = MAX((unsigned)from, files->first_free);
            fd = MAX(next_clear(files->taken, start, capacity), start);
            if (fd >= limit)
                return -EMFILE;
            error = files_ensure(files, fd);
            if (error)
                return error;
        } while (capacity != files->capacity);
        bit_set(files->taken, fd, true);
        bit_set(files->close_on_exec, fd, close_on_exec);
        if ((unsigned)from <= files->first_free)
            files->first_free = fd + 1;
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
        files_free_number(files, (unsigned)fd);
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

int fd_close(long fd)
{
    struct files *files = current->files;
    struct file *file = NULL;

    WITH_LOCK(&files->lock)
        file = files_detach(files, (unsigned)fd);
    if (!file)
        return -EBADF;
    files_close(files, file);
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
        int error = files_ensure(files, fd);
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
        files_close(files, old);
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

int fd_close_range(unsigned first, unsigned last, unsigned flags)
{
    if ((flags & CLOSE_RANGE_UNSHARE) && files_unshare(current))
        return -ENOMEM;

    struct files *files = current->files;
    for (unsigned fd = first; fd <= last && fd < READ_ONCE(files->capacity);
         fd++) {
        struct file *file = NULL;
        WITH_LOCK(&files->lock) {
            if (!(flags & CLOSE_RANGE_CLOEXEC))
                file = files_detach(files, fd);
            else if (fd < files->capacity && files->slots[fd])
                bit_set(files->close_on_exec, fd, true);
        }
        if (file)
            files_close(files, file);
    }
    return 0;
}
