// SPDX-License-Identifier: MIT
//
// Regular files and directories, the generic part: transfers between a file's
// page cache and the caller, sizes, and listing names from the tree.

#include <abi/dirent.h>
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <fs/vfs.h>
#include <proc/task.h>
#include <string.h>

#define RLIMIT_FSIZE  1
#define FILE_SIZE_MAX INT64_MAX

static ssize_t regular_read(struct file *file, struct uio *uio,
                            uint64_t *position, unsigned flags)
{
    ssize_t n = page_cache_read(&file->inode->cache, *position, uio);

    if (n > 0)
        *position += (uint64_t)n;
    if (!(flags & O_NOATIME))
        inode_accessed(file->inode);
    return n;
}

// How many bytes may be written at a position, by RLIMIT_FSIZE (whose excess is
// told by a signal too) and by the size that a signed offset can name.
static ssize_t writable(uint64_t position, size_t n)
{
    struct process *process = current_process();
    uint64_t limit = process ? process->limits[RLIMIT_FSIZE].soft : UINT64_MAX;

    if (n && position >= limit) {
        signal_task(current, SIGXFSZ, NULL);
        return -EFBIG;
    }
    limit = MIN(limit, (uint64_t)FILE_SIZE_MAX);
    if (n && position >= limit)
        return -EFBIG;
    return (ssize_t)MIN(n, limit - position);
}

// Writing takes the privilege of a set-user-ID program away.
static void drop_set_id(struct inode *inode)
{
    struct process *process = current_process();

    if (!(inode->mode & (S_ISUID | S_ISGID)) || !process || !process->fsuid)
        return;
    inode->mode &= ~S_ISUID;
    if (inode->mode & S_IXGRP)
        inode->mode &= ~S_ISGID;
}

static ssize_t write_locked(struct inode *inode, struct uio *uio,
                            uint64_t *position, unsigned flags)
{
    uint64_t at = flags & O_APPEND ? inode->cache.size : *position;
    ssize_t n = writable(at, uio->resid);

    if (n <= 0)
        return n;
    if (inode->ops->prepare_write) {
        n = inode->ops->prepare_write(inode, at, (size_t)n);
        if (n <= 0)
            return n;
    }
    size_t excess = uio->resid - (size_t)n;
    uio->resid -= excess;
    n = page_cache_write(&inode->cache, at, uio);
    uio->resid += excess;
    if (n <= 0)
        return n;
    *position = at + (uint64_t)n;
    drop_set_id(inode);
    inode_changed(inode, true);
    if (inode->ops->update)
        inode->ops->update(inode);
    return n;
}

static ssize_t regular_write(struct file *file, struct uio *uio,
                             uint64_t *position, unsigned flags)
{
    struct inode *inode = file->inode;

    mutex_lock(&inode->lock);
    ssize_t n = write_locked(inode, uio, position, flags);
    mutex_unlock(&inode->lock);
    return n;
}

static int64_t regular_seek(struct file *file, int64_t offset, int whence)
{
    return seek_within(file, offset, whence,
                       READ_ONCE(file->inode->cache.size));
}

static int regular_mmap(struct file *file, struct mm_map *map)
{
    map->cache = &file->inode->cache;
    return 0;
}

// Without a backing store, the page cache is all there is.
static int regular_fsync(struct file *file)
{
    struct inode *inode = file->inode;

    return inode->ops->sync ? inode->ops->sync(inode) : 0;
}

const struct file_ops regular_file_ops = {
    .name = "file",
    .read = regular_read,
    .write = regular_write,
    .seek = regular_seek,
    .mmap = regular_mmap,
    .fsync = regular_fsync,
};

int inode_truncate(struct inode *inode, uint64_t size)
{
    int error = -EINVAL;

    // Growing counts as writing the last byte.
    if (size > inode->cache.size && writable(size - 1, 1) < 0)
        return -EFBIG;
    int busy = inode_begin_write(inode);
    if (busy)
        return busy;
    WITH_MUTEX(&inode->lock) {
        if (inode->ops->truncate)
            error = inode->ops->truncate(inode, size);
        if (!error) {
            drop_set_id(inode);
            inode_changed(inode, true);
            if (inode->ops->update)
                inode->ops->update(inode);
        }
    }
    inode_end_write(inode);
    return error;
}

// ---- directories ----

bool dir_emit(struct file *file, struct readdir *context, const char *name,
              size_t length, uint64_t inode, uint32_t mode, uint64_t next)
{
    if (!context->emit(context, name, length, inode, DT_OF_MODE(mode), next))
        return false;
    file->position = next;
    return true;
}

bool dir_emit_dots(struct file *file, struct readdir *context)
{
    struct dentry *dentry = file->dentry;

    if (file->position == 0 &&
        !dir_emit(file, context, ".", 1, dentry->inode->number, S_IFDIR, 1))
        return false;
    if (file->position > 1)
        return true;
    struct dentry *root = fs_root();
    struct dentry *parent = dentry_parent(dentry, root);
    uint64_t number = parent->inode->number;
    dentry_put(parent);
    dentry_put(root);
    return dir_emit(file, context, "..", 2, number, S_IFDIR, 2);
}

int64_t directory_seek(struct file *file, int64_t offset, int whence)
{
    if (whence == SEEK_CUR)
        offset += (int64_t)file->position;
    else if (whence != SEEK_SET)
        return -EINVAL;
    return offset < 0 ? -EINVAL : offset;
}

// A position is a name's cookie, which grows along the list, so a listing that
// goes on after names came or went neither repeats nor skips another name.
int tree_readdir(struct file *file, struct readdir *context)
{
    struct dentry *dentry;

    if (!dir_emit_dots(file, context))
        return 0;
    list_for_each(dentry, &file->dentry->children, sibling) {
        if (dentry->cookie < file->position)
            continue;
        if (!dir_emit(file, context, dentry->name, strlen(dentry->name),
                      dentry->inode->number, dentry->inode->mode,
                      dentry->cookie + 1))
            break;
    }
    return 0;
}

int directory_list(struct file *file, struct readdir *context)
{
    struct super_block *super = file->inode ? file->inode->super : NULL;
    int error = -ENOTDIR;

    if (!file->ops->readdir)
        return -ENOTDIR;
    WITH_MUTEX(&file->position_lock) {
        WITH_MUTEX(&super->names_lock)
            error = file->inode->links ? file->ops->readdir(file, context)
                                       : -ENOENT;
    }
    inode_accessed(file->inode);
    return error;
}
