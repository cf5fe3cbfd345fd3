// SPDX-License-Identifier: MIT
//
// getsockopt(2) and setsockopt(2): the search of the option table. Its rows are
// in the files *_option.c, by subject. What is not in the table is ENOPROTOOPT;
// nothing is accepted without effect.

#include <abi/errno.h>
#include <abi/inet.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <net/option.h>
#include <net/socket.h>

// Is the row for this kind of socket? (An AF_INET6 socket has IPv4's options
// too, but for a raw one, which speaks only IPv6.)
static bool row_is_for(const struct socket_option *row,
                       const struct socket *socket)
{
    // A raw socket's protocol is what it carries, not what it is.
    if (row->protocol &&
        (socket->type == SOCK_RAW || row->protocol != socket->protocol))
        return false;
    if (!row->family || row->family == socket->family)
        return true;
    return row->family == AF_INET && socket->family == AF_INET6 &&
           (row->protocol || socket->type != SOCK_RAW);
}

static const struct socket_option *find_option(struct socket *socket, int level,
                                               int name)
{
    const struct socket_option *row;

    linkset_for_each(row, socket_options) {
        if (row->level == level && row->name == name && row_is_for(row, socket))
            return row;
    }
    return NULL;
}

// Linux's errno for an unknown option depends on whether the protocol has the
// level at all, and on the direction.
static int no_such_option(struct socket *socket, int level, bool reading)
{
    if (level == SOL_SOCKET || socket->family == AF_PACKET)
        return -ENOPROTOOPT;
    if (socket->family == AF_UNIX)
        return -EOPNOTSUPP;
    if (socket->family == AF_NETLINK)
        return -ENOPROTOOPT;
    bool known = level == IPPROTO_IP ||
                 (level == socket->protocol && socket->type != SOCK_RAW) ||
                 (level == IPPROTO_IPV6 && socket->family == AF_INET6) ||
                 (level == SOL_RAW && socket->type == SOCK_RAW);
    return reading && !known ? -EOPNOTSUPP : -ENOPROTOOPT;
}

// The options of level IP may be a single byte, also where there is room for
// more than one, but not for an int.
static bool fits_a_byte(const struct socket_option *row, size_t room,
                        const union option_value *value)
{
    return row->level == IPPROTO_IP && row->size == sizeof(int) && room > 0 &&
           room < sizeof(int) && value->integer >= 0 && value->integer <= 255;
}

// Read a row's value into memory of max(size, max_size) bytes. *length: in, the
// user's room; out, how much to copy to him.
static int get_value(struct socket *socket, const struct socket_option *row,
                     void *value, size_t *length)
{
    size_t room = *length;

    if (!row->get_bytes) {
        int error = row->get(socket, value);
        *length = fits_a_byte(row, room, value) ? 1 : MIN(room, row->size);
        return error;
    }
    *length = MIN(room, row->max_size);
    int error = row->get_bytes(socket, value, length);
    *length = MIN(room, *length);
    return error;
}

// Memory for a row's value: the caller's, where that is enough. NULL: none.
static void *value_memory(const struct socket_option *row,
                          union option_value *small)
{
    return row->max_size > sizeof(*small) ? kzalloc(row->max_size) : small;
}

static void value_free(void *value, const union option_value *small)
{
    if (value != small)
        kfree(value);
}

int socket_get_option(struct socket *socket, int level, int name, uaddr value,
                      uaddr length)
{
    const struct socket_option *row = find_option(socket, level, name);
    union option_value small = {0};
    int32_t room;
    int error = GET_USER(&room, length);

    if (error < 0)
        return error;
    if (room < 0)
        return -EINVAL;
    if (row && row->get_user)
        return row->get_user(socket, value, length);
    if (!row || (!row->get && !row->get_bytes))
        return no_such_option(socket, level, true);
    void *v = value_memory(row, &small);
    if (!v)
        return -ENOMEM;
    size_t n = room;
    error = get_value(socket, row, v, &n);
    if (error == 0)
        error = PUT_USER(length, (int32_t)n);
    if (error == 0)
        error = copy_to_user(value, v, n);
    value_free(v, &small);
    return error;
}

static int set_bytes(struct socket *socket, const struct socket_option *row,
                     uaddr value, size_t length)
{
    union option_value small = {0};
    void *v = value_memory(row, &small);

    if (!v)
        return -ENOMEM;
    length = MIN(length, row->max_size);
    int error = copy_from_user(v, value, length);
    if (error == 0)
        error = row->set_bytes(socket, v, length);
    value_free(v, &small);
    return error;
}

int socket_set_option(struct socket *socket, int level, int name, uaddr value,
                      int length)
{
    const struct socket_option *row = find_option(socket, level, name);
    union option_value v = {0};

    if (length < 0)
        return -EINVAL;
    if (level == SOL_SOCKET && length < (int)sizeof(int) &&
        !(row && row->set_bytes))
        return -EINVAL;
    if (!row || (!row->set && !row->set_bytes))
        return no_such_option(socket, level, false);
    bool byte = level == IPPROTO_IP && row->set && row->size == sizeof(int) &&
                length >= 1;
    if ((size_t)length < row->size && !byte)
        return -EINVAL;
    if (row->set_bytes)
        return set_bytes(socket, row, value, length);
    int error =
        copy_from_user(&v, value, (size_t)length < row->size ? 1 : row->size);
    return error < 0 ? error : row->set(socket, &v);
}

void socket_apply(struct socket *socket)
{
    if (socket->ops->apply)
        socket->ops->apply(socket);
}
