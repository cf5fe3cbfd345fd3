// SPDX-License-Identifier: MIT
//
// Internet sockets as Linux's ABI has them: addresses and the options of the
// levels IPPROTO_IP, IPPROTO_IPV6 and IPPROTO_TCP: ip(7), ipv6(7), tcp(7).

#pragma once

#include <lib/types.h>

#define IPPROTO_IP     0
#define IPPROTO_ICMP   1
#define IPPROTO_TCP    6
#define IPPROTO_UDP    17
#define IPPROTO_IPV6   41
#define IPPROTO_ICMPV6 58
#define IPPROTO_RAW    255
#define SOL_RAW        255
#define IPPROTO_MAX    263

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

#define IP_TOS                    1
#define IP_TTL                    2
#define IP_HDRINCL                3
#define IP_PKTINFO                8
#define IP_MTU_DISCOVER           10
#define IP_RECVERR                11
#define IP_RECVTTL                12
#define IP_RECVTOS                13
#define IP_MTU                    14
#define IP_FREEBIND               15
#define IP_TRANSPARENT            19
#define IP_RECVORIGDSTADDR        20
#define IP_MINTTL                 21
#define IP_BIND_ADDRESS_NO_PORT   24
#define IP_MULTICAST_IF           32
#define IP_MULTICAST_TTL          33
#define IP_MULTICAST_LOOP         34
#define IP_ADD_MEMBERSHIP         35
#define IP_DROP_MEMBERSHIP        36
#define IP_UNBLOCK_SOURCE         37
#define IP_BLOCK_SOURCE           38
#define IP_ADD_SOURCE_MEMBERSHIP  39
#define IP_DROP_SOURCE_MEMBERSHIP 40
#define MCAST_JOIN_GROUP          42
#define MCAST_BLOCK_SOURCE        43
#define MCAST_UNBLOCK_SOURCE      44
#define MCAST_LEAVE_GROUP         45
#define MCAST_JOIN_SOURCE_GROUP   46
#define MCAST_LEAVE_SOURCE_GROUP  47
#define IP_MULTICAST_ALL          49
#define IP_UNICAST_IF             50
#define IP_LOCAL_PORT_RANGE       51

// IP_MTU_DISCOVER's values.
enum abi_ip_mtu_discover {
    IP_PMTUDISC_DONT,       // never DF; fragments
    IP_PMTUDISC_WANT,       // DF on what fits; fragments of what does not
    IP_PMTUDISC_DO,         // always DF; too long is EMSGSIZE
    IP_PMTUDISC_PROBE,      // the same, by the interface's MTU alone
    IP_PMTUDISC_INTERFACE,  // no DF, no fragments
    IP_PMTUDISC_OMIT,       // as INTERFACE, but fragments
};

// struct in_pktinfo: IP_PKTINFO's item. Addresses in network byte order.
struct abi_in_pktinfo {
    int32_t interface;
    uint32_t local;        // received: to answer from; sent: the source
    uint32_t destination;  // received: as the packet says
};
_Static_assert(sizeof(struct abi_in_pktinfo) == 12, "struct in_pktinfo");

// struct sock_extended_err: IP_RECVERR's and IPV6_RECVERR's item begins with
// it; behind it is the address of who reported the error.
struct abi_sock_extended_err {
    uint32_t number;  // errno
    uint8_t origin;   // SO_EE_ORIGIN_*
    uint8_t type;     // of the ICMP message
    uint8_t code;
    uint8_t pad;
    uint32_t info;  // the MTU of EMSGSIZE
    uint32_t data;
};
_Static_assert(sizeof(struct abi_sock_extended_err) == 16,
               "struct sock_extended_err");
#define SO_EE_ORIGIN_LOCAL 1
#define SO_EE_ORIGIN_ICMP  2
#define SO_EE_ORIGIN_ICMP6 3

#define UDP_CORK 1

#define ICMP_FILTER         1  // of level SOL_RAW
#define ICMP6_FILTER        1  // of level IPPROTO_ICMPV6
#define IPV6_CHECKSUM       7
#define IPV6_UNICAST_HOPS   16
#define IPV6_MULTICAST_IF   17
#define IPV6_MULTICAST_HOPS 18
#define IPV6_MULTICAST_LOOP 19
#define IPV6_JOIN_GROUP     20
#define IPV6_LEAVE_GROUP    21
#define IPV6_MTU_DISCOVER   23
#define IPV6_MTU            24
#define IPV6_RECVERR        25
#define IPV6_V6ONLY         26
#define IPV6_MULTICAST_ALL  29
#define IPV6_HDRINCL        36
#define IPV6_RECVPKTINFO    49
#define IPV6_PKTINFO        50
#define IPV6_RECVHOPLIMIT   51
#define IPV6_HOPLIMIT       52
#define IPV6_DONTFRAG       62
#define IPV6_RECVTCLASS     66
#define IPV6_TCLASS         67

// struct ip_mreqn; its first 8 bytes are struct ip_mreq. Addresses are in
// network byte order here and below.
struct abi_ip_mreqn {
    uint32_t group;
    uint32_t address;   // of the interface
    int32_t interface;  // its index
};
#define IP_MREQ_SIZE 8u

struct abi_ip_mreq_source {
    uint32_t group;
    uint32_t address;  // of the interface
    uint32_t source;
};

struct abi_ipv6_mreq {
    uint8_t group[16];
    uint32_t interface;
};

// struct group_req and group_source_req; addresses are struct sockaddr_storage.
struct abi_group_request {
    uint32_t interface;
    uint32_t pad;
    uint8_t group[128];
};
struct abi_group_source_request {
    uint32_t interface;
    uint32_t pad;
    uint8_t group[128];
    uint8_t source[128];
};
_Static_assert(sizeof(struct abi_group_source_request) == 264,
               "struct group_source_req");

// struct in6_pktinfo: IPV6_PKTINFO's item.
struct abi_in6_pktinfo {
    uint8_t address[16];  // received: the destination; sent: the source
    uint32_t interface;
};
_Static_assert(sizeof(struct abi_in6_pktinfo) == 20, "struct in6_pktinfo");

#define TCP_NODELAY       1
#define TCP_MAXSEG        2
#define TCP_CORK          3
#define TCP_KEEPIDLE      4
#define TCP_KEEPINTVL     5
#define TCP_KEEPCNT       6
#define TCP_SYNCNT        7
#define TCP_LINGER2       8
#define TCP_DEFER_ACCEPT  9
#define TCP_WINDOW_CLAMP  10
#define TCP_INFO          11
#define TCP_QUICKACK      12
#define TCP_CONGESTION    13
#define TCP_USER_TIMEOUT  18
#define TCP_NOTSENT_LOWAT 25

#define TCP_CONGESTION_NAME_MAX 16

// struct tcp_info as far as we know what it tells; times in microseconds, but
// for last_*, which are milliseconds ago. Windows in segments.
struct abi_tcp_info {
    uint8_t state, congestion_state, retransmits, probes, backoff, options;
    uint8_t window_scales;  // the peer's, and ours in the upper half
    uint8_t flags;
    uint32_t rto, ato, send_mss, receive_mss;
    uint32_t unacked, sacked, lost, retrans, fackets;
    uint32_t last_data_sent, last_ack_sent, last_data_received,
        last_ack_received;
    uint32_t path_mtu, receive_threshold, rtt, rtt_variance;
    uint32_t send_threshold, congestion_window, advertised_mss, reordering;
    uint32_t receive_rtt, receive_space;
    uint32_t total_retransmits;
    uint64_t pacing_rate, max_pacing_rate;
    uint64_t bytes_acked, bytes_received;
    uint32_t segments_out, segments_in;
    uint32_t bytes_unsent;
};
#define ABI_TCP_INFO_SIZE 148  // up to bytes_unsent, without padding
_Static_assert(offsetof(struct abi_tcp_info, total_retransmits) == 100,
               "struct tcp_info");
_Static_assert(offsetof(struct abi_tcp_info, bytes_unsent) + 4 ==
                   ABI_TCP_INFO_SIZE,
               "struct tcp_info");

// struct tcp_info's options, congestion_state.
#define TCPI_OPT_TIMESTAMPS 1
#define TCPI_OPT_SACK       2
#define TCPI_OPT_WSCALE     4
#define TCP_CA_OPEN         0
#define TCP_CA_RECOVERY     3
#define TCP_CA_LOSS         4

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
