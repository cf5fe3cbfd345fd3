// SPDX-License-Identifier: MIT
//
// ext2, private to kernel/fs/ext2/: the structures on the disk (little-endian,
// as this machine is) and in memory, and which file does what.
//
//   super.c  mounting, writing back, unmounting
//   alloc.c  which blocks and inodes are free
//   map.c    which block of the disk holds which block of a file
//   inode.c  inodes between disk and memory, contents of regular files
//   dir.c    the entries of a directory
//   names.c  create, link, unlink, rename: the inode operations
//
// Blocks have the size of a page, so that the disk's page cache holds whole
// ones: metadata is changed there and written back by sync. Contents of regular
// files are in the inodes' caches alone.
//
// Nothing on the disk is trusted: numbers are checked where they are used, and
// what is wrong is EIO, so that a disk that lost power in the middle of a write
// is at worst unreadable.
//
// Key: (i) immutable after mounting, (m) fs->lock, (a) atomic.

#pragma once

#include <fs/block.h>
#include <fs/vfs.h>
#include <lib/radix.h>

#define EXT2_MAGIC      0xef53
#define EXT2_BLOCK_SIZE PAGE_SIZE
#define EXT2_ROOT_INODE 2
#define EXT2_SECTORS    (EXT2_BLOCK_SIZE / SECTOR_SIZE)  // in a block
#define EXT2_SIZE_MAX   (1ull << 41)  // of a file; i_blocks has 32 bits

#define EXT2_CLEAN             1  // s_state: unmounted in good order
#define EXT2_INCOMPAT_FILETYPE 0x2u
#define EXT2_RO_COMPAT_KNOWN   0x3u     // sparse_super, large_file
#define EXT2_INDEXED_DIRECTORY 0x1000u  // i_flags: has a hash tree

struct ext2_super {
    uint32_t inodes_count, blocks_count, reserved_blocks;
    uint32_t free_blocks, free_inodes;
    uint32_t first_data_block, log_block_size, log_fragment_size;
    uint32_t blocks_per_group, fragments_per_group, inodes_per_group;
    uint32_t mount_time, write_time;
    uint16_t mount_count, max_mount_count, magic, state, errors, minor_revision;
    uint32_t last_check, check_interval, creator_os, revision;
    uint16_t reserved_uid, reserved_gid;
    uint32_t first_inode;
    uint16_t inode_size, group_number;
    uint32_t feature_compat, feature_incompat, feature_ro_compat;
    uint8_t rest[920];
};
_Static_assert(sizeof(struct ext2_super) == 1024, "ext2_super_block");

struct ext2_group {
    uint32_t block_bitmap, inode_bitmap, inode_table;  // blocks
    uint16_t free_blocks, free_inodes, directories, pad;
    uint32_t reserved[3];
};
_Static_assert(sizeof(struct ext2_group) == 32, "ext2_group_desc");

#define EXT2_DIRECT   12  // block pointers in the inode itself
#define EXT2_POINTERS 15  // and three for trees of 1, 2 and 3 levels

struct ext2_disk_inode {
    uint16_t mode, uid;
    uint32_t size, atime, ctime, mtime, dtime;
    uint16_t gid, links;
    uint32_t sectors, flags, version;
    uint32_t block[EXT2_POINTERS];  // or the target of a short link
    uint32_t generation, file_acl, size_high, fragment;
    uint16_t pad, uid_high, gid_high, pad2;
    uint32_t reserved;
};
_Static_assert(sizeof(struct ext2_disk_inode) == 128, "ext2_inode");

struct ext2_entry {
    uint32_t inode;   // 0: free
    uint16_t length;  // of the whole entry, to the next one
    uint8_t name_length;
    uint8_t type;  // EXT2_FT_*
    char name[];
};

// A mounted file system.
struct ext2 {
    struct super_block *super;    // (i)
    struct block_device *device;  // (i)
    struct mutex lock;            // RANK_FILE_SYSTEM: all metadata
    struct page *super_page;      // (i) block 0, a reference
    struct ext2_super *on_disk;   // (m) in super_page
    unsigned groups;              // (i)
    unsigned inode_size;          // (i) bytes
    struct radix inodes;          // (m) struct inode by number, a reference
    struct reclaimer reclaimer;   // (i)
    bool changed;                 // (a) there is something to write back
    bool ending;                  // (a) the write-back task shall end
    bool ended;                   // (a) it has
    struct wait_queue wait;       // for the three above
};

// What inode->private points to.
struct ext2_inode {
    uint32_t block[EXT2_POINTERS];  // (m)
    uint32_t sectors;               // (m)
    uint32_t flags;                 // (m)
    bool dirty;                     // (m) differs from the disk
};

static inline struct ext2 *ext2_of(const struct inode *inode)
{
    return inode->super->private;
}

static inline struct ext2_inode *ext2_inode_of(const struct inode *inode)
{
    return inode->private;
}

// ---- super.c ----

// A block of metadata, with a reference on its page. -EIO: not a block of this
// file system, or the disk fails.
int ext2_get(struct ext2 *fs, uint32_t block, struct page **page);
// The same for one that has just been allocated: zeroed, dirty.
int ext2_get_new(struct ext2 *fs, uint32_t block, struct page **page);
// The block was changed; drop the reference.
void ext2_put_dirty(struct ext2 *fs, struct page *page);
// Something was changed: it will be written back before long.
void ext2_changed(struct ext2 *fs);
// Note damage in the log; returns -EIO.
int ext2_damaged(struct ext2 *fs, const char *what, uint64_t number);
// Write everything back and flush the disk.
int ext2_sync(struct super_block *super);

// ---- alloc.c; fs->lock held ----

// A free block, near `goal` (0: anywhere), now taken. -ENOSPC, -EIO.
int ext2_block_alloc(struct ext2 *fs, uint32_t goal, uint32_t *block);
void ext2_block_free(struct ext2 *fs, uint32_t block);
// A free inode, in the group of `parent`. -ENOSPC, -EIO.
int ext2_inode_alloc(struct ext2 *fs, uint32_t parent, bool directory,
                     uint32_t *number);
void ext2_inode_free(struct ext2 *fs, uint32_t number, bool directory);
// The descriptor of a group, in the page that the caller puts.
int ext2_group_get(struct ext2 *fs, unsigned group, struct page **page,
                   struct ext2_group **descriptor);

// ---- map.c; fs->lock held ----

// The disk's block that holds block `index` of the file, 0 for a hole. With
// create, a hole is filled with a new block.
int ext2_map(struct inode *inode, uint64_t index, bool create, uint32_t *block);
// Free all blocks from `index` on.
int ext2_unmap_from(struct inode *inode, uint64_t index);

// ---- inode.c ----

extern const struct inode_ops ext2_inode_ops;  // names.c
extern const struct file_ops ext2_directory_ops;

// The inode of that number, with a reference. -EIO, -ENOMEM. fs->lock held.
int ext2_inode_get(struct ext2 *fs, uint32_t number, struct inode **inode);
// A new inode with one link and a reference, not yet in any directory. fs->lock
// held.
int ext2_inode_create(struct inode *dir, uint32_t mode, uint64_t rdev,
                      struct inode **inode);
// The inode has lost its last name: let go of it, so that its last user frees
// it. fs->lock held.
void ext2_inode_forget(struct ext2 *fs, struct inode *inode);
// The inode was changed. fs->lock held.
void ext2_inode_changed(struct inode *inode);
int ext2_inode_write(struct inode *inode);  // to its block; fs->lock held
// Set the size of a directory or link. fs->lock held.
void ext2_set_size(struct inode *inode, uint64_t size);
// Inode operations of regular files.
int ext2_truncate(struct inode *inode, uint64_t size);
ssize_t ext2_prepare_write(struct inode *inode, uint64_t position, size_t n);
int ext2_sync_inode(struct inode *inode);
int ext2_update(struct inode *inode);
void ext2_evict(struct inode *inode);

// ---- dir.c; fs->lock held ----

// The inode number behind a name: 0, -ENOENT, -EIO.
int ext2_entry_find(struct inode *dir, const char *name, uint32_t *number);
int ext2_entry_add(struct inode *dir, const char *name, uint32_t number,
                   uint32_t mode);
int ext2_entry_remove(struct inode *dir, const char *name);
// Make an existing name stand for another inode.
int ext2_entry_set(struct inode *dir, const char *name, uint32_t number,
                   uint32_t mode);
// The first entries of a new directory, "." and "..".
int ext2_directory_init(struct inode *inode, uint32_t parent);
// 0, -ENOTEMPTY, -EIO.
int ext2_directory_is_empty(struct inode *inode);
int ext2_readdir(struct file *file, struct readdir *context);
