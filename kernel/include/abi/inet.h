// SPDX-License-Identifier: MIT
//
// Internet sockets as Linux's ABI has them: addresses and the options of the
// levels IPPROTO_IP, IPPROTO_IPV6 and IPPROTO_TCP: ip(7), ipv6(7), tcp(7).

#pragma once

#include <lib/types.h>

#define IPPROTO_IP   0
#define IPPROTO_ICMP 1
#define IPPROTO_TCP  6
#define IPPROTO_UDP  17
#define IPPROTO_IPV6 41
#define IPPROTO_MAX  263

struct abi_sockaddr_in {
    uint16_t family;   // AF_INET
    uint16_t port;     // network byte order
    uint32_t address;  // network byte order
    uint8_t zero[8];
};
_Static_assert(sizeof(struct abi_sockaddr_in) == 16, "struct sockaddr_in");

struct abi_sockaddr_in6 {
    uint16_t family;  // AF_INET6
    uint16_t port;    // network byte order
    uint32_t flow_info;
    uint8_t address[16];
    uint32_t scope;  // index of an interface, for link-local addresses
};
_Static_assert(sizeof(struct abi_sockaddr_in6) == 28, "struct sockaddr_in6");
// Without the scope, as RFC 2133 had it: Linux takes that length too.
#define SOCKADDR_IN6_MIN 24u

#define IP_TOS 1
#define IP_TTL 2

#define IPV6_UNICAST_HOPS 16
#define IPV6_V6ONLY       26
#define IPV6_TCLASS       67

#define TCP_NODELAY   1
#define TCP_MAXSEG    2
#define TCP_KEEPIDLE  4
#define TCP_KEEPINTVL 5
#define TCP_KEEPCNT   6

// TCP states as /proc/net/tcp and tcp_info number them.
enum abi_tcp_state {
    ABI_TCP_ESTABLISHED = 1,
    ABI_TCP_SYN_SENT,
    ABI_TCP_SYN_RECV,
    ABI_TCP_FIN_WAIT1,
    ABI_TCP_FIN_WAIT2,
    ABI_TCP_TIME_WAIT,
    ABI_TCP_CLOSE,
    ABI_TCP_CLOSE_WAIT,
    ABI_TCP_LAST_ACK,
    ABI_TCP_LISTEN,
    ABI_TCP_CLOSING,
};
