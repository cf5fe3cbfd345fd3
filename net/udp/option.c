// SPDX-License-Identifier: MIT
//
// The option table's row of level IPPROTO_UDP, udp(7).

#include <abi/inet.h>
#include <net/option.h>

#include "udp.h"

static int get_cork(struct socket *socket, union option_value *value)
{
    value->integer = READ_ONCE(udp_of(socket)->cork);
    return 0;
}

// Switched off, it sends what it has gathered; how that went is not told.
static int set_cork(struct socket *socket, const union option_value *value)
{
    struct udp_socket *u = udp_of(socket);

    WRITE_ONCE(u->cork, value->integer != 0);
    if (!value->integer)
        (void)udp_flush_cork(u);
    return 0;
}
INTEGER_OPTION(udp_cork, IPPROTO_UDP, UDP_CORK, 0, IPPROTO_UDP, get_cork,
               set_cork);
