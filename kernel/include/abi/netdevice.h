// SPDX-License-Identifier: MIT
//
// Interfaces as Linux's ioctls and flags have them: netdevice(7), arp(7), and
// the routes of rtentry.

#pragma once

#include <abi/inet.h>
#include <abi/packet.h>  // ARPHRD_*

#define IFNAMSIZ 16

#define SIOCADDRT      0x890bu
#define SIOCDELRT      0x890cu
#define SIOCGIFNAME    0x8910u
#define SIOCGIFCONF    0x8912u
#define SIOCGIFFLAGS   0x8913u
#define SIOCSIFFLAGS   0x8914u
#define SIOCGIFADDR    0x8915u
#define SIOCSIFADDR    0x8916u
#define SIOCGIFDSTADDR 0x8917u
#define SIOCSIFDSTADDR 0x8918u
#define SIOCGIFBRDADDR 0x8919u
#define SIOCSIFBRDADDR 0x891au
#define SIOCGIFNETMASK 0x891bu
#define SIOCSIFNETMASK 0x891cu
#define SIOCGIFMETRIC  0x891du
#define SIOCGIFMTU     0x8921u
#define SIOCSIFMTU     0x8922u
#define SIOCSIFNAME    0x8923u
#define SIOCSIFHWADDR  0x8924u
#define SIOCGIFHWADDR  0x8927u
#define SIOCGIFINDEX   0x8933u
#define SIOCGIFTXQLEN  0x8942u
#define SIOCETHTOOL    0x8946u
#define SIOCDIFADDR    0x8936u
#define SIOCDARP       0x8953u
#define SIOCGARP       0x8954u
#define SIOCSARP       0x8955u
#define SIOCGIFMAP     0x8970u

#define IFF_UP          0x1u
#define IFF_BROADCAST   0x2u
#define IFF_LOOPBACK    0x8u
#define IFF_POINTOPOINT 0x10u
#define IFF_RUNNING     0x40u
#define IFF_NOARP       0x80u
#define IFF_PROMISC     0x100u
#define IFF_ALLMULTI    0x200u
#define IFF_MULTICAST   0x1000u
#define IFF_LOWER_UP    0x10000u

struct abi_ifmap {
    uint64_t memory_start, memory_end;
    uint16_t base;
    uint8_t irq, dma, port;
    uint8_t pad[3];
};

struct abi_ifreq {
    char name[IFNAMSIZ];
    union {
        struct abi_sockaddr_in address;
        struct {
            uint16_t type;
            uint8_t address[14];
        } hardware;
        int16_t flags;
        int32_t number;
        char new_name[IFNAMSIZ];
        struct abi_ifmap map;
        uint8_t bytes[24];
    };
};
_Static_assert(sizeof(struct abi_ifreq) == 40, "struct ifreq");

struct abi_ifconf {
    int32_t length;  // bytes at requests
    int32_t pad;
    uaddr requests;
};

// A route to add or delete.
struct abi_rtentry {
    uint64_t pad1;
    struct abi_sockaddr_in to, gateway, mask;
    uint16_t flags;  // RTF_*
    int16_t pad2;
    uint64_t pad3;
    uint64_t pad4;
    int16_t metric;  // 1 more than the route's
    uaddr device;    // its name, or 0
    uint64_t mtu, window;
    uint16_t rtt;
};
_Static_assert(sizeof(struct abi_rtentry) == 120, "struct rtentry");

// The same for IPv6: arguments of an AF_INET6 socket's ioctls.
struct abi_in6_rtmsg {
    uint8_t to[16], from[16], gateway[16];
    uint32_t type;
    uint16_t prefix, from_prefix;
    uint32_t metric;
    uint64_t info;
    uint32_t flags;
    int32_t index;
};
_Static_assert(sizeof(struct abi_in6_rtmsg) == 80, "struct in6_rtmsg");

struct abi_in6_ifreq {
    uint8_t address[16];
    uint32_t prefix;
    int32_t index;
};

#define RTF_UP      0x1u
#define RTF_GATEWAY 0x2u
#define RTF_HOST    0x4u
#define RTF_MTU     0x40u
#define RTF_WINDOW  0x80u
#define RTF_IRTT    0x100u
#define RTF_REJECT  0x200u

struct abi_arpreq {
    struct abi_sockaddr_in address;
    struct {
        uint16_t type;
        uint8_t address[14];
    } hardware;
    int32_t flags;  // ATF_*
    struct abi_sockaddr_in mask;
    char device[IFNAMSIZ];
};
_Static_assert(sizeof(struct abi_arpreq) == 68, "struct arpreq");

#define ATF_COM  0x02
#define ATF_PERM 0x04
#define ATF_PUBL 0x08
