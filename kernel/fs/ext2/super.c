// SPDX-License-Identifier: MIT
//
// ext2: mounting, writing back, unmounting. What was changed is written back
// after a few seconds by a task that sleeps while nothing is changed, at fsync
// and sync, and at the end.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <dev/timer.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <proc/task.h>
#include <string.h>

#include "ext2.h"

#define WRITE_BACK_DELAY (5 * NSEC_PER_SEC)
#define SUPER_OFFSET     1024  // of the super block in block 0

// ---- blocks of metadata ----

int ext2_damaged(struct ext2 *fs, const char *what, uint64_t number)
{
    log_line("ext2: %s: %s %lu is damaged; e2fsck can repair it",
             fs->device->name, what, number);
    return -EIO;
}

int ext2_get(struct ext2 *fs, uint32_t block, struct page **page)
{
    if (block == 0 || block >= fs->on_disk->blocks_count)
        return ext2_damaged(fs, "a pointer to block", block);
    return page_cache_get(&fs->device->cache, block, true, page);
}

int ext2_get_new(struct ext2 *fs, uint32_t block, struct page **page)
{
    int error = page_cache_get(&fs->device->cache, block, true, page);

    if (error)
        return error;
    memset(page_to_virt(*page), 0, EXT2_BLOCK_SIZE);
    page_cache_mark_dirty(&fs->device->cache, *page);
    ext2_changed(fs);
    return 0;
}

void ext2_put_dirty(struct ext2 *fs, struct page *page)
{
    page_cache_mark_dirty(&fs->device->cache, page);
    page_put(page);
    ext2_changed(fs);
}

// ---- writing back ----

void ext2_changed(struct ext2 *fs)
{
    if (READ_ONCE(fs->changed))
        return;
    WRITE_ONCE(fs->changed, true);
    wake_up_all(&fs->wait);
}

// The next inode in memory from *number on, with a reference; NULL: no more.
static struct inode *next_inode(struct ext2 *fs, uint64_t *number)
{
    struct inode *inode;

    mutex_lock(&fs->lock);
    inode = radix_next(&fs->inodes, number);
    if (inode)
        inode_get(inode);
    mutex_unlock(&fs->lock);
    return inode;
}

static int write_inodes(struct ext2 *fs)
{
    struct inode *inode;
    int first_error = 0;

    for (uint64_t n = 0; (inode = next_inode(fs, &n)); n++) {
        int error = page_cache_sync(&inode->cache);
        mutex_lock(&fs->lock);
        if (ext2_inode_of(inode)->dirty && error == 0)
            error = ext2_inode_write(inode);
        mutex_unlock(&fs->lock);
        inode_put(inode);
        first_error = first_error ? first_error : error;
    }
    return first_error;
}

int ext2_sync(struct super_block *super)
{
    struct ext2 *fs = super->private;

    WRITE_ONCE(fs->changed, false);
    int error = write_inodes(fs);
    int written = block_device_sync(fs->device);
    return error ? error : written;
}

static bool work_or_end(struct ext2 *fs)
{
    return READ_ONCE(fs->changed) || READ_ONCE(fs->ending);
}

static void write_back_task(void *argument)
{
    struct ext2 *fs = argument;

    while (!READ_ONCE(fs->ending)) {
        wait_event(&fs->wait, work_or_end(fs));
        WAIT_EVENT(&fs->wait, READ_ONCE(fs->ending),
                   clock_monotonic() + WRITE_BACK_DELAY, false, false);
        if (!READ_ONCE(fs->ending) && ext2_sync(fs->super))
            log_line("ext2: %s: writing back failed", fs->device->name);
    }
    WRITE_ONCE(fs->ended, true);
    wake_up_all(&fs->wait);
}

// The mark on the disk that says whether it was unmounted in good order.
static void set_clean(struct ext2 *fs, bool clean)
{
    mutex_lock(&fs->lock);
    fs->on_disk->state &= ~EXT2_CLEAN;
    if (clean)
        fs->on_disk->state |= EXT2_CLEAN;
    fs->on_disk->write_time = clock_realtime() / NSEC_PER_SEC;
    page_cache_mark_dirty(&fs->device->cache, fs->super_page);
    mutex_unlock(&fs->lock);
}

// Memory is short: inodes that nobody uses are forgotten, if they stand on the
// disk as they are.
static size_t forget_inodes(struct reclaimer *reclaimer)
{
    struct ext2 *fs = container_of(reclaimer, struct ext2, reclaimer);
    struct inode *inode;
    size_t forgotten = 0;

    if (!mutex_trylock(&fs->lock))
        return 0;
    for (uint64_t n = 0; (inode = radix_next(&fs->inodes, &n)); n++) {
        // All pages have been forgotten before, if they could be. With one
        // reference, the next one can only be had under fs->lock.
        if (__atomic_load_n(&inode->refs, __ATOMIC_ACQUIRE) != 1 ||
            inode->cache.count > 0 || ext2_inode_of(inode)->dirty)
            continue;
        radix_remove(&fs->inodes, n);
        inode_put(inode);
        forgotten++;
    }
    mutex_unlock(&fs->lock);
    return forgotten;
}

// ---- the end ----

// Everything to the disk, and the mark. Nothing may be changed afterwards but
// by whoever set the mark off again.
static void shut_down(struct super_block *super)
{
    struct ext2 *fs = super->private;

    if (ext2_sync(super) == 0 && !fs->device->read_only) {
        set_clean(fs, true);
        block_device_sync(fs->device);
    }
}

static void free_ext2(struct ext2 *fs)
{
    struct inode *inode;

    for (uint64_t n = 0; (inode = radix_next(&fs->inodes, &n)); n++) {
        radix_remove(&fs->inodes, n);
        inode_put(inode);
    }
    if (fs->super_page)
        page_put(fs->super_page);
    __atomic_store_n(&fs->device->mounted, 0, __ATOMIC_RELEASE);
    kfree(fs);
}

static void unmount(struct super_block *super)
{
    struct ext2 *fs = super->private;

    reclaimer_remove(&fs->reclaimer);
    WRITE_ONCE(fs->ending, true);
    wake_up_all(&fs->wait);
    wait_event(&fs->wait, READ_ONCE(fs->ended));
    shut_down(super);
    free_ext2(fs);
}

static void statfs(struct super_block *super, struct abi_statfs *st)
{
    struct ext2 *fs = super->private;
    const struct ext2_super *disk = fs->on_disk;

    mutex_lock(&fs->lock);
    st->bsize = st->frsize = EXT2_BLOCK_SIZE;
    st->blocks = disk->blocks_count;
    st->bfree = disk->free_blocks;
    st->bavail =
        disk->free_blocks - MIN(disk->free_blocks, disk->reserved_blocks);
    st->files = disk->inodes_count;
    st->ffree = disk->free_inodes;
    mutex_unlock(&fs->lock);
}

static const struct super_ops super_ops = {
    .statfs = statfs,
    .sync = ext2_sync,
    .shut_down = shut_down,
    .unmount = unmount,
};

// ---- mounting ----

static bool is_power_of_2(uint32_t n)
{
    return n && !(n & (n - 1));
}

// Is it an ext2 of a kind that this file system knows, and do its numbers fit
// together and onto the disk?
static const char *what_is_wrong(const struct ext2_super *s, uint64_t pages)
{
    if (s->magic != EXT2_MAGIC)
        return "no ext2";
    if (s->log_block_size != 2 || s->first_data_block != 0)
        return "blocks of other than 4096 bytes";
    if (s->revision < 1 || (s->feature_incompat & ~EXT2_INCOMPAT_FILETYPE) ||
        !(s->feature_incompat & EXT2_INCOMPAT_FILETYPE) ||
        (s->feature_ro_compat & ~EXT2_RO_COMPAT_KNOWN))
        return "features that are not known here";
    if (s->inode_size < sizeof(struct ext2_disk_inode) ||
        s->inode_size > EXT2_BLOCK_SIZE || !is_power_of_2(s->inode_size) ||
        s->blocks_count < 4 || s->blocks_count > pages ||
        s->blocks_per_group == 0 || s->blocks_per_group > 8 * EXT2_BLOCK_SIZE ||
        s->inodes_per_group == 0 || s->inodes_per_group > 8 * EXT2_BLOCK_SIZE ||
        s->first_inode == 0)
        return "impossible numbers";
    uint64_t groups = (s->blocks_count + (uint64_t)s->blocks_per_group - 1) /
                      s->blocks_per_group;
    if (groups * s->inodes_per_group != s->inodes_count)
        return "impossible numbers";
    return NULL;
}

static int read_super(struct ext2 *fs)
{
    struct block_device *device = fs->device;
    int error = page_cache_get(&device->cache, 0, true, &fs->super_page);

    if (error)
        return error;
    fs->on_disk = (void *)((char *)page_to_virt(fs->super_page) + SUPER_OFFSET);
    const char *wrong = what_is_wrong(fs->on_disk, block_device_pages(device));
    if (wrong) {
        log_line("ext2: %s: %s", device->name, wrong);
        return -EINVAL;
    }
    fs->inode_size = fs->on_disk->inode_size;
    fs->groups =
        (fs->on_disk->blocks_count - 1) / fs->on_disk->blocks_per_group + 1;
    if (!(fs->on_disk->state & EXT2_CLEAN))
        log_line("ext2: %s was not unmounted; e2fsck has not seen it since",
                 device->name);
    return 0;
}

static int make_root(struct ext2 *fs)
{
    struct super_block *super = fs->super;
    struct inode *inode;

    mutex_lock(&fs->lock);
    int error = ext2_inode_get(fs, EXT2_ROOT_INODE, &inode);
    mutex_unlock(&fs->lock);
    if (error)
        return error;
    super->root =
        S_ISDIR(inode->mode) ? dentry_create(super, NULL, "/", 1) : NULL;
    if (!super->root) {
        error = S_ISDIR(inode->mode)
                    ? -ENOMEM
                    : ext2_damaged(fs, "inode", EXT2_ROOT_INODE);
        inode_put(inode);
        return error;
    }
    dentry_attach(super->root, inode);
    return 0;
}

static int start(struct ext2 *fs)
{
    int error = read_super(fs);

    if (error == 0)
        error = make_root(fs);
    if (error)
        return error;
    if (!fs->device->read_only)
        set_clean(fs, false);
    if (!kthread_create("ext2", write_back_task, fs)) {
        dentry_put(fs->super->root);
        return -ENOMEM;
    }
    fs->reclaimer.reclaim = forget_inodes;
    reclaimer_add(&fs->reclaimer);
    return 0;
}

static struct ext2 *create(struct block_device *device)
{
    struct ext2 *fs = kzalloc(sizeof(*fs));

    if (!fs)
        return NULL;
    fs->device = device;
    mutex_init(&fs->lock, RANK_FILE_SYSTEM, "ext2");
    wait_queue_init(&fs->wait);
    fs->super = super_create("ext2", EXT2_MAGIC);
    if (!fs->super) {
        kfree(fs);
        return NULL;
    }
    fs->super->private = fs;
    fs->super->ops = &super_ops;
    fs->super->device_blocks = true;
    return fs;
}

static int ext2_mount(const char *source, const char *options,
                      struct super_block **super)
{
    struct block_device *device;
    int error = source ? block_device_find(source, &device) : -EINVAL;

    (void)options;
    if (error)
        return error;
    if (__atomic_exchange_n(&device->mounted, 1, __ATOMIC_ACQ_REL))
        return -EBUSY;
    struct ext2 *fs = create(device);
    if (!fs) {
        __atomic_store_n(&device->mounted, 0, __ATOMIC_RELEASE);
        return -ENOMEM;
    }
    *super = fs->super;
    error = start(fs);
    if (error == 0) {
        (*super)->flags = device->read_only ? MS_RDONLY : 0;
        return 0;
    }
    free_ext2(fs);
    kfree(*super);
    return error;
}

FILE_SYSTEM(ext2) = {.name = "ext2", .on_disk = true, .mount = ext2_mount};
