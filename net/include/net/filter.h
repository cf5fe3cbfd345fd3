// SPDX-License-Identifier: MIT
//
// A socket's filter: the classic BPF program of SO_ATTACH_FILTER, which decides
// for each arriving packet how much of it the socket gets to see.

#pragma once

#include <lwip/pbuf.h>
#include <net/bpf.h>

struct socket;

// A packet as a program sees it: some bytes, then those of a pbuf chain.
struct filter_packet {
    struct bpf_packet bpf;  // by filter_run
    const void *front;      // headers in front of the pbuf's bytes
    size_t front_length;
    const struct pbuf *data;  // or NULL
    // Positions in the bytes above: what the program's offset 0 is, and where
    // the headers are; FILTER_NOWHERE: not here.
    size_t origin, link, network;
    // What ancillary loads tell.
    uint16_t protocol;   // EtherType, host byte order
    uint8_t type;        // PACKET_*
    uint16_t hardware;   // ARPHRD_*
    uint32_t interface;  // its index
};
#define FILTER_NOWHERE SIZE_MAX

// Bytes from the origin on.
size_t filter_packet_length(const struct filter_packet *packet);
// Copy n bytes at a position of the packet; false: it is shorter.
bool filter_packet_copy(const struct filter_packet *packet, size_t at, void *to,
                        size_t n);

// How many bytes from the origin on the socket may have: at most as many as
// there are, 0 for a packet that it does not get. May be called with spinlocks
// held other than the socket's.
size_t filter_run(struct socket *socket, struct filter_packet *packet);

// The same for what is no packet of the network. What the socket's program
// says, UINT32_MAX if it has none.
uint32_t filter_run_program(struct socket *socket,
                            const struct bpf_packet *packet);
// The ancillary loads that tell of the machine; 0 for others.
uint32_t filter_know_machine(uint32_t what);

// socket is destroyed.
void filter_release(struct socket *socket);
