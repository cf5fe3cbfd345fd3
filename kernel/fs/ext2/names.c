// SPDX-License-Identifier: MIT
//
// ext2: the inode operations on names. Entries of directories change before
// counts of links where that leaves, after a loss of power, too many links
// rather than too few.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <mm/kmalloc.h>
#include <string.h>

#include "ext2.h"

#define SHORT_LINK_MAX (EXT2_POINTERS * sizeof(uint32_t) - 1)
#define LINKS_MAX      32000  // of an inode, as Linux has it

static int lookup(struct inode *dir, struct dentry *dentry)
{
    struct ext2 *fs = ext2_of(dir);
    struct inode *inode = NULL;
    uint32_t number;

    mutex_lock(&fs->lock);
    int error = ext2_entry_find(dir, dentry->name, &number);
    if (error == 0)
        error = ext2_inode_get(fs, number, &inode);
    mutex_unlock(&fs->lock);
    if (error == 0)
        dentry_attach(dentry, inode);
    return error == -ENOENT ? 0 : error;
}

// ---- create ----

static int write_target(struct inode *inode, const char *target)
{
    struct ext2_inode *own = ext2_inode_of(inode);
    size_t length = strlen(target);
    struct page *page;
    uint32_t block;

    if (length <= SHORT_LINK_MAX) {
        memcpy(own->block, target, length);
    } else {
        int error = ext2_map(inode, 0, true, &block);
        if (error == 0)
            error = ext2_get_new(ext2_of(inode), block, &page);
        if (error)
            return error;
        memcpy(page_to_virt(page), target, length);
        ext2_put_dirty(ext2_of(inode), page);
    }
    ext2_set_size(inode, length);
    return 0;
}

static int fill_new(struct inode *dir, struct inode *inode, const char *target)
{
    if (S_ISDIR(inode->mode))
        return ext2_directory_init(inode, dir->number);
    if (S_ISLNK(inode->mode))
        return write_target(inode, target);
    return 0;
}

static void count_links(struct inode *inode, int step)
{
    inode->links += step;
    ext2_inode_changed(inode);
}

static int create_locked(struct inode *dir, struct dentry *dentry,
                         uint32_t mode, uint64_t rdev, const char *target,
                         struct inode **result)
{
    struct ext2 *fs = ext2_of(dir);
    struct inode *inode;

    if (S_ISDIR(mode) && dir->links >= LINKS_MAX)
        return -EMLINK;
    int error = ext2_inode_create(dir, mode, rdev, &inode);
    if (error)
        return error;
    error = fill_new(dir, inode, target);
    if (error == 0)
        error = ext2_inode_write(inode);
    if (error == 0)
        error = ext2_entry_add(dir, dentry->name, inode->number, mode);
    if (error) {
        inode->links = 0;
        ext2_inode_forget(fs, inode);
    } else if (S_ISDIR(mode)) {  // "." and the new ".."
        count_links(inode, 1);
        count_links(dir, 1);
    }
    ext2_inode_changed(inode);  // the VFS may set its group yet
    *result = inode;
    return error;
}

static int create(struct inode *dir, struct dentry *dentry, uint32_t mode,
                  uint64_t rdev, const char *target)
{
    struct ext2 *fs = ext2_of(dir);
    struct inode *inode = NULL;

    if (target && strlen(target) >= EXT2_BLOCK_SIZE)
        return -ENAMETOOLONG;
    mutex_lock(&fs->lock);
    int error = create_locked(dir, dentry, mode, rdev, target, &inode);
    mutex_unlock(&fs->lock);
    if (error == 0)
        dentry_attach(dentry, inode);
    else if (inode)
        inode_put(inode);
    return error;
}

// ---- link, unlink ----

static int link(struct inode *dir, struct dentry *dentry, struct inode *inode)
{
    struct ext2 *fs = ext2_of(dir);
    int error;

    if (inode->links >= LINKS_MAX)
        return -EMLINK;
    mutex_lock(&fs->lock);
    count_links(inode, 1);
    error = ext2_entry_add(dir, dentry->name, inode->number, inode->mode);
    if (error)
        count_links(inode, -1);
    mutex_unlock(&fs->lock);
    if (error == 0) {
        inode_get(inode);
        dentry_attach(dentry, inode);
    }
    return error;
}

// An inode has lost a name, a directory its last one.
static void drop_name(struct inode *dir, struct inode *inode)
{
    if (S_ISDIR(inode->mode)) {
        inode->links = 0;
        count_links(dir, dir->links > 2 ? -1 : 0);
    } else if (inode->links > 0) {
        count_links(inode, -1);
    }
    if (inode->links == 0)
        ext2_inode_forget(ext2_of(inode), inode);
}

static int unlink_locked(struct inode *dir, struct dentry *dentry)
{
    struct inode *inode = dentry->inode;
    int error = S_ISDIR(inode->mode) ? ext2_directory_is_empty(inode) : 0;

    if (error == 0)
        error = ext2_entry_remove(dir, dentry->name);
    if (error == 0)
        drop_name(dir, inode);
    return error;
}

static int unlink(struct inode *dir, struct dentry *dentry)
{
    struct ext2 *fs = ext2_of(dir);

    mutex_lock(&fs->lock);
    int error = unlink_locked(dir, dentry);
    mutex_unlock(&fs->lock);
    return error;
}

// ---- rename ----

// A directory moves: its ".." and the counts that follow from it.
static int move_parent(struct inode *directory, struct inode *from_dir,
                       struct inode *to_dir)
{
    if (!S_ISDIR(directory->mode) || from_dir == to_dir)
        return 0;
    int error = ext2_entry_set(directory, "..", to_dir->number, S_IFDIR);
    if (error == 0) {
        count_links(to_dir, 1);
        count_links(from_dir, -1);
    }
    return error;
}

static int exchange_names(struct inode *from_dir, struct dentry *from,
                          struct inode *to_dir, struct dentry *to)
{
    struct inode *one = from->inode, *other = to->inode;
    int error = ext2_entry_set(to_dir, to->name, one->number, one->mode);

    if (error == 0)
        error =
            ext2_entry_set(from_dir, from->name, other->number, other->mode);
    if (error == 0)
        error = move_parent(one, from_dir, to_dir);
    if (error == 0)
        error = move_parent(other, to_dir, from_dir);
    return error;
}

static int move_name(struct inode *from_dir, struct dentry *from,
                     struct inode *to_dir, struct dentry *to)
{
    struct inode *inode = from->inode, *replaced = to->inode;
    int error = 0;

    if (replaced && S_ISDIR(replaced->mode))
        error = ext2_directory_is_empty(replaced);
    if (error == 0)
        error =
            replaced
                ? ext2_entry_set(to_dir, to->name, inode->number, inode->mode)
                : ext2_entry_add(to_dir, to->name, inode->number, inode->mode);
    if (error == 0)
        error = ext2_entry_remove(from_dir, from->name);
    if (error == 0)
        error = move_parent(inode, from_dir, to_dir);
    if (error == 0 && replaced)
        drop_name(to_dir, replaced);
    return error;
}

static int rename(struct inode *from_dir, struct dentry *from,
                  struct inode *to_dir, struct dentry *to, bool exchange)
{
    struct ext2 *fs = ext2_of(from_dir);

    mutex_lock(&fs->lock);
    int error = exchange ? exchange_names(from_dir, from, to_dir, to)
                         : move_name(from_dir, from, to_dir, to);
    mutex_unlock(&fs->lock);
    return error;
}

// ---- links ----

static int copy_target(struct inode *inode, char *target)
{
    struct ext2_inode *own = ext2_inode_of(inode);
    size_t length = inode->cache.size;
    struct page *page;
    uint32_t block;

    if (own->sectors == 0) {
        memcpy(target, own->block, MIN(length, SHORT_LINK_MAX));
        return 0;
    }
    int error = ext2_map(inode, 0, false, &block);
    if (error == 0)
        error = ext2_get(ext2_of(inode), block, &page);
    if (error)
        return error;
    memcpy(target, page_to_virt(page), length);
    page_put(page);
    return 0;
}

static int readlink(struct inode *inode, char **target)
{
    struct ext2 *fs = ext2_of(inode);

    *target = kzalloc(inode->cache.size + 1);
    if (!*target)
        return -ENOMEM;
    mutex_lock(&fs->lock);
    int error = copy_target(inode, *target);
    mutex_unlock(&fs->lock);
    if (error) {
        kfree(*target);
        *target = NULL;
    }
    return error;
}

const struct inode_ops ext2_inode_ops = {
    .lookup = lookup,
    .create = create,
    .link = link,
    .unlink = unlink,
    .rename = rename,
    .readlink = readlink,
    .prepare_write = ext2_prepare_write,
    .truncate = ext2_truncate,
    .sync = ext2_sync_inode,
    .update = ext2_update,
    .evict = ext2_evict,
};

static int directory_fsync(struct file *file)
{
    return ext2_sync_inode(file->inode);
}

const struct file_ops ext2_directory_ops = {
    .name = "directory",
    .seek = directory_seek,
    .readdir = ext2_readdir,
    .fsync = directory_fsync,
};
