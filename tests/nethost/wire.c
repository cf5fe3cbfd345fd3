// SPDX-License-Identifier: MIT
//
// An Ethernet interface whose other end is the test: what net/ sends is kept
// until the test takes it, what the test injects is received. Each received
// frame is a block of memory of its own, so reading beyond it is seen.

#include "net.h"

#include <drivers/net_interface.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t guest_mac[6] = {0x52, 0x54, 0, 0, 0, 1};
static const uint8_t peer_mac[6] = {0x52, 0x54, 0, 0, 0, 2};

struct wire wire = {.answers_arp = true, .up = true};
static struct list_node sent = LIST_INIT(sent);
static struct wait_queue sent_wait = WAIT_QUEUE_INIT(sent_wait);

struct received {
    struct rx_buffer buffer;
    struct list_node node;
};
static struct list_node received = LIST_INIT(received);
static struct net_interface interface;

// ---- sums ----

uint32_t sum16(uint32_t sum, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum += i & 1 ? p[i] : p[i] << 8;
    return sum;
}

uint16_t sum_fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

uint32_t pseudo_sum(uint32_t from, uint32_t to, uint8_t protocol, size_t n)
{
    uint8_t header[12] = {0};

    put32(header, from);
    put32(header + 4, to);
    header[9] = protocol;
    put16(header + 10, n);
    return sum16(0, header, sizeof(header));
}

// ---- in ----

void wire_inject(const void *data, size_t n)
{
    struct received *r = calloc(1, sizeof(*r));

    r->buffer = (struct rx_buffer){
        .data = malloc(n), .length = n, .size = n, .interface = &interface};
    memcpy(r->buffer.data, data, n);
    list_push_back(&received, &r->node);
    interface.notify(&interface);
}

void wire_inject_fragment(uint8_t protocol, uint16_t id, size_t offset,
                          bool more, const void *payload, size_t n)
{
    uint8_t frame[14 + 20 + 65536] = {0};
    uint8_t *ip = frame + 14;

    memcpy(frame, guest_mac, 6);
    memcpy(frame + 6, peer_mac, 6);
    put16(frame + 12, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, 20 + n);
    put16(ip + 4, id);
    put16(ip + 6, offset / 8 | (more ? 0x2000 : 0));
    ip[8] = 64;
    ip[9] = protocol;
    put32(ip + 12, flow.peer_ip);
    put32(ip + 16, GUEST_IP);
    put16(ip + 10, ~sum_fold(sum16(0, ip, 20)));
    memcpy(ip + 20, payload, n);
    wire_inject(frame, 34 + n);
}

void wire_inject_ip(uint8_t protocol, const void *payload, size_t n)
{
    static uint16_t id;

    wire_inject_fragment(protocol, ++id, 0, false, payload, n);
}

// ---- out ----

static void answer_arp(const uint8_t *request)
{
    uint8_t reply[42];

    memcpy(reply, request, sizeof(reply));
    memcpy(reply, request + 6, 6);
    memcpy(reply + 6, peer_mac, 6);
    put16(reply + 20, 2);
    memcpy(reply + 22, peer_mac, 6);
    memcpy(reply + 28, request + 38, 4);
    memcpy(reply + 32, request + 22, 10);
    wire_inject(reply, sizeof(reply));
}

// Is the frame for the test, or what the cable deals with itself?
static bool keep(const struct frame *frame)
{
    const uint8_t *data = frame->data;
    uint16_t type = get16(data + 12);
    bool arp = type == 0x0806 && frame->length >= 42;

    if (arp && wire.answers_arp && get16(data + 20) == 1 &&
        get32(data + 38) != GUEST_IP) {
        answer_arp(data);
        return wire.keeps_all;
    }
    if (arp)
        return !wire.answers_arp || wire.keeps_all;
    return wire.keeps_all || (type == 0x0800 && data[14 + 9] != 2);
}

static int wire_send(struct net_interface *i, struct tx_frame *out)
{
    size_t n = 0;

    (void)i;
    if (wire.full)
        return -EAGAIN;
    for (unsigned s = 0; s < out->count; s++)
        n += out->segments[s].length;
    struct frame *frame = malloc(sizeof(*frame) + MAX(n, 64ul));
    frame->length = 0;
    frame->time = clock_monotonic();
    for (unsigned s = 0; s < out->count; s++) {
        memcpy(frame->data + frame->length, out->segments[s].data,
               out->segments[s].length);
        frame->length += out->segments[s].length;
    }
    out->done(out);
    CHECK(n >= 14 && n <= 14 + interface.mtu);
    if (wire.dropping || !keep(frame)) {
        wire.dropping -= wire.dropping > 0;
        free(frame);
        return 0;
    }
    if (wire.takes) {
        wire.takes(frame);
        return 0;
    }
    list_push_back(&sent, &frame->node);
    wake_up(&sent_wait);
    return 0;
}

struct frame *wire_take(nsec_t until)
{
    if (WAIT_EVENT(&sent_wait, !list_empty(&sent), until, false, false))
        return NULL;
    return list_pop_front(&sent, struct frame, node);
}

void wire_make_room(void)
{
    wire.full = false;
    interface.notify(&interface);
}

// ---- the rest of the operations ----

static void wire_nothing(struct net_interface *i)
{
    (void)i;
}

static void wire_mac(struct net_interface *i, uint8_t *mac)
{
    (void)i;
    memcpy(mac, guest_mac, 6);
}

static unsigned wire_poll(struct net_interface *i, unsigned budget)
{
    static const struct net_offload none;
    unsigned n = 0;
    struct received *r;

    while (n < budget &&
           (r = list_pop_front(&received, struct received, node))) {
        i->receive(i, &r->buffer, &none);
        n++;
    }
    return n;
}

static void wire_release(struct net_interface *i, struct rx_buffer *buffer)
{
    (void)i;
    free(buffer->data);
    free(container_of(buffer, struct received, buffer));
}

static bool wire_up(struct net_interface *i)
{
    (void)i;
    return wire.up;
}

static void wire_counters(struct net_interface *i, struct net_counters *c)
{
    (void)i;
    *c = (struct net_counters){0};
}

static const struct net_interface_ops wire_ops = {
    .send = wire_send,
    .flush = wire_nothing,
    .local_mac_address = wire_mac,
    .reclaim = wire_nothing,
    .poll = wire_poll,
    .release = wire_release,
    .link_up = wire_up,
    .counters = wire_counters,
};

static struct net_interface interface = {.ops = &wire_ops, .mtu = 1500};

static int wire_start(void)
{
    return net_device_register(&interface);
}
INITCALL(INIT_DRIVERS, wire_start);
