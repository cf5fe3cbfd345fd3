// SPDX-License-Identifier: MIT
//
// SOL_SOCKET's rows of times: how long calls may block, and close may linger.

#include <abi/errno.h>
#include <net/option.h>
#include <net/socket.h>

// Each has a second name, for 32-bit programs with 64-bit times.
#define TIME_OPTION(row, option, getter, setter)                     \
    SOCKET_OPTION(row) = {.level = SOL_SOCKET,                       \
                          .name = option,                            \
                          .size = sizeof(struct abi_socket_timeval), \
                          .get = getter,                             \
                          .set = setter}

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
TIME_OPTION(receive_timeout, SO_RCVTIMEO, get_receive_timeout,
            set_receive_timeout);
TIME_OPTION(receive_timeout_new, SO_RCVTIMEO_NEW, get_receive_timeout,
            set_receive_timeout);

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
TIME_OPTION(send_timeout, SO_SNDTIMEO, get_send_timeout, set_send_timeout);
TIME_OPTION(send_timeout_new, SO_SNDTIMEO_NEW, get_send_timeout,
            set_send_timeout);

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
