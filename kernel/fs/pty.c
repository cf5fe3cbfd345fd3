// SPDX-License-Identifier: MIT
//
// Pseudo-terminals: their numbers and life, and the slave's side, which is a
// terminal (tty.c) with this driver. What the slave writes goes into a ring
// that the master reads; what the master writes are the slave's keys.

#include "pty.h"

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <fs/vfs.h>
#include <lib/radix.h>
#include <mm/kmalloc.h>

static struct mutex ptys_lock = MUTEX_INIT(ptys_lock, RANK_LEAF_MUTEX);
static struct radix ptys;  // (ptys_lock) by number

// ---- the slave's driver ----

static size_t slave_write(struct tty *tty, const char *s, size_t n)
{
    struct pty *pty = pty_of(tty);
    size_t done = 0;

    for (; done < n && pty_output(pty) < PTY_RING_SIZE; done++)
        pty->ring[pty->head++ % PTY_RING_SIZE] = s[done];
    if (done)
        wake_up_events(&pty->master_wait, POLLIN | POLLRDNORM);
    return done;
}

static size_t slave_pending(struct tty *tty)
{
    return pty_output(pty_of(tty));
}

static void slave_opened(struct tty *tty)
{
    struct pty *pty = pty_of(tty);

    __atomic_fetch_add(&pty->refs, 1, __ATOMIC_RELAXED);
    WITH_LOCK(&tty->lock) {
        pty->slaves++;
        pty->was_opened = true;
    }
}

static void slave_closed(struct tty *tty)
{
    struct pty *pty = pty_of(tty);

    WITH_LOCK(&tty->lock)
        pty->slaves--;
    wake_up_all(&pty->master_wait);
    pty_put(pty);
}

static void slave_input_taken(struct tty *tty)
{
    wake_up_events(&pty_of(tty)->master_wait, POLLOUT | POLLWRNORM);
}

static const struct tty_driver slave_driver = {
    .write = slave_write,
    .pending = slave_pending,
    .capacity = PTY_RING_SIZE,
    .opened = slave_opened,
    .closed = slave_closed,
    .input_taken = slave_input_taken,
};

// ---- life ----

// Enter it under the lowest free number. ptys_lock is held.
static int take_number(struct pty *pty)
{
    unsigned number = 0;

    while (radix_find(&ptys, number))
        number++;
    pty->number = number;
    pty->tty.rdev = MAKEDEV(PTY_MAJOR, number);
    return radix_insert(&ptys, number, pty);
}

int pty_create(struct pty **result)
{
    struct pty *pty = kzalloc(sizeof(*pty));
    int error = -ENOMEM;

    if (!pty)
        return -ENOMEM;
    tty_init(&pty->tty, &slave_driver);
    pty->refs = 1;
    pty->locked = true;
    wait_queue_init(&pty->master_wait);
    WITH_MUTEX(&ptys_lock)
        error = take_number(pty);
    if (error) {
        kfree(pty);
        return error;
    }
    error = devpts_add(pty->number);
    if (error)
        pty_put(pty);
    else
        *result = pty;
    return error;
}

void pty_put(struct pty *pty)
{
    bool last = false;

    // Under the lock, so that pty_find does not meet a dying one.
    WITH_MUTEX(&ptys_lock) {
        last = __atomic_sub_fetch(&pty->refs, 1, __ATOMIC_ACQ_REL) == 0;
        if (last)
            radix_remove(&ptys, pty->number);
    }
    if (last)
        kfree(pty);
}

struct pty *pty_find(unsigned number)
{
    struct pty *pty = NULL;

    WITH_MUTEX(&ptys_lock) {
        pty = radix_find(&ptys, number);
        if (pty)
            __atomic_fetch_add(&pty->refs, 1, __ATOMIC_RELAXED);
    }
    return pty;
}

void pty_hang_up(struct pty *pty)
{
    devpts_remove(pty->number);
    tty_hang_up(&pty->tty);
}

// ---- opening the slave ----

static int open_slave(struct pty *pty, struct file *file)
{
    int error = 0;

    WITH_LOCK(&pty->tty.lock)
        error = pty->locked || pty->tty.hung_up ? -EIO : 0;
    if (error == 0)
        tty_open(&pty->tty, file);
    return error;
}

static int slave_open(struct inode *inode, struct file *file)
{
    struct pty *pty = pty_find(DEV_MINOR(inode->rdev));

    if (!pty)
        return -EIO;
    int error = open_slave(pty, file);
    pty_put(pty);
    return error;
}

const struct file_ops pty_slave_ops = {
    .name = "pts",
    .open = slave_open,
};
