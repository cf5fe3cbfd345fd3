/* SPDX-License-Identifier: MIT */
/*
 * lwIP's hooks (LWIP_HOOK_FILENAME): included by lwIP's own files, after their
 * headers.
 */
#pragma once

#include <lwip/err.h>
#include <lwip/ip_addr.h>
#include <tcp_isn.h>

struct netif;
struct pbuf;

/* net/ip/ip_input.c: sees every IPv4 packet first; 0 lets it pass. */
int net_ip4_input_hook(struct pbuf *p, struct netif *netif);

/* net/ip/route.c: the interface for a packet, and the next hop on it. */
struct netif *net_ip4_route_hook(const ip4_addr_t *source,
                                 const ip4_addr_t *destination);
const ip4_addr_t *net_etharp_gateway_hook(struct netif *netif,
                                          const ip4_addr_t *to);

/* The same for IPv6: net/ip/ip6_input.c, net/ip/route6.c. */
int net_ip6_input_hook(struct pbuf *p, struct netif *netif);
struct netif *net_ip6_route_hook(const ip6_addr_t *source,
                                 const ip6_addr_t *destination);
/* The neighbour to hand a packet to; NULL leaves it to lwIP's routers. */
const ip6_addr_t *net_nd6_gateway_hook(struct netif *netif,
                                       const ip6_addr_t *destination);

/* net/tcp/segment.c: anything but ERR_OK drops a segment for this PCB. */
struct tcp_hdr;
struct tcp_pcb;
err_t net_tcp_segment_hook(struct tcp_pcb *pcb, struct tcp_hdr *header,
                           uint16_t options_length, uint16_t first_length,
                           uint8_t *second, struct pbuf *p);

/*
 * net/tcp/option.c: may rewrite the options of an outgoing segment; returns
 * where they end.
 */
uint32_t *net_tcp_options_hook(struct tcp_hdr *header,
                               const struct tcp_pcb *pcb, uint32_t *options);
