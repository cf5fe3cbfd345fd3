// SPDX-License-Identifier: MIT
//
// Moving bytes between kernel memory and the areas of a uio.

#include <abi/errno.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <mm/uio.h>
#include <string.h>

#include "user_copy.h"

// The most that one read or write moves, as Linux's MAX_RW_COUNT.
#define UIO_MAX (0x80000000ul - PAGE_SIZE)

static void init(struct uio *uio, const struct iovec *iov, size_t n,
                 bool kernel)
{
    uio->iov = iov;
    uio->offset = 0;
    uio->resid = MIN(n, UIO_MAX);
    uio->done = 0;
    uio->kernel = kernel;
    uio->allocated = NULL;
}

void uio_user(struct uio *uio, uaddr base, size_t n)
{
    uio->fast[0] = (struct iovec){base, n};
    init(uio, uio->fast, n, false);
}

void uio_kernel(struct uio *uio, void *base, size_t n)
{
    uio->fast[0] = (struct iovec){(uint64_t)base, n};
    init(uio, uio->fast, n, true);
}

// The sum of all lengths, as far as one transfer goes, if each area could be a
// user's.
static ssize_t check_areas(const struct iovec *iov, size_t count)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++)
        if (iov[i].length > INT64_MAX)
            return -EINVAL;
    for (size_t i = 0; i < count; i++) {
        if (!user_range_ok(iov[i].base, iov[i].length))
            return -EFAULT;
        total += MIN(iov[i].length, UIO_MAX - total);
    }
    return total;
}

int uio_import(struct uio *uio, uaddr from, size_t count)
{
    struct iovec *iov = uio->fast;
    uio->allocated = NULL;
    if (count > IOV_MAX)
        return -EINVAL;
    if (count > UIO_FAST) {
        iov = uio->allocated = kmalloc(count * sizeof(*iov));
        if (!iov)
            return -ENOMEM;
    }
    ssize_t total = copy_from_user(iov, from, count * sizeof(*iov));
    if (total == 0)
        total = check_areas(iov, count);
    if (total < 0) {
        uio_release(uio);
        return total;
    }
    struct iovec *allocated = uio->allocated;
    init(uio, iov, total, false);
    uio->allocated = allocated;
    return 0;
}

void uio_release(struct uio *uio)
{
    kfree(uio->allocated);
    uio->allocated = NULL;
}

void uio_advance(struct uio *uio, size_t n)
{
    uio->resid -= n;
    uio->done += n;
    uio->offset += n;
    while (uio->resid > 0 && uio->offset >= uio->iov->length) {
        uio->offset -= uio->iov->length;
        uio->iov++;
    }
}

void uio_revert(struct uio *uio, size_t n)
{
    uio->resid += n;
    uio->done -= n;
    while (n > uio->offset) {
        n -= uio->offset;
        uio->iov--;
        uio->offset = uio->iov->length;
    }
    uio->offset -= n;
}

enum direction {
    TO_UIO,
    FROM_UIO,
    ZERO_UIO,
};

// Move n bytes at one place. Returns how many were not moved. Inline like its
// caller, so that each of the three copies has its direction built in.
static inline size_t move(const struct uio *uio, uaddr at, char *data, size_t n,
                          enum direction direction)
{
    char *there = (char *)at;
    if (!uio->kernel) {
        if (direction == FROM_UIO)
            return user_copy_in(data, at, n);
        return direction == TO_UIO ? user_copy_out(at, data, n)
                                   : user_clear(at, n);
    }
    if (direction == FROM_UIO)
        memcpy(data, there, n);
    else if (direction == TO_UIO)
        memcpy(there, data, n);
    else
        memset(there, 0, n);
    return 0;
}

static inline __attribute__((always_inline)) int transfer(
    struct uio *uio, char *data, size_t n, enum direction direction)
{
    n = MIN(n, uio->resid);
    while (n > 0) {
        size_t part = MIN(n, uio->iov->length - uio->offset);
        size_t left =
            move(uio, uio->iov->base + uio->offset, data, part, direction);
        uio_advance(uio, part - left);
        if (left)
            return -EFAULT;
        data += part;
        n -= part;
    }
    return 0;
}

int copy_to_uio(struct uio *uio, const void *from, size_t n)
{
    return transfer(uio, (char *)from, n, TO_UIO);
}

int copy_from_uio(struct uio *uio, void *to, size_t n)
{
    return transfer(uio, to, n, FROM_UIO);
}

int zero_to_uio(struct uio *uio, size_t n)
{
    return transfer(uio, NULL, n, ZERO_UIO);
}
