// SPDX-License-Identifier: MIT
//
// getsockopt(2) and setsockopt(2): the search of the option table, and the rows
// of level SOL_SOCKET. A protocol's rows are in its own file. What is not in
// the table is ENOPROTOOPT; nothing is accepted without effect.

#include <abi/errno.h>
#include <abi/inet.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <net/server.h>
#include <net/socket.h>
#include <net/sysctl.h>
#include <string.h>

// Is the row for this kind of socket? (An AF_INET6 socket has IPv4's options
// too, but for a raw one, which speaks only IPv6.)
static bool row_is_for(const struct socket_option *row,
                       const struct socket *socket)
{
    if (row->protocol && row->protocol != socket->protocol)
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
    bool known = level == IPPROTO_IP || level == socket->protocol ||
                 (level == IPPROTO_IPV6 && socket->family == AF_INET6);
    return reading && !known ? -EOPNOTSUPP : -ENOPROTOOPT;
}

// Read a row's value into memory of max(size, max_size) bytes. *length: in, the
// user's room; out, how much to copy to him.
static int get_value(struct socket *socket, const struct socket_option *row,
                     void *value, size_t *length)
{
    size_t room = *length;

    if (!row->get_bytes) {
        *length = MIN(room, row->size);
        return row->get(socket, value);
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
    if (!row || (!row->set && !row->set_bytes))
        return no_such_option(socket, level, false);
    // Linux takes a single byte for the options of level IP.
    bool byte = level == IPPROTO_IP && row->size == sizeof(int) && length >= 1;
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

// ---- options that are a flag in socket->options ----

#define FLAG_OPTION(option, field)                                           \
    static int get_##field(struct socket *socket, union option_value *value) \
    {                                                                        \
        value->integer = socket->options.field;                              \
        return 0;                                                            \
    }                                                                        \
    static int set_##field(struct socket *socket,                            \
                           const union option_value *value)                  \
    {                                                                        \
        WRITE_ONCE(socket->options.field, value->integer != 0);              \
        socket_apply(socket);                                                \
        return 0;                                                            \
    }                                                                        \
    SOCKET_OPTION(field) = {.level = SOL_SOCKET,                             \
                            .name = option,                                  \
                            .size = sizeof(int),                             \
                            .get = get_##field,                              \
                            .set = set_##field}

FLAG_OPTION(SO_REUSEADDR, reuse_address);
FLAG_OPTION(SO_KEEPALIVE, keep_alive);
FLAG_OPTION(SO_BROADCAST, broadcast);

// ---- what a socket is ----

static int get_type(struct socket *socket, union option_value *value)
{
    value->integer = socket->type;
    return 0;
}
SOCKET_OPTION(type) = {
    .level = SOL_SOCKET, .name = SO_TYPE, .size = sizeof(int), .get = get_type};

static int get_domain(struct socket *socket, union option_value *value)
{
    value->integer = socket->family;
    return 0;
}
SOCKET_OPTION(domain) = {.level = SOL_SOCKET,
                         .name = SO_DOMAIN,
                         .size = sizeof(int),
                         .get = get_domain};

static int get_protocol(struct socket *socket, union option_value *value)
{
    value->integer = socket->protocol;
    return 0;
}
SOCKET_OPTION(protocol) = {.level = SOL_SOCKET,
                           .name = SO_PROTOCOL,
                           .size = sizeof(int),
                           .get = get_protocol};

static int get_listening(struct socket *socket, union option_value *value)
{
    value->integer = READ_ONCE(socket->state) == SOCKET_LISTENING;
    return 0;
}
SOCKET_OPTION(accept_connections) = {.level = SOL_SOCKET,
                                     .name = SO_ACCEPTCONN,
                                     .size = sizeof(int),
                                     .get = get_listening};

static int get_error(struct socket *socket, union option_value *value)
{
    value->integer = -socket_take_error(socket);
    return 0;
}
SOCKET_OPTION(error) = {.level = SOL_SOCKET,
                        .name = SO_ERROR,
                        .size = sizeof(int),
                        .get = get_error};

// ---- buffer sizes: doubled, bounded, as Linux keeps them ----

#define RECEIVE_BUFFER_MIN 2304
#define SEND_BUFFER_MIN    4608

static int buffer_size(int wanted, int64_t limit, int least)
{
    int64_t size = MIN((int64_t)(uint32_t)wanted, limit) * 2;

    return MIN(MAX(size, least), INT32_MAX);
}

static int get_receive_buffer(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.receive_buffer;
    return 0;
}

static int set_receive_buffer(struct socket *socket,
                              const union option_value *value)
{
    WRITE_ONCE(
        socket->options.receive_buffer,
        buffer_size(value->integer, sysctl_rmem_max, RECEIVE_BUFFER_MIN));
    return 0;
}
SOCKET_OPTION(receive_buffer) = {.level = SOL_SOCKET,
                                 .name = SO_RCVBUF,
                                 .size = sizeof(int),
                                 .get = get_receive_buffer,
                                 .set = set_receive_buffer};

static int get_send_buffer(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.send_buffer;
    return 0;
}

static int set_send_buffer(struct socket *socket,
                           const union option_value *value)
{
    WRITE_ONCE(socket->options.send_buffer,
               buffer_size(value->integer, sysctl_wmem_max, SEND_BUFFER_MIN));
    wake_up_all(&socket->wait);
    return 0;
}
SOCKET_OPTION(send_buffer) = {.level = SOL_SOCKET,
                              .name = SO_SNDBUF,
                              .size = sizeof(int),
                              .get = get_send_buffer,
                              .set = set_send_buffer};

// ---- times ----

static void time_to_value(union option_value *value, nsec_t time)
{
    value->time.seconds = time / NSEC_PER_SEC;
    value->time.microseconds = time % NSEC_PER_SEC / NSEC_PER_USEC;
}

// 0, -EDOM for impossible microseconds. A negative time is an immediate end,
// which Linux makes of it too; zero is no limit.
static int time_from_value(nsec_t *time, const union option_value *value)
{
    int64_t seconds = value->time.seconds;

    if (value->time.microseconds < 0 || value->time.microseconds >= 1000000)
        return -EDOM;
    if (seconds < 0)
        *time = 1;
    else if (seconds >= INT32_MAX)
        *time = 0;
    else
        *time =
            seconds * NSEC_PER_SEC + value->time.microseconds * NSEC_PER_USEC;
    return 0;
}

static int get_receive_timeout(struct socket *socket, union option_value *value)
{
    time_to_value(value, socket->options.receive_timeout);
    return 0;
}

static int set_receive_timeout(struct socket *socket,
                               const union option_value *value)
{
    return time_from_value(&socket->options.receive_timeout, value);
}
SOCKET_OPTION(receive_timeout) = {.level = SOL_SOCKET,
                                  .name = SO_RCVTIMEO,
                                  .size = sizeof(struct abi_socket_timeval),
                                  .get = get_receive_timeout,
                                  .set = set_receive_timeout};

static int get_send_timeout(struct socket *socket, union option_value *value)
{
    time_to_value(value, socket->options.send_timeout);
    return 0;
}

static int set_send_timeout(struct socket *socket,
                            const union option_value *value)
{
    return time_from_value(&socket->options.send_timeout, value);
}
SOCKET_OPTION(send_timeout) = {.level = SOL_SOCKET,
                               .name = SO_SNDTIMEO,
                               .size = sizeof(struct abi_socket_timeval),
                               .get = get_send_timeout,
                               .set = set_send_timeout};

static int get_linger(struct socket *socket, union option_value *value)
{
    value->linger.on = socket->options.linger;
    value->linger.seconds = socket->options.linger_seconds;
    return 0;
}

static int set_linger(struct socket *socket, const union option_value *value)
{
    if (value->linger.on)
        WRITE_ONCE(socket->options.linger_seconds,
                   (uint32_t)value->linger.seconds);
    WRITE_ONCE(socket->options.linger, value->linger.on != 0);
    return 0;
}
SOCKET_OPTION(linger) = {.level = SOL_SOCKET,
                         .name = SO_LINGER,
                         .size = sizeof(struct abi_linger),
                         .get = get_linger,
                         .set = set_linger};
