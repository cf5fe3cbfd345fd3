// SPDX-License-Identifier: MIT
//
// AF_PACKET: the options that ask, or switch something on, packet(7).
// Memberships and rings have theirs in their own files. What is not here
// (PACKET_TX_RING, PACKET_FANOUT, PACKET_VNET_HDR ...) is ENOPROTOOPT.

#include "socket.h"

#include <abi/errno.h>
#include <mm/uaccess.h>
#include <net/option.h>
#include <string.h>

#define FLAG_OPTION(option, field)                                           \
    static int get_##field(struct socket *socket, union option_value *value) \
    {                                                                        \
        value->integer = READ_ONCE(packet_socket_of(socket)->field);         \
        return 0;                                                            \
    }                                                                        \
    static int set_##field(struct socket *socket,                            \
                           const union option_value *value)                  \
    {                                                                        \
        WRITE_ONCE(packet_socket_of(socket)->field, value->integer != 0);    \
        return 0;                                                            \
    }                                                                        \
    SOCKET_OPTION(packet_##field) = {.level = SOL_PACKET,                    \
                                     .name = (option),                       \
                                     .family = AF_PACKET,                    \
                                     .size = sizeof(int),                    \
                                     .get = get_##field,                     \
                                     .set = set_##field}

FLAG_OPTION(PACKET_AUXDATA, auxiliary);
// A frame's interface is always its original one: none lies on top of another.
FLAG_OPTION(PACKET_ORIGDEV, original_device);
FLAG_OPTION(PACKET_IGNORE_OUTGOING, ignore_outgoing);

// Asking starts the counters anew.
static int get_statistics(struct socket *socket, void *value, size_t *length)
{
    struct packet_socket *ps = packet_socket_of(socket);
    struct abi_tpacket_stats stats;

    WITH_LOCK(&socket->lock) {
        stats = (struct abi_tpacket_stats){ps->packets, ps->drops};
        ps->packets = ps->drops = 0;
    }
    memcpy(value, &stats, sizeof(stats));
    *length = sizeof(stats);
    return 0;
}
SOCKET_OPTION(packet_statistics) = {
    .level = SOL_PACKET,
    .name = PACKET_STATISTICS,
    .family = AF_PACKET,
    .size = 0,
    .max_size = sizeof(struct abi_tpacket_stats),
    .get_bytes = get_statistics,
};

// The length of a header in a ring of the version that the user's value names.
static int get_header_length(struct socket *socket, uaddr value, uaddr length)
{
    int32_t room, version;
    int error = GET_USER(&room, length);

    (void)socket;
    if (error == 0 && room < (int32_t)sizeof(version))
        error = -EINVAL;
    if (error == 0)
        error = GET_USER(&version, value);
    if (error == 0 && version != TPACKET_V2)
        error = -EINVAL;
    if (error == 0)
        error = PUT_USER(length, (int32_t)sizeof(version));
    if (error == 0)
        error = PUT_USER(value, (int32_t)sizeof(struct abi_tpacket2_hdr));
    return error;
}
SOCKET_OPTION(packet_header_length) = {
    .level = SOL_PACKET,
    .name = PACKET_HDRLEN,
    .family = AF_PACKET,
    .get_user = get_header_length,
};
