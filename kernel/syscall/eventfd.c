// SPDX-License-Identifier: MIT
//
// eventfd2(2): a counter behind a descriptor, by which threads and event loops
// wake each other. A write adds to it; a read takes all of it, or one where it
// is a semaphore.

#include <abi/fcntl.h>
#include <abi/poll.h>
#include <fs/file.h>
#include <fs/proc.h>
#include <mm/kmalloc.h>
#include <syscall/syscalls.h>

#define EFD_SEMAPHORE 1u

struct eventfd {
    struct spinlock lock;    // RANK_SPIN
    uint64_t count;          // (lock) at most UINT64_MAX - 1
    bool semaphore;          // (i)
    struct wait_queue wait;  // any change
};

// Take what a read returns: 0 if there is nothing.
static uint64_t take(struct eventfd *event)
{
    uint64_t value = 0;

    WITH_LOCK(&event->lock) {
        value = event->semaphore && event->count ? 1 : event->count;
        event->count -= value;
    }
    return value;
}

static bool add(struct eventfd *event, uint64_t value)
{
    WITH_LOCK(&event->lock) {
        if (value >= UINT64_MAX - event->count)
            return false;
        event->count += value;
    }
    return true;
}

static ssize_t eventfd_read(struct file *file, struct uio *uio,
                            uint64_t *position, unsigned flags)
{
    struct eventfd *event = file->private;
    uint64_t value;

    (void)position;
    if (uio->resid < sizeof(value))
        return -EINVAL;
    value = take(event);
    if (!value && (flags & O_NONBLOCK))
        return -EAGAIN;
    if (!value) {
        int error =
            wait_event_interruptible(&event->wait, (value = take(event)) != 0);
        if (error)
            return error;
    }
    wake_up_events(&event->wait, POLLOUT);
    return copy_to_uio(uio, &value, sizeof(value)) ? -EFAULT
                                                   : (ssize_t)sizeof(value);
}

static ssize_t eventfd_write(struct file *file, struct uio *uio,
                             uint64_t *position, unsigned flags)
{
    struct eventfd *event = file->private;
    uint64_t value;

    (void)position;
    if (uio->resid < sizeof(value))
        return -EINVAL;
    if (copy_from_uio(uio, &value, sizeof(value)))
        return -EFAULT;
    if (value == UINT64_MAX)
        return -EINVAL;
    if (!add(event, value)) {
        if (flags & O_NONBLOCK)
            return -EAGAIN;
        int error = wait_event_interruptible(&event->wait, add(event, value));
        if (error)
            return error;
    }
    wake_up_events(&event->wait, POLLIN);
    return sizeof(value);
}

static unsigned eventfd_poll(struct file *file, struct poll_table *table)
{
    struct eventfd *event = file->private;

    poll_wait(table, &event->wait);
    uint64_t count = READ_ONCE(event->count);
    return (count ? POLLIN : 0) | (count < UINT64_MAX - 1 ? POLLOUT : 0);
}

static void eventfd_info(struct file *file, struct text *text)
{
    const struct eventfd *event = file->private;

    text_printf(text, "eventfd-count: %16lx\neventfd-semaphore: %d\n",
                (unsigned long)READ_ONCE(event->count), event->semaphore);
}

static void eventfd_release(struct file *file)
{
    kfree(file->private);
}

static const struct file_ops eventfd_ops = {
    .name = "eventfd",
    .read = eventfd_read,
    .write = eventfd_write,
    .poll = eventfd_poll,
    .info = eventfd_info,
    .release = eventfd_release,
};

static struct file *eventfd_create(uint32_t count, unsigned flags)
{
    struct eventfd *event = kzalloc(sizeof(*event));

    if (!event)
        return NULL;
    spin_init(&event->lock, RANK_SPIN, "eventfd");
    wait_queue_init(&event->wait);
    event->count = count;
    event->semaphore = flags & EFD_SEMAPHORE;
    struct file *file =
        file_create(&eventfd_ops, event, O_RDWR | (flags & O_NONBLOCK));
    if (!file)
        kfree(event);
    return file;
}

long sys_eventfd2(unsigned long count, unsigned long number)
{
    unsigned flags = (unsigned)number;

    if (flags & ~(EFD_SEMAPHORE | O_NONBLOCK | O_CLOEXEC))
        return -EINVAL;
    struct file *file = eventfd_create((uint32_t)count, flags);
    return file ? fd_add(file, flags & O_CLOEXEC) : -ENOMEM;
}
