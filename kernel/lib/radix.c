// SPDX-License-Identifier: MIT
//
// The tree of <lib/radix.h>. Each node covers 6 bits of the index, the root the
// highest ones; the tree grows at the root when an index does not fit.

#include <abi/errno.h>
#include <lib/radix.h>

#define RADIX_BITS       6
#define RADIX_SLOTS      (1u << RADIX_BITS)
#define RADIX_MAX_HEIGHT ((64 + RADIX_BITS - 1) / RADIX_BITS)

struct radix_node {
    void *slots[RADIX_SLOTS];  // nodes, or items at the lowest level
    unsigned used;             // slots that are not NULL
};

// Does index fit in a tree of this height?
static bool index_fits(uint64_t index, unsigned height)
{
    unsigned bits = height * RADIX_BITS;
    return bits >= 64 || index >> bits == 0;
}

static unsigned slot_of(uint64_t index, unsigned level)
{
    return (index >> (level * RADIX_BITS)) & (RADIX_SLOTS - 1);
}

static int grow_to_fit(struct radix *tree, uint64_t index)
{
    while (!index_fits(index, tree->height)) {
        if (tree->root) {
            struct radix_node *node = radix_node_alloc(sizeof(*node));
            if (!node)
                return -ENOMEM;
            node->slots[0] = tree->root;
            node->used = 1;
            tree->root = node;
        }
        tree->height++;
    }
    return 0;
}

// Remove empty nodes at the path that the last operation took.
static void prune(struct radix_node **path[], unsigned depth)
{
    while (depth-- > 0) {
        struct radix_node *node = *path[depth];
        if (!node || node->used)
            return;
        radix_node_free(node);
        *path[depth] = NULL;
        if (depth > 0)
            (*path[depth - 1])->used--;
    }
}

int radix_insert(struct radix *tree, uint64_t index, void *item)
{
    struct radix_node **path[RADIX_MAX_HEIGHT];
    unsigned depth = 0;
    if (grow_to_fit(tree, index))
        return -ENOMEM;
    void **slot = &tree->root;
    struct radix_node *parent = NULL;
    for (unsigned level = tree->height; level-- > 0;) {
        path[depth++] = (struct radix_node **)slot;
        if (!*slot) {
            *slot = radix_node_alloc(sizeof(struct radix_node));
            if (*slot && parent)
                parent->used++;
        }
        if (!*slot) {
            prune(path, depth - 1);
            return -ENOMEM;
        }
        parent = *slot;
        slot = &parent->slots[slot_of(index, level)];
    }
    *slot = item;
    if (parent)
        parent->used++;
    return 0;
}

// Where the item of an index is kept; NULL where no node is.
static void **slot_at(const struct radix *tree, uint64_t index)
{
    if (!index_fits(index, tree->height))
        return NULL;
    void **slot = (void **)&tree->root;
    for (unsigned level = tree->height; level-- > 0;) {
        if (!*slot)
            return NULL;
        slot = &((struct radix_node *)*slot)->slots[slot_of(index, level)];
    }
    return slot;
}

void *radix_find(const struct radix *tree, uint64_t index)
{
    void **slot = slot_at(tree, index);

    return slot ? *slot : NULL;
}

void radix_replace(struct radix *tree, uint64_t index, void *item)
{
    *slot_at(tree, index) = item;
}

void *radix_remove(struct radix *tree, uint64_t index)
{
    struct radix_node **path[RADIX_MAX_HEIGHT];
    unsigned depth = 0;
    if (!index_fits(index, tree->height))
        return NULL;
    void **slot = &tree->root;
    for (unsigned level = tree->height; *slot && level-- > 0;) {
        path[depth] = (struct radix_node **)slot;
        slot = &(*path[depth++])->slots[slot_of(index, level)];
    }
    void *item = *slot;
    if (!item)
        return NULL;
    *slot = NULL;
    if (depth > 0)
        (*path[depth - 1])->used--;
    prune(path, depth);
    if (!tree->root)
        tree->height = 0;
    return item;
}

// The first item at or after *index below at, whose lowest level is `level`.
static void *next_below(void *at, unsigned height, uint64_t *index)
{
    if (!at || height == 0)
        return at;
    unsigned level = height - 1;
    struct radix_node *node = at;
    for (unsigned i = slot_of(*index, level); i < RADIX_SLOTS; i++) {
        uint64_t slot = *index >> (level * RADIX_BITS);
        void *item = next_below(node->slots[i], level, index);
        if (item)
            return item;
        *index = (slot + 1) << (level * RADIX_BITS);
    }
    return NULL;
}

void *radix_next(const struct radix *tree, uint64_t *index)
{
    if (!index_fits(*index, tree->height))
        return NULL;
    return next_below(tree->root, tree->height, index);
}
