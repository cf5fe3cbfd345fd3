// SPDX-License-Identifier: MIT
//
// A map from 64-bit indices to pointers, as a tree of 64-way nodes that is as
// tall as the largest index needs. The page cache keeps a file's pages in one.
// Pure: the caller locks.

#pragma once

#include <lib/types.h>

struct radix {
    void *root;       // a node, or at height 0 the item of index 0
    unsigned height;  // levels of nodes
};

// Keep item (not NULL) at index, which must be empty. 0 or -ENOMEM.
int radix_insert(struct radix *tree, uint64_t index, void *item);

void *radix_find(const struct radix *tree, uint64_t index);  // NULL: none

// Take the item out and return it; NULL: none. Nodes left empty are freed.
void *radix_remove(struct radix *tree, uint64_t index);

// Put another item (not NULL) in the place of the one at index.
void radix_replace(struct radix *tree, uint64_t index, void *item);

// The first item at *index or after it, whose index is stored; NULL: none.
void *radix_next(const struct radix *tree, uint64_t *index);

// Memory for the nodes, zeroed. The memory floor provides these.
void *radix_node_alloc(size_t n);
void radix_node_free(void *node);
