// SPDX-License-Identifier: MIT
//
// SOL_SOCKET's rows that say what a socket is, and its switches, socket(7).
// Others are in option/buffer_option.c, option/timeout_option.c,
// option/device_option.c, timestamp.c and filter/filter.c.

#include <abi/errno.h>
#include <net/option.h>
#include <net/socket.h>
#include <proc/task.h>

#define SOCKET_INTEGER(row, name, getter, setter) \
    INTEGER_OPTION(row, SOL_SOCKET, name, 0, 0, getter, setter)

// ---- switches ----

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
    SOCKET_INTEGER(field, option, get_##field, set_##field)

FLAG_OPTION(SO_REUSEADDR, reuse_address);
FLAG_OPTION(SO_KEEPALIVE, keep_alive);
FLAG_OPTION(SO_BROADCAST, broadcast);
FLAG_OPTION(SO_DONTROUTE, dont_route);
FLAG_OPTION(SO_OOBINLINE, oob_inline);
FLAG_OPTION(SO_NO_CHECK, no_checksum);
FLAG_OPTION(SO_RXQ_OVFL, tell_drops);
FLAG_OPTION(SO_SELECT_ERR_QUEUE, select_error_queue);

// Only the Internet's sockets share ports.
static int get_reuse_port(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.reuse_port;
    return 0;
}

static int set_reuse_port(struct socket *socket,
                          const union option_value *value)
{
    if (value->integer && socket->family == AF_UNIX)
        return -EOPNOTSUPP;
    WRITE_ONCE(socket->options.reuse_port, value->integer != 0);
    return 0;
}
SOCKET_INTEGER(reuse_port, SO_REUSEPORT, get_reuse_port, set_reuse_port);

// Logs the socket's changes of state, whatever trace= says.
static int get_debug(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.debug;
    return 0;
}

static int set_debug(struct socket *socket, const union option_value *value)
{
    if (value->integer && current_process()->euid != 0)
        return -EACCES;
    WRITE_ONCE(socket->options.debug, value->integer != 0);
    return 0;
}
SOCKET_INTEGER(debug, SO_DEBUG, get_debug, set_debug);

// ---- numbers ----

// No queueing discipline here looks at a packet's priority; IP_TOS sets it too.
static int get_priority(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.priority;
    return 0;
}

static int set_priority(struct socket *socket, const union option_value *value)
{
    if ((value->integer < 0 || value->integer > SO_PRIORITY_UNPRIVILEGED) &&
        current_process()->euid != 0)
        return -EPERM;
    WRITE_ONCE(socket->options.priority, value->integer);
    return 0;
}
SOCKET_INTEGER(priority, SO_PRIORITY, get_priority, set_priority);

// Nor does any rule here look at its mark.
static int get_mark(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.mark;
    return 0;
}

static int set_mark(struct socket *socket, const union option_value *value)
{
    if (current_process()->euid != 0)
        return -EPERM;
    WRITE_ONCE(socket->options.mark, value->integer);
    return 0;
}
SOCKET_INTEGER(mark, SO_MARK, get_mark, set_mark);

// The hart on which the last packet was taken in, or -1; set, it prefers among
// sockets that share a port the one of the hart that takes a packet in.
static int get_incoming_cpu(struct socket *socket, union option_value *value)
{
    value->integer = READ_ONCE(socket->options.incoming_cpu) - 1;
    return 0;
}

static int set_incoming_cpu(struct socket *socket,
                            const union option_value *value)
{
    WRITE_ONCE(socket->options.incoming_cpu, value->integer + 1);
    return 0;
}
SOCKET_INTEGER(incoming_cpu, SO_INCOMING_CPU, get_incoming_cpu,
               set_incoming_cpu);

// ---- what a socket is ----

static int get_type(struct socket *socket, union option_value *value)
{
    value->integer = socket->type;
    return 0;
}
SOCKET_INTEGER(type, SO_TYPE, get_type, NULL);

static int get_domain(struct socket *socket, union option_value *value)
{
    value->integer = socket->family;
    return 0;
}
SOCKET_INTEGER(domain, SO_DOMAIN, get_domain, NULL);

static int get_protocol(struct socket *socket, union option_value *value)
{
    value->integer = socket->protocol;
    return 0;
}
SOCKET_INTEGER(protocol, SO_PROTOCOL, get_protocol, NULL);

static int get_listening(struct socket *socket, union option_value *value)
{
    value->integer = READ_ONCE(socket->state) == SOCKET_LISTENING;
    return 0;
}
SOCKET_INTEGER(accept_connections, SO_ACCEPTCONN, get_listening, NULL);

static int get_error(struct socket *socket, union option_value *value)
{
    value->integer = -socket_take_error(socket);
    return 0;
}
SOCKET_INTEGER(error, SO_ERROR, get_error, NULL);

// A number that no other socket ever has: the inode's.
static int get_cookie(struct socket *socket, void *value, size_t *length)
{
    if (*length < sizeof(uint64_t))
        return -EINVAL;
    *(uint64_t *)value = socket->inode;
    *length = sizeof(uint64_t);
    return 0;
}
SOCKET_OPTION(cookie) = {.level = SOL_SOCKET,
                         .name = SO_COOKIE,
                         .max_size = sizeof(uint64_t),
                         .get_bytes = get_cookie};
