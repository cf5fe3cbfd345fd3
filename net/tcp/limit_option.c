// SPDX-License-Identifier: MIT
//
// TCP's rows of the option table that set a limit: to times, to repetitions, to
// what is held. Where they act is named beside each.

#include <abi/errno.h>
#include <abi/inet.h>
#include <lwip/tcp.h>
#include <net/option.h>
#include <net/server.h>
#include <net/sysctl.h>

#include "tcp.h"

#define WINDOW_CLAMP_MIN 1152  // half of the least SO_RCVBUF
#define LINGER2_MAX      120   // seconds

// A setting that is a number from least to most.
#define RANGE_OPTION(row, option, field, least, most)                        \
    static int get_##field(struct socket *socket, union option_value *value) \
    {                                                                        \
        value->integer = tcp_of(socket)->tcp.field;                          \
        return 0;                                                            \
    }                                                                        \
    static int set_##field(struct socket *socket,                            \
                           const union option_value *value)                  \
    {                                                                        \
        if (value->integer < (least) || value->integer > (most))             \
            return -EINVAL;                                                  \
        WRITE_ONCE(tcp_of(socket)->tcp.field, value->integer);               \
        tcp_apply_op(socket);                                                \
        return 0;                                                            \
    }                                                                        \
    TCP_OPTION(row, option, get_##field, set_##field)

// tcp/tcp.c, tcp/poll.c: of keep-alive and of data that is not acknowledged.
RANGE_OPTION(tcp_keep_idle, TCP_KEEPIDLE, keep_idle, 1, 32767);
RANGE_OPTION(tcp_keep_interval, TCP_KEEPINTVL, keep_interval, 1, 32767);
RANGE_OPTION(tcp_keep_count, TCP_KEEPCNT, keep_count, 1, 127);
RANGE_OPTION(tcp_user_timeout, TCP_USER_TIMEOUT, user_timeout, 0, INT32_MAX);

// tcp/poll.c: how often a SYN is repeated.
static int get_syn_count(struct socket *socket, union option_value *value)
{
    int count = tcp_of(socket)->tcp.syn_count;

    value->integer = count ? count : sysctl_tcp_syn_retries;
    return 0;
}

static int set_syn_count(struct socket *socket, const union option_value *value)
{
    if (value->integer < 1 || value->integer > 127)
        return -EINVAL;
    WRITE_ONCE(tcp_of(socket)->tcp.syn_count, value->integer);
    return 0;
}
TCP_OPTION(tcp_syn_count, TCP_SYNCNT, get_syn_count, set_syn_count);

// tcp/close.c: how long a closed socket stays in FIN_WAIT_2.
static int get_linger2(struct socket *socket, union option_value *value)
{
    int seconds = tcp_of(socket)->tcp.linger2;

    value->integer = seconds ? seconds : sysctl_tcp_fin_timeout;
    return 0;
}

static int set_linger2(struct socket *socket, const union option_value *value)
{
    int seconds = MIN(value->integer, LINGER2_MAX);

    WRITE_ONCE(tcp_of(socket)->tcp.linger2, MAX(seconds, -1));
    return 0;
}
TCP_OPTION(tcp_linger2, TCP_LINGER2, get_linger2, set_linger2);

// tcp/half_open.c: a listener's connections are accepted when data has come, or
// the time is over. As Linux does, it is kept as a number of SYN-ACKs, which
// are sent after 1, 3, 7 ... seconds.
static int seconds_of_repetitions(int repetitions)
{
    return (int)MIN((1ll << MIN(repetitions, 31)) - 1, (long long)INT32_MAX);
}

static int get_defer_accept(struct socket *socket, union option_value *value)
{
    value->integer = seconds_of_repetitions(tcp_of(socket)->tcp.defer_accept);
    return 0;
}

static int set_defer_accept(struct socket *socket,
                            const union option_value *value)
{
    int repetitions = 0;

    while (value->integer > seconds_of_repetitions(repetitions))
        repetitions++;
    WRITE_ONCE(tcp_of(socket)->tcp.defer_accept, repetitions);
    return 0;
}
TCP_OPTION(tcp_defer_accept, TCP_DEFER_ACCEPT, get_defer_accept,
           set_defer_accept);

// tcp/recv.c: the largest window, whatever SO_RCVBUF says.
static int get_window_clamp(struct socket *socket, union option_value *value)
{
    value->integer = tcp_of(socket)->tcp.window_clamp;
    return 0;
}

static int set_window_clamp(struct socket *socket,
                            const union option_value *value)
{
    int clamp = value->integer;

    if (clamp == 0 && READ_ONCE(socket->state) != SOCKET_UNCONNECTED)
        return -EINVAL;
    if (clamp != 0)
        clamp = MAX(clamp, WINDOW_CLAMP_MIN);
    WRITE_ONCE(tcp_of(socket)->tcp.window_clamp, clamp);
    return 0;
}
TCP_OPTION(tcp_window_clamp, TCP_WINDOW_CLAMP, get_window_clamp,
           set_window_clamp);

// tcp/send.c: no more than this waits unsent before a socket counts as full.
static int get_unsent_low(struct socket *socket, union option_value *value)
{
    value->integer = tcp_of(socket)->tcp.unsent_low;
    return 0;
}

static int set_unsent_low(struct socket *socket,
                          const union option_value *value)
{
    WRITE_ONCE(tcp_of(socket)->tcp.unsent_low, (uint32_t)value->integer);
    wake_up_all(&socket->wait);
    return 0;
}
TCP_OPTION(tcp_unsent_low, TCP_NOTSENT_LOWAT, get_unsent_low, set_unsent_low);
