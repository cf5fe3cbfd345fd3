// SPDX-License-Identifier: MIT
//
// AF_NETLINK as Linux has it, netlink(7): addresses, the header of messages,
// attributes, options. What NETLINK_ROUTE carries is in abi/rtnetlink.h.
// Everything is in the host's byte order unless said otherwise.

#pragma once

#include <lib/types.h>

#define NETLINK_ROUTE 0

struct abi_sockaddr_nl {
    uint16_t family;  // AF_NETLINK
    uint16_t pad;
    uint32_t port;    // 0: the kernel
    uint32_t groups;  // mask of multicast groups 1 to 32
};
_Static_assert(sizeof(struct abi_sockaddr_nl) == 12, "struct sockaddr_nl");

struct abi_nlmsghdr {
    uint32_t length;    // of the message, this header included
    uint16_t type;      // NLMSG_* or a protocol's
    uint16_t flags;     // NLM_F_*
    uint32_t sequence;  // chosen by who asks, repeated in the answer
    uint32_t port;      // of the sender, or of who caused a notification
};
_Static_assert(sizeof(struct abi_nlmsghdr) == 16, "struct nlmsghdr");

#define NLMSG_ALIGN 4u  // messages and attributes begin at multiples of this

#define NLMSG_NOOP     1
#define NLMSG_ERROR    2
#define NLMSG_DONE     3
#define NLMSG_MIN_TYPE 16  // below are control messages

#define NLM_F_REQUEST       0x1u
#define NLM_F_MULTI         0x2u
#define NLM_F_ACK           0x4u
#define NLM_F_ECHO          0x8u
#define NLM_F_DUMP_INTR     0x10u  // something changed during the dump
#define NLM_F_DUMP_FILTERED 0x20u
#define NLM_F_DUMP          0x300u  // requests of type GET: ROOT | MATCH
#define NLM_F_REPLACE       0x100u  // requests of type NEW
#define NLM_F_EXCL          0x200u
#define NLM_F_CREATE        0x400u
#define NLM_F_APPEND        0x800u
#define NLM_F_CAPPED        0x100u  // NLMSG_ERROR: without the request's data
#define NLM_F_ACK_TLVS      0x200u  // NLMSG_ERROR: attributes follow

// The body of NLMSG_ERROR; the request's data may follow.
struct abi_nlmsgerr {
    int32_t error;  // 0 or -errno
    struct abi_nlmsghdr request;
};
#define NLMSGERR_ATTR_MSG  1  // text
#define NLMSGERR_ATTR_OFFS 2  // of the attribute that is wrong

struct abi_nlattr {
    uint16_t length;  // this header included, padding not
    uint16_t type;
};
#define NLA_TYPE_MASK 0x3fffu  // the upper bits: nested, network byte order

#define SOL_NETLINK              270
#define NETLINK_ADD_MEMBERSHIP   1
#define NETLINK_DROP_MEMBERSHIP  2
#define NETLINK_PKTINFO          3
#define NETLINK_BROADCAST_ERROR  4
#define NETLINK_NO_ENOBUFS       5
#define NETLINK_LIST_MEMBERSHIPS 9
#define NETLINK_CAP_ACK          10
#define NETLINK_EXT_ACK          11
#define NETLINK_GET_STRICT_CHK   12
