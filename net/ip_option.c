// SPDX-License-Identifier: MIT
//
// The option table's rows of level IPPROTO_IP, ip(7), for every AF_INET socket.

#include <abi/errno.h>
#include <abi/inet.h>
#include <lwip/opt.h>
#include <net/socket.h>

static int get_ttl(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.ttl;
    return 0;
}

static int set_ttl(struct socket *socket, const union option_value *value)
{
    int ttl = value->integer == -1 ? IP_DEFAULT_TTL : value->integer;

    if (ttl < 1 || ttl > 255)
        return -EINVAL;
    socket->options.ttl = ttl;
    socket_apply(socket);
    return 0;
}
SOCKET_OPTION(ip_ttl) = {.level = IPPROTO_IP,
                         .name = IP_TTL,
                         .family = AF_INET,
                         .size = sizeof(int),
                         .get = get_ttl,
                         .set = set_ttl};

static int get_tos(struct socket *socket, union option_value *value)
{
    value->integer = socket->options.tos;
    return 0;
}

static int set_tos(struct socket *socket, const union option_value *value)
{
    socket->options.tos = value->integer & 0xff;
    socket_apply(socket);
    return 0;
}
SOCKET_OPTION(ip_tos) = {.level = IPPROTO_IP,
                         .name = IP_TOS,
                         .family = AF_INET,
                         .size = sizeof(int),
                         .get = get_tos,
                         .set = set_tos};
