// SPDX-License-Identifier: MIT
//
// The text files of /proc: made as they are read from the start, one value for
// each write.

#include "procfs.h"

#include <abi/errno.h>
#include <mm/kmalloc.h>

#define STORE_MAX 4096

// An open file: its text as of the last read at position 0.
struct reader {
    struct mutex lock;  // RANK_INODE: two preads at once
    struct text text;
};

static int text_open(struct inode *inode, struct file *file)
{
    struct reader *reader = kzalloc(sizeof(*reader));

    (void)inode;
    if (!reader)
        return -ENOMEM;
    mutex_init(&reader->lock, RANK_INODE, "proc text");
    file->private = reader;
    return 0;
}

static void text_release(struct file *file)
{
    struct reader *reader = file->private;

    kfree(reader->text.data);
    kfree(reader);
}

static ssize_t read_locked(struct reader *reader, const struct proc_node *node,
                           struct uio *uio, uint64_t *position)
{
    struct text *text = &reader->text;

    if (*position == 0) {
        text->length = 0;
        text->failed = false;
        node->show(text, node);
        if (text->failed)
            return -ENOMEM;
    }
    if (*position >= text->length)
        return 0;
    size_t n = MIN(text->length - *position, uio->resid);
    size_t before = uio->done;
    int error = copy_to_uio(uio, text->data + *position, n);
    n = uio->done - before;
    *position += n;
    return n ? (ssize_t)n : error;
}

static ssize_t text_read(struct file *file, struct uio *uio, uint64_t *position,
                         unsigned flags)
{
    struct reader *reader = file->private;
    struct proc_node *node = file->inode->private;

    (void)flags;
    if (!node->show)
        return -EIO;
    mutex_lock(&reader->lock);
    ssize_t n = read_locked(reader, node, uio, position);
    mutex_unlock(&reader->lock);
    return n;
}

// One write is one value.
static ssize_t text_write(struct file *file, struct uio *uio,
                          uint64_t *position, unsigned flags)
{
    struct proc_node *node = file->inode->private;
    size_t n = uio->resid;

    (void)flags;
    if (!node->store)
        return -EIO;
    if (n >= STORE_MAX)
        return -EINVAL;
    char *value = kmalloc(n + 1);
    if (!value)
        return -ENOMEM;
    int error = copy_from_uio(uio, value, n);
    if (!error) {
        bool newline = n > 0 && value[n - 1] == '\n';
        value[newline ? n - 1 : n] = '\0';
        error = node->store(node, value);
    }
    kfree(value);
    if (error)
        return error;
    *position += n;
    return (ssize_t)n;
}

static int64_t text_seek(struct file *file, int64_t offset, int whence)
{
    struct reader *reader = file->private;

    return seek_within(file, offset, whence, reader->text.length);
}

const struct file_ops proc_text_ops = {
    .name = "proc",
    .open = text_open,
    .read = text_read,
    .write = text_write,
    .seek = text_seek,
    .release = text_release,
};

// open(O_TRUNC) before a value is written.
static int text_truncate(struct inode *inode, uint64_t size)
{
    (void)inode;
    (void)size;
    return 0;
}

const struct inode_ops proc_text_inode_ops = {
    .truncate = text_truncate,
    .evict = proc_evict,
};
