// SPDX-License-Identifier: MIT
//
// ext2: the bitmaps of free blocks and inodes, one pair to a group, and the
// counts beside them. A bit that is already as it shall be means that the disk
// was not unmounted in good order; it is logged and left alone.

#include <abi/errno.h>
#include <proc/task.h>

#include "ext2.h"

int ext2_group_get(struct ext2 *fs, unsigned group, struct page **page,
                   struct ext2_group **descriptor)
{
    const unsigned in_block = EXT2_BLOCK_SIZE / sizeof(**descriptor);
    uint32_t first = fs->on_disk->first_data_block + 1;
    int error = ext2_get(fs, first + group / in_block, page);

    if (error == 0)
        *descriptor =
            (struct ext2_group *)page_to_virt(*page) + group % in_block;
    return error;
}

static bool bit_is_set(const uint8_t *bitmap, unsigned bit)
{
    return bitmap[bit / 8] & (1u << bit % 8);
}

// The first clear bit in [from, end); end: there is none.
static unsigned find_clear(const uint8_t *bitmap, unsigned from, unsigned end)
{
    while (from < end && bit_is_set(bitmap, from)) {
        bool full = from % 8 == 0 && bitmap[from / 8] == 0xff;
        from += full ? 8 : 1;
    }
    return MIN(from, end);
}

// Take a clear bit of the bitmap block, from `hint` on and then from 0.
// -ENOSPC: all of `count` are set.
static int take_bit(struct ext2 *fs, uint32_t bitmap_block, unsigned hint,
                    unsigned count, unsigned *bit)
{
    struct page *page;
    int error = ext2_get(fs, bitmap_block, &page);

    if (error)
        return error;
    uint8_t *bitmap = page_to_virt(page);
    bool full = false;
    *bit = find_clear(bitmap, hint, count);
    if (*bit == count) {
        hint = MIN(hint, count);
        *bit = find_clear(bitmap, 0, hint);
        full = *bit == hint;
    }
    if (full) {
        page_put(page);
        return -ENOSPC;
    }
    bitmap[*bit / 8] |= 1u << *bit % 8;
    ext2_put_dirty(fs, page);
    return 0;
}

// Clear a bit; false if it was clear, or cannot be read.
static bool give_bit(struct ext2 *fs, uint32_t bitmap_block, unsigned bit)
{
    struct page *page;

    if (ext2_get(fs, bitmap_block, &page))
        return false;
    uint8_t *bitmap = page_to_virt(page);
    if (!bit_is_set(bitmap, bit)) {
        page_put(page);
        return false;
    }
    bitmap[bit / 8] &= ~(1u << bit % 8);
    ext2_put_dirty(fs, page);
    return true;
}

// ---- blocks ----

// Blocks in a group: the last one may be short.
static unsigned blocks_in(const struct ext2 *fs, unsigned group)
{
    uint32_t per_group = fs->on_disk->blocks_per_group;
    uint32_t left = fs->on_disk->blocks_count - fs->on_disk->first_data_block -
                    group * per_group;

    return MIN(left, per_group);
}

// Does the running task have to leave the reserve alone?
static bool is_ordinary(void)
{
    const struct process *process = current_process();

    return process && process->fsuid != 0;
}

static int alloc_in(struct ext2 *fs, unsigned group, unsigned hint,
                    uint32_t *block)
{
    struct ext2_group *descriptor;
    struct page *page;
    unsigned bit;
    int error = ext2_group_get(fs, group, &page, &descriptor);

    if (error)
        return error;
    error = descriptor->free_blocks ? 0 : -ENOSPC;
    if (error == 0)
        error = take_bit(fs, descriptor->block_bitmap, hint,
                         blocks_in(fs, group), &bit);
    if (error) {
        page_put(page);
        return error;
    }
    descriptor->free_blocks--;
    fs->on_disk->free_blocks -= fs->on_disk->free_blocks > 0;
    ext2_put_dirty(fs, page);
    *block = fs->on_disk->first_data_block +
             group * fs->on_disk->blocks_per_group + bit;
    return 0;
}

int ext2_block_alloc(struct ext2 *fs, uint32_t goal, uint32_t *block)
{
    const struct ext2_super *super = fs->on_disk;
    int error = -ENOSPC;

    if (super->free_blocks == 0 ||
        (is_ordinary() && super->free_blocks <= super->reserved_blocks))
        return -ENOSPC;
    if (goal < super->first_data_block || goal >= super->blocks_count)
        goal = super->first_data_block;
    goal -= super->first_data_block;
    unsigned first = goal / super->blocks_per_group;
    unsigned hint = goal % super->blocks_per_group;
    for (unsigned i = 0; i < fs->groups && error == -ENOSPC; i++)
        error = alloc_in(fs, (first + i) % fs->groups, i ? 0 : hint, block);
    return error;
}

// The disk's cache may hold what the block was: that must never be written over
// what it becomes.
void ext2_block_free(struct ext2 *fs, uint32_t block)
{
    const struct ext2_super *super = fs->on_disk;
    struct ext2_group *descriptor;
    struct page *page;

    if (block <= super->first_data_block || block >= super->blocks_count) {
        ext2_damaged(fs, "a block to free", block);
        return;
    }
    page_cache_drop(&fs->device->cache, block);
    uint32_t index = block - super->first_data_block;
    unsigned group = index / super->blocks_per_group;
    if (ext2_group_get(fs, group, &page, &descriptor))
        return;
    if (!give_bit(fs, descriptor->block_bitmap,
                  index % super->blocks_per_group)) {
        ext2_damaged(fs, "freed twice: block", block);
        page_put(page);
        return;
    }
    descriptor->free_blocks++;
    fs->on_disk->free_blocks++;
    ext2_put_dirty(fs, page);
}

// ---- inodes ----

static int inode_alloc_in(struct ext2 *fs, unsigned group, bool directory,
                          uint32_t *number)
{
    uint32_t per_group = fs->on_disk->inodes_per_group;
    unsigned hint = 0, bit;
    struct ext2_group *descriptor;
    struct page *page;
    int error = ext2_group_get(fs, group, &page, &descriptor);

    if (error)
        return error;
    if (group == 0)  // the first ones are reserved
        hint = MIN(fs->on_disk->first_inode - 1, per_group - 1);
    error = descriptor->free_inodes ? 0 : -ENOSPC;
    if (error == 0)
        error = take_bit(fs, descriptor->inode_bitmap, hint, per_group, &bit);
    if (error) {
        page_put(page);
        return error;
    }
    descriptor->free_inodes--;
    descriptor->directories += directory;
    fs->on_disk->free_inodes -= fs->on_disk->free_inodes > 0;
    ext2_put_dirty(fs, page);
    *number = group * per_group + bit + 1;
    return 0;
}

int ext2_inode_alloc(struct ext2 *fs, uint32_t parent, bool directory,
                     uint32_t *number)
{
    unsigned first = (parent - 1) / fs->on_disk->inodes_per_group;
    int error = -ENOSPC;

    for (unsigned i = 0; i < fs->groups && error == -ENOSPC; i++)
        error = inode_alloc_in(fs, (first + i) % fs->groups, directory, number);
    return error;
}

void ext2_inode_free(struct ext2 *fs, uint32_t number, bool directory)
{
    uint32_t per_group = fs->on_disk->inodes_per_group;
    struct ext2_group *descriptor;
    struct page *page;

    if (ext2_group_get(fs, (number - 1) / per_group, &page, &descriptor))
        return;
    if (!give_bit(fs, descriptor->inode_bitmap, (number - 1) % per_group)) {
        ext2_damaged(fs, "freed twice: inode", number);
        page_put(page);
        return;
    }
    descriptor->free_inodes++;
    descriptor->directories -= directory && descriptor->directories;
    fs->on_disk->free_inodes++;
    ext2_put_dirty(fs, page);
}
