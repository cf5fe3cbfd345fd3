// SPDX-License-Identifier: MIT
//
// AF_PACKET sockets, packet(7), private to net/packet_*.c:
//
//     packet/socket.c  creation, binding, what becomes of the interface
//     packet/tap.c     from the interfaces: who gets a frame
//     packet/recv.c    recvmsg
//     packet/send.c    sendmsg
//     packet/member.c  promiscuous mode and multicast groups
//     packet/ring.c    PACKET_RX_RING: frames in memory shared with the user
//
// Key to the tags: net/socket.h.

#pragma once

#include <abi/packet.h>
#include <net/server.h>
#include <net/socket.h>

struct packet_ring;

struct packet_socket {
    struct socket socket;
    struct list_node node;         // (c) packet_sockets
    uint16_t protocol;             // (c) host byte order; 0: hears nothing
    int32_t index;                 // (c) of its interface; 0: all, -1: gone
    bool running;                  // (c) hears
    struct list_node memberships;  // (c) packet/member.c
    uint32_t packets, drops;       // (s) PACKET_STATISTICS
    struct packet_ring *ring;      // (c+s) or NULL
    uint32_t ring_version;         // (c) PACKET_VERSION
    uint32_t ring_reserve;         // (c) PACKET_RESERVE
    bool auxiliary;                // (a) PACKET_AUXDATA
    bool original_device;          // (a) PACKET_ORIGDEV
    bool ignore_outgoing;          // (a) PACKET_IGNORE_OUTGOING
};

static inline struct packet_socket *packet_socket_of(struct socket *socket)
{
    return container_of(socket, struct packet_socket, socket);
}

extern struct list_node packet_sockets;  // (c) all there are

// A frame in a socket's queue. The socket's from the tap on; nobody else's.
struct captured_frame {
    struct list_node node;
    nsec_t arrived;    // by the wall clock
    uint32_t length;   // of the packet, as far as the socket may see it
    uint32_t kept;     // bytes of it here
    uint16_t network;  // offset of the network header
    uint32_t status;   // TP_STATUS_*
    struct abi_sockaddr_ll from;
    uint8_t data[];
};

// packet/tap.c: sockets began or ceased to hear. Core mutex held.
void packet_tap_update(void);
// The socket that is sending: it does not hear itself. Core mutex held.
void packet_tap_deafen(struct packet_socket *sender);

// packet/send.c, packet/recv.c
ssize_t packet_send_op(struct socket *socket, struct message *message);
ssize_t packet_receive_op(struct socket *socket, struct message *message);
// Take what waits off the queue.
void packet_queue_clear(struct socket *socket);

// packet/member.c: leave all, or those of a link that goes away. Core mutex
// held.
void packet_leave_all(struct packet_socket *ps, const struct net_link *link);

// packet/ring.c. Copy a frame into the next free slot. False: there is none.
// Core mutex held.
struct filter_packet;
bool packet_ring_store(struct packet_socket *ps,
                       const struct captured_frame *frame,
                       const struct filter_packet *view);
bool packet_ring_readable(const struct packet_ring *ring);
void packet_ring_put(struct packet_ring *ring);
int packet_mmap_op(struct socket *socket, struct mm_map *map);
