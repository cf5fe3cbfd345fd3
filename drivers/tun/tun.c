// SPDX-License-Identifier: MIT
//
// The interface of a TUN/TAP device: a second struct net_interface, and the
// proof that it needs no hardware. The file is in tun_file.c.
//
// Frames that are sent wait in a queue of bounded length for the reader; what
// finds it full is lost and counted, as on any slow wire.

#include "tun.h"

#include <abi/errno.h>
#include <abi/packet.h>
#include <abi/poll.h>
#include <lib/random.h>
#include <mm/kmalloc.h>
#include <stdio.h>
#include <string.h>

#define NAMES_MAX 1000  // "tap%d": numbers that are tried

static struct tun *tun_of(struct net_interface *interface)
{
    return container_of(interface, struct tun, interface);
}

void tun_put(struct tun *tun)
{
    if (__atomic_sub_fetch(&tun->refs, 1, __ATOMIC_ACQ_REL) == 0)
        kfree(tun);
}

struct tun_frame *tun_frame_create(size_t n)
{
    struct tun_frame *frame = kmalloc(sizeof(*frame) + n);

    if (!frame)
        return NULL;
    frame->buffer = (struct rx_buffer){
        .data = frame->data, .length = n, .size = kmalloc_size(frame)};
    return frame;
}

static void frames_free(struct list_node *frames)
{
    struct tun_frame *frame;

    while ((frame = list_pop_front(frames, struct tun_frame, node)))
        kfree(frame);
}

// ---- the machine sends ----

static struct tun_frame *copy_of(const struct tx_frame *sent)
{
    size_t length = 0;

    for (unsigned i = 0; i < sent->count; i++)
        length += sent->segments[i].length;
    struct tun_frame *frame = tun_frame_create(length);
    uint8_t *to = frame ? frame->data : NULL;
    for (unsigned i = 0; frame && i < sent->count; i++) {
        memcpy(to, sent->segments[i].data, sent->segments[i].length);
        to += sent->segments[i].length;
    }
    return frame;
}

static bool enqueue(struct tun *tun, struct tun_frame *frame)
{
    WITH_LOCK(&tun->lock) {
        if (!frame || !tun->attached || tun->sent_count == TUN_QUEUE_LENGTH) {
            tun->counters.tx_dropped++;
            return false;
        }
        list_push_back(&tun->sent, &frame->node);
        tun->sent_count++;
        tun->counters.tx_packets++;
        tun->counters.tx_bytes += frame->buffer.length;
    }
    return true;
}

static int tun_send(struct net_interface *interface, struct tx_frame *sent)
{
    struct tun *tun = tun_of(interface);
    struct tun_frame *frame = copy_of(sent);

    if (enqueue(tun, frame))
        wake_up_events(&tun->wait, POLLIN | POLLRDNORM);
    else
        kfree(frame);
    sent->done(sent);
    return 0;
}

struct tun_frame *tun_read_frame(struct tun *tun)
{
    struct tun_frame *frame;

    WITH_LOCK(&tun->lock) {
        frame = list_pop_front(&tun->sent, struct tun_frame, node);
        if (frame)
            tun->sent_count--;
    }
    return frame;
}

// ---- the machine receives ----

int tun_write_frame(struct tun *tun, struct tun_frame *frame)
{
    bool up = READ_ONCE(tun->interface.up);

    WITH_LOCK(&tun->lock) {
        if (up) {
            list_push_back(&tun->written, &frame->node);
            tun->counters.rx_packets++;
            tun->counters.rx_bytes += frame->buffer.length;
        } else {
            tun->counters.rx_dropped++;
        }
    }
    if (!up) {
        kfree(frame);
        return -EIO;
    }
    tun->interface.serve(&tun->interface);
    return 0;
}

static struct tun_frame *next_written(struct tun *tun)
{
    struct tun_frame *frame;

    WITH_LOCK(&tun->lock) {
        frame = list_pop_front(&tun->written, struct tun_frame, node);
    }
    return frame;
}

static unsigned tun_poll(struct net_interface *interface, unsigned budget)
{
    static const struct net_offload nothing = {0};
    struct tun *tun = tun_of(interface);
    struct tun_frame *frame;
    unsigned n = 0;

    while (n < budget && (frame = next_written(tun))) {
        frame->buffer.interface = interface;
        __atomic_fetch_add(&tun->refs, 1, __ATOMIC_RELAXED);  // until release
        interface->receive(interface, &frame->buffer, &nothing);
        n++;
    }
    return n;
}

static void tun_release(struct net_interface *interface,
                        struct rx_buffer *buffer)
{
    kfree(container_of(buffer, struct tun_frame, buffer));
    tun_put(tun_of(interface));
}

// ---- the rest of the contract ----

static void tun_nothing(struct net_interface *interface)
{
    (void)interface;  // nothing is held back, nor to be reclaimed
}

static void tun_address(struct net_interface *interface, uint8_t *mac)
{
    struct tun *tun = tun_of(interface);

    WITH_LOCK(&tun->lock) {
        memcpy(mac, tun->mac, ETHERNET_ADDRESS_SIZE);
    }
}

static int tun_set_address(struct net_interface *interface, const uint8_t *mac)
{
    struct tun *tun = tun_of(interface);
    static const uint8_t zero[ETHERNET_ADDRESS_SIZE];

    if (!tun_is_tap(tun))
        return -EOPNOTSUPP;
    if (mac[0] & 1 || memcmp(mac, zero, sizeof(zero)) == 0)
        return -EADDRNOTAVAIL;
    WITH_LOCK(&tun->lock) {
        memcpy(tun->mac, mac, ETHERNET_ADDRESS_SIZE);
    }
    return 0;
}

static bool tun_link_up(struct net_interface *interface)
{
    struct tun *tun = tun_of(interface);
    bool up;

    WITH_LOCK(&tun->lock) {
        up = tun->attached && tun->carrier;
    }
    return up;
}

static void tun_counters(struct net_interface *interface,
                         struct net_counters *counters)
{
    struct tun *tun = tun_of(interface);

    WITH_LOCK(&tun->lock) {
        *counters = tun->counters;
    }
}

static const struct net_interface_ops tun_ops = {
    .send = tun_send,
    .flush = tun_nothing,
    .local_mac_address = tun_address,
    .reclaim = tun_nothing,
    .poll = tun_poll,
    .release = tun_release,
    .link_up = tun_link_up,
    .set_mac_address = tun_set_address,
    .counters = tun_counters,
};

// ---- coming and going ----

static struct tun *tun_alloc(unsigned flags)
{
    bool tap = flags & IFF_TAP;
    struct tun *tun = kzalloc(sizeof(*tun));

    if (!tun)
        return NULL;
    tun->refs = 1;
    tun->flags = flags;
    tun->owner = tun->group = TUN_NOBODY;
    tun->carrier = true;
    spin_init(&tun->lock, RANK_DEVICE, "tun");
    list_init(&tun->sent);
    list_init(&tun->written);
    wait_queue_init(&tun->wait);
    if (tap) {
        random_bytes(tun->mac, sizeof(tun->mac));
        tun->mac[0] = (tun->mac[0] & 0xfc) | 2;  // one station's, local
    }
    tun->interface = (struct net_interface){
        .ops = &tun_ops,
        .hardware = tap ? ARPHRD_ETHER : ARPHRD_NONE,
        .mtu = 1500,
        .capabilities = tap ? 0 : NET_BARE_IP,
        .queue_length = TUN_QUEUE_LENGTH,
        .driver = tun,
    };
    return tun;
}

// A name may have one "%d" and no other '%'.
static bool is_pattern(const char *name)
{
    const char *percent = strchr(name, '%');

    return percent && percent[1] == 'd' && !strchr(percent + 1, '%');
}

// The nth name of a pattern. False: it is too long.
static bool make_name(char *to, const char *pattern, unsigned n)
{
    const char *percent = strchr(pattern, '%');
    int length = snprintf(to, IFNAMSIZ, "%.*s%u%s", (int)(percent - pattern),
                          pattern, n, percent + 2);

    return length < IFNAMSIZ;
}

static int register_named(struct tun *tun, const char *name)
{
    char *own = tun->interface.name;

    if (!strchr(name, '%')) {
        strcpy(own, name);
        return net_device_register(&tun->interface);
    }
    if (!is_pattern(name))
        return -EINVAL;
    for (unsigned n = 0; n < NAMES_MAX && make_name(own, name, n); n++) {
        int error = net_device_register(&tun->interface);
        if (error != -EEXIST)
            return error;
    }
    return -ENFILE;
}

int tun_create(const char *name, unsigned flags, struct tun **result)
{
    struct tun *tun = tun_alloc(flags);

    if (!tun)
        return -ENOMEM;
    int error = register_named(tun, name);
    if (error < 0)
        tun_put(tun);
    *result = tun;
    return error;
}

void tun_destroy(struct tun *tun)
{
    net_device_unregister(&tun->interface);
    frames_free(&tun->sent);
    frames_free(&tun->written);
    tun_put(tun);
}
