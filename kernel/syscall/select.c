// SPDX-License-Identifier: MIT
//
// pselect6(2): three sets of bits become an array of descriptors for the loop
// in poll.c, and its events become bits again.

#include "poll.h"

#include <fs/file.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

// The events that answer for each of select's three sets. A hang-up is nothing
// to one who asks whether he can write.
static const unsigned set_answers[3] = {
    POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR,
    POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR,
    POLLPRI,
};

struct selection {
    unsigned limit;  // descriptors, from 0
    size_t bytes;    // of each set
    uaddr user[3];
    uint64_t *bits[3];  // in memory that bits[0] owns
    struct watched *watched;
    unsigned count;  // of watched
};

static bool is_set(const uint64_t *bits, unsigned fd)
{
    return bits[fd / 64] >> (fd % 64) & 1;
}

static int selection_init(struct selection *s, unsigned limit,
                          const uaddr user[3])
{
    size_t words = ((size_t)limit + 63) / 64;

    *s = (struct selection){.limit = limit, .bytes = words * 8};
    s->bits[0] = kzalloc(3 * s->bytes + 1);
    s->watched = kmalloc(limit * sizeof(struct watched) + 1);
    if (!s->bits[0] || !s->watched)
        return -ENOMEM;
    for (unsigned i = 0; i < 3; i++) {
        s->user[i] = user[i];
        s->bits[i] = s->bits[0] + i * words;
        if (user[i] && copy_from_user(s->bits[i], user[i], s->bytes))
            return -EFAULT;
    }
    for (unsigned fd = 0; fd < limit; fd++) {
        unsigned answers = 0;
        for (unsigned i = 0; i < 3; i++)
            answers |= is_set(s->bits[i], fd) ? set_answers[i] : 0;
        if (answers)
            s->watched[s->count++] =
                (struct watched){.answers = answers, .poll.fd = (int32_t)fd};
    }
    return 0;
}

// Turn the events back to bits and write them. The number of bits set.
static long selection_finish(struct selection *s)
{
    long count = 0;

    for (unsigned i = 0; i < s->count; i++) {
        unsigned fd = (unsigned)s->watched[i].poll.fd;
        for (unsigned set = 0; set < 3; set++) {
            if (!is_set(s->bits[set], fd))
                continue;
            if (s->watched[i].poll.revents & set_answers[set])
                count++;
            else
                s->bits[set][fd / 64] &= ~(1ull << (fd % 64));
        }
    }
    for (unsigned set = 0; set < 3; set++)
        if (s->user[set] && copy_to_user(s->user[set], s->bits[set], s->bytes))
            return -EFAULT;
    return count;
}

static long select_files(struct selection *s, nsec_t deadline)
{
    long result = 0;

    poll_get_files(s->watched, s->count);
    for (unsigned i = 0; i < s->count; i++)
        if (!s->watched[i].file)
            result = -EBADF;
    if (!result)
        result = poll_wait_ready(s->watched, s->count, deadline);
    poll_put_files(s->watched, s->count);
    return result < 0 ? result : selection_finish(s);
}

// The sixth argument points to a mask and its size.
static int packed_mask_from_user(uaddr pack, bool *masked)
{
    struct {
        uaddr mask;
        uint64_t size;
    } sigmask = {0, 0};

    if (pack && GET_USER(&sigmask, pack))
        return -EFAULT;
    *masked = sigmask.mask != 0;
    return poll_mask(sigmask.mask, sigmask.size);
}

long sys_pselect6(long n, uaddr in, uaddr out, uaddr except, uaddr timeout,
                  uaddr pack)
{
    const uaddr user[3] = {in, out, except};
    unsigned limit = MIN((unsigned)n, READ_ONCE(current->files->capacity));
    struct selection s;
    nsec_t deadline;
    bool masked;

    if ((int)n < 0)
        return -EINVAL;
    int error = poll_deadline(timeout, &deadline);
    if (!error)
        error = packed_mask_from_user(pack, &masked);
    if (error)
        return error;
    long result = selection_init(&s, limit, user);
    if (!result)
        result = select_files(&s, deadline);
    kfree(s.bits[0]);
    kfree(s.watched);
    return poll_finish(result, timeout, deadline, masked);
}
