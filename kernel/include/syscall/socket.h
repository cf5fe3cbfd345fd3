// SPDX-License-Identifier: MIT
//
// What the files of socket system calls share.

#pragma once

#include <net/socket.h>

// The socket of a descriptor, and its file with a reference that the caller
// drops. 0, -EBADF, -ENOTSOCK.
int socket_fd_get(long fd, struct file **file, struct socket **socket);
