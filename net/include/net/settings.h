// SPDX-License-Identifier: MIT
//
// The values of a socket's options, as far as more than one protocol looks at
// them; part of struct socket. (a) as in net/socket.h.

#pragma once

#include <lib/types.h>

// What of level IPPROTO_IP is more than a byte in the header. All (a).
struct ip_settings {
    uint32_t receive;                // IP_RECEIVE_*: what recvmsg tells
    uint8_t mtu_discover;            // IP_MTU_DISCOVER: IP_PMTUDISC_*
    uint8_t min_ttl;                 // IP_MINTTL
    uint8_t multicast_ttl;           // IP_MULTICAST_TTL
    bool multicast_loop;             // IP_MULTICAST_LOOP
    bool multicast_all;              // IP_MULTICAST_ALL
    bool receive_errors;             // IP_RECVERR
    bool free_bind;                  // IP_FREEBIND
    bool bind_without_port;          // IP_BIND_ADDRESS_NO_PORT
    uint32_t multicast_interface;    // IP_MULTICAST_IF: an index, or 0
    uint32_t multicast_source;       // and address, network byte order, or 0
    uint32_t unicast_interface;      // IP_UNICAST_IF: an index, or 0
    uint16_t port_first, port_last;  // IP_LOCAL_PORT_RANGE; 0: no bound
};

// Options that any protocol may look at; accept hands them on. All (a).
struct socket_settings {
    int receive_buffer;      // SO_RCVBUF, doubled
    int send_buffer;         // SO_SNDBUF, doubled
    nsec_t receive_timeout;  // SO_RCVTIMEO, 0: none
    nsec_t send_timeout;     // SO_SNDTIMEO
    bool reuse_address;      // SO_REUSEADDR
    bool reuse_port;         // SO_REUSEPORT
    bool keep_alive;         // SO_KEEPALIVE
    bool broadcast;          // SO_BROADCAST
    bool linger;             // SO_LINGER
    uint32_t linger_seconds;
    bool dont_route;          // SO_DONTROUTE
    bool oob_inline;          // SO_OOBINLINE
    bool no_checksum;         // SO_NO_CHECK
    bool tell_drops;          // SO_RXQ_OVFL
    bool select_error_queue;  // SO_SELECT_ERR_QUEUE
    bool debug;               // SO_DEBUG
    int receive_low;          // SO_RCVLOWAT, 0: 1
    int priority;             // SO_PRIORITY
    uint32_t mark;            // SO_MARK
    int incoming_cpu;         // SO_INCOMING_CPU + 1
    int timestamp;            // the SO_TIMESTAMP* option that is on, or 0
    uint32_t device;          // SO_BINDTODEVICE: an interface's index, or 0
    int ttl;                  // IP_TTL
    int tos;                  // IP_TOS
    struct ip_settings ip;
    // Of AF_INET6 sockets; for what they send by IPv4, ttl and tos.
    bool ipv6_only;     // IPV6_V6ONLY
    int hop_limit;      // IPV6_UNICAST_HOPS
    int traffic_class;  // IPV6_TCLASS
    uint32_t receive6;  // IP_RECEIVE_*: IPV6_RECVPKTINFO and its kin
    uint32_t multicast_interface6;  // IPV6_MULTICAST_IF
    uint16_t multicast_hops6;       // IPV6_MULTICAST_HOPS + 1; 0: 1
    bool no_multicast_loop6;        // IPV6_MULTICAST_LOOP is off
    bool only_own_groups6;          // IPV6_MULTICAST_ALL is off
    bool receive_errors6;           // IPV6_RECVERR
    int mtu_discover6;              // IPV6_MTU_DISCOVER: IP_PMTUDISC_*
    bool dont_fragment6;            // IPV6_DONTFRAG
};
