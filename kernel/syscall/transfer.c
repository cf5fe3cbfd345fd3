// SPDX-License-Identifier: MIT
//
// read(2), write(2) and their kind: descriptors and user memory in, a struct
// uio for the file's operations out.

#include <abi/fcntl.h>
#include <fs/file.h>
#include <mm/uaccess.h>
#include <mm/uio.h>
#include <syscall/syscalls.h>

// One transfer moves at most this much, as Linux's MAX_RW_COUNT.
#define TRANSFER_MAX (INT32_MAX & ~(PAGE_SIZE - 1))

typedef ssize_t (*transfer_fn)(struct file *, struct uio *, uint64_t *);

static long transfer(long fd, uaddr buffer, size_t n, uint64_t *position,
                     transfer_fn move)
{
    struct file *file = fd_get(fd);
    struct uio uio;
    long result = -EFAULT;

    if (!file)
        return -EBADF;
    if (user_range_ok(buffer, n)) {
        uio_user(&uio, buffer, MIN(n, TRANSFER_MAX));
        result = move(file, &uio, position);
    }
    file_put(file);
    return result;
}

long sys_read(long fd, uaddr buffer, size_t n)
{
    return transfer(fd, buffer, n, NULL, file_read);
}

long sys_write(long fd, uaddr buffer, size_t n)
{
    return transfer(fd, buffer, n, NULL, file_write);
}

long sys_pread64(long fd, uaddr buffer, size_t n, long offset)
{
    uint64_t position = (uint64_t)offset;

    return offset < 0 ? -EINVAL : transfer(fd, buffer, n, &position, file_read);
}

long sys_pwrite64(long fd, uaddr buffer, size_t n, long offset)
{
    uint64_t position = (uint64_t)offset;

    return offset < 0 ? -EINVAL
                      : transfer(fd, buffer, n, &position, file_write);
}

static long transfer_vector(long fd, uaddr iov, size_t count,
                            uint64_t *position, transfer_fn move)
{
    struct file *file = fd_get(fd);
    struct uio uio;

    if (!file)
        return -EBADF;
    long result = uio_import(&uio, iov, count);
    if (!result) {
        uio.resid = MIN(uio.resid, TRANSFER_MAX);
        result = move(file, &uio, position);
        uio_release(&uio);
    }
    file_put(file);
    return result;
}

long sys_readv(long fd, uaddr iov, unsigned long count)
{
    return transfer_vector(fd, iov, count, NULL, file_read);
}

long sys_writev(long fd, uaddr iov, unsigned long count)
{
    return transfer_vector(fd, iov, count, NULL, file_write);
}

// The offset comes in one register; `high` is for 32-bit machines.
long sys_preadv(long fd, uaddr iov, unsigned long count, long offset)
{
    uint64_t position = (uint64_t)offset;

    return offset < 0 ? -EINVAL
                      : transfer_vector(fd, iov, count, &position, file_read);
}

long sys_pwritev(long fd, uaddr iov, unsigned long count, long offset)
{
    uint64_t position = (uint64_t)offset;

    return offset < 0 ? -EINVAL
                      : transfer_vector(fd, iov, count, &position, file_write);
}

// RWF_* flags ask for more than a transfer; what is not offered is refused.
long sys_preadv2(long fd, uaddr iov, unsigned long count, long offset,
                 long high, long flags)
{
    (void)high;
    if (flags)
        return -EOPNOTSUPP;
    return offset == -1 ? sys_readv(fd, iov, count)
                        : sys_preadv(fd, iov, count, offset);
}

long sys_pwritev2(long fd, uaddr iov, unsigned long count, long offset,
                  long high, long flags)
{
    (void)high;
    if (flags & ~(long)(RWF_DSYNC | RWF_SYNC))
        return -EOPNOTSUPP;
    return offset == -1 ? sys_writev(fd, iov, count)
                        : sys_pwritev(fd, iov, count, offset);
}
