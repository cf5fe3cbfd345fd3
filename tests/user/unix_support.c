// SPDX-License-Identifier: MIT
//
// See unix.h. Names are different for each test, and path names are removed
// before they are used.
#include "unix.h"

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

struct name path_name(const char *suffix)
{
    struct name name = {.un.sun_family = AF_UNIX};
    int n = snprintf(name.un.sun_path, sizeof(name.un.sun_path), "%s",
                     temporary_name(suffix));

    name.length = PATH_AT + n + 1;
    unlink(name.un.sun_path);
    return name;
}

struct name abstract_name(const char *suffix)
{
    struct name name = {.un.sun_family = AF_UNIX};
    int n = snprintf(name.un.sun_path + 1, sizeof(name.un.sun_path) - 1,
                     "test-%d-%s", getpid(), suffix);

    name.length = PATH_AT + 1 + n;
    return name;
}

struct name name_of(int fd)
{
    struct name name = {.length = sizeof(name.un)};
    CHECK_OK(getsockname(fd, (struct sockaddr *)&name.un, &name.length));
    return name;
}

struct name peer_of(int fd)
{
    struct name name = {.length = sizeof(name.un)};
    CHECK_OK(getpeername(fd, (struct sockaddr *)&name.un, &name.length));
    return name;
}

int unix_socket(int type)
{
    return CHECK_OK(socket(AF_UNIX, type, 0));
}

int try_bind(int fd, const struct name *name)
{
    return bind(fd, (const struct sockaddr *)&name->un, name->length);
}

int try_connect(int fd, const struct name *name)
{
    return connect(fd, (const struct sockaddr *)&name->un, name->length);
}

int unix_bound(int type, const struct name *name)
{
    int fd = unix_socket(type);
    CHECK_OK(try_bind(fd, name));
    return fd;
}

int unix_listener(int type, const struct name *name, int backlog)
{
    int fd = unix_bound(type, name);
    CHECK_OK(listen(fd, backlog));
    return fd;
}

int unix_connected(int type, const struct name *name)
{
    int fd = unix_socket(type);
    CHECK_OK(try_connect(fd, name));
    return fd;
}

int all_events(int fd)
{
    struct pollfd p = {.fd = fd,
                       .events = POLLIN | POLLPRI | POLLOUT | POLLRDNORM |
                                 POLLWRNORM | 0x2000 /* POLLRDHUP */};
    CHECK_BETWEEN(poll(&p, 1, 0), 0, 1);
    return p.revents;
}
