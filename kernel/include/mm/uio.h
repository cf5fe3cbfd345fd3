// SPDX-License-Identifier: MIT
//
// The memory side of a transfer: a list of user (or kernel) areas and how far
// it has come. read, readv, recvmsg and their kind all make one of these, and
// file operations move data by it.

#pragma once

#include <lib/types.h>

#define IOV_MAX  1024
#define UIO_FAST 8

struct iovec {
    uaddr base;  // or a kernel pointer, as the uio says
    uint64_t length;
};

struct uio {
    const struct iovec *iov;  // the area being filled or drained
    size_t offset;            // bytes done of it
    size_t resid;             // bytes left over all areas
    size_t done;              // bytes moved so far
    bool kernel;              // areas are kernel memory
    struct iovec *allocated;  // of uio_import, for uio_release
    struct iovec fast[UIO_FAST];
};

void uio_user(struct uio *uio, uaddr base, size_t n);
void uio_kernel(struct uio *uio, void *base, size_t n);

// Copy in and check an array of count iovecs (Linux: EINVAL for more than
// IOV_MAX or a length over SSIZE_MAX, EFAULT, ENOMEM). Release afterwards.
int uio_import(struct uio *uio, uaddr iov, size_t count);
void uio_release(struct uio *uio);

// Move n bytes (at most resid) from `from` into the areas, or out of them into
// `to`, and advance. 0 or -EFAULT; then uio->done and resid tell how many bytes
// were moved. May sleep.
must_check int copy_to_uio(struct uio *uio, const void *from, size_t n);
must_check int copy_from_uio(struct uio *uio, void *to, size_t n);
must_check int zero_to_uio(struct uio *uio, size_t n);
void uio_advance(struct uio *uio, size_t n);
void uio_revert(struct uio *uio, size_t n);  // take back the last n bytes
