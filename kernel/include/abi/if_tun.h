// SPDX-License-Identifier: MIT
//
// /dev/net/tun as Linux has it (Documentation/networking/tuntap).

#pragma once

#include <lib/types.h>

#define TUNSETIFF      0x400454cau
#define TUNSETPERSIST  0x400454cbu
#define TUNSETOWNER    0x400454ccu
#define TUNSETGROUP    0x400454ceu
#define TUNGETFEATURES 0x800454cfu
#define TUNSETOFFLOAD  0x400454d0u
#define TUNGETIFF      0x800454d2u
#define TUNSETCARRIER  0x400454e2u

// ifr_flags of TUNSETIFF and TUNGETIFF.
#define IFF_TUN       0x0001u  // IP packets
#define IFF_TAP       0x0002u  // Ethernet frames
#define IFF_PERSIST   0x0800u  // stays when it is closed; told, not asked for
#define IFF_NO_PI     0x1000u  // without the header below
#define IFF_ONE_QUEUE 0x2000u  // of no meaning, as on Linux
#define IFF_TUN_EXCL  0x8000u  // EBUSY if it exists

// In front of each frame, unless IFF_NO_PI.
struct abi_tun_pi {
    uint16_t flags;     // reading: TUN_PKT_STRIP
    uint16_t protocol;  // EtherType, network byte order
};
#define TUN_PKT_STRIP 0x0001  // the buffer was too small, the frame is cut
