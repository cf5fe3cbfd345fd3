// SPDX-License-Identifier: MIT
//
// SO_TIMESTAMP, SO_TIMESTAMPNS, socket(7): the time at which a datagram arrived
// comes with it as ancillary data. Each of the two has an old and a new name,
// for programs with times of 32 and 64 bits; here both are 64. The latest one
// that was set is in force. SIOCGSTAMP asks for the time of the last one.

#include <abi/inet.h>
#include <mm/uaccess.h>
#include <net/option.h>
#include <net/socket.h>
#include <net/timestamp.h>

#define TIMESTAMP_OPTION(option, which)                                       \
    static int get_##option(struct socket *socket, union option_value *value) \
    {                                                                         \
        value->integer = READ_ONCE(socket->options.timestamp) == (which);     \
        return 0;                                                             \
    }                                                                         \
    static int set_##option(struct socket *socket,                            \
                            const union option_value *value)                  \
    {                                                                         \
        WRITE_ONCE(socket->options.timestamp, value->integer ? (which) : 0);  \
        return 0;                                                             \
    }                                                                         \
    SOCKET_OPTION(option) = {.level = SOL_SOCKET,                             \
                             .name = (which),                                 \
                             .size = sizeof(int),                             \
                             .get = get_##option,                             \
                             .set = set_##option}

TIMESTAMP_OPTION(timestamp, SO_TIMESTAMP_OLD);
TIMESTAMP_OPTION(timestamp_ns, SO_TIMESTAMPNS_OLD);
TIMESTAMP_OPTION(timestamp_new, SO_TIMESTAMP_NEW);
TIMESTAMP_OPTION(timestamp_ns_new, SO_TIMESTAMPNS_NEW);

int timestamp_put(struct message *message, struct socket *socket,
                  nsec_t arrived)
{
    int which = READ_ONCE(socket->options.timestamp);
    int64_t time[2] = {arrived / NSEC_PER_SEC, arrived % NSEC_PER_SEC};

    WRITE_ONCE(socket->last_arrival, arrived);
    if (!which)
        return 0;
    if (which == SO_TIMESTAMP_OLD || which == SO_TIMESTAMP_NEW)
        time[1] /= NSEC_PER_USEC;
    return control_put(message, SOL_SOCKET, which, time, sizeof(time));
}

// ---- SIOCGSTAMP ----

// Families whose packets are not stamped have no such ioctl.
static bool is_stamped(const struct socket *socket)
{
    return socket->family != AF_UNIX && socket->family != AF_NETLINK;
}

long timestamp_ioctl(struct socket *socket, unsigned command, uaddr argument)
{
    nsec_t last = READ_ONCE(socket->last_arrival);
    int64_t time[2] = {last / NSEC_PER_SEC, last % NSEC_PER_SEC};

    switch (is_stamped(socket) ? command : 0) {
    case SIOCGSTAMP_OLD:
    case SIOCGSTAMP_NEW:
        time[1] /= NSEC_PER_USEC;
        break;
    case SIOCGSTAMPNS_OLD:
    case SIOCGSTAMPNS_NEW:
        break;
    default:
        return -ENOTTY;
    }
    return last ? copy_to_user(argument, time, sizeof(time)) : -ENOENT;
}
