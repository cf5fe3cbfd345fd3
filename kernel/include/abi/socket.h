// SPDX-License-Identifier: MIT
//
// Sockets as Linux's riscv64 ABI has them: families, types, flags, the
// SOL_SOCKET options, and the structures that cross the user boundary.

#pragma once

#include <lib/types.h>

#define AF_UNSPEC  0
#define AF_UNIX    1
#define PF_UNIX    AF_UNIX
#define AF_INET    2
#define AF_BRIDGE  7  // not a family of sockets
#define AF_INET6   10
#define AF_NETLINK 16
#define AF_PACKET  17
#define AF_MAX     46  // families from here on do not exist: EAFNOSUPPORT

#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_RAW       3
#define SOCK_SEQPACKET 5
#define SOCK_MAX       11  // types from here on are EINVAL
#define SOCK_TYPE_MASK 0xf
#define SOCK_NONBLOCK  04000     // O_NONBLOCK
#define SOCK_CLOEXEC   02000000  // O_CLOEXEC

#define SHUT_RD   0
#define SHUT_WR   1
#define SHUT_RDWR 2

#define SOMAXCONN 4096

#define MSG_OOB          0x1u
#define MSG_PEEK         0x2u
#define MSG_DONTROUTE    0x4u
#define MSG_CTRUNC       0x8u
#define MSG_TRUNC        0x20u
#define MSG_DONTWAIT     0x40u
#define MSG_EOR          0x80u
#define MSG_WAITALL      0x100u
#define MSG_CONFIRM      0x800u
#define MSG_ERRQUEUE     0x2000u
#define MSG_NOSIGNAL     0x4000u
#define MSG_MORE         0x8000u
#define MSG_WAITFORONE   0x10000u
#define MSG_FASTOPEN     0x20000000u
#define MSG_CMSG_CLOEXEC 0x40000000u

#define SOL_SOCKET          1
#define SO_DEBUG            1
#define SO_REUSEADDR        2
#define SO_TYPE             3
#define SO_ERROR            4
#define SO_DONTROUTE        5
#define SO_BROADCAST        6
#define SO_SNDBUF           7
#define SO_RCVBUF           8
#define SO_KEEPALIVE        9
#define SO_OOBINLINE        10
#define SO_NO_CHECK         11
#define SO_PRIORITY         12
#define SO_LINGER           13
#define SO_REUSEPORT        15
#define SO_PASSCRED         16
#define SO_PEERCRED         17
#define SO_RCVLOWAT         18
#define SO_SNDLOWAT         19
#define SO_RCVTIMEO         20
#define SO_SNDTIMEO         21
#define SO_BINDTODEVICE     25
#define SO_ATTACH_FILTER    26  // SO_GET_FILTER for getsockopt
#define SO_DETACH_FILTER    27
#define SO_TIMESTAMP_OLD    29
#define SO_ACCEPTCONN       30
#define SO_SNDBUFFORCE      32
#define SO_RCVBUFFORCE      33
#define SO_TIMESTAMPNS_OLD  35
#define SO_MARK             36
#define SO_PROTOCOL         38
#define SO_DOMAIN           39
#define SO_RXQ_OVFL         40
#define SO_PEEK_OFF         42
#define SO_LOCK_FILTER      44
#define SO_SELECT_ERR_QUEUE 45
#define SO_INCOMING_CPU     49
#define SO_MEMINFO          55
#define SO_COOKIE           57
#define SO_PEERGROUPS       59
#define SO_BINDTOIFINDEX    62
#define SO_TIMESTAMP_NEW    63
#define SO_TIMESTAMPNS_NEW  64
#define SO_RCVTIMEO_NEW     66
#define SO_SNDTIMEO_NEW     67

#define SO_MEMINFO_NUMBERS       9  // uint32_t
#define SO_PRIORITY_UNPRIVILEGED 6  // the largest SO_PRIORITY for everyone

// Ancillary data of level SOL_SOCKET, cmsg(3).
#define SCM_RIGHTS      1
#define SCM_CREDENTIALS 2
#define SCM_MAX_FD      253  // descriptors in one message

#define SIOCOUTQ    0x5411u  // TIOCOUTQ: bytes not yet acknowledged
#define SIOCINQ     0x541bu  // FIONREAD
#define SIOCOUTQNSD 0x894bu  // bytes not yet sent
#define SIOCATMARK  0x8905u  // is urgent data next?
// When the last packet that was received arrived: as timeval, as timespec.
#define SIOCGSTAMP_OLD   0x8906u
#define SIOCGSTAMPNS_OLD 0x8907u
#define SIOCGSTAMP_NEW   0x80108906u
#define SIOCGSTAMPNS_NEW 0x80108907u

struct abi_linger {
    int32_t on;       // l_onoff
    int32_t seconds;  // l_linger
};

struct abi_socket_timeval {
    int64_t seconds;
    int64_t microseconds;
};

struct abi_msghdr {
    uaddr name;        // address, or 0
    uint32_t namelen;  // in: room; out: the address's length
    uint32_t pad;
    uaddr iov;  // struct iovec[iovlen]
    uint64_t iovlen;
    uaddr control;  // ancillary data, or 0
    uint64_t controllen;
    uint32_t flags;  // out: MSG_*
    uint32_t pad2;
};
_Static_assert(sizeof(struct abi_msghdr) == 56, "struct msghdr");

// Heads an item of ancillary data. Items are aligned to 8 bytes.
struct abi_cmsghdr {
    uint64_t length;  // of header and data
    int32_t level;
    int32_t type;
};
_Static_assert(sizeof(struct abi_cmsghdr) == 16, "struct cmsghdr");

struct abi_mmsghdr {
    struct abi_msghdr header;
    uint32_t length;  // bytes moved
    uint32_t pad;
};

struct abi_sockaddr_un {
    uint16_t family;
    char path[108];  // ends with a NUL, or where the address does
};

// Who sends, or sent: SCM_CREDENTIALS, SO_PEERCRED.
struct abi_ucred {
    int32_t pid;
    uint32_t uid, gid;
};

// struct sockaddr_storage: the largest address that the kernel takes.
#define SOCKADDR_MAX 128
