// SPDX-License-Identifier: MIT
//
// What the tests of AF_UNIX share.
#pragma once

#include "harness.h"

#include <stddef.h>
#include <sys/un.h>

// A name with its length; path names end with a NUL, abstract ones begin so.
struct name {
    struct sockaddr_un un;
    socklen_t length;
};

struct name path_name(const char *suffix);      // a file of this test's own
struct name abstract_name(const char *suffix);  // likewise, without a file
struct name name_of(int fd);                    // getsockname
struct name peer_of(int fd);                    // getpeername

int unix_socket(int type);
int try_bind(int fd, const struct name *name);
int try_connect(int fd, const struct name *name);
int unix_bound(int type, const struct name *name);
int unix_listener(int type, const struct name *name, int backlog);
int unix_connected(int type, const struct name *name);

// poll's answer about everything that a socket can be ready for.
int all_events(int fd);
