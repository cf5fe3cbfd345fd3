// SPDX-License-Identifier: MIT
//
// TUN/TAP, private to drivers/tun/: an interface whose wire is a file. What the
// machine sends is read from the file, what is written arrives.
//
// Key: (i) immutable after creation, (a) atomic, (l) the tun's lock, (d) the
// mutex tun_devices (one interface comes or goes at a time).

#pragma once

#include <abi/if_tun.h>
#include <abi/netdevice.h>
#include <drivers/net_interface.h>
#include <lib/wait.h>

#define TUN_QUEUE_LENGTH 500    // frames that wait for the reader, as Linux
#define TUN_FRAME_MAX    65535  // lwIP counts a frame's bytes with 16 bits

// A frame on its way; to the machine it is the rx_buffer's owner.
struct tun_frame {
    struct list_node node;    // (l)
    struct rx_buffer buffer;  // data, length
    uint8_t data[];
};

struct tun {
    struct net_interface interface;
    struct list_node node;  // (d) tuns
    uint32_t refs;          // (a) the list's, the file's, and of frames that
                            // the machine has received and not yet freed
    unsigned flags;         // (d) IFF_TUN or IFF_TAP, IFF_NO_PI; set before a
                            // file is attached
    bool persistent;        // (d) stays without a file
    uint32_t owner, group;  // (d) who may attach but root; TUN_NOBODY
    struct spinlock lock;   // RANK_DEVICE
    bool attached;          // (l) a file is open
    bool carrier;           // (l) TUNSETCARRIER
    uint8_t mac[ETHERNET_ADDRESS_SIZE];  // (l)
    struct list_node sent;               // (l) frames for the reader
    unsigned sent_count;                 // (l)
    struct list_node written;            // (l) frames for the machine
    struct net_counters counters;        // (l)
    struct wait_queue wait;              // the reader
};
#define TUN_NOBODY UINT32_MAX

static inline bool tun_is_tap(const struct tun *tun)
{
    return tun->flags & IFF_TAP;
}

// A new interface, down, not attached; a name with "%d" gets the first free
// number. One reference, the list's. -EEXIST, -EINVAL (no such name), -ENFILE,
// -ENOMEM. May sleep.
int tun_create(const char *name, unsigned flags, struct tun **tun);
// The interface goes, with what waits in it; takes the list's reference.
void tun_destroy(struct tun *tun);
void tun_put(struct tun *tun);

// A frame of n bytes, of which data is to be filled in. NULL: no memory.
struct tun_frame *tun_frame_create(size_t n);

// Hand a frame to the machine, and wait until it has taken it in; takes it. 0,
// or -EIO if the interface is down. May sleep.
int tun_write_frame(struct tun *tun, struct tun_frame *frame);
// The next frame for the reader, who frees it. NULL: there is none.
struct tun_frame *tun_read_frame(struct tun *tun);
