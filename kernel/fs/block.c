// SPDX-License-Identifier: MIT
//
// Block devices: the registry, the page cache of each, and the file that
// /dev/vda opens. See fs/block.h.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <fs/block.h>
#include <fs/vfs.h>
#include <lib/log.h>
#include <mm/uaccess.h>
#include <stdio.h>
#include <string.h>

#define MAJOR       254  // of the range for local use
#define DEVICES_MAX 26   // one letter each

#define BLKROGET     0x125eu  // is it read-only?
#define BLKGETSIZE   0x1260u  // sectors
#define BLKFLSBUF    0x1261u
#define BLKSSZGET    0x1268u      // bytes in a sector
#define BLKGETSIZE64 0x80081272u  // bytes

static struct block_device *devices[DEVICES_MAX];  // (i once registered)
static unsigned device_count;                      // (a)

static struct block_device *device_by_number(uint64_t rdev)
{
    unsigned count = __atomic_load_n(&device_count, __ATOMIC_ACQUIRE);

    for (unsigned i = 0; i < count; i++)
        if (devices[i]->rdev == rdev)
            return devices[i];
    return NULL;
}

// ---- the cache ----

static struct block_device *device_of(struct page_cache *cache)
{
    return container_of(cache, struct block_device, cache);
}

// The last page of a disk may be cut short.
static size_t bytes_at(const struct block_device *device, uint64_t index)
{
    uint64_t left = device->sectors * SECTOR_SIZE - index * PAGE_SIZE;

    return MIN(left, PAGE_SIZE);
}

static int transfer_page(struct page_cache *cache, bool write,
                         struct page *page, uint64_t index)
{
    struct block_device *device = device_of(cache);

    if (index * PAGE_SIZE >= device->sectors * SECTOR_SIZE)
        return -EIO;
    return device->ops->transfer(device, write,
                                 index * (PAGE_SIZE / SECTOR_SIZE),
                                 page_to_virt(page), bytes_at(device, index));
}

static int read_page(struct page_cache *cache, struct page *page,
                     uint64_t index)
{
    return transfer_page(cache, false, page, index);
}

static int write_page(struct page_cache *cache, struct page *page,
                      uint64_t index)
{
    return transfer_page(cache, true, page, index);
}

static const struct page_cache_ops cache_ops = {
    .read_page = read_page,
    .write_page = write_page,
};

int block_device_sync(struct block_device *device)
{
    int error = page_cache_sync(&device->cache);
    int flushed = device->read_only ? 0 : device->ops->flush(device);

    return error ? error : flushed;
}

// ---- the file ----

static ssize_t block_read(struct file *file, struct uio *uio,
                          uint64_t *position, unsigned flags)
{
    struct block_device *device = file->private;
    ssize_t n = page_cache_read(&device->cache, *position, uio);

    (void)flags;
    if (n > 0)
        *position += (uint64_t)n;
    return n;
}

static ssize_t block_write(struct file *file, struct uio *uio,
                           uint64_t *position, unsigned flags)
{
    struct block_device *device = file->private;
    uint64_t size = device->cache.size;

    (void)flags;
    if (*position >= size)
        return uio->resid ? -ENOSPC : 0;
    size_t excess = uio->resid - MIN(uio->resid, size - *position);
    uio->resid -= excess;
    ssize_t n = page_cache_write(&device->cache, *position, uio);
    uio->resid += excess;
    if (n > 0)
        *position += (uint64_t)n;
    return n;
}

static int64_t block_seek(struct file *file, int64_t offset, int whence)
{
    struct block_device *device = file->private;

    return seek_within(file, offset, whence, device->cache.size);
}

static int block_mmap(struct file *file, struct mm_map *map)
{
    struct block_device *device = file->private;

    map->cache = &device->cache;
    return 0;
}

static int block_fsync(struct file *file)
{
    return block_device_sync(file->private);
}

static long block_ioctl(struct file *file, unsigned command, uaddr argument)
{
    struct block_device *device = file->private;

    switch (command) {
    case BLKROGET:
        return PUT_USER(argument, (int32_t)device->read_only);
    case BLKGETSIZE:
        return PUT_USER(argument, device->sectors);
    case BLKGETSIZE64:
        return PUT_USER(argument, device->sectors * SECTOR_SIZE);
    case BLKSSZGET:
        return PUT_USER(argument, (int32_t)SECTOR_SIZE);
    case BLKFLSBUF:
        return block_device_sync(device);
    default:
        return -ENOTTY;
    }
}

static int block_open(struct inode *inode, struct file *file)
{
    struct block_device *device = device_by_number(inode->rdev);
    bool writes = (file->flags & O_ACCMODE) != O_RDONLY;

    if (!device)
        return -ENXIO;
    if (writes && device->read_only)
        return -EROFS;
    file->private = device;
    return 0;
}

static const struct file_ops block_file_ops = {
    .name = "block",
    .open = block_open,
    .read = block_read,
    .write = block_write,
    .ioctl = block_ioctl,
    .seek = block_seek,
    .mmap = block_mmap,
    .fsync = block_fsync,
};

// ---- the registry ----

int block_device_register(struct block_device *device)
{
    static struct device nodes[DEVICES_MAX];
    unsigned i = device_count;

    if (i == DEVICES_MAX)
        return -ENOSPC;
    snprintf(device->name, sizeof(device->name), "vd%c", 'a' + (int)i);
    device->rdev = MAKEDEV(MAJOR, i * 16);
    page_cache_init(&device->cache, &cache_ops);
    mutex_init(&device->cache.lock, RANK_BLOCK_CACHE, "block cache");
    device->cache.size = device->sectors * SECTOR_SIZE;
    devices[i] = device;
    __atomic_store_n(&device_count, i + 1, __ATOMIC_RELEASE);
    nodes[i] = (struct device){.name = device->name,
                               .mode = S_IFBLK | 0600,
                               .rdev = device->rdev,
                               .ops = &block_file_ops};
    return device_register(&nodes[i]);
}

// Before there is a root, and with it a /dev: by the name alone.
static struct block_device *device_by_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    for (unsigned i = 0; i < device_count; i++)
        if (strcmp(devices[i]->name, name) == 0)
            return devices[i];
    return NULL;
}

int block_device_find(const char *path, struct block_device **device)
{
    struct dentry *dentry;

    if (!root_dentry) {
        *device = device_by_name(path);
        return *device ? 0 : -ENXIO;
    }
    int error = path_lookup(AT_FDCWD, path, 0, &dentry);

    if (error)
        return error;
    *device = device_by_number(dentry->inode->rdev);
    if (!S_ISBLK(dentry->inode->mode))
        error = -ENOTBLK;
    else if (!*device)
        error = -ENXIO;
    dentry_put(dentry);
    return error;
}
