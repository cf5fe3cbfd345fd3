// SPDX-License-Identifier: MIT
//
// kernel/lib/radix.c: items at small and at huge indices, the order of
// iteration, nodes given back, and memory that runs out half way.

#include "unit.h"

#include <abi/errno.h>
#include <lib/radix.h>

static long nodes;
static long nodes_left = -1;  // -1: no end of memory

void *radix_node_alloc(size_t n)
{
    if (nodes_left == 0)
        return NULL;
    if (nodes_left > 0)
        nodes_left--;
    nodes++;
    return calloc(1, n);
}

void radix_node_free(void *node)
{
    nodes--;
    free(node);
}

static void *item(uint64_t n)
{
    return (void *)(n * 16 + 8);
}

static const uint64_t far_apart[] = {
    0,         1, 63, 64, 4095, 4096, 1ull << 18, 1ull << 52, UINT64_MAX - 1,
    UINT64_MAX};
#define FAR_APART (sizeof(far_apart) / sizeof(far_apart[0]))

TEST(what_goes_in_comes_out)
{
    struct radix tree = {0};
    for (size_t i = 0; i < FAR_APART; i++) {
        CHECK(!radix_find(&tree, far_apart[i]));
        CHECK_EQ(radix_insert(&tree, far_apart[i], item(i)), 0);
    }
    for (size_t i = 0; i < FAR_APART; i++)
        CHECK(radix_find(&tree, far_apart[i]) == item(i));
    CHECK(!radix_find(&tree, 2));
    CHECK(!radix_find(&tree, 1ull << 53));
    for (size_t i = 0; i < FAR_APART; i++) {
        CHECK(radix_remove(&tree, far_apart[i]) == item(i));
        CHECK(!radix_remove(&tree, far_apart[i]));
    }
    CHECK_EQ(nodes, 0);
    CHECK(!tree.root && tree.height == 0);
}

TEST(one_item_at_zero_needs_no_node)
{
    struct radix tree = {0};
    CHECK_EQ(radix_insert(&tree, 0, item(1)), 0);
    CHECK_EQ(nodes, 0);
    uint64_t index = 0;
    CHECK(radix_next(&tree, &index) == item(1));
    index = 1;
    CHECK(!radix_next(&tree, &index));
    CHECK(radix_remove(&tree, 0) == item(1));
}

TEST(iteration_is_in_order)
{
    struct radix tree = {0};
    for (size_t i = FAR_APART; i-- > 0;)
        CHECK_EQ(radix_insert(&tree, far_apart[i], item(i)), 0);
    uint64_t index = 0;
    for (size_t i = 0; i < FAR_APART; i++, index++) {
        CHECK(radix_next(&tree, &index) == item(i));
        CHECK_EQ(index, far_apart[i]);
    }
    index = 65;
    CHECK(radix_next(&tree, &index) == item(4));
    CHECK_EQ(index, 4095);
    for (index = 0; radix_next(&tree, &index);)
        radix_remove(&tree, index);
    CHECK_EQ(nodes, 0);
}

// Against a plain array, with every operation at random.
TEST(agrees_with_an_array)
{
    enum {
        INDICES = 1000
    };
    static bool present[INDICES];
    struct radix tree = {0};
    srand(1);
    for (int round = 0; round < 100000; round++) {
        int i = rand() % INDICES;
        CHECK_EQ(radix_find(&tree, i) != NULL, present[i]);
        if (present[i])
            CHECK(radix_remove(&tree, i) == item(i));
        else
            CHECK_EQ(radix_insert(&tree, i, item(i)), 0);
        present[i] = !present[i];
        uint64_t next = rand() % INDICES, wanted = next;
        void *found = radix_next(&tree, &next);
        while (wanted < INDICES && !present[wanted])
            wanted++;
        CHECK_EQ(found != NULL, wanted < INDICES);
        CHECK(!found || (next == wanted && found == item(wanted)));
    }
    for (int i = 0; i < INDICES; i++)
        if (present[i])
            radix_remove(&tree, i);
    CHECK_EQ(nodes, 0);
}

TEST(no_memory_leaves_the_tree_as_it_was)
{
    for (int enough = 0; enough < 20; enough++) {
        struct radix tree = {0};
        nodes_left = -1;
        CHECK_EQ(radix_insert(&tree, 3, item(3)), 0);
        nodes_left = enough;
        int error = radix_insert(&tree, 1ull << 50, item(50));
        CHECK(error == 0 || error == -ENOMEM);
        CHECK_EQ(radix_find(&tree, 1ull << 50) != NULL, error == 0);
        CHECK(radix_find(&tree, 3) == item(3));
        if (!error)
            radix_remove(&tree, 1ull << 50);
        CHECK(radix_remove(&tree, 3) == item(3));
        CHECK_EQ(nodes, 0);
    }
    nodes_left = -1;
}

TEST(an_item_is_replaced)
{
    struct radix tree = {0};
    for (size_t i = 0; i < FAR_APART; i++)
        CHECK_EQ(radix_insert(&tree, far_apart[i], item(i)), 0);
    long before = nodes;
    for (size_t i = 0; i < FAR_APART; i++)
        radix_replace(&tree, far_apart[i], item(i + 100));
    CHECK_EQ(nodes, before);
    for (size_t i = 0; i < FAR_APART; i++)
        CHECK(radix_remove(&tree, far_apart[i]) == item(i + 100));
    CHECK_EQ(nodes, 0);
}
