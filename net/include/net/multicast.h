// SPDX-License-Identifier: MIT
//
// Groups: which sockets have joined which, on which interface, and from which
// sources they want to hear (RFC 1112, 3376 section 3; ip(7)). An interface
// joins a group, by IGMP or MLD, while some socket is in it.
//
// All functions want the core mutex.

#pragma once

#include <net/packet.h>
#include <net/socket.h>

#define GROUPS_MAX  20  // of a socket, net.ipv4.igmp_max_memberships
#define SOURCES_MAX 10  // of a membership, net.ipv4.igmp_max_msf

// A socket is in a group.
struct membership {
    struct list_node node;           // (c) socket->memberships
    ip_addr_t group;                 // (i)
    uint32_t interface;              // (i) its index
    bool include;                    // (c) only the sources, or all but these
    unsigned count;                  // (c) of sources
    ip_addr_t sources[SOURCES_MAX];  // (c)
};

// Join and leave, for any source. interface: an index. 0; -EINVAL (no group),
// -ENODEV, -EADDRINUSE (joined already), -ENOBUFS; -EADDRNOTAVAIL (not joined).
int multicast_join(struct socket *socket, const ip_addr_t *group,
                   uint32_t interface);
int multicast_leave(struct socket *socket, const ip_addr_t *group,
                    uint32_t interface);

// What a source may be made to one that the socket hears, or not.
enum source_change {
    SOURCE_JOIN,  // the first one joins the group, for its sources only
    SOURCE_LEAVE,
    SOURCE_BLOCK,
    SOURCE_UNBLOCK,
};
// 0; as above, -EINVAL for a membership of the other kind, -EADDRNOTAVAIL for a
// source that is one already, or is none.
int multicast_change_source(struct socket *socket, const ip_addr_t *group,
                            uint32_t interface, const ip_addr_t *source,
                            enum source_change change);

// The socket is closed.
void multicast_leave_all(struct socket *socket);

// Does the socket want what was sent to a group and arrived like this?
bool multicast_wanted(const struct socket *socket,
                      const struct arrival *arrival);

// The groups of interfaces, for /proc; NULL: there are no more.
struct group_use {
    struct list_node node;  // (c)
    ip_addr_t group;        // (i)
    uint32_t interface;     // (i)
    unsigned users;         // (c) memberships
};
const struct group_use *group_next(const struct group_use *use);
