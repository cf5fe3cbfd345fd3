// SPDX-License-Identifier: MIT
//
// getsockopt(2) and setsockopt(2): the search of the option table, and the rows
// of level SOL_SOCKET. A protocol's rows are in its own file. What is not in
// the table is ENOPROTOOPT; nothing is accepted without effect.

#include <abi/errno.h>
#include <abi/inet.h>
#include <mm/uaccess.h>
#include <net/server.h>
#include <net/socket.h>
#include <net/sysctl.h>
#include <string.h>

static const struct socket_option *find_option(struct socket *socket, int level,
                                               int name)
{
    const struct socket_option *row;

    linkset_for_each(row, socket_options) {
        if (row->level == level && row->name == name &&
            (!row->family || row->family == socket->family) &&
            (!row->protocol || row->protocol == socket->protocol))
            return row;
    }
    return NULL;
}

// Linux's errno for an unknown option depends on whether the protocol has the
// level at all, and on the direction.
static int no_such_option(struct socket *socket, int level, bool reading)
{
    if (level == SOL_SOCKET)
        return -ENOPROTOOPT;
    if (socket->family == AF_UNIX)
        return -EOPNOTSUPP;
    bool known = level == IPPROTO_IP || level == socket->protocol;
    return reading && !known ? -EOPNOTSUPP : -ENOPROTOOPT;
}

int socket_get_option(struct socket *socket, int level, int name, uaddr value,
                      uaddr length)
{
    const struct socket_option *row = find_option(socket, level, name);
    union option_value v = {0};
    int32_t room;
    int error = GET_USER(&room, length);

    if (error < 0)
        return error;
    if (room < 0)
        return -EINVAL;
    if (!row || !row->get)
        return no_such_option(socket, level, true);
    error = row->get(socket, &v);
    if (error < 0)
        return error;
    room = MIN((size_t)room, row->size);
    error = PUT_USER(length, room);
    return error < 0 ? error : copy_to_user(value, &v, room);
}

int socket_set_option(struct socket *socket, int level, int name, uaddr value,
                      int length)
{
    const struct socket_option *row = find_option(socket, level, name);
    union option_value v = {0};

    if (length < 0)
        return -EINVAL;
    if (!row || !row->set)
        return no_such_option(socket, level, false);
    // Linux takes a single byte for the options of level IP.
    bool byte = level == IPPROTO_IP && row->size == sizeof(int) && length >= 1;
    if ((size_t)length < row->size && !byte)
        return -EINVAL;
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
    SOCKET_OPTION(field) = {SOL_SOCKET,  option,      0,          0,         \
                            sizeof(int), get_##field, set_##field}

FLAG_OPTION(SO_REUSEADDR, reuse_address);
FLAG_OPTION(SO_KEEPALIVE, keep_alive);
FLAG_OPTION(SO_BROADCAST, broadcast);

// ---- what a socket is ----

static int get_type(struct socket *socket, union option_value *value)
{
    value->integer = socket->type;
    return 0;
}
SOCKET_OPTION(type) = {SOL_SOCKET, SO_TYPE, 0, 0, sizeof(int), get_type, NULL};

static int get_domain(struct socket *socket, union option_value *value)
{
    value->integer = socket->family;
    return 0;
}
SOCKET_OPTION(domain) = {SOL_SOCKET,  SO_DOMAIN,  0,   0,
                         sizeof(int), get_domain, NULL};

static int get_protocol(struct socket *socket, union option_value *value)
{
    value->integer = socket->protocol;
    return 0;
}
SOCKET_OPTION(protocol) = {SOL_SOCKET,  SO_PROTOCOL,  0,   0,
                           sizeof(int), get_protocol, NULL};

static int get_listening(struct socket *socket, union option_value *value)
{
    value->integer = READ_ONCE(socket->state) == SOCKET_LISTENING;
    return 0;
}
SOCKET_OPTION(accept_connections) = {SOL_SOCKET,  SO_ACCEPTCONN, 0,   0,
                                     sizeof(int), get_listening, NULL};

static int get_error(struct socket *socket, union option_value *value)
{
    value->integer = -socket_take_error(socket);
    return 0;
}
SOCKET_OPTION(error) = {SOL_SOCKET,  SO_ERROR,  0,   0,
                        sizeof(int), get_error, NULL};

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
SOCKET_OPTION(receive_buffer) = {
    SOL_SOCKET,         SO_RCVBUF,         0, 0, sizeof(int),
    get_receive_buffer, set_receive_buffer};

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
SOCKET_OPTION(send_buffer) = {
    SOL_SOCKET, SO_SNDBUF, 0, 0, sizeof(int), get_send_buffer, set_send_buffer};

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
SOCKET_OPTION(receive_timeout) = {SOL_SOCKET,
                                  SO_RCVTIMEO,
                                  0,
                                  0,
                                  sizeof(struct abi_socket_timeval),
                                  get_receive_timeout,
                                  set_receive_timeout};

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
SOCKET_OPTION(send_timeout) = {
    SOL_SOCKET,       SO_SNDTIMEO,     0, 0, sizeof(struct abi_socket_timeval),
    get_send_timeout, set_send_timeout};

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
SOCKET_OPTION(linger) = {SOL_SOCKET, SO_LINGER, 0, 0, sizeof(struct abi_linger),
                         get_linger, set_linger};
