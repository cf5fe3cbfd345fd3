// SPDX-License-Identifier: MIT
//
// epoll_create1(2), epoll_ctl(2), epoll_pwait(2), over <fs/epoll.h>.

#include <abi/fcntl.h>
#include <abi/poll.h>
#include <fs/epoll.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

#include "timespec.h"

enum {
    EPOLL_CTL_ADD = 1,
    EPOLL_CTL_DEL,
    EPOLL_CTL_MOD
};

long sys_epoll_create1(long flags)
{
    if ((unsigned)flags & ~(unsigned)O_CLOEXEC)
        return -EINVAL;
    struct file *file = epoll_create();
    return file ? fd_add(file, flags & O_CLOEXEC) : -ENOMEM;
}

// ---- epoll_ctl ----

// EPOLLEXCLUSIVE is said once, of a file that is not an epoll file itself.
static bool exclusive_ok(int operation, const struct file *file,
                         uint32_t events)
{
    const uint32_t allowed = POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLET |
                             EPOLLEXCLUSIVE | EPOLLWAKEUP;

    if (!(events & EPOLLEXCLUSIVE))
        return true;
    return operation == EPOLL_CTL_ADD && file->ops != &epoll_ops &&
           !(events & ~allowed);
}

static int control(struct file *epoll, int operation, struct file *file, int fd,
                   const struct abi_epoll_event *event)
{
    if (!file->ops->poll)
        return -EPERM;
    if (epoll == file || epoll->ops != &epoll_ops)
        return -EINVAL;
    if (operation != EPOLL_CTL_DEL &&
        !exclusive_ok(operation, file, event->events))
        return -EINVAL;
    switch (operation) {
    case EPOLL_CTL_ADD:
        return epoll_add(epoll->private, file, fd, event);
    case EPOLL_CTL_DEL:
        return epoll_delete(epoll->private, file, fd);
    case EPOLL_CTL_MOD:
        return epoll_modify(epoll->private, file, fd, event);
    default:
        return -EINVAL;
    }
}

long sys_epoll_ctl(long epoll_fd, long number, long fd, uaddr event_at)
{
    struct abi_epoll_event event = {0};
    int operation = (int)number;
    long result = -EBADF;

    if (operation != EPOLL_CTL_DEL && GET_USER(&event, event_at))
        return -EFAULT;
    struct file *epoll = fd_get(epoll_fd);
    struct file *file = epoll ? fd_get(fd) : NULL;
    if (file) {
        result = control(epoll, operation, file, (int)fd, &event);
        file_put(file);
    }
    if (epoll)
        file_put(epoll);
    return result;
}

// ---- waiting ----

static long wait_for_events(long fd, uaddr events, long number, nsec_t deadline)
{
    const size_t size = sizeof(struct abi_epoll_event);
    int max = (int)number;
    long result = -EINVAL;

    if (max <= 0 || (size_t)max > INT32_MAX / size)
        return -EINVAL;
    if (!user_range_ok(events, (size_t)max * size))
        return -EFAULT;
    struct file *file = fd_get(fd);
    if (!file)
        return -EBADF;
    if (file->ops == &epoll_ops)
        result =
            epoll_wait_events(file->private, events, (unsigned)max, deadline);
    file_put(file);
    return result;
}

// With another signal mask during the wait. After a signal it stays until the
// handler has run.
static long masked_wait(long fd, uaddr events, long max, nsec_t deadline,
                        uaddr mask_at, unsigned long size)
{
    uint64_t mask;

    if (mask_at) {
        if (size != sizeof(mask))
            return -EINVAL;
        if (GET_USER(&mask, mask_at))
            return -EFAULT;
        signal_set_temporary_mask(mask);
    }
    long result = wait_for_events(fd, events, max, deadline);
    if (mask_at && result != -EINTR)
        signal_restore_mask();
    return result;
}

// timeout: milliseconds, negative for none.
long sys_epoll_pwait(long fd, uaddr events, long max, long timeout,
                     uaddr mask_at, unsigned long size)
{
    int ms = (int)timeout;
    nsec_t deadline = ms < 0    ? NSEC_FOREVER
                      : ms == 0 ? 0
                                : deadline_after((nsec_t)ms * NSEC_PER_MSEC);

    return masked_wait(fd, events, max, deadline, mask_at, size);
}

long sys_epoll_pwait2(long fd, uaddr events, long max, uaddr timeout_at,
                      uaddr mask_at, unsigned long size)
{
    nsec_t timeout = NSEC_FOREVER;
    int error = timeout_at ? get_timespec(timeout_at, &timeout) : 0;

    if (error)
        return error;
    return masked_wait(fd, events, max, timeout ? deadline_after(timeout) : 0,
                       mask_at, size);
}
