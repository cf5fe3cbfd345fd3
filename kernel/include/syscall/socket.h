// SPDX-License-Identifier: MIT
//
// What the files of socket system calls share.

#pragma once

#include <net/socket.h>

// The socket of a descriptor, and its file with a reference that the caller
// drops. 0, -EBADF, -ENOTSOCK.
int socket_fd_get(long fd, struct file **file, struct socket **socket);

// A new socket and its file, as socket(2) makes them. type: SOCK_NONBLOCK and
// SOCK_CLOEXEC may be in it. -EINVAL, -ENOMEM and socket_create's errors.
int socket_make_file(long family, long type, long protocol, struct file **file);
