// SPDX-License-Identifier: MIT
//
// sendfile(2) and copy_file_range(2): a file's contents go from the page cache
// to another file's write operation, without a copy in between.

#include <abi/fcntl.h>
#include <fs/file.h>
#include <fs/vfs.h>
#include <mm/page.h>
#include <mm/page_cache.h>
#include <mm/uaccess.h>
#include <syscall/syscalls.h>

#define COPY_MAX (INT32_MAX & ~(PAGE_SIZE - 1))

static const char zeros[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

// Write up to n bytes of one page of the source. The count or -errno.
static ssize_t copy_page(struct page_cache *cache, uint64_t from,
                         struct file *out, uint64_t *position, size_t n)
{
    size_t offset = from % PAGE_SIZE;
    struct page *page;
    struct uio uio;
    int error = page_cache_get(cache, from / PAGE_SIZE, false, &page);

    if (error)
        return error;
    const char *data = page ? page_to_virt(page) : zeros;
    uio_kernel(&uio, (void *)(data + offset), MIN(n, PAGE_SIZE - offset));
    ssize_t done = file_write(out, &uio, position);
    if (page)
        page_put(page);
    return done;
}

// Copy n bytes from *from on, moving it along; position as in file_write. What
// was copied before an error counts.
static ssize_t copy_range(struct file *in, uint64_t *from, struct file *out,
                          uint64_t *position, size_t n)
{
    struct page_cache *cache = &in->inode->cache;
    size_t done = 0;

    while (done < n) {
        uint64_t size = READ_ONCE(cache->size);
        if (*from >= size)
            break;
        size_t piece = MIN(n - done, size - *from);
        ssize_t copied = copy_page(cache, *from, out, position, piece);
        if (copied < 0)
            return done ? (ssize_t)done : copied;
        *from += (uint64_t)copied;
        done += (size_t)copied;
        // A short write is the end; so is a signal, once there is a result.
        if ((size_t)copied < MIN(piece, PAGE_SIZE) && *from % PAGE_SIZE)
            break;
        if (signal_pending())
            break;
        cond_resched();
    }
    return (ssize_t)done;
}

static bool is_regular(const struct file *file)
{
    return file->inode && S_ISREG(file->inode->mode) &&
           file->ops == &regular_file_ops;
}

// Read an offset, or take the file's position where there is none.
static int offset_from_user(uaddr at, struct file *file, uint64_t *offset)
{
    int64_t value = (int64_t)READ_ONCE(file->position);

    if (at && GET_USER(&value, at))
        return -EFAULT;
    *offset = (uint64_t)value;
    return value < 0 ? -EINVAL : 0;
}

static int offset_to_user(uaddr at, struct file *file, uint64_t offset)
{
    if (at)
        return PUT_USER(at, (int64_t)offset);
    WITH_MUTEX(&file->position_lock)
        file->position = offset;
    return 0;
}

static long send_file(struct file *out, struct file *in, uaddr at, size_t n)
{
    uint64_t from;

    if ((in->flags & O_ACCMODE) == O_WRONLY ||
        (out->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (at && !in->ops->seek)
        return -ESPIPE;
    if (!is_regular(in) || (out->flags & O_APPEND) || (ssize_t)n < 0)
        return -EINVAL;
    int error = offset_from_user(at, in, &from);
    if (error)
        return error;
    ssize_t done = copy_range(in, &from, out, NULL, MIN(n, COPY_MAX));
    if (done >= 0)
        error = offset_to_user(at, in, from);
    return error ? error : done;
}

long sys_sendfile(long out_fd, long in_fd, uaddr offset, size_t n)
{
    struct file *in = fd_get(in_fd);
    struct file *out = fd_get(out_fd);
    long result = in && out ? send_file(out, in, offset, n) : -EBADF;

    if (in)
        file_put(in);
    if (out)
        file_put(out);
    return result;
}

static int check_copy(const struct file *in, const struct file *out)
{
    if ((in->inode && S_ISDIR(in->inode->mode)) ||
        (out->inode && S_ISDIR(out->inode->mode)))
        return -EISDIR;
    if (!is_regular(in) || !is_regular(out))
        return -EINVAL;
    if ((in->flags & O_ACCMODE) == O_WRONLY ||
        (out->flags & O_ACCMODE) == O_RDONLY || (out->flags & O_APPEND))
        return -EBADF;
    return 0;
}

static bool overlaps(uint64_t a, uint64_t b, size_t n)
{
    return a < b ? b - a < n : a - b < n;
}

static long copy_files(struct file *in, uaddr in_at, struct file *out,
                       uaddr out_at, size_t n)
{
    uint64_t from, to;
    int error = check_copy(in, out);

    if (!error)
        error = offset_from_user(in_at, in, &from);
    if (!error)
        error = offset_from_user(out_at, out, &to);
    if (error)
        return error;
    if (in->inode == out->inode && overlaps(from, to, n))
        return -EINVAL;
    ssize_t done = copy_range(in, &from, out, &to, MIN(n, COPY_MAX));
    if (done >= 0)
        error = offset_to_user(in_at, in, from);
    if (done >= 0 && !error)
        error = offset_to_user(out_at, out, to);
    return error ? error : done;
}

long sys_copy_file_range(long in_fd, uaddr in_at, long out_fd, uaddr out_at,
                         size_t n, long flags)
{
    if ((unsigned)flags)
        return -EINVAL;
    struct file *in = fd_get(in_fd);
    struct file *out = fd_get(out_fd);
    long result = in && out ? copy_files(in, in_at, out, out_at, n) : -EBADF;

    if (in)
        file_put(in);
    if (out)
        file_put(out);
    return result;
}
