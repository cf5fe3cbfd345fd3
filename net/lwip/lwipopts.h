/* SPDX-License-Identifier: MIT */
/*
 * How Wharf configures lwIP 2.2.1: raw API without threads, all memory from
 * kmalloc so that nothing but memory is a limit, and the hooks by which net/
 * does from outside what lwIP leaves open.
 */
#pragma once

#include <lib/types.h>
#include <mm/kmalloc.h>
#include <net/sysctl.h>

/* One owner: NET_SERVER's core mutex protects all of lwIP. */
#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET          0
#define LWIP_NETCONN         0
#define LWIP_TIMERS          1
#define LWIP_TIMERS_CUSTOM   1 /* net/timers.c */

/* Memory. */
#define MEM_ALIGNMENT        8
#define MEM_CUSTOM_ALLOCATOR 1
#define MEM_CUSTOM_MALLOC    kmalloc
#define MEM_CUSTOM_FREE      kfree
#define MEM_CUSTOM_CALLOC    lwip_port_calloc
#define MEMP_MEM_MALLOC      1
void *lwip_port_calloc(size_t count, size_t size);
#define LWIP_PBUF_REF_T   u16_t
#define PBUF_POOL_BUFSIZE 1600

/* Protocols. */
#define LWIP_IPV4                1
#define LWIP_IPV6                1
#define LWIP_RAW                 1
#define LWIP_UDP                 1
#define LWIP_TCP                 1
#define LWIP_DNS                 1 /* for DHCP only */
#define LWIP_IGMP                1
#define LWIP_DHCP                1
#define LWIP_ACD                 0
#define LWIP_DHCP_DOES_ACD_CHECK 0
#define LWIP_DHCP_GET_NTP_SRV    0

/*
 * Interfaces. `lo` is one of our own (net/loopback.c), found by the routing
 * hook, so lwIP's loopback code stays out.
 */
#define LWIP_NETIF_LOOPBACK            0
#define LWIP_HAVE_LOOPIF               0
#define LWIP_SINGLE_NETIF              0
#define LWIP_NETIF_HOSTNAME            1
#define LWIP_NETIF_STATUS_CALLBACK     0
#define LWIP_NETIF_EXT_STATUS_CALLBACK 1
#define LWIP_NETIF_LINK_CALLBACK       0
#define LWIP_CHECKSUM_CTRL_PER_NETIF   1
#define ETH_PAD_SIZE                   0
#define ARP_QUEUEING                   1
#define ARP_QUEUE_LEN                  64 /* the fragments of one 64 KiB datagram */
#define ARP_TABLE_SIZE                 127
#define ETHARP_SUPPORT_STATIC_ENTRIES  1

/* IP. A datagram of 65,507 bytes takes 45 frames of 1,500. */
#define IP_FORWARD         0
#define IP_REASSEMBLY      1
#define IP_REASS_MAX_PBUFS 1024
#define MEMP_NUM_REASSDATA 64
/* Seconds: net.ipv4.ipfrag_time, 8 bits to lwIP. */
#define IP_REASS_MAXAGE       ((uint8_t)sysctl_ipfrag_time)
#define IP_FRAG               1
#define IP_DEFAULT_TTL        64
#define IP_SOF_BROADCAST      1
#define IP_SOF_BROADCAST_RECV 0
#define LWIP_BROADCAST_PING   0
#define LWIP_MULTICAST_PING   0

/*
 * IPv6. Neighbours and destinations have static tables, indexed by 8 bits with
 * a sign. Addresses of an interface: the first is the link-local one.
 */
#define LWIP_IPV6_NUM_ADDRESSES        16
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS  1
#define LWIP_IPV6_FRAG                 1
#define LWIP_IPV6_REASS                1
#define IPV6_FRAG_COPYHEADER           1 /* pointers have 64 bits */
#define IPV6_REASS_MAXAGE              ((uint8_t)sysctl_ip6frag_time)
#define LWIP_ND6_NUM_NEIGHBORS         127
#define LWIP_ND6_NUM_DESTINATIONS      127
#define LWIP_ND6_NUM_PREFIXES          16
#define LWIP_ND6_NUM_ROUTERS           8
#define MEMP_NUM_ND6_QUEUE             250
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 0 /* net/ip/config6.c reads them */

/* Whether two sockets may share a port is net/ports.c's decision. */
#define SO_REUSE         1
#define SO_REUSE_RXTOALL 1

/*
 * TCP. Windows: 4 MiB is the largest that SO_RCVBUF can ask for; each PCB's
 * window is set from its socket (net/tcp/recv.c). SND_BUF bounds what is
 * handed to lwIP at a time, not what a socket may hold (net/tcp/send.c): lwIP
 * walks its list of unsent segments on each write.
 */
#define TCP_MSS                        1460
#define LWIP_WND_SCALE                 1
#define TCP_RCV_SCALE                  7
#define TCP_WND                        (4 * 1024 * 1024)
#define TCP_SND_BUF                    (256 * 1024)
#define TCP_SND_QUEUELEN               4096
#define TCP_SNDLOWAT                   (2 * TCP_MSS)
#define TCP_SNDQUEUELOWAT              16
#define TCP_WND_UPDATE_THRESHOLD       (4 * TCP_MSS)
#define LWIP_TCP_SACK_OUT              1
#define LWIP_TCP_MAX_SACK_NUM          4
#define LWIP_TCP_TIMESTAMPS            1
#define LWIP_TCP_KEEPALIVE             1
#define TCP_QUEUE_OOSEQ                1
#define TCP_OOSEQ_BYTES_LIMIT(pcb)     ((pcb)->rcv_wnd)
#define TCP_OOSEQ_PBUFS_LIMIT(pcb)     LWIP_MIN((pcb)->rcv_wnd / 256 + 16, 0xffff)
#define TCP_LISTEN_BACKLOG             0 /* counted in net/tcp/listen.c, beyond 8 bits */
#define TCP_OVERSIZE                   0 /* tcp_write never copies here */
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1

/* For the socket, the port, and what lwIP has no field for (net/tcp/tcp.h). */
#define LWIP_TCP_PCB_NUM_EXT_ARGS 3

/*
 * TCP's clock. 50 ms instead of 250: retransmission starts at Linux's 1 s and
 * comes down to 300 ms. TIME_WAIT is 2 MSL, Linux's 60 s.
 */
#define TCP_TMR_INTERVAL  50
#define LWIP_TCP_RTO_TIME 1000
#define TCP_MSL           30000u
/*
 * When to give up is decided in net/tcp/tcp.c, which then says that it was 255
 * times. (An enumerator, since lwIP's preprocessor refuses numbers beyond its
 * table of intervals, beyond whose end it never reads.)
 */
enum {
    LWIP_PORT_RETRIES = 255
};
#define TCP_MAXRTX    LWIP_PORT_RETRIES
#define TCP_SYNMAXRTX LWIP_PORT_RETRIES

/* Initial sequence numbers by RFC 6528 (contrib/addons/tcp_isn). */
#define LWIP_HOOK_TCP_ISN lwip_hook_tcp_isn

/* The rest of the hooks, which need lwIP's types. */
#define LWIP_HOOK_FILENAME            "lwip_hooks.h"
#define LWIP_HOOK_IP4_INPUT(p, netif) net_ip4_input_hook(p, netif)
#define LWIP_HOOK_IP4_ROUTE_SRC(source, destination) \
    net_ip4_route_hook(source, destination)
#define LWIP_HOOK_ETHARP_GET_GW(netif, to) net_etharp_gateway_hook(netif, to)
#define LWIP_HOOK_IP6_INPUT(p, netif)      net_ip6_input_hook(p, netif)
#define LWIP_HOOK_IP6_ROUTE(source, destination) \
    net_ip6_route_hook(source, destination)
#define LWIP_HOOK_ND6_GET_GW(netif, destination) \
    net_nd6_gateway_hook(netif, destination)
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, length, first, second, p) \
    net_tcp_segment_hook(pcb, header, length, first, second, p)
#define LWIP_HOOK_TCP_OUT_ADD_TCPOPTS(p, header, pcb, options) \
    net_tcp_options_hook(header, pcb, options)

/* Counters, for /proc/net/snmp and the leak tests. */
#define LWIP_STATS         1
#define LWIP_STATS_LARGE   1
#define LWIP_STATS_DISPLAY 0
#define MIB2_STATS         1
#define MEM_STATS          0
#define MEMP_STATS         1

#define CHECKSUM_CHECK_ICMP 1
#define LWIP_CHKSUM         checksum_add /* net/lwip/checksum.c */
uint16_t checksum_add(const void *data, int length);
#define LWIP_CHECKSUM_ON_COPY 0
