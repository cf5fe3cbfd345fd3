// SPDX-License-Identifier: MIT
//
// kernel/mm/buddy.c: blocks are aligned, do not overlap, and join again.

#include "unit.h"

#include "../../kernel/mm/buddy.h"

#define PAGES 5000  // not a multiple of the largest block

static struct page pages[PAGES];
static struct buddy buddy;

static void start_over(size_t first, size_t end)
{
    memset(pages, 0, sizeof(pages));
    buddy_init(&buddy, pages, PAGES);
    buddy_free_range(&buddy, first, end);
    CHECK_EQ(buddy.free, end - first);
}

static unsigned largest_free(void)
{
    for (unsigned order = MAX_ORDER; order > 0; order--)
        if (!list_empty(&buddy.lists[order]))
            return order;
    return 0;
}

TEST(blocks_are_aligned)
{
    start_over(0, PAGES);
    for (unsigned order = 0; order <= MAX_ORDER; order++) {
        struct page *page = buddy_alloc(&buddy, order);
        CHECK(page);
        CHECK_EQ((page - pages) % (1l << order), 0);
        CHECK_EQ(page->order, order);
        CHECK(!(page->flags & PAGE_FREE));
    }
}

TEST(all_of_it_and_no_more)
{
    start_over(0, PAGES);
    for (int i = 0; i < PAGES; i++) {
        struct page *page = buddy_alloc(&buddy, 0);
        CHECK(page && !page->refs);
        page->refs = 1;
    }
    CHECK(!buddy_alloc(&buddy, 0));
    CHECK_EQ(buddy.free, 0);
}

TEST(freed_blocks_join)
{
    start_over(0, PAGES);
    while (buddy_alloc(&buddy, 0))
        ;
    for (int i = 0; i < PAGES; i++)  // each other one, then the rest
        buddy_free(&buddy, &pages[i * 2 % PAGES + (i >= PAGES / 2)], 0);
    CHECK_EQ(buddy.free, PAGES);
    for (int i = 0; i < PAGES >> MAX_ORDER; i++)
        CHECK(buddy_alloc(&buddy, MAX_ORDER));
    CHECK(!buddy_alloc(&buddy, MAX_ORDER));
}

TEST(a_range_keeps_to_its_borders)
{
    start_over(3, 1030);
    size_t count = 0;
    for (struct page *page; (page = buddy_alloc(&buddy, 0)); count++)
        CHECK(page >= &pages[3] && page < &pages[1030]);
    CHECK_EQ(count, 1030 - 3);
}

TEST(blocks_of_all_sizes_do_not_overlap)
{
    static struct page *blocks[PAGES];
    static unsigned orders[PAGES];
    static uint8_t owner[PAGES];
    size_t live = 0;
    start_over(0, PAGES);
    memset(owner, 0, sizeof(owner));
    srand(1);
    for (int round = 0; round < 200000; round++) {
        unsigned order = rand() % 6;
        struct page *page = rand() % 2 ? buddy_alloc(&buddy, order) : NULL;
        if (page) {
            for (size_t i = page - pages; i < page - pages + (1ul << order);
                 i++)
                CHECK(!owner[i]++);
            blocks[live] = page;
            orders[live++] = order;
        } else if (live > 0) {
            size_t victim = rand() % live;
            page = blocks[victim];
            order = orders[victim];
            for (size_t i = page - pages; i < page - pages + (1ul << order);
                 i++)
                CHECK(owner[i]-- == 1);
            buddy_free(&buddy, page, order);
            blocks[victim] = blocks[--live];
            orders[victim] = orders[live];
        }
    }
    while (live-- > 0)
        buddy_free(&buddy, blocks[live], orders[live]);
    CHECK_EQ(buddy.free, PAGES);
    CHECK_EQ(largest_free(), MAX_ORDER);
}
