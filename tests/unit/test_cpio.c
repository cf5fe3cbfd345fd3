// SPDX-License-Identifier: MIT
//
// kernel/fs/cpio.c: entries of good archives, and archives that are cut short
// or lie about their sizes.

#include "unit.h"

#include "../../kernel/fs/cpio.h"

static char archive[4096];

// Put an entry at offset `at`; the offset behind it.
static size_t put(size_t at, const char *name, unsigned mode, const char *data)
{
    size_t size = strlen(data);
    int n = snprintf(archive + at, sizeof(archive) - at,
                     "070701%08x%08x%08x%08x%08x%08x%08zX%08x%08x%08x%08x%08zx"
                     "%08x%s",
                     7u, mode, 1u, 2u, 3u, 1000u, size, 8u, 9u, 10u, 11u,
                     strlen(name) + 1, 0u, name);
    size_t end = ALIGN_UP(at + (size_t)n + 1, 4);
    memcpy(archive + end, data, size);
    return ALIGN_UP(end + size, 4);
}

static void clear(void)
{
    memset(archive, 0, sizeof(archive));
}

TEST(fields)
{
    struct cpio_entry e;

    clear();
    size_t end = put(0, "bin/sh", 0100755, "hello");
    CHECK_EQ(cpio_read(archive, end, 0, &e), 0);
    CHECK_EQ(e.inode, 7);
    CHECK_EQ(e.mode, 0100755);
    CHECK_EQ(e.uid, 1);
    CHECK_EQ(e.gid, 2);
    CHECK_EQ(e.links, 3);
    CHECK_EQ(e.mtime, 1000);
    CHECK_EQ(e.size, 5);
    CHECK_EQ(e.device_major, 8);
    CHECK_EQ(e.device_minor, 9);
    CHECK_EQ(e.rdev_major, 10);
    CHECK_EQ(e.rdev_minor, 11);
    CHECK(!strcmp(e.name, "bin/sh"));
    CHECK(!memcmp(e.data, "hello", 5));
    CHECK_EQ(e.next, end);
}

TEST(one_behind_another)
{
    struct cpio_entry e;

    clear();
    size_t second = put(0, "a", 0100644, "x");
    size_t third = put(second, "longer name", 040755, "");
    size_t end = put(third, CPIO_TRAILER, 0, "");
    CHECK_EQ(cpio_read(archive, end, 0, &e), 0);
    CHECK_EQ(e.next, second);
    CHECK_EQ(cpio_read(archive, end, second, &e), 0);
    CHECK(!strcmp(e.name, "longer name"));
    CHECK_EQ(cpio_read(archive, end, e.next, &e), 0);
    CHECK(!strcmp(e.name, CPIO_TRAILER));
    CHECK_EQ(e.next, end);
}

TEST(padding_between_archives)
{
    clear();
    size_t end = put(0, CPIO_TRAILER, 0, "");
    size_t second = put(512, "b", 0100644, "");
    CHECK_EQ(cpio_skip_zeros(archive, second, end), 512);
    CHECK_EQ(cpio_skip_zeros(archive, 512, end), 512);
    CHECK_EQ(cpio_skip_zeros(archive, 512, 0), 0);
}

TEST(cut_short_anywhere)
{
    struct cpio_entry e;

    clear();
    size_t end = put(0, "name", 0100644, "data");
    for (size_t size = 0; size < end; size++)
        CHECK_EQ(cpio_read(archive, size, 0, &e), -1);
    CHECK_EQ(cpio_read(archive, end, end + 4, &e), -1);
}

TEST(last_padding_may_be_missing)
{
    struct cpio_entry e;

    clear();
    size_t end = put(0, "name", 0100644, "data!");
    CHECK_EQ(cpio_read(archive, end - 3, 0, &e), 0);
    CHECK_EQ(e.next, end - 3);
}

TEST(bad_headers)
{
    struct cpio_entry e;

    clear();
    size_t end = put(0, "name", 0100644, "data");
    for (size_t i = 0; i < CPIO_HEADER_SIZE; i++) {
        char kept = archive[i];
        archive[i] = 'x';
        CHECK_EQ(cpio_read(archive, end, 0, &e), -1);
        archive[i] = kept;
    }
    CHECK_EQ(cpio_read(archive, end, 0, &e), 0);
    archive[5] = '2';  // with checksums, which are not looked at
    CHECK_EQ(cpio_read(archive, end, 0, &e), 0);
}

TEST(sizes_that_lie)
{
    static const size_t fields[] = {6, 11};  // of the data, of the name
    static const char *const values[] = {"ffffffff", "fffffff0", "80000000",
                                         "00001000"};
    struct cpio_entry e;

    clear();
    size_t end = put(0, "name", 0100644, "data");
    for (size_t f = 0; f < 2; f++) {
        char *field = archive + 6 + 8 * fields[f], kept[8];
        memcpy(kept, field, 8);
        for (size_t v = 0; v < 4; v++) {
            memcpy(field, values[v], 8);
            CHECK_EQ(cpio_read(archive, end, 0, &e), -1);
        }
        memcpy(field, kept, 8);
    }
    memcpy(archive + 6 + 8 * 11, "00000000", 8);
    CHECK_EQ(cpio_read(archive, end, 0, &e), -1);
    memcpy(archive + 6 + 8 * 11, "00000003", 8);  // without a terminator
    CHECK_EQ(cpio_read(archive, end, 0, &e), -1);
}
