// SPDX-License-Identifier: MIT
//
// What waits in a socket's receive queue: a part of a byte stream or a whole
// datagram, with where it came from.

#pragma once

#include <lib/list.h>
#include <lwip/ip_addr.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <mm/uio.h>

struct socket;

// How a datagram came.
struct arrival {
    nsec_t time;                  // of the wall clock
    ip_addr_t from, to;           // as its IP header says
    uint16_t from_port, to_port;  // host byte order
    uint8_t ttl, tos;             // of the IP header
    uint32_t interface;           // index of the one at which it arrived
};

// Built by the protocol's receive callback, freed by the reader. Only node is
// shared (the socket's lock); the rest belongs to whoever holds the packet, or
// to the socket's reader while it is at the head of the queue.
struct packet {
    struct list_node node;
    struct pbuf *data;       // owned; freed under the core mutex
    size_t offset;           // bytes already delivered (streams)
    size_t length;           // bytes in all
    size_t true_size;        // memory held, for SO_RCVBUF
    uint32_t drops;          // socket->drops when it was queued
    struct arrival arrival;  // of datagrams
};

// A packet around p, for a socket's queue. Takes p only on success. NULL: no
// memory, or what waits in all queues is too much of it. Core mutex held, for
// the next two as well.
struct packet *packet_create(struct pbuf *p, const struct socket *socket);

// Free a packet, or those of a list, with their data.
void packet_free(struct packet *packet);
void packets_free(struct list_node *packets);

// Copy n bytes from offset on to the user. 0 or -EFAULT. May sleep.
must_check int packet_copy(const struct packet *packet, size_t offset, size_t n,
                           struct uio *uio);

// How the packet came that lwIP is taking in at netif; no ports yet. Core mutex
// held.
struct arrival arrival_now(const struct netif *netif);

// pbuf_free where the core mutex is not held. May sleep.
void pbuf_drop(struct pbuf *p);

// Memory behind a pbuf chain (net/netif.c knows the drivers' buffers).
size_t pbuf_true_size(const struct pbuf *p);
