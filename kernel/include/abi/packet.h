// SPDX-License-Identifier: MIT
//
// AF_PACKET as Linux has it, packet(7): addresses, options, and the numbers of
// link layers.

#pragma once

#include <lib/types.h>

// Protocols, as EtherType has them and beyond.
#define ETH_P_ALL 0x0003
#define ETH_P_IP  0x0800

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

// For whom a packet was: sll_pkttype.
#define PACKET_HOST      0
#define PACKET_BROADCAST 1
#define PACKET_MULTICAST 2
#define PACKET_OTHERHOST 3
#define PACKET_OUTGOING  4

#define SOL_PACKET             263
#define PACKET_ADD_MEMBERSHIP  1
#define PACKET_DROP_MEMBERSHIP 2
#define PACKET_STATISTICS      6
#define PACKET_AUXDATA         8
#define PACKET_ORIGDEV         9

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
#define TP_STATUS_USER         0x1u
#define TP_STATUS_CSUMNOTREADY 0x8u
#define TP_STATUS_CSUM_VALID   0x80u
