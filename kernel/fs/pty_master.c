// SPDX-License-Identifier: MIT
//
// The master of a pseudo-terminal: /dev/ptmx. Opening it makes a new pair;
// reading is the slave's screen, writing its keys, and ioctl_tty(2) works on
// the slave's settings.

#include "pty.h"

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/ioctl.h>
#include <abi/poll.h>
#include <fs/vfs.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <stdio.h>

#define CHUNK 256u

// The slave was open and is not any more: there is nothing to wait for. The
// tty's lock is held.
static bool is_over(const struct pty *pty)
{
    return pty->was_opened && pty->slaves == 0;
}

// ---- reading ----

static size_t take_output(struct pty *pty, char *to, size_t n)
{
    size_t done = 0;

    WITH_LOCK(&pty->tty.lock) {
        for (; done < n && pty_output(pty) > 0; done++)
            to[done] = pty->ring[pty->tail++ % PTY_RING_SIZE];
    }
    if (done)
        tty_write_ready(&pty->tty);
    return done;
}

static bool output_ready(struct pty *pty)
{
    bool ready = false;

    WITH_LOCK(&pty->tty.lock)
        ready = pty_output(pty) > 0 || is_over(pty);
    return ready;
}

static ssize_t master_read(struct file *file, struct uio *uio,
                           uint64_t *position, unsigned flags)
{
    struct pty *pty = file->private;
    size_t before = uio->done, n;
    char chunk[CHUNK];

    (void)position;
    if (uio->resid && !output_ready(pty)) {
        if (flags & O_NONBLOCK)
            return -EAGAIN;
        int error =
            wait_event_interruptible(&pty->master_wait, output_ready(pty));
        if (error)
            return error;
    }
    while ((n = take_output(pty, chunk, MIN(uio->resid, CHUNK))) > 0) {
        if (copy_to_uio(uio, chunk, n))
            return uio->done > before ? (ssize_t)(uio->done - before) : -EFAULT;
    }
    if (uio->done == before && uio->resid)
        return -EIO;
    return (ssize_t)(uio->done - before);
}

// ---- writing ----

// How many keys the slave can take. A line that is being typed and does not fit
// any more is the line discipline's affair.
static size_t room(struct pty *pty)
{
    const struct tty_line *line = &pty->tty.line;
    size_t left = 0;

    WITH_LOCK(&pty->tty.lock) {
        // The last byte is kept for the end of a line.
        left = TTY_LINE_SIZE - 1 -
               MIN(line->typed - line->taken, TTY_LINE_SIZE - 1);
        if (left == 0 && tty_line_available(line) == 0)
            left = 1;
    }
    return left;
}

static bool input_ready(struct pty *pty)
{
    return room(pty) > 0;
}

static ssize_t master_write(struct file *file, struct uio *uio,
                            uint64_t *position, unsigned flags)
{
    struct pty *pty = file->private;
    size_t before = uio->done;
    char chunk[CHUNK];
    int error = 0;

    (void)position;
    while (uio->resid && !error) {
        size_t n = MIN(room(pty), MIN(uio->resid, CHUNK));
        if (n == 0) {
            error = flags & O_NONBLOCK
                        ? -EAGAIN
                        : wait_event_interruptible(&pty->master_wait,
                                                   input_ready(pty));
            continue;
        }
        error = copy_from_uio(uio, chunk, n);
        if (!error)
            tty_receive(&pty->tty, chunk, n);
    }
    return uio->done > before ? (ssize_t)(uio->done - before) : error;
}

static unsigned master_poll(struct file *file, struct poll_table *table)
{
    struct pty *pty = file->private;
    unsigned events = 0;

    poll_wait(table, &pty->master_wait);
    WITH_LOCK(&pty->tty.lock) {
        if (pty_output(pty) > 0)
            events |= POLLIN | POLLRDNORM;
        if (is_over(pty))
            events |= POLLHUP;
    }
    if (input_ready(pty))
        events |= POLLOUT | POLLWRNORM;
    return events;
}

// ---- ioctl ----

static long set_locked(struct pty *pty, uaddr argument)
{
    int32_t locked;

    if (GET_USER(&locked, argument))
        return -EFAULT;
    WITH_LOCK(&pty->tty.lock)
        pty->locked = locked != 0;
    return 0;
}

static long open_peer(struct pty *pty, unsigned flags)
{
    char path[32];
    struct file *file;

    snprintf(path, sizeof(path), "/dev/pts/%u", pty->number);
    int error = file_open(AT_FDCWD, path, flags, 0, &file);
    return error ? error : fd_add(file, flags & O_CLOEXEC);
}

static long send_signal(struct pty *pty, uaddr signal)
{
    if (signal != SIGINT && signal != SIGQUIT && signal != SIGTSTP)
        return -EINVAL;
    int group = READ_ONCE(pty->tty.group);
    if (group)
        signal_group(group, (int)signal, NULL);
    return 0;
}

static long output_count(struct pty *pty, uaddr argument)
{
    int32_t count = 0;

    WITH_LOCK(&pty->tty.lock)
        count = (int32_t)pty_output(pty);
    return PUT_USER(argument, count);
}

static long master_ioctl(struct file *file, unsigned command, uaddr argument)
{
    struct pty *pty = file->private;

    switch (command) {
    case TIOCGPTN:
        return PUT_USER(argument, pty->number);
    case TIOCSPTLCK:
        return set_locked(pty, argument);
    case TIOCGPTLCK:
        return PUT_USER(argument, (int32_t)pty->locked);
    case TIOCGPTPEER:
        return open_peer(pty, (unsigned)argument);
    case TIOCSIG:
        return send_signal(pty, argument);
    case TIOCGPGRP:
        return PUT_USER(argument, (int32_t)READ_ONCE(pty->tty.group));
    case TIOCGSID:
        return READ_ONCE(pty->tty.session)
                   ? PUT_USER(argument, (int32_t)READ_ONCE(pty->tty.session))
                   : -ENOTTY;
    case TIOCINQ:
        return output_count(pty, argument);
    case TIOCNOTTY:
        return -ENOTTY;
    default:
        return tty_ioctl(file, command, argument);
    }
}

static void master_release(struct file *file)
{
    struct pty *pty = file->private;

    pty_hang_up(pty);
    pty_put(pty);
}

static const struct file_ops master_ops = {
    .name = "ptmx",
    .read = master_read,
    .write = master_write,
    .poll = master_poll,
    .ioctl = master_ioctl,
    .release = master_release,
};

static int master_open(struct inode *inode, struct file *file)
{
    struct pty *pty;
    int error = pty_create(&pty);

    (void)inode;
    if (error)
        return error;
    file->private = pty;
    file->ops = &master_ops;
    return 0;
}

static const struct file_ops ptmx_ops = {
    .name = "ptmx",
    .open = master_open,
};

DEVICE(ptmx) = {"ptmx", S_IFCHR | 0666, MAKEDEV(5, 2), &ptmx_ops};
