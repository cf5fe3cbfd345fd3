// SPDX-License-Identifier: MIT
//
// ext2: inodes. One that was used stays in memory, with its pages, in a map by
// number, until it loses its last name, the file system is unmounted, or memory
// runs short (super.c). Contents of regular files move between the disk and the
// inode's page cache, a page at a time.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <string.h>

#include "ext2.h"

// ---- contents of regular files ----

static struct inode *inode_of(struct page_cache *cache)
{
    return container_of(cache, struct inode, cache);
}

static int transfer(struct inode *inode, bool write, struct page *page,
                    uint32_t block)
{
    struct block_device *device = ext2_of(inode)->device;

    return device->ops->transfer(device, write, (uint64_t)block * EXT2_SECTORS,
                                 page_to_virt(page), EXT2_BLOCK_SIZE);
}

static int map_locked(struct inode *inode, uint64_t index, bool create,
                      uint32_t *block)
{
    struct ext2 *fs = ext2_of(inode);

    mutex_lock(&fs->lock);
    int error = ext2_map(inode, index, create, block);
    mutex_unlock(&fs->lock);
    return error;
}

static int read_page(struct page_cache *cache, struct page *page,
                     uint64_t index)
{
    struct inode *inode = inode_of(cache);
    uint32_t block;
    int error = map_locked(inode, index, false, &block);

    // A hole: the page is zeroed already.
    return error || block == 0 ? error : transfer(inode, false, page, block);
}

static int write_page(struct page_cache *cache, struct page *page,
                      uint64_t index)
{
    struct inode *inode = inode_of(cache);
    uint32_t block;
    int error = map_locked(inode, index, true, &block);

    return error ? error : transfer(inode, true, page, block);
}

static void dirtied(struct page_cache *cache)
{
    ext2_changed(ext2_of(inode_of(cache)));
}

static const struct page_cache_ops cache_ops = {
    .read_page = read_page,
    .write_page = write_page,
    .dirtied = dirtied,
};

// Every page that will be written gets its block now, so that a full disk is
// the writer's error and not lost data later. The page has to be in the cache,
// dirty, before its block is: what a block held before shall not be read.
ssize_t ext2_prepare_write(struct inode *inode, uint64_t position, size_t n)
{
    uint64_t first = position >> PAGE_SHIFT;
    uint64_t last = (position + n - 1) >> PAGE_SHIFT;
    uint32_t block;
    int error = 0;

    if (page_cache_is_short())
        (void)page_cache_sync(&inode->cache);  // what is clean can be forgotten
    for (uint64_t index = first; index <= last; index++) {
        error = map_locked(inode, index, false, &block);
        if (error == 0 && block == 0) {
            error = page_cache_touch(&inode->cache, index);
            if (error == 0)
                error = map_locked(inode, index, true, &block);
        }
        if (error)
            return index == first ? error
                                  : (ssize_t)((index << PAGE_SHIFT) - position);
    }
    return n;
}

int ext2_truncate(struct inode *inode, uint64_t size)
{
    struct ext2 *fs = ext2_of(inode);
    uint64_t before = inode->cache.size;

    if (!S_ISREG(inode->mode))
        return -EINVAL;
    if (size > EXT2_SIZE_MAX)
        return -EFBIG;
    int error = page_cache_truncate(&inode->cache, size);
    if (error)
        return error;
    mutex_lock(&fs->lock);
    if (size < before)
        error = ext2_unmap_from(inode, ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT);
    ext2_inode_changed(inode);
    mutex_unlock(&fs->lock);
    return error;
}

// ---- between disk and memory ----

// The place of an inode in its group's table.
static int disk_inode(struct ext2 *fs, uint32_t number, struct page **page,
                      struct ext2_disk_inode **disk)
{
    uint32_t per_group = fs->on_disk->inodes_per_group;
    unsigned in_block = EXT2_BLOCK_SIZE / fs->inode_size;
    struct ext2_group *descriptor;

    if (number == 0 || number > fs->on_disk->inodes_count)
        return ext2_damaged(fs, "the number of inode", number);
    unsigned group = (number - 1) / per_group;
    unsigned index = (number - 1) % per_group;
    int error = ext2_group_get(fs, group, page, &descriptor);
    if (error)
        return error;
    uint32_t block = descriptor->inode_table + index / in_block;
    page_put(*page);
    error = ext2_get(fs, block, page);
    if (error == 0)
        *disk = (void *)((char *)page_to_virt(*page) +
                         index % in_block * fs->inode_size);
    return error;
}

static bool is_sane(const struct ext2_disk_inode *disk)
{
    uint64_t size = disk->size | (uint64_t)disk->size_high << 32;

    if (disk->links == 0)
        return false;
    switch (disk->mode & S_IFMT) {
    case S_IFREG:
        return size <= EXT2_SIZE_MAX;
    case S_IFDIR:
        return size > 0 && size % EXT2_BLOCK_SIZE == 0 && size <= UINT32_MAX;
    case S_IFLNK:
        return disk->size < PATH_MAX;
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK:
        return true;
    default:
        return false;
    }
}

static bool is_device(uint32_t mode)
{
    return S_ISCHR(mode) || S_ISBLK(mode);
}

// Device numbers stand in the pointers: the old form in the first one, the
// large form in the second.
static uint64_t device_number(const struct ext2_disk_inode *disk)
{
    return disk->block[0] ? disk->block[0] : disk->block[1];
}

static const struct file_ops *file_ops_for(uint32_t mode)
{
    return S_ISDIR(mode) ? &ext2_directory_ops : &regular_file_ops;
}

// An inode in memory, entered in the map, which gets a reference of its own.
static struct inode *remember(struct ext2 *fs, uint32_t number, uint32_t mode,
                              uint64_t rdev)
{
    struct ext2_inode *own = kzalloc(sizeof(*own));
    struct inode *inode =
        own ? inode_create(fs->super, mode, rdev, &ext2_inode_ops,
                           file_ops_for(mode))
            : NULL;

    if (inode && radix_insert(&fs->inodes, number, inode)) {
        inode->ops = NULL;  // nothing to evict
        inode_put(inode);
        inode = NULL;
    }
    if (!inode) {
        kfree(own);
        return NULL;
    }
    inode_get(inode);
    inode->number = number;
    inode->private = own;
    if (S_ISREG(mode))
        inode->cache.ops = &cache_ops;
    return inode;
}

static void load(struct inode *inode, const struct ext2_disk_inode *disk)
{
    struct ext2_inode *own = ext2_inode_of(inode);
    uint64_t high = S_ISREG(disk->mode) ? disk->size_high : 0;

    memcpy(own->block, disk->block, sizeof(own->block));
    own->sectors = disk->sectors;
    own->flags = disk->flags;
    inode->uid = disk->uid | (uint32_t)disk->uid_high << 16;
    inode->gid = disk->gid | (uint32_t)disk->gid_high << 16;
    inode->links = disk->links;
    inode->blocks = disk->sectors;
    inode->atime = disk->atime * NSEC_PER_SEC;
    inode->mtime = disk->mtime * NSEC_PER_SEC;
    inode->ctime = disk->ctime * NSEC_PER_SEC;
    inode->cache.size = disk->size | high << 32;
}

int ext2_inode_get(struct ext2 *fs, uint32_t number, struct inode **result)
{
    struct ext2_disk_inode *disk;
    struct page *page;
    struct inode *inode = radix_find(&fs->inodes, number);

    if (inode) {
        inode_get(inode);
        *result = inode;
        return 0;
    }
    int error = disk_inode(fs, number, &page, &disk);
    if (error)
        return error;
    if (!is_sane(disk)) {
        page_put(page);
        return ext2_damaged(fs, "inode", number);
    }
    inode = remember(fs, number, disk->mode, device_number(disk));
    if (inode)
        load(inode, disk);
    page_put(page);
    *result = inode;
    return inode ? 0 : -ENOMEM;
}

static void store(const struct inode *inode, struct ext2_disk_inode *disk)
{
    const struct ext2_inode *own = ext2_inode_of(inode);

    disk->mode = inode->mode;
    disk->uid = inode->uid;
    disk->uid_high = inode->uid >> 16;
    disk->gid = inode->gid;
    disk->gid_high = inode->gid >> 16;
    disk->links = inode->links;
    disk->size = inode->cache.size;
    if (S_ISREG(inode->mode))
        disk->size_high = inode->cache.size >> 32;
    disk->atime = inode->atime / NSEC_PER_SEC;
    disk->mtime = inode->mtime / NSEC_PER_SEC;
    disk->ctime = inode->ctime / NSEC_PER_SEC;
    disk->dtime = inode->links ? 0 : disk->ctime;
    disk->sectors = own->sectors;
    disk->flags = own->flags;
    memcpy(disk->block, own->block, sizeof(disk->block));
    if (is_device(inode->mode))
        disk->block[1] = inode->rdev;
}

int ext2_inode_write(struct inode *inode)
{
    struct ext2 *fs = ext2_of(inode);
    struct ext2_disk_inode *disk;
    struct page *page;
    int error = disk_inode(fs, inode->number, &page, &disk);

    if (error)
        return error;
    store(inode, disk);
    ext2_inode_of(inode)->dirty = false;
    ext2_put_dirty(fs, page);
    return 0;
}

void ext2_inode_changed(struct inode *inode)
{
    ext2_inode_of(inode)->dirty = true;
    ext2_changed(ext2_of(inode));
}

void ext2_set_size(struct inode *inode, uint64_t size)
{
    inode->cache.size = size;
    ext2_inode_changed(inode);
}

// ---- life ----

static int clear_disk_inode(struct ext2 *fs, uint32_t number)
{
    struct ext2_disk_inode *disk;
    struct page *page;
    int error = disk_inode(fs, number, &page, &disk);

    if (error)
        return error;
    memset(disk, 0, fs->inode_size);
    ext2_put_dirty(fs, page);
    return 0;
}

int ext2_inode_create(struct inode *dir, uint32_t mode, uint64_t rdev,
                      struct inode **result)
{
    struct ext2 *fs = ext2_of(dir);
    uint32_t number;
    int error = ext2_inode_alloc(fs, dir->number, S_ISDIR(mode), &number);

    if (error)
        return error;
    error = radix_find(&fs->inodes, number)
                ? ext2_damaged(fs, "marked as free: inode", number)
                : clear_disk_inode(fs, number);
    struct inode *inode = error ? NULL : remember(fs, number, mode, rdev);
    if (!inode) {
        ext2_inode_free(fs, number, S_ISDIR(mode));
        return error ? error : -ENOMEM;
    }
    ext2_inode_changed(inode);
    *result = inode;
    return 0;
}

void ext2_inode_forget(struct ext2 *fs, struct inode *inode)
{
    if (radix_find(&fs->inodes, inode->number) == inode) {
        radix_remove(&fs->inodes, inode->number);
        ext2_inode_write(inode);  // links 0: free after a loss of power
        inode_put(inode);         // not the last one: the name's is still there
    }
}

// A short link's target stands in place of the pointers.
static bool has_blocks(const struct inode *inode)
{
    return S_ISREG(inode->mode) || S_ISDIR(inode->mode) ||
           (S_ISLNK(inode->mode) && ext2_inode_of(inode)->sectors > 0);
}

// The last reference is gone. With names left, that is an unmount or a shortage
// of memory, and all is written back by then.
void ext2_evict(struct inode *inode)
{
    struct ext2 *fs = ext2_of(inode);

    if (inode->links == 0) {
        mutex_lock(&fs->lock);
        if (has_blocks(inode))
            ext2_unmap_from(inode, 0);
        ext2_inode_write(inode);
        ext2_inode_free(fs, inode->number, S_ISDIR(inode->mode));
        mutex_unlock(&fs->lock);
    }
    kfree(inode->private);
}

int ext2_update(struct inode *inode)
{
    struct ext2 *fs = ext2_of(inode);

    mutex_lock(&fs->lock);
    ext2_inode_changed(inode);
    mutex_unlock(&fs->lock);
    return 0;
}

// fsync: first the contents, then what leads to them.
int ext2_sync_inode(struct inode *inode)
{
    struct ext2 *fs = ext2_of(inode);
    int error = page_cache_sync(&inode->cache);

    mutex_lock(&fs->lock);
    int written = ext2_inode_write(inode);
    mutex_unlock(&fs->lock);
    int synced = block_device_sync(fs->device);
    return error ? error : written ? written : synced;
}
