// SPDX-License-Identifier: MIT
//
// The memory devices: null, zero, full, random, urandom (mem(4), random(4)).

#include <abi/errno.h>
#include <fs/vfs.h>
#include <lib/random.h>

static ssize_t null_read(struct file *file, struct uio *uio, uint64_t *position,
                         unsigned flags)
{
    (void)file, (void)uio, (void)position, (void)flags;
    return 0;
}

static ssize_t null_write(struct file *file, struct uio *uio,
                          uint64_t *position, unsigned flags)
{
    size_t n = uio->resid;

    (void)file, (void)position, (void)flags;
    uio_advance(uio, n);
    return (ssize_t)n;
}

static ssize_t zero_read(struct file *file, struct uio *uio, uint64_t *position,
                         unsigned flags)
{
    size_t before = uio->done;
    int error = zero_to_uio(uio, uio->resid);

    (void)file, (void)position, (void)flags;
    return uio->done > before ? (ssize_t)(uio->done - before) : error;
}

static ssize_t full_write(struct file *file, struct uio *uio,
                          uint64_t *position, unsigned flags)
{
    (void)file, (void)uio, (void)position, (void)flags;
    return -ENOSPC;
}

static ssize_t random_read(struct file *file, struct uio *uio,
                           uint64_t *position, unsigned flags)
{
    size_t before = uio->done;
    uint8_t chunk[256];
    int error = 0;

    (void)file, (void)position, (void)flags;
    while (uio->resid && !error && !signal_pending()) {
        size_t n = MIN(uio->resid, sizeof(chunk));
        random_bytes(chunk, n);
        error = copy_to_uio(uio, chunk, n);
        cond_resched();
    }
    if (uio->done > before)
        return (ssize_t)(uio->done - before);
    return error ? error : uio->resid ? -ERESTARTSYS : 0;
}

// What is written stirs the pool, but is not believed to be entropy.
static ssize_t random_write(struct file *file, struct uio *uio,
                            uint64_t *position, unsigned flags)
{
    size_t before = uio->done;
    uint8_t chunk[256];
    int error = 0;

    (void)file, (void)position, (void)flags;
    while (uio->resid && !error) {
        size_t n = MIN(uio->resid, sizeof(chunk));
        error = copy_from_uio(uio, chunk, n);
        if (!error)
            random_add(chunk, n, 0);
    }
    return uio->done > before ? (ssize_t)(uio->done - before) : error;
}

static int64_t memory_seek(struct file *file, int64_t offset, int whence)
{
    (void)file, (void)offset, (void)whence;
    return 0;
}

// A private mapping of /dev/zero is anonymous memory.
static int zero_mmap(struct file *file, struct mm_map *map)
{
    (void)file;
    map->file = NULL;
    map->file_ops = NULL;
    map->cache_index = 0;
    return 0;
}

static const struct file_ops null_ops = {
    .name = "null",
    .read = null_read,
    .write = null_write,
    .seek = memory_seek,
};
static const struct file_ops zero_ops = {
    .name = "zero",
    .read = zero_read,
    .write = null_write,
    .seek = memory_seek,
    .mmap = zero_mmap,
};
static const struct file_ops full_ops = {
    .name = "full",
    .read = zero_read,
    .write = full_write,
    .seek = memory_seek,
};
static const struct file_ops random_ops = {
    .name = "random",
    .read = random_read,
    .write = random_write,
    .seek = memory_seek,
};

DEVICE(null) = {"null", S_IFCHR | 0666, MAKEDEV(1, 3), &null_ops};
DEVICE(zero) = {"zero", S_IFCHR | 0666, MAKEDEV(1, 5), &zero_ops};
DEVICE(full) = {"full", S_IFCHR | 0666, MAKEDEV(1, 7), &full_ops};
DEVICE(random) = {"random", S_IFCHR | 0666, MAKEDEV(1, 8), &random_ops};
DEVICE(urandom) = {"urandom", S_IFCHR | 0666, MAKEDEV(1, 9), &random_ops};
