// SPDX-License-Identifier: MIT
//
// netdevice(7): the ioctls on interfaces, routes and neighbours that any socket
// answers.

#pragma once

#include <abi/netdevice.h>
#include <lib/linkset.h>

struct net_link;

// One command. An AF_INET6 socket has others by the same numbers for IPv6's
// addresses and routes.
struct net_ioctl {
    unsigned command;  // SIOC*
    bool root;         // changes something: else EPERM
    bool only4;        // not of an AF_INET6 socket
    bool only6;        // of that alone
    // On the interface that a struct ifreq names, with the core mutex held. The
    // request is copied back to the user, unless the command changes something.
    int (*on_link)(struct net_link *link, struct abi_ifreq *request);
    // Or with an argument of another kind.
    long (*run)(uaddr argument);
};
LINKSET_DECLARE(net_ioctls, struct net_ioctl);
#define NET_IOCTL(name) \
    LINKSET_ENTRY(net_ioctls, struct net_ioctl, net_ioctl_##name)

// 0 or -errno; -ENOTTY for a command that is none of them.
long interface_ioctl(int family, unsigned command, uaddr argument);

// The link that a request names, also by an alias ("eth0:1"), and its address
// of that label. NULL: none. Core mutex held.
struct net_link *ifreq_link(const struct abi_ifreq *request);
struct link_address;
struct link_address *ifreq_address(const struct net_link *link,
                                   const struct abi_ifreq *request);
