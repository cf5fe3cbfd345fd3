// SPDX-License-Identifier: MIT
//
// The options of level SOL_NETLINK, netlink(7).

#include <abi/errno.h>
#include <net/option.h>
#include <net/server.h>

#include "netlink.h"

#define NETLINK_OPTION(option) SOL_NETLINK, option, AF_NETLINK, 0, sizeof(int)

// Options that are a flag of the socket.
#define FLAG_OPTION(option, field)                                           \
    static int get_##field(struct socket *socket, union option_value *value) \
    {                                                                        \
        value->integer = READ_ONCE(netlink_of(socket)->field);               \
        return 0;                                                            \
    }                                                                        \
    static int set_##field(struct socket *socket,                            \
                           const union option_value *value)                  \
    {                                                                        \
        WRITE_ONCE(netlink_of(socket)->field, value->integer != 0);          \
        return 0;                                                            \
    }                                                                        \
    SOCKET_OPTION(netlink_##field) = {NETLINK_OPTION(option),                \
                                      .get = get_##field, .set = set_##field}

FLAG_OPTION(NETLINK_PKTINFO, packet_info);
FLAG_OPTION(NETLINK_NO_ENOBUFS, no_enobufs);
FLAG_OPTION(NETLINK_CAP_ACK, cap_ack);
FLAG_OPTION(NETLINK_EXT_ACK, ext_ack);
FLAG_OPTION(NETLINK_GET_STRICT_CHK, strict);

static int change_membership(struct socket *socket,
                             const union option_value *value, bool join)
{
    net_lock();
    int error = netlink_join(netlink_of(socket), value->integer, join);
    net_unlock();
    return error;
}

static int add_membership(struct socket *socket,
                          const union option_value *value)
{
    return change_membership(socket, value, true);
}
SOCKET_OPTION(netlink_add_membership) = {NETLINK_OPTION(NETLINK_ADD_MEMBERSHIP),
                                         .set = add_membership};

static int drop_membership(struct socket *socket,
                           const union option_value *value)
{
    return change_membership(socket, value, false);
}
SOCKET_OPTION(netlink_drop_membership) = {
    NETLINK_OPTION(NETLINK_DROP_MEMBERSHIP), .set = drop_membership};

// Groups as a bit mask, in words of 32 bits.
static int list_memberships(struct socket *socket, void *value, size_t *length)
{
    net_lock();
    *(uint64_t *)value = netlink_of(socket)->groups;
    net_unlock();
    *length = sizeof(uint64_t);
    return 0;
}
SOCKET_OPTION(netlink_list_memberships) = {.level = SOL_NETLINK,
                                           .name = NETLINK_LIST_MEMBERSHIPS,
                                           .family = AF_NETLINK,
                                           .max_size = sizeof(uint64_t),
                                           .get_bytes = list_memberships};
