// SPDX-License-Identifier: MIT
//
// Inodes: what names stand for. Attributes, permissions, times.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <fs/vfs.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <proc/task.h>
#include <string.h>

// Files of fifos and devices are the same on every file system.
static const struct file_ops *ops_for(uint32_t mode,
                                      const struct file_ops *otherwise)
{
    if (S_ISFIFO(mode))
        return &fifo_file_ops;
    if (S_ISCHR(mode) || S_ISBLK(mode))
        return &device_file_ops;
    return otherwise;
}

struct inode *inode_create(struct super_block *super, uint32_t mode,
                           uint64_t rdev, const struct inode_ops *ops,
                           const struct file_ops *file_ops)
{
    struct inode *inode = kzalloc(sizeof(*inode));
    struct process *process = current_process();

    if (!inode)
        return NULL;
    inode->refs = 1;
    inode->number = __atomic_fetch_add(&super->next_inode, 1, __ATOMIC_RELAXED);
    inode->mode = mode;
    inode->uid = process ? process->fsuid : 0;
    inode->gid = process ? process->fsgid : 0;
    inode->links = 1;
    inode->rdev = rdev;
    inode->atime = inode->mtime = inode->ctime = clock_realtime();
    mutex_init(&inode->lock, RANK_INODE, "inode");
    inode->ops = ops;
    inode->file_ops = ops_for(mode, file_ops);
    inode->super = super;
    page_cache_init(&inode->cache, NULL);
    return inode;
}

void inode_get(struct inode *inode)
{
    __atomic_fetch_add(&inode->refs, 1, __ATOMIC_RELAXED);
}

void inode_put(struct inode *inode)
{
    if (__atomic_sub_fetch(&inode->refs, 1, __ATOMIC_ACQ_REL))
        return;
    if (inode->ops && inode->ops->evict)
        inode->ops->evict(inode);
    page_cache_destroy(&inode->cache);
    kfree(inode->locks);
    kfree(inode);
}

void inode_stat(const struct inode *inode, struct abi_stat *st)
{
    // A disk's blocks, or the memory that the contents take.
    uint64_t blocks = inode->super->device_blocks
                          ? READ_ONCE(inode->blocks)
                          : READ_ONCE(inode->cache.count) * (PAGE_SIZE / 512);

    *st = (struct abi_stat){
        .dev = inode->super->device,
        .ino = inode->number,
        .mode = READ_ONCE(inode->mode),
        .nlink = READ_ONCE(inode->links),
        .uid = READ_ONCE(inode->uid),
        .gid = READ_ONCE(inode->gid),
        .rdev = inode->rdev,
        .size = (int64_t)READ_ONCE(inode->cache.size),
        .blksize = PAGE_SIZE,
        .blocks = (int64_t)blocks,
        .atime = (int64_t)(inode->atime / NSEC_PER_SEC),
        .atime_nsec = inode->atime % NSEC_PER_SEC,
        .mtime = (int64_t)(inode->mtime / NSEC_PER_SEC),
        .mtime_nsec = inode->mtime % NSEC_PER_SEC,
        .ctime = (int64_t)(inode->ctime / NSEC_PER_SEC),
        .ctime_nsec = inode->ctime % NSEC_PER_SEC,
    };
}

void inode_changed(struct inode *inode, bool contents)
{
    inode->ctime = clock_realtime();
    if (contents)
        inode->mtime = inode->ctime;
}

void inode_accessed(struct inode *inode)
{
    if (inode->atime <= inode->mtime || inode->atime <= inode->ctime)
        inode->atime = clock_realtime();
}

bool process_in_group(const struct process *process, uint32_t gid)
{
    if (process->fsgid == gid)
        return true;
    for (unsigned i = 0; i < process->group_count; i++)
        if (process->groups[i] == gid)
            return true;
    return false;
}

bool task_owns(const struct inode *inode)
{
    struct process *process = current_process();

    return !process || process->fsuid == 0 || process->fsuid == inode->uid;
}

int inode_permission(struct inode *inode, unsigned access)
{
    struct process *process = current_process();
    uint32_t mode = READ_ONCE(inode->mode);

    if ((access & 2) && (inode->super->flags & MS_RDONLY) &&
        (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode)))
        return -EROFS;
    // Root may do all, but run only what somebody may run.
    if (!process || process->fsuid == 0) {
        bool runs = !(access & 1) || S_ISDIR(mode) || (mode & 0111);
        return runs ? 0 : -EACCES;
    }
    if (process->fsuid == inode->uid)
        mode >>= 6;
    else if (process_in_group(process, inode->gid))
        mode >>= 3;
    return (access & ~mode & 7) ? -EACCES : 0;
}

// ---- writing against running ----

// Add step to the count of writers, unless it stands on the other side of 0.
static int count_writers(struct inode *inode, int step)
{
    int32_t count = __atomic_load_n(&inode->writers, __ATOMIC_RELAXED);

    do {
        if (count * step < 0)
            return -ETXTBSY;
    } while (!__atomic_compare_exchange_n(&inode->writers, &count, count + step,
                                          true, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    return 0;
}

int inode_begin_write(struct inode *inode)
{
    return count_writers(inode, 1);
}

void inode_end_write(struct inode *inode)
{
    __atomic_fetch_sub(&inode->writers, 1, __ATOMIC_ACQ_REL);
}

int inode_begin_run(struct inode *inode)
{
    return count_writers(inode, -1);
}

void inode_end_run(struct inode *inode)
{
    __atomic_fetch_add(&inode->writers, 1, __ATOMIC_ACQ_REL);
}
