// SPDX-License-Identifier: MIT
//
// NET_SERVER: the one owner of lwIP. It holds the core mutex, the interfaces,
// the timers and the network thread.
//
// Rules:
// - lwIP is entered only with the core mutex held (net_lock). lwIP checks it.
// - Packets and timers enter lwIP only in the network thread; system calls
//   enter it to send, connect and close. An interrupt handler never does: it
//   notifies the thread.
// - Lock order (lib/lock_order.h): a socket's send or receive mutex, then the
//   core mutex, then the socket's spinlock. User memory is touched holding at
//   most the first.
// - lwIP's callbacks only queue, set state and wake: they run with the core
//   mutex held and never sleep, touch user memory or abort a PCB.

#pragma once

#include <drivers/net_interface.h>
#include <lib/lock.h>
#include <lib/wait.h>
#include <lwip/netif.h>

// An interface that the server has taken over: the driver's side and lwIP's.
// Protected by the core mutex, but for what is (a) atomic.
struct net_link {
    struct netif netif;               // lwIP's side
    struct net_interface *interface;  // the driver's
    struct list_node node;            // NET_SERVER.links
    uint32_t refs;  // (a) the server's, and of those who wait for room
    struct list_node addresses;                // net/address.h
    uint8_t prefix6[LWIP_IPV6_NUM_ADDRESSES];  // lengths, of netif.ip6_addr
    bool stalled;            // send said -EAGAIN; senders wait for room
    bool unflushed;          // frames were queued since the last flush
    bool was_up;             // link state as last seen
    unsigned promiscuous;    // who wants frames for other stations too
    unsigned all_multicast;  // ... and for all multicast groups
    unsigned chosen;  // IFF_PROMISC, IFF_ALLMULTI: the user is among these
};

struct net_server {
    struct mutex core;          // RANK_NET_CORE: all of lwIP
    struct list_node links;     // (core) struct net_link, in order of arrival
    struct net_link *loopback;  // (core) `lo`
    bool looped;                // (core) lo has frames to take in
    bool taking_looped;         // (core) one of them is being taken in
    struct wait_queue wait;     // the network thread
    bool pending;               // (a) an interface has something to do
    nsec_t sleeps_until;        // (core) when the thread looks again by itself
    struct wait_queue room;     // senders that met a full transmit ring
};

extern struct net_server NET_SERVER;

// Take and release the core mutex. Releasing it hands queued frames to the
// devices and re-arms the timers. net_lock may sleep.
void net_lock(void);
void net_unlock(void);
bool net_locked(void);  // by this task

// Take an interface over: lwIP gets a netif for it, which is down. 0, -ENOMEM.
// Core mutex held.
int link_attach(struct net_interface *interface, struct net_link **link);
void link_notify(struct net_interface *interface);  // for net_interface.notify

// hotplug.c: for net_interface.serve; take interfaces over as they come, let
// them go.
void link_serve(struct net_interface *interface);
void link_listen(void);

// One pass over an interface: reclaim what was sent, take in what was received.
// True if there may be more. Core mutex held; the network thread.
bool link_poll(struct net_link *link);

// A reference keeps the memory of a link, not the link itself.
struct net_link *link_get(struct net_link *link);
void link_put(struct net_link *link);
// Sleep until a link that had no room may have some again; takes a reference.
// 0, or what socket_wait says. Core mutex not held.
int link_wait_for_room(struct net_link *link, nsec_t until);

// An attached interface; NULL: none. Indexes are those that programs see,
// from 1.
struct net_link *link_by_name(const char *name);
// (They are lwIP's zones, too.)
struct net_link *link_by_index(unsigned index);
unsigned link_index(const struct net_link *link);
// Bytes in its hardware address; 0 for a link without.
size_t link_address_length(const struct net_link *link);
// For whom a frame to a hardware address is: PACKET_* of abi/packet.h.
uint8_t link_frame_type(const struct net_link *link, const void *destination);

// Where AF_PACKET listens: called for each frame that arrives, or has been
// queued for sending, while somebody listens; else NULL. framed: it begins with
// an Ethernet header. Borrows p. Core mutex held.
extern void (*packet_tap)(struct net_link *link, const struct pbuf *p,
                          bool framed, bool outgoing);

// net_interface.receive of all links (net/netif.c).
void link_receive(struct net_interface *interface, struct rx_buffer *frame,
                  const struct net_offload *offload);

// lwIP's input functions (net/link_input.c): frames of an Ethernet, packets of
// a link without a link layer, and of `lo`.
err_t input_ethernet(struct pbuf *p, struct netif *netif);
err_t input_packet(struct pbuf *p, struct netif *netif);
err_t input_looped(struct pbuf *p, struct netif *netif);

// lwIP's output functions for a link (net/transmit.c).
err_t transmit_ethernet(struct netif *netif, struct pbuf *p);
err_t transmit_ip(struct netif *netif, struct pbuf *p, const ip4_addr_t *to);
err_t transmit_ip_bare(struct netif *netif, struct pbuf *p,
                       const ip4_addr_t *to);
err_t transmit_ip6(struct netif *netif, struct pbuf *p, const ip6_addr_t *to);
err_t transmit_ip6_bare(struct netif *netif, struct pbuf *p,
                        const ip6_addr_t *to);

// timers.c: run what is due; arm and disarm as lwIP's state asks; when the next
// one is due (NSEC_FOREVER: none). Core mutex held.
void timers_run(void);
nsec_t timers_update(void);
void timers_saw_arp(void);  // an ARP packet came or went

// ip/nd_clock.c: neighbour discovery's clock, which ticks only as far as
// somebody looks. Called before what it counts is looked at or changed; runs
// the ticks that are due. Core mutex held.
void nd_clock_advance(void);
nsec_t nd_clock_next(void);  // when something is due (NSEC_FOREVER: nothing)

// ip/config.c: addresses from the boot argument ip= or by DHCP.
void config_start(struct net_link *link);
void config6_start(struct net_link *link);
// As many as resolv.conf(5) may name.
#define CONFIG6_NAME_SERVERS 3
// A router names a name server, for so many seconds (0: no longer).
void config6_name_server(const ip6_addr_t *server, uint32_t lifetime);
// The nth one; false: there are no more.
bool config6_get_name_server(unsigned n, ip6_addr_t *server);
void config_names_changed(void);  // config_publish has something to do
// Write /etc/resolv.conf if name servers changed. Core mutex not held.
void config_publish(void);

// tcp/timer.c, for the server. Try again what a full ring refused.
void tcp_transmit_ready(void);
// A pass of TCP's timers, every TCP_TMR_INTERVAL ms while wanted.
void tcp_timer_run(void);
bool tcp_timer_wanted(void);
// What is due at a point in time, and when that is (NSEC_FOREVER: never).
void tcp_timer_run_due(void);
nsec_t tcp_timer_next_due(void);
