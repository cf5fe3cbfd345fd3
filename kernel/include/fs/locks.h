// SPDX-License-Identifier: MIT
//
// Advisory locks on files: fcntl(2)'s record locks, of a process (POSIX) or of
// an open file (OFD), and flock(2)'s, which know nothing of the others.

#pragma once

struct file;

// flock(2): operation is LOCK_SH, LOCK_EX or LOCK_UN, perhaps with LOCK_NB. 0,
// -EAGAIN, -EINVAL, -ENOMEM, -ERESTARTSYS. May sleep.
int file_flock(struct file *file, unsigned operation);
