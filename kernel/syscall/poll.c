// SPDX-License-Identifier: MIT
//
// ppoll(2), and the loop over an array of descriptors that select.c uses too.

#include "poll.h"

#include <abi/time.h>
#include <dev/timer.h>
#include <fs/poll.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

#define SIGSET_SIZE 8

// ---- the loop ----

static unsigned look(struct watched *w, struct poll_table *table)
{
    w->poll.revents = 0;
    if (w->poll.fd < 0)
        return 0;
    if (!w->file) {
        w->poll.revents = POLLNVAL;
        return 1;
    }
    w->poll.revents = (uint16_t)(file_poll(w->file, table) & w->answers);
    return w->poll.revents != 0;
}

static int look_at_all(struct watched *watched, unsigned n,
                       struct poll_table *table)
{
    int ready = 0;

    for (unsigned i = 0; i < n; i++) {
        ready += (int)look(&watched[i], table);
        if (ready)
            table = NULL;  // this call will not sleep
    }
    return ready;
}

int poll_wait_ready(struct watched *watched, unsigned n, nsec_t deadline)
{
    struct poll_waiter waiter;
    struct poll_table *table = deadline ? &waiter.table : NULL;
    int ready, error = 0;

    poll_waiter_init(&waiter);
    for (;;) {
        poll_waiter_reset(&waiter);
        ready = look_at_all(watched, n, table);
        if (ready || error || !deadline)
            break;
        error = waiter.error;
        if (!error)
            error = poll_waiter_sleep(&waiter, deadline);
        if (error && error != -ETIMEDOUT)
            break;
        table = NULL;
    }
    poll_waiter_end(&waiter);
    return ready ? ready : error == -ETIMEDOUT ? 0 : error;
}

void poll_get_files(struct watched *watched, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        watched[i].file =
            watched[i].poll.fd < 0 ? NULL : fd_get(watched[i].poll.fd);
}

void poll_put_files(struct watched *watched, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (watched[i].file)
            file_put(watched[i].file);
}

// ---- time limits and signal masks ----

int poll_deadline(uaddr timeout, nsec_t *deadline)
{
    struct abi_timespec ts;

    *deadline = NSEC_FOREVER;
    if (!timeout)
        return 0;
    if (GET_USER(&ts, timeout))
        return -EFAULT;
    if (ts.sec < 0 || ts.nsec < 0 || ts.nsec >= (int64_t)NSEC_PER_SEC)
        return -EINVAL;
    nsec_t now = clock_monotonic();
    if (!ts.sec && !ts.nsec)
        *deadline = 0;
    else if ((uint64_t)ts.sec < (NSEC_FOREVER - now) / NSEC_PER_SEC - 1)
        *deadline = now + (nsec_t)ts.sec * NSEC_PER_SEC + (nsec_t)ts.nsec;
    return 0;
}

// Tell the caller how much of the limit is left, as Linux does.
static void write_time_left(uaddr timeout, nsec_t deadline)
{
    nsec_t now = clock_monotonic();
    nsec_t left = deadline > now ? deadline - now : 0;
    struct abi_timespec ts = {(int64_t)(left / NSEC_PER_SEC),
                              (int64_t)(left % NSEC_PER_SEC)};

    // The result stands even if the caller's memory has gone.
    if (timeout && deadline != NSEC_FOREVER && PUT_USER(timeout, ts))
        return;
}

int poll_mask(uaddr mask, size_t size)
{
    uint64_t bits;

    if (!mask)
        return 0;
    if (size != SIGSET_SIZE)
        return -EINVAL;
    if (GET_USER(&bits, mask))
        return -EFAULT;
    signal_set_temporary_mask(bits);
    return 0;
}

long poll_finish(long result, uaddr timeout, nsec_t deadline, bool masked)
{
    if (result == -ERESTARTSYS)
        result = -ERESTARTNOHAND;
    else if (masked)
        signal_restore_mask();
    write_time_left(timeout, deadline);
    return result;
}

// ---- ppoll ----

static int watched_from_user(struct watched *watched, uaddr fds, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (GET_USER(&watched[i].poll, fds + i * sizeof(struct abi_pollfd)))
            return -EFAULT;
        watched[i].answers = watched[i].poll.events | POLLERR | POLLHUP;
    }
    return 0;
}

static int events_to_user(const struct watched *watched, uaddr fds, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (PUT_USER(fds + i * sizeof(struct abi_pollfd) +
                         offsetof(struct abi_pollfd, revents),
                     watched[i].poll.revents))
            return -EFAULT;
    return 0;
}

#define WATCHED_FAST 8

static long poll_files(uaddr fds, unsigned n, nsec_t deadline)
{
    struct watched fast[WATCHED_FAST], *watched = fast;

    if (n > fd_limit())
        return -EINVAL;
    if (n > WATCHED_FAST && !(watched = kmalloc(n * sizeof(*watched))))
        return -ENOMEM;
    long result = watched_from_user(watched, fds, n);
    if (!result) {
        poll_get_files(watched, n);
        result = poll_wait_ready(watched, n, deadline);
        poll_put_files(watched, n);
        if (result >= 0 && events_to_user(watched, fds, n))
            result = -EFAULT;
    }
    if (watched != fast)
        kfree(watched);
    return result;
}

long sys_ppoll(uaddr fds, unsigned long n, uaddr timeout, uaddr mask,
               size_t size)
{
    nsec_t deadline;
    int error = poll_deadline(timeout, &deadline);

    if (!error)
        error = poll_mask(mask, size);
    if (error)
        return error;
    long result = poll_files(fds, (unsigned)n, deadline);
    return poll_finish(result, timeout, deadline, mask != 0);
}
