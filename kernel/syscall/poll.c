// SPDX-License-Identifier: MIT
//
// ppoll(2) and pselect6(2): one loop over an array of descriptors; select's bit
// sets are turned into that array and back.

#include <abi/poll.h>
#include <abi/time.h>
#include <dev/timer.h>
#include <fs/poll.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <string.h>
#include <syscall/syscalls.h>

#define SIGSET_SIZE 8

struct watched {
    struct file *file;  // NULL: not looked at
    struct abi_pollfd poll;
};

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
    unsigned wanted = w->poll.events | POLLERR | POLLHUP;
    w->poll.revents = (uint16_t)(file_poll(w->file, table) & wanted);
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

// How many are ready, 0 past the deadline, or -errno.
static int wait_ready(struct watched *watched, unsigned n, nsec_t deadline)
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

static void get_files(struct watched *watched, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        watched[i].file =
            watched[i].poll.fd < 0 ? NULL : fd_get(watched[i].poll.fd);
}

static void put_files(struct watched *watched, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (watched[i].file)
            file_put(watched[i].file);
}

// ---- time limits and signal masks ----

// A relative limit in user memory as a deadline: 0 if it is zero, for ever if
// there is none.
static int deadline_from_user(uaddr timeout, nsec_t *deadline)
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

static int mask_from_user(uaddr mask, size_t size)
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

// What both calls do at their end. An interrupted call keeps the temporary mask
// until the handler runs.
static long finish(long result, uaddr timeout, nsec_t deadline, bool masked)
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
    for (unsigned i = 0; i < n; i++)
        if (GET_USER(&watched[i].poll, fds + i * sizeof(struct abi_pollfd)))
            return -EFAULT;
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
        get_files(watched, n);
        result = wait_ready(watched, n, deadline);
        put_files(watched, n);
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
    int error = deadline_from_user(timeout, &deadline);

    if (!error)
        error = mask_from_user(mask, size);
    if (error)
        return error;
    long result = poll_files(fds, (unsigned)n, deadline);
    return finish(result, timeout, deadline, mask != 0);
}

// ---- pselect6 ----

// What each of select's three sets asks for, and which events answer it.
static const struct {
    unsigned wanted, answers;
} sets[3] = {
    {POLLIN | POLLRDNORM | POLLRDBAND,
     POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR},
    {POLLOUT | POLLWRNORM | POLLWRBAND,
     POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR},
    {POLLPRI, POLLPRI},
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
        unsigned events = 0;
        for (unsigned i = 0; i < 3; i++)
            events |= is_set(s->bits[i], fd) ? sets[i].wanted : 0;
        if (events)
            s->watched[s->count++].poll = (struct abi_pollfd){
                .fd = (int32_t)fd, .events = (uint16_t)events};
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
            if (s->watched[i].poll.revents & sets[set].answers)
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

    get_files(s->watched, s->count);
    for (unsigned i = 0; i < s->count; i++)
        if (!s->watched[i].file)
            result = -EBADF;
    if (!result)
        result = wait_ready(s->watched, s->count, deadline);
    put_files(s->watched, s->count);
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
    return mask_from_user(sigmask.mask, sigmask.size);
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
    int error = deadline_from_user(timeout, &deadline);
    if (!error)
        error = packed_mask_from_user(pack, &masked);
    if (error)
        return error;
    long result = selection_init(&s, limit, user);
    if (!result)
        result = select_files(&s, deadline);
    kfree(s.bits[0]);
    kfree(s.watched);
    return finish(result, timeout, deadline, masked);
}
