// SPDX-License-Identifier: MIT
//
// splice(2), tee(2) and vmsplice(2): between a pipe on one side at least, and a
// pipe, a regular file or a socket on the other. Bytes are copied once, from
// where they are to where they go.

#include <abi/fcntl.h>
#include <abi/mode.h>
#include <abi/poll.h>
#include <fs/pipe.h>
#include <fs/poll.h>
#include <fs/vfs.h>
#include <mm/page_cache.h>
#include <mm/uaccess.h>
#include <net/socket.h>
#include <net/unix_closer.h>
#include <string.h>
#include <syscall/syscalls.h>

#define SPLICE_F_MOVE     1u
#define SPLICE_F_NONBLOCK 2u
#define SPLICE_F_MORE     4u
#define SPLICE_F_GIFT     8u
#define SPLICE_F_ALL \
    (SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)

// One side of a transfer.
struct side {
    struct file *file;
    uaddr offset_at;      // of the user's offset, 0: the file's own position
    uint64_t offset;      // where there is a user's
    bool moves_position;  // there is none
    unsigned flags;       // SPLICE_F_*
};

static bool nonblocking(const struct file *file, unsigned flags)
{
    return (flags & SPLICE_F_NONBLOCK) || (READ_ONCE(file->flags) & O_NONBLOCK);
}

// ---- out of a pipe ----

static ssize_t to_file(void *argument, const void *data, size_t n)
{
    struct side *out = argument;
    struct uio uio;

    uio_kernel(&uio, (void *)data, n);
    return file_write(out->file, &uio,
                      out->moves_position ? NULL : &out->offset);
}

// Without waiting, since the pipe's other readers wait meanwhile.
static ssize_t to_socket(void *argument, const void *data, size_t n)
{
    const struct side *out = argument;
    struct uio uio;
    struct message message = {
        .uio = &uio,
        .flags = MSG_DONTWAIT | (out->flags & SPLICE_F_MORE ? MSG_MORE : 0)};

    uio_kernel(&uio, (void *)data, n);
    return socket_send(socket_of_file(out->file), &message);
}

static ssize_t pipe_to_file(struct file *pipe, struct side *out, size_t n,
                            unsigned flags)
{
    bool socket = socket_of_file(out->file);
    size_t done = 0;
    ssize_t moved;

    int error = pipe_wait_readable(pipe, nonblocking(pipe, flags));
    if (error)
        return error;
    do {
        moved = pipe_drain_to(pipe, n - done, true,
                              socket ? to_socket : to_file, out);
        if (moved > 0)
            done += (size_t)moved;
        else if (socket && moved == -EAGAIN && !nonblocking(out->file, flags))
            moved = file_wait(out->file, POLLOUT) ?: 1;
    } while (moved > 0 && done < n && pipe_unread(pipe));
    return done ? (ssize_t)done : moved;
}

// ---- into a pipe ----

static ssize_t from_page_cache(void *argument, void *data, size_t n)
{
    struct side *in = argument;
    struct uio uio;

    uio_kernel(&uio, data, n);
    ssize_t got = page_cache_read(&in->file->inode->cache, in->offset, &uio);
    if (got > 0)
        in->offset += (uint64_t)got;
    return got;
}

static ssize_t from_socket(void *argument, void *data, size_t n)
{
    const struct side *in = argument;
    struct uio uio;
    struct message message = {.uio = &uio, .flags = MSG_DONTWAIT};

    uio_kernel(&uio, data, n);
    return socket_receive(socket_of_file(in->file), &message);
}

// What is received may hold the last reference to the pipe's other end, whose
// closing takes the pipe's lock.
static ssize_t socket_to_pipe(struct side *in, struct file *pipe, size_t n)
{
    struct unix_closer closer;

    unix_closer_begin(&closer);
    ssize_t moved = pipe_fill_from(pipe, n, from_socket, in);
    unix_closer_end(&closer);
    return moved;
}

static ssize_t file_to_pipe(struct side *in, struct file *pipe, size_t n,
                            unsigned flags)
{
    bool socket = socket_of_file(in->file);
    ssize_t moved;

    do {
        int error = pipe_wait_room(pipe, nonblocking(pipe, flags));
        if (error)
            return error;
        moved = socket ? socket_to_pipe(in, pipe, n)
                       : pipe_fill_from(pipe, n, from_page_cache, in);
        if (moved != -EAGAIN || nonblocking(in->file, 0))
            break;
        moved = file_wait(in->file, POLLIN);
    } while (!moved);
    return moved;
}

// ---- from pipe to pipe ----

struct piece {
    const char *data;
};

static ssize_t from_piece(void *argument, void *data, size_t n)
{
    struct piece *piece = argument;

    memcpy(data, piece->data, n);
    piece->data += n;
    return (ssize_t)n;
}

static ssize_t to_pipe(void *argument, const void *data, size_t n)
{
    struct piece piece = {data};

    return pipe_fill_from(argument, n, from_piece, &piece);
}

// Once there is something to read and room for it. What is read stays unless
// consume.
static ssize_t pipe_to_pipe(struct file *in, struct file *out, size_t n,
                            bool consume, unsigned flags)
{
    ssize_t moved;

    if (in->private == out->private)
        return -EINVAL;
    do {
        int error = pipe_wait_readable(in, nonblocking(in, flags));
        if (!error && pipe_unread(in))
            error = pipe_wait_room(out, nonblocking(out, flags));
        if (error)
            return error;
        moved = pipe_drain_to(in, n, consume, to_pipe, out);
        // Nothing, though there is something: others have filled the room.
    } while (!moved && pipe_unread(in));
    return moved;
}

// ---- splice ----

static bool is_regular(const struct file *file)
{
    return file->inode && S_ISREG(file->inode->mode);
}

static int side_from_user(struct side *side, struct file *file, uaddr at,
                          unsigned flags)
{
    *side = (struct side){.file = file, .offset_at = at, .flags = flags};
    side->moves_position = !at;
    if (at && file_is_pipe(file))
        return -ESPIPE;
    return at && GET_USER(&side->offset, at) ? -EFAULT : 0;
}

static int side_to_user(const struct side *side)
{
    return side->moves_position ? 0 : PUT_USER(side->offset_at, side->offset);
}

// A file that is no pipe: can it be one of the sides? in: the one that is read.
static int check_side(const struct side *side, bool in)
{
    struct file *file = side->file;
    bool socket = socket_of_file(file);

    if (in ? !is_regular(file) && !socket : !file->inode && !socket)
        return -EINVAL;  // nobody has written that
    if (!side->moves_position &&
        (!file->ops->seek || (int64_t)side->offset < 0))
        return -EINVAL;
    return !in && (file->flags & O_APPEND) ? -EINVAL : 0;
}

static ssize_t file_into_pipe(struct side *in, struct file *pipe, size_t n,
                              unsigned flags)
{
    int error = check_side(in, true);

    if (error)
        return error;
    if (!in->moves_position || !is_regular(in->file))
        return file_to_pipe(in, pipe, n, flags);
    in->offset = READ_ONCE(in->file->position);
    ssize_t moved = file_to_pipe(in, pipe, n, flags);
    if (moved > 0)
        WITH_MUTEX(&in->file->position_lock)
            in->file->position = in->offset;
    return moved;
}

static ssize_t splice(struct side *in, struct side *out, size_t n,
                      unsigned flags)
{
    bool from = file_is_pipe(in->file), to = file_is_pipe(out->file);

    if ((in->file->flags & O_ACCMODE) == O_WRONLY ||
        (out->file->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (from && to)
        return pipe_to_pipe(in->file, out->file, n, true, flags);
    if (to)
        return file_into_pipe(in, out->file, n, flags);
    if (!from)
        return -EINVAL;
    int error = check_side(out, false);
    return error ? error : pipe_to_file(in->file, out, n, flags);
}

static long splice_files(struct file *in_file, uaddr in_at,
                         struct file *out_file, uaddr out_at, size_t n,
                         unsigned flags)
{
    struct side in, out;
    int error = side_from_user(&in, in_file, in_at, flags);

    if (!error)
        error = side_from_user(&out, out_file, out_at, flags);
    if (error)
        return error;
    ssize_t moved = splice(&in, &out, MIN(n, (size_t)INT32_MAX), flags);
    if (moved > 0)
        error = side_to_user(&in);
    if (moved > 0 && !error)
        error = side_to_user(&out);
    return error ? error : moved;
}

long sys_splice(long in_fd, uaddr in_at, long out_fd, uaddr out_at, size_t n,
                long number)
{
    unsigned flags = (unsigned)number;

    if (!n)
        return 0;
    if (flags & ~SPLICE_F_ALL)
        return -EINVAL;
    struct file *in = fd_get(in_fd), *out = fd_get(out_fd);
    long result =
        in && out ? splice_files(in, in_at, out, out_at, n, flags) : -EBADF;
    if (in)
        file_put(in);
    if (out)
        file_put(out);
    return result;
}

// ---- tee ----

static long tee_files(struct file *in, struct file *out, size_t n,
                      unsigned flags)
{
    if ((in->flags & O_ACCMODE) == O_WRONLY ||
        (out->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (!file_is_pipe(in) || !file_is_pipe(out))
        return -EINVAL;
    return pipe_to_pipe(in, out, n, false, flags);
}

long sys_tee(long in_fd, long out_fd, size_t n, long number)
{
    unsigned flags = (unsigned)number;

    if (flags & ~SPLICE_F_ALL)
        return -EINVAL;
    if (!n)
        return 0;
    struct file *in = fd_get(in_fd), *out = fd_get(out_fd);
    long result = in && out
                      ? tee_files(in, out, MIN(n, (size_t)INT32_MAX), flags)
                      : -EBADF;
    if (in)
        file_put(in);
    if (out)
        file_put(out);
    return result;
}

// ---- vmsplice ----

// As much as there is room for, or there is to read, once there is any.
static ssize_t move_memory(struct file *file, struct uio *uio, unsigned flags)
{
    bool writes = (file->flags & O_ACCMODE) != O_RDONLY;
    ssize_t moved;

    if (!file_is_pipe(file))
        return -EBADF;
    do {
        moved = (writes ? file->ops->write : file->ops->read)(
            file, uio, NULL, file->flags | O_NONBLOCK);
        if (moved != -EAGAIN || nonblocking(file, flags))
            break;
        moved = file_wait(file, writes ? POLLOUT : POLLIN);
    } while (!moved);
    return moved;
}

long sys_vmsplice(long fd, uaddr iov, size_t count, long number)
{
    struct uio uio;

    if ((unsigned)number & ~SPLICE_F_ALL)
        return -EINVAL;
    struct file *file = fd_get(fd);
    if (!file)
        return -EBADF;
    long result = uio_import(&uio, iov, count);
    if (!result) {
        if (uio.resid)
            result = move_memory(file, &uio, (unsigned)number);
        uio_release(&uio);
    }
    file_put(file);
    return result;
}
