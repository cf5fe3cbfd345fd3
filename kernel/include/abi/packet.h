// SPDX-License-Identifier: MIT
//
// AF_PACKET as Linux has it, packet(7): addresses, options, and the numbers of
// link layers.

#pragma once

#include <lib/types.h>

// Protocols, as EtherType has them and beyond.
#define ETH_P_802_3     0x0001  // IEEE 802.3, no LLC header
#define ETH_P_ALL       0x0003
#define ETH_P_802_2     0x0004  // IEEE 802.3 with an LLC header
#define ETH_P_IP        0x0800
#define ETH_P_IPV6      0x86dd
#define ETH_P_802_3_MIN 0x0600  // smaller numbers in a frame are lengths

// Kinds of hardware: sll_hatype.
#define ARPHRD_ETHER    1
#define ARPHRD_LOOPBACK 772
#define ARPHRD_NONE     0xfffe  // no link layer: frames are IP packets

struct abi_sockaddr_ll {
    uint16_t family;    // AF_PACKET
    uint16_t protocol;  // network byte order
    int32_t index;      // of the interface
    uint16_t hardware;  // ARPHRD_*
    uint8_t type;       // PACKET_*
    uint8_t length;     // of the address
    uint8_t address[8];
};
_Static_assert(sizeof(struct abi_sockaddr_ll) == 20, "struct sockaddr_ll");

#define SOL_PACKET             263
#define PACKET_ADD_MEMBERSHIP  1
#define PACKET_DROP_MEMBERSHIP 2
#define PACKET_RX_RING         5
#define PACKET_STATISTICS      6
#define PACKET_AUXDATA         8
#define PACKET_ORIGDEV         9
#define PACKET_VERSION         10
#define PACKET_HDRLEN          11
#define PACKET_RESERVE         12
#define PACKET_IGNORE_OUTGOING 23

// For whom a packet was: sll_pkttype.
#define PACKET_HOST      0
#define PACKET_BROADCAST 1
#define PACKET_MULTICAST 2
#define PACKET_OTHERHOST 3
#define PACKET_OUTGOING  4

struct abi_packet_mreq {
    int32_t index;  // of the interface
    uint16_t type;  // PACKET_MR_*
    uint16_t length;
    uint8_t address[8];
};
#define PACKET_MR_MULTICAST 0
#define PACKET_MR_PROMISC   1
#define PACKET_MR_ALLMULTI  2
#define PACKET_MR_UNICAST   3

struct abi_tpacket_stats {
    uint32_t packets;  // since it was last asked, dropped ones included
    uint32_t drops;
};

struct abi_tpacket_auxdata {
    uint32_t status;  // TP_STATUS_*
    uint32_t length;  // of the packet on the wire
    uint32_t captured;
    uint16_t link_offset, network_offset;  // sll: 0; of the network header
    uint16_t vlan_tci, vlan_tpid;
};

#define TPACKET_V2        1
#define TPACKET_ALIGNMENT 16u

// PACKET_RX_RING.
struct abi_tpacket_req {
    uint32_t block_size, blocks;  // block_size: a multiple of the page size
    uint32_t frame_size, frames;  // frames do not cross blocks
};

// In front of each frame of a ring of TPACKET_V2; a sockaddr_ll follows.
struct abi_tpacket2_hdr {
    uint32_t status;            // TP_STATUS_*: 0, the kernel's; else the user's
    uint32_t length, captured;  // as in the auxiliary data
    uint16_t link_offset, network_offset;  // from the header on
    uint32_t seconds, nanoseconds;
    uint16_t vlan_tci, vlan_tpid;
    uint8_t pad[4];
};
_Static_assert(sizeof(struct abi_tpacket2_hdr) == 32, "struct tpacket2_hdr");

#define TP_STATUS_KERNEL       0x0u
#define TP_STATUS_LOSING       0x4u  // frames were dropped, see the statistics
#define TP_STATUS_USER         0x1u
#define TP_STATUS_CSUMNOTREADY 0x8u
#define TP_STATUS_CSUM_VALID   0x80u
