// SPDX-License-Identifier: MIT
//
// Signals for readiness: O_ASYNC, F_SETOWN, F_SETSIG of fcntl(2), and FIOASYNC.

#pragma once

#include <fs/file.h>

// Switch O_ASYNC on or off: from then on the file's owner gets SIGIO at each
// event, or another signal with fd in si_fd. 0, -ENOTTY (nothing ever happens
// to such a file), -ENOMEM. May sleep.
int file_set_async(struct file *file, int fd, bool on);
