// SPDX-License-Identifier: MIT
//
// Times as system calls pass them.

#pragma once

#include <abi/errno.h>
#include <abi/time.h>
#include <dev/timer.h>
#include <lib/types.h>
#include <mm/uaccess.h>

static inline struct abi_timespec to_timespec(nsec_t time)
{
    return (struct abi_timespec){time / NSEC_PER_SEC, time % NSEC_PER_SEC};
}

// Nanoseconds of a time that is in order, or -EINVAL. Too many for the kernel's
// counter, in some centuries, is as good as forever.
static inline int from_timespec(const struct abi_timespec *t, nsec_t *time)
{
    if (t->sec < 0 || t->nsec < 0 || t->nsec >= (int64_t)NSEC_PER_SEC)
        return -EINVAL;
    if ((uint64_t)t->sec >= INT64_MAX / NSEC_PER_SEC)
        *time = INT64_MAX;
    else
        *time = t->sec * NSEC_PER_SEC + t->nsec;
    return 0;
}

static inline int get_timespec(uaddr from, nsec_t *time)
{
    struct abi_timespec t;
    return GET_USER(&t, from) ? -EFAULT : from_timespec(&t, time);
}

// Monotonic time after so many nanoseconds from now.
static inline nsec_t deadline_after(nsec_t timeout)
{
    nsec_t now = clock_monotonic();
    return timeout > NSEC_FOREVER - now ? NSEC_FOREVER : now + timeout;
}

// The deadline of a relative timeout in user memory; 0: none.
static inline int deadline_from_user(uaddr timeout_at, nsec_t *deadline)
{
    nsec_t timeout;
    *deadline = NSEC_FOREVER;
    if (!timeout_at)
        return 0;
    int error = get_timespec(timeout_at, &timeout);
    if (!error)
        *deadline = deadline_after(timeout);
    return error;
}
