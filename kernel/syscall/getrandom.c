// SPDX-License-Identifier: MIT
//
// getrandom(2), and what it does on a machine that offers no entropy.

#include <abi/errno.h>
#include <lib/csr.h>
#include <lib/random.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <string.h>
#include <syscall/syscalls.h>

#define GRND_NONBLOCK 1
#define GRND_RANDOM   2
#define GRND_INSECURE 4

#define CHUNK     512  // bytes copied at a time
#define COUNT_MAX INT32_MAX

// Without a seed and without a device, what is left is how long things take:
// one sample per turn through the scheduler, each believed to be worth a bit.
static int gather_jitter(void)
{
    while (!random_ready()) {
        uint64_t sample = rdtime();
        random_add(&sample, sizeof(sample), 1);
        if (signal_pending())
            return -ERESTARTSYS;
        schedule();
    }
    return 0;
}

static int wait_until_ready(unsigned flags)
{
    if (random_ready() || flags & GRND_INSECURE)
        return 0;
    return flags & GRND_NONBLOCK ? -EAGAIN : gather_jitter();
}

long sys_getrandom(uaddr to, unsigned long count, unsigned long flags)
{
    char chunk[CHUNK];
    unsigned known = GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE;
    unsigned contradiction = GRND_RANDOM | GRND_INSECURE;
    unsigned chosen = flags;
    if (chosen & ~known || (chosen & contradiction) == contradiction)
        return -EINVAL;
    int error = wait_until_ready(chosen);
    if (error)
        return error;
    size_t wanted = MIN(count, (unsigned long)COUNT_MAX), done = 0;
    while (done < wanted) {
        size_t n = MIN(wanted - done, sizeof(chunk));
        random_bytes(chunk, n);
        if (copy_to_user(to + done, chunk, n)) {
            error = -EFAULT;
            break;
        }
        done += n;
        if (done < wanted && signal_pending())
            break;
        cond_resched();
    }
    explicit_bzero(chunk, sizeof(chunk));
    return done ? (long)done : error;
}
