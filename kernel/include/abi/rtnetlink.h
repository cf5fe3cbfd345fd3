// SPDX-License-Identifier: MIT
//
// NETLINK_ROUTE's messages, rtnetlink(7): types, bodies and attributes of
// links, addresses, routes, neighbours and rules. Addresses are in network byte
// order.

#pragma once

#include <abi/netlink.h>

#define RTM_NEWLINK  16
#define RTM_DELLINK  17
#define RTM_GETLINK  18
#define RTM_SETLINK  19
#define RTM_NEWADDR  20
#define RTM_DELADDR  21
#define RTM_GETADDR  22
#define RTM_NEWROUTE 24
#define RTM_DELROUTE 25
#define RTM_GETROUTE 26
#define RTM_NEWNEIGH 28
#define RTM_DELNEIGH 29
#define RTM_GETNEIGH 30
#define RTM_NEWRULE  32
#define RTM_GETRULE  34
#define RTM_MAX      123

// Multicast groups.
#define RTNLGRP_LINK        1
#define RTNLGRP_NEIGH       3
#define RTNLGRP_IPV4_IFADDR 5
#define RTNLGRP_IPV4_ROUTE  7
#define RTNLGRP_IPV6_IFADDR 9
#define RTNLGRP_IPV6_ROUTE  11
#define RTNLGRP_MAX         38

// ---- links ----

struct abi_ifinfomsg {
    uint8_t family;
    uint8_t pad;
    uint16_t type;   // ARPHRD_*
    int32_t index;   // from 1
    uint32_t flags;  // IFF_*
    uint32_t change;
};

#define IFLA_ADDRESS         1
#define IFLA_BROADCAST       2
#define IFLA_IFNAME          3
#define IFLA_MTU             4
#define IFLA_QDISC           6
#define IFLA_STATS           7
#define IFLA_TXQLEN          13
#define IFLA_OPERSTATE       16
#define IFLA_LINKMODE        17
#define IFLA_LINKINFO        18
#define IFLA_STATS64         23
#define IFLA_AF_SPEC         26
#define IFLA_GROUP           27
#define IFLA_EXT_MASK        29
#define IFLA_PROMISCUITY     30
#define IFLA_NUM_TX_QUEUES   31
#define IFLA_NUM_RX_QUEUES   32
#define IFLA_CARRIER         33
#define IFLA_CARRIER_CHANGES 35
#define IFLA_MIN_MTU         50
#define IFLA_MAX_MTU         51
#define IFLA_ALT_IFNAME      53
#define IFLA_MAX             70

#define RTEXT_FILTER_SKIP_STATS 8u

#define OPERSTATE_UNKNOWN 0
#define OPERSTATE_DOWN    2
#define OPERSTATE_UP      6

struct abi_link_stats64 {
    uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes;
    uint64_t rx_errors, tx_errors, rx_dropped, tx_dropped;
    uint64_t multicast, collisions;
    uint64_t rx_details[6], tx_details[5];
    uint64_t rx_compressed, tx_compressed, rx_nohandler;
};
_Static_assert(sizeof(struct abi_link_stats64) == 24 * 8, "rtnl_link_stats64");

// ---- addresses ----

struct abi_ifaddrmsg {
    uint8_t family;
    uint8_t prefix;
    uint8_t flags;  // the lower 8 of IFA_FLAGS
    uint8_t scope;  // RT_SCOPE_*
    uint32_t index;
};

#define IFA_ADDRESS   1  // the network's or the peer's
#define IFA_LOCAL     2
#define IFA_LABEL     3
#define IFA_BROADCAST 4
#define IFA_CACHEINFO 6
#define IFA_FLAGS     8
#define IFA_RT_METRIC 9
#define IFA_PROTO     11
#define IFA_MAX       11

#define IFA_F_SECONDARY     0x01u
#define IFA_F_DADFAILED     0x08u
#define IFA_F_DEPRECATED    0x20u
#define IFA_F_TENTATIVE     0x40u
#define IFA_F_PERMANENT     0x80u
#define IFA_F_NOPREFIXROUTE 0x200u

struct abi_ifa_cacheinfo {
    uint32_t preferred, valid;  // seconds; all ones: for ever
    uint32_t created, updated;  // 1/100 s since boot
};

// ---- routes ----

struct abi_rtmsg {
    uint8_t family;
    uint8_t to_prefix;
    uint8_t from_prefix;
    uint8_t tos;
    uint8_t table;     // RT_TABLE_*
    uint8_t protocol;  // RTPROT_*
    uint8_t scope;     // RT_SCOPE_*
    uint8_t type;      // RTN_*
    uint32_t flags;
};

#define RTA_DST       1
#define RTA_SRC       2
#define RTA_IIF       3
#define RTA_OIF       4
#define RTA_GATEWAY   5
#define RTA_PRIORITY  6
#define RTA_PREFSRC   7
#define RTA_METRICS   8
#define RTA_MULTIPATH 9
#define RTA_CACHEINFO 12
#define RTA_TABLE     15
#define RTA_MARK      16
#define RTA_VIA       18
#define RTA_PREF      20
#define RTA_UID       25
#define RTA_MAX       30

#define RTN_NONE        0xff  // none has this type
#define RTN_UNICAST     1
#define RTN_LOCAL       2
#define RTN_BROADCAST   3
#define RTN_MULTICAST   5
#define RTN_BLACKHOLE   6
#define RTN_UNREACHABLE 7
#define RTN_PROHIBIT    8

#define RT_TABLE_UNSPEC  0
#define RT_TABLE_COMPAT  252  // RTA_TABLE has the number
#define RT_TABLE_DEFAULT 253
#define RT_TABLE_MAIN    254
#define RT_TABLE_LOCAL   255

#define RTPROT_UNSPEC 0
#define RTPROT_KERNEL 2
#define RTPROT_BOOT   3
#define RTPROT_RA     9
#define RTPROT_DHCP   16

#define RT_SCOPE_UNIVERSE 0
#define RT_SCOPE_LINK     253
#define RT_SCOPE_HOST     254
#define RT_SCOPE_NOWHERE  255

#define RTNH_F_DEAD     1u
#define RTNH_F_ONLINK   4u
#define RTNH_F_LINKDOWN 16u

#define RTM_F_CLONED       0x200u       // the answer for one destination
#define RTM_F_FIB_MATCH    0x2000u      // ask for the route, not for its use
#define RTM_F_LOOKUP_TABLE 0x1000u      // tell which table it was
#define RTCF_LOCAL         0x80000000u  // of an answer: to this machine

struct abi_rta_cacheinfo {
    uint32_t references, last_use;
    int32_t expires;
    uint32_t error, used, id, timestamp, age;
};

// ---- neighbours ----

struct abi_ndmsg {
    uint8_t family;
    uint8_t pad1;
    uint16_t pad2;
    int32_t index;
    uint16_t state;  // NUD_*
    uint8_t flags;
    uint8_t type;  // RTN_*
};

#define NDA_DST       1
#define NDA_LLADDR    2
#define NDA_CACHEINFO 3
#define NDA_PROBES    4
#define NDA_IFINDEX   8
#define NDA_MAX       15

#define NUD_INCOMPLETE 0x01
#define NUD_REACHABLE  0x02
#define NUD_STALE      0x04
#define NUD_DELAY      0x08
#define NUD_PROBE      0x10
#define NUD_NOARP      0x40
#define NUD_PERMANENT  0x80

#define NTF_PROXY  0x08
#define NTF_ROUTER 0x80

// ---- rules ----

#define FRA_PRIORITY  6
#define FRA_TABLE     15
#define FR_ACT_TO_TBL 1
