// SPDX-License-Identifier: MIT
//
// Between ppoll(2) in poll.c and pselect6(2) in select.c.

#pragma once

#include <abi/poll.h>
#include <lib/types.h>

// A descriptor that is looked at.
struct watched {
    struct file *file;  // a reference; NULL: not looked at
    unsigned answers;   // POLL* bits that end the wait
    struct abi_pollfd poll;
};

void poll_get_files(struct watched *watched, unsigned n);
void poll_put_files(struct watched *watched, unsigned n);

// How many are ready, with their events; 0 past the deadline, or -errno.
int poll_wait_ready(struct watched *watched, unsigned n, nsec_t deadline);

// A relative limit in user memory as a deadline: 0 if it is zero, for ever if
// there is none. 0, -EFAULT, -EINVAL.
int poll_deadline(uaddr timeout, nsec_t *deadline);

// Block the signals of a mask in user memory (none at 0) for this call.
int poll_mask(uaddr mask, size_t size);

// What both calls do at their end. An interrupted call keeps the temporary mask
// until the handler runs. Gives the result.
long poll_finish(long result, uaddr timeout, nsec_t deadline, bool masked);
