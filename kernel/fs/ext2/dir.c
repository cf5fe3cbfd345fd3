// SPDX-License-Identifier: MIT
//
// ext2: directories. One is a sequence of blocks, each filled by a chain
// of entries: inode number, length, name. A removed entry becomes part of the
// one before it, or, at the start of a block, an entry of inode 0. Every chain
// is checked as it is walked.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <string.h>

#include "ext2.h"

enum ext2_file_type {
    EXT2_FT_UNKNOWN,
    EXT2_FT_REG,
    EXT2_FT_DIR,
    EXT2_FT_CHR,
    EXT2_FT_BLK,
    EXT2_FT_FIFO,
    EXT2_FT_SOCK,
    EXT2_FT_LNK,
    EXT2_FT_TYPES,
};

static const uint32_t modes[EXT2_FT_TYPES] = {
    0, S_IFREG, S_IFDIR, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK, S_IFLNK};

static uint8_t type_of(uint32_t mode)
{
    for (uint8_t type = EXT2_FT_REG; type < EXT2_FT_TYPES; type++)
        if (modes[type] == (mode & S_IFMT))
            return type;
    return EXT2_FT_UNKNOWN;
}

// Bytes that an entry with a name of that length needs.
static size_t entry_size(size_t name_length)
{
    return ALIGN_UP(sizeof(struct ext2_entry) + name_length, 4);
}

// A block of the directory under examination.
struct cursor {
    struct page *page;
    struct ext2_entry *entry;     // the one found
    struct ext2_entry *previous;  // in the same block, or NULL
};

static int directory_block(struct inode *dir, uint64_t index,
                           struct page **page)
{
    uint32_t block;
    int error = ext2_map(dir, index, false, &block);

    if (error == 0 && block == 0)
        error = ext2_damaged(ext2_of(dir), "a hole in directory", dir->number);
    return error ? error : ext2_get(ext2_of(dir), block, page);
}

// The entry at an offset of a block, or NULL if there is none that can be.
static struct ext2_entry *entry_at(struct inode *dir, struct page *page,
                                   size_t offset)
{
    struct ext2_entry *entry = (void *)((char *)page_to_virt(page) + offset);

    if (offset + sizeof(*entry) <= EXT2_BLOCK_SIZE && entry->length % 4 == 0 &&
        entry->length >= entry_size(entry->name_length) &&
        offset + entry->length <= EXT2_BLOCK_SIZE)
        return entry;
    ext2_damaged(ext2_of(dir), "directory", dir->number);
    return NULL;
}

typedef bool entry_test(const struct ext2_entry *entry, const char *name,
                        size_t length);

// Look through one block for an entry that passes the test. 0, 1: it is not
// here, -EIO.
static int search_block(struct inode *dir, entry_test *passes, const char *name,
                        struct cursor *cursor)
{
    size_t length = strlen(name);
    struct ext2_entry *entry;

    cursor->previous = NULL;
    for (size_t at = 0; at < EXT2_BLOCK_SIZE; at += entry->length) {
        entry = entry_at(dir, cursor->page, at);
        if (!entry)
            return -EIO;
        if (passes(entry, name, length)) {
            cursor->entry = entry;
            return 0;
        }
        cursor->previous = entry;
    }
    return 1;
}

// The same through all blocks. Found: 0, and cursor->page is the caller's to
// put. -ENOENT, -EIO.
static int search(struct inode *dir, entry_test *passes, const char *name,
                  struct cursor *cursor)
{
    uint64_t blocks = dir->cache.size / EXT2_BLOCK_SIZE;

    for (uint64_t index = 0; index < blocks; index++) {
        int error = directory_block(dir, index, &cursor->page);
        if (error)
            return error;
        error = search_block(dir, passes, name, cursor);
        if (error == 0)
            return 0;
        page_put(cursor->page);
        if (error < 0)
            return error;
    }
    return -ENOENT;
}

static bool has_name(const struct ext2_entry *entry, const char *name,
                     size_t length)
{
    return entry->inode && entry->name_length == length &&
           memcmp(entry->name, name, length) == 0;
}

// Bytes behind what the entry itself needs.
static size_t spare(const struct ext2_entry *entry)
{
    return entry->length - (entry->inode ? entry_size(entry->name_length) : 0);
}

static bool has_room(const struct ext2_entry *entry, const char *name,
                     size_t length)
{
    (void)name;
    return spare(entry) >= entry_size(length);
}

static bool is_other(const struct ext2_entry *entry, const char *name,
                     size_t length)
{
    (void)name, (void)length;
    bool dots = (entry->name_length == 1 && entry->name[0] == '.') ||
                (entry->name_length == 2 && !memcmp(entry->name, "..", 2));
    return entry->inode && !dots;
}

int ext2_entry_find(struct inode *dir, const char *name, uint32_t *number)
{
    struct cursor cursor;
    int error = search(dir, has_name, name, &cursor);

    if (error)
        return error;
    *number = cursor.entry->inode;
    page_put(cursor.page);
    return 0;
}

int ext2_directory_is_empty(struct inode *inode)
{
    struct cursor cursor;
    int error = search(inode, is_other, "", &cursor);

    if (error == 0) {
        page_put(cursor.page);
        return -ENOTEMPTY;
    }
    return error == -ENOENT ? 0 : error;
}

static void fill(struct ext2_entry *entry, size_t length, const char *name,
                 uint32_t number, uint32_t mode)
{
    entry->inode = number;
    entry->length = length;
    entry->name_length = strlen(name);
    entry->type = type_of(mode);
    memcpy(entry->name, name, entry->name_length);
}

// Another block, all of it one free entry.
static int append_block(struct inode *dir, struct page **page)
{
    struct ext2 *fs = ext2_of(dir);
    uint32_t block;
    int error = ext2_map(dir, dir->cache.size / EXT2_BLOCK_SIZE, true, &block);

    if (error == 0)
        error = ext2_get_new(fs, block, page);
    if (error)
        return error;
    ((struct ext2_entry *)page_to_virt(*page))->length = EXT2_BLOCK_SIZE;
    ext2_set_size(dir, dir->cache.size + EXT2_BLOCK_SIZE);
    return 0;
}

// The names will no longer be where a hash tree says.
static void drop_index(struct inode *dir)
{
    ext2_inode_of(dir)->flags &= ~EXT2_INDEXED_DIRECTORY;
    ext2_inode_changed(dir);
}

int ext2_entry_add(struct inode *dir, const char *name, uint32_t number,
                   uint32_t mode)
{
    struct cursor cursor;
    int error = search(dir, has_room, name, &cursor);

    if (error == -ENOENT) {
        error = append_block(dir, &cursor.page);
        cursor.entry = error ? NULL : page_to_virt(cursor.page);
    }
    if (error)
        return error;
    struct ext2_entry *entry = cursor.entry;
    size_t length = spare(entry);
    if (entry->inode) {  // split off what it does not need
        entry->length -= length;
        entry = (void *)((char *)entry + entry->length);
    }
    fill(entry, length, name, number, mode);
    ext2_put_dirty(ext2_of(dir), cursor.page);
    drop_index(dir);
    return 0;
}

int ext2_entry_remove(struct inode *dir, const char *name)
{
    struct cursor cursor;
    int error = search(dir, has_name, name, &cursor);

    if (error)
        return error;
    if (cursor.previous)
        cursor.previous->length += cursor.entry->length;
    cursor.entry->inode = 0;
    ext2_put_dirty(ext2_of(dir), cursor.page);
    drop_index(dir);
    return 0;
}

int ext2_entry_set(struct inode *dir, const char *name, uint32_t number,
                   uint32_t mode)
{
    struct cursor cursor;
    int error = search(dir, has_name, name, &cursor);

    if (error)
        return error;
    cursor.entry->inode = number;
    cursor.entry->type = type_of(mode);
    ext2_put_dirty(ext2_of(dir), cursor.page);
    return 0;
}

int ext2_directory_init(struct inode *inode, uint32_t parent)
{
    struct page *page;
    int error = append_block(inode, &page);

    if (error)
        return error;
    char *block = page_to_virt(page);
    size_t first = entry_size(1);
    fill((void *)block, first, ".", inode->number, S_IFDIR);
    fill((void *)(block + first), EXT2_BLOCK_SIZE - first, "..", parent,
         S_IFDIR);
    ext2_put_dirty(ext2_of(inode), page);
    return 0;
}

// ---- listing ----

// Emit the entries of one block from file->position on. 0, 1 when there is no
// more room, -EIO. A position is an entry's offset; it may have been merged
// with its neighbour since, so the chain is walked from the block's start.
static int list_block(struct file *file, struct page *page,
                      struct readdir *context)
{
    uint64_t base = ALIGN_DOWN(file->position, EXT2_BLOCK_SIZE);

    for (size_t offset = 0; offset < EXT2_BLOCK_SIZE;) {
        struct ext2_entry *entry = entry_at(file->inode, page, offset);
        if (!entry)
            return -EIO;
        uint64_t next = base + offset + entry->length;
        bool due = base + offset >= file->position;
        uint32_t mode = entry->type < EXT2_FT_TYPES ? modes[entry->type] : 0;
        if (due && entry->inode &&
            !dir_emit(file, context, entry->name, entry->name_length,
                      entry->inode, mode, next))
            return 1;
        offset += entry->length;
    }
    file->position = base + EXT2_BLOCK_SIZE;
    return 0;
}

// User memory is written to while entries are emitted, so not under fs->lock;
// the directory stays as it is, since its names are locked.
int ext2_readdir(struct file *file, struct readdir *context)
{
    struct inode *dir = file->inode;
    struct ext2 *fs = ext2_of(dir);
    int result = 0;

    while (result == 0 && file->position < dir->cache.size) {
        struct page *page;
        mutex_lock(&fs->lock);
        result = directory_block(dir, file->position / EXT2_BLOCK_SIZE, &page);
        mutex_unlock(&fs->lock);
        if (result)
            break;
        result = list_block(file, page, context);
        page_put(page);
    }
    return MIN(result, 0);
}
