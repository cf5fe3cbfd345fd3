// SPDX-License-Identifier: MIT
//
// Open files: reference counts, and the dispatch of every transfer to the
// operations of what is behind a descriptor.

#include <abi/fcntl.h>
#include <abi/poll.h>
#include <fs/file.h>
#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <stdio.h>
#include <string.h>

struct file *file_create(const struct file_ops *ops, void *private,
                         unsigned flags)
{
    struct file *file = kzalloc(sizeof(*file));

    if (!file)
        return NULL;
    file->refs = 1;
    file->flags = flags;
    file->ops = ops;
    file->private = private;
    mutex_init(&file->position_lock, RANK_FILE, "file position");
    return file;
}

struct mutex file_watch_lock = MUTEX_INIT(file_watch_lock, RANK_FILE_WATCH);

void file_watch(struct file *file, struct file_watcher *watcher)
{
    if (!file->watchers.next)
        list_init(&file->watchers);
    list_push_back(&file->watchers, &watcher->node);
}

static void tell_watchers(struct file *file)
{
    struct file_watcher *w, *next;

    WITH_MUTEX(&file_watch_lock)
        list_for_each_safe(w, next, &file->watchers, node)
            w->ended(w);
}

void file_put(struct file *file)
{
    if (__atomic_sub_fetch(&file->refs, 1, __ATOMIC_ACQ_REL))
        return;
    if (file->watchers.next)
        tell_watchers(file);
    if (file->inode && file->inode->on_close)
        file->inode->on_close(file, NULL);
    if (file->ops->release)
        file->ops->release(file);
    if (file->writes)
        inode_end_write(file->inode);
    if (file->dentry)
        dentry_put(file->dentry);
    kfree(file);
}

typedef ssize_t (*transfer_fn)(struct file *, struct uio *, uint64_t *,
                               unsigned);

static ssize_t transfer(struct file *file, transfer_fn operation,
                        struct uio *uio, uint64_t *position)
{
    unsigned flags = READ_ONCE(file->flags);

    if (!operation)
        return file->inode && S_ISDIR(file->inode->mode) ? -EISDIR : -EINVAL;
    if (!file->ops->seek)
        return position ? -ESPIPE : operation(file, uio, NULL, flags);
    if (position)
        return operation(file, uio, position, flags);

    mutex_lock(&file->position_lock);
    ssize_t n = operation(file, uio, &file->position, flags);
    mutex_unlock(&file->position_lock);
    return n;
}

ssize_t file_read(struct file *file, struct uio *uio, uint64_t *position)
{
    if ((file->flags & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    return transfer(file, file->ops->read, uio, position);
}

ssize_t file_write(struct file *file, struct uio *uio, uint64_t *position)
{
    if ((file->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    return transfer(file, file->ops->write, uio, position);
}

int64_t seek_within(struct file *file, int64_t offset, int whence,
                    uint64_t size)
{
    int64_t base = 0;

    switch (whence) {
    case SEEK_SET:
        break;
    case SEEK_CUR:
        base = (int64_t)file->position;
        break;
    case SEEK_END:
        base = (int64_t)size;
        break;
    case SEEK_DATA:
    case SEEK_HOLE:
        // All of the file counts as data, with the one hole at its end.
        if (offset < 0 || (uint64_t)offset >= size)
            return -ENXIO;
        return whence == SEEK_DATA ? offset : (int64_t)size;
    default:
        return -EINVAL;
    }
    if (__builtin_add_overflow(base, offset, &base))
        return -EOVERFLOW;
    return base < 0 ? -EINVAL : base;
}

int64_t file_seek(struct file *file, int64_t offset, int whence)
{
    if (!file->ops->seek)
        return -ESPIPE;
    mutex_lock(&file->position_lock);
    int64_t position = file->ops->seek(file, offset, whence);
    if (position >= 0)
        file->position = (uint64_t)position;
    mutex_unlock(&file->position_lock);
    return position;
}

void file_stat(struct file *file, struct abi_stat *st)
{
    memset(st, 0, sizeof(*st));
    if (file->ops->stat)
        file->ops->stat(file, st);
    else if (file->inode)
        inode_stat(file->inode, st);
    else
        *st = (struct abi_stat){.mode = 0600, .nlink = 1, .blksize = PAGE_SIZE};
}

// ---- mappings ----

static void vma_file_get(void *file)
{
    file_get(file);
}

static void vma_file_put(void *file)
{
    file_put(file);
}

static void vma_file_describe(void *arg, char *path, size_t n, uint64_t *inode)
{
    struct file *file = arg;

    file_describe(file, path, n);
    *inode = file->inode ? file->inode->number : 0;
}

const struct vma_file_ops file_vma_ops = {
    .get = vma_file_get,
    .put = vma_file_put,
    .describe = vma_file_describe,
};

int file_mmap(struct file *file, struct mm_map *map)
{
    unsigned access = file->flags & O_ACCMODE;

    if (access == O_WRONLY)
        return -EACCES;
    if ((map->flags & VMA_SHARED) && (map->flags & VMA_WRITE) &&
        access != O_RDWR)
        return -EACCES;
    if (!file->ops->mmap)
        return -ENODEV;
    map->file = file;
    map->file_ops = &file_vma_ops;
    return file->ops->mmap(file, map);
}

void file_describe(struct file *file, char *buf, size_t n)
{
    if (file->ops->describe)
        file->ops->describe(file, buf, n);
    else if (!file->dentry || dentry_path(file->dentry, buf, n, true) < 0)
        snprintf(buf, n, "anon_inode:[%s]", file->ops->name);
}
