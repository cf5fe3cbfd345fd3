// SPDX-License-Identifier: MIT
//
// ext2: from a block of a file to a block of the disk. An inode has 12 pointers
// to blocks, then one each to a tree of 1, 2 and 3 levels whose nodes are
// blocks of 1024 pointers. A pointer of 0 is a hole.

#include <abi/errno.h>

#include "ext2.h"

#define FANOUT_BITS 10
#define FANOUT      (1u << FANOUT_BITS)  // pointers in a block
_Static_assert(FANOUT * sizeof(uint32_t) == EXT2_BLOCK_SIZE, "a block is full");

// Where a block of the file hangs: below pointer `root` of the inode, in a tree
// of `levels`, as leaf number `leaf`.
struct place {
    unsigned root, levels;
    uint64_t leaf;
};

// False: beyond what an inode can hold.
static bool find_place(uint64_t index, struct place *place)
{
    *place = (struct place){.root = index, .levels = 0, .leaf = 0};
    if (index < EXT2_DIRECT)
        return true;
    index -= EXT2_DIRECT;
    for (unsigned levels = 1; levels <= 3; levels++) {
        uint64_t leaves = 1ull << FANOUT_BITS * levels;
        if (index < leaves) {
            *place = (struct place){EXT2_DIRECT + levels - 1, levels, index};
            return true;
        }
        index -= leaves;
    }
    return false;
}

// A block for a hole; a node of the tree begins with holes.
static int fill_hole(struct inode *inode, bool node, uint32_t goal,
                     uint32_t *block)
{
    struct ext2 *fs = ext2_of(inode);
    struct page *page;
    int error = ext2_block_alloc(fs, goal, block);

    if (error == 0 && node) {
        error = ext2_get_new(fs, *block, &page);
        if (error)
            ext2_block_free(fs, *block);
        else
            page_put(page);
    }
    if (error)
        return error;
    ext2_inode_of(inode)->sectors += EXT2_SECTORS;
    inode->blocks = ext2_inode_of(inode)->sectors;
    ext2_inode_changed(inode);
    return 0;
}

// One step down: the pointer number `slot` of a node. *goal: where a new block
// had best be.
static int step(struct inode *inode, uint32_t node, unsigned slot, bool create,
                bool leads_to_node, uint32_t *goal, uint32_t *block)
{
    struct ext2 *fs = ext2_of(inode);
    struct page *page;
    int error = ext2_get(fs, node, &page);

    if (error)
        return error;
    uint32_t *pointers = page_to_virt(page);
    if (slot > 0 && pointers[slot - 1])
        *goal = pointers[slot - 1] + 1;
    *block = pointers[slot];
    if (*block || !create) {
        page_put(page);
        return 0;
    }
    error = fill_hole(inode, leads_to_node, *goal, block);
    if (error) {
        *block = 0;
        page_put(page);
        return error;
    }
    pointers[slot] = *block;
    ext2_put_dirty(fs, page);
    return 0;
}

// The inode's own pointer.
static int first_step(struct inode *inode, const struct place *place,
                      bool create, uint32_t *goal, uint32_t *block)
{
    uint32_t *pointer = &ext2_inode_of(inode)->block[place->root];

    *goal = place->root > 0 && pointer[-1] ? pointer[-1] + 1 : 0;
    if (*goal == 0) {  // in the group of the inode
        const struct ext2_super *super = ext2_of(inode)->on_disk;
        *goal = (inode->number - 1) / super->inodes_per_group *
                    super->blocks_per_group +
                1;
    }
    *block = *pointer;
    if (*block || !create)
        return 0;
    int error = fill_hole(inode, place->levels > 0, *goal, block);
    if (error)
        *block = 0;
    else
        *pointer = *block;
    return error;
}

int ext2_map(struct inode *inode, uint64_t index, bool create, uint32_t *block)
{
    const struct ext2_super *super = ext2_of(inode)->on_disk;
    struct place place;
    uint32_t goal;

    *block = 0;
    if (!find_place(index, &place))
        return create ? -EFBIG : 0;
    int error = first_step(inode, &place, create, &goal, block);
    for (unsigned level = place.levels; level > 0; level--) {
        if (error || *block == 0)
            return error;
        goal = *block + 1;
        unsigned slot = place.leaf >> FANOUT_BITS * (level - 1) & (FANOUT - 1);
        error = step(inode, *block, slot, create, level > 1, &goal, block);
    }
    if (error == 0 && *block &&
        (*block <= super->first_data_block || *block >= super->blocks_count))
        error = ext2_damaged(ext2_of(inode), "a pointer to block", *block);
    return error;
}

// ---- freeing ----

static void free_one(struct inode *inode, uint32_t *pointer)
{
    struct ext2_inode *own = ext2_inode_of(inode);

    ext2_block_free(ext2_of(inode), *pointer);
    *pointer = 0;
    own->sectors -= MIN(own->sectors, (uint32_t)EXT2_SECTORS);
    inode->blocks = own->sectors;
}

static int free_tree(struct inode *inode, uint32_t *pointer, unsigned levels,
                     uint64_t from);

// Free what hangs below a node from leaf `from` on; *empty: nothing is left.
static int free_children(struct inode *inode, uint32_t node, unsigned levels,
                         uint64_t from, bool *empty)
{
    struct ext2 *fs = ext2_of(inode);
    uint64_t below = 1ull << FANOUT_BITS * (levels - 1);  // leaves of a child
    struct page *page;
    int error = ext2_get(fs, node, &page);

    if (error)
        return error;
    uint32_t *pointers = page_to_virt(page);
    *empty = true;
    for (unsigned i = 0; i < FANOUT; i++) {
        uint64_t start = i * below;
        if (!pointers[i])
            continue;
        if (start + below > from && error == 0)
            error = free_tree(inode, &pointers[i], levels - 1,
                              from > start ? from - start : 0);
        *empty &= pointers[i] == 0;
    }
    ext2_put_dirty(fs, page);
    return error;
}

// Free the leaves from number `from` on of the tree at *pointer, and the nodes
// that become empty. The depth is 3 at most.
static int free_tree(struct inode *inode, uint32_t *pointer, unsigned levels,
                     uint64_t from)
{
    bool empty = true;

    if (*pointer == 0)
        return 0;
    if (levels > 0) {
        int error = free_children(inode, *pointer, levels, from, &empty);
        if (error)
            return error;
    }
    if (empty && (levels > 0 || from == 0))
        free_one(inode, pointer);
    return 0;
}

int ext2_unmap_from(struct inode *inode, uint64_t index)
{
    struct ext2_inode *own = ext2_inode_of(inode);
    uint64_t start = EXT2_DIRECT;
    int first_error = 0;

    for (uint64_t i = index; i < EXT2_DIRECT; i++) {
        if (own->block[i])
            free_one(inode, &own->block[i]);
    }
    for (unsigned levels = 1; levels <= 3; levels++) {
        uint64_t leaves = 1ull << FANOUT_BITS * levels;
        int error = 0;
        if (index < start + leaves)
            error = free_tree(inode, &own->block[EXT2_DIRECT + levels - 1],
                              levels, index > start ? index - start : 0);
        first_error = first_error ? first_error : error;
        start += leaves;
    }
    ext2_inode_changed(inode);
    return first_error;
}
