// SPDX-License-Identifier: MIT
//
// The ear of AF_PACKET at the interfaces: each frame that comes in or goes out
// is shown here (net/netif.c, net/transmit.c) while some socket listens, and
// copied to those that want it, as far as their filters say. The frame itself
// goes its way, and lwIP may change it.

#include "socket.h"

#include <abi/poll.h>
#include <dev/timer.h>
#include <lwip/prot/ethernet.h>
#include <mm/kmalloc.h>
#include <net/filter.h>
#include <string.h>

// A frame as it passes. `lo` and its like have bare IP packets; Linux's `lo`
// has an Ethernet header of zeros in front, and so have we.
struct passing_frame {
    struct net_link *link;
    const struct pbuf *p;
    bool outgoing;
    struct eth_hdr header;
    size_t header_length;  // 0: this kind of link has none
    bool made_up;          // the header is not in p
    uint16_t protocol;     // EtherType, host byte order
    uint8_t type;          // PACKET_*
};

static struct packet_socket *sender;  // (c) does not hear itself

void packet_tap_deafen(struct packet_socket *ps)
{
    sender = ps;
}

static uint16_t protocol_of_ip(const struct pbuf *p)
{
    return pbuf_get_at(p, 0) >> 4 == 6 ? ETHTYPE_IPV6 : ETHTYPE_IP;
}

// EtherType, or the kind of IEEE 802.3 frame where the field is a length.
static uint16_t protocol_of_frame(const struct pbuf *p,
                                  const struct eth_hdr *header)
{
    uint16_t type = lwip_ntohs(header->type);

    if (type >= ETH_P_802_3_MIN)
        return type;
    bool raw = pbuf_get_at(p, SIZEOF_ETH_HDR) == 0xff &&
               pbuf_get_at(p, SIZEOF_ETH_HDR + 1) == 0xff;
    return raw ? ETH_P_802_3 : ETH_P_802_2;
}

// False: it is too short to be anything.
static bool look_at(struct passing_frame *frame, bool framed)
{
    const struct pbuf *p = frame->p;

    if (framed) {
        if (pbuf_copy_partial(p, &frame->header, SIZEOF_ETH_HDR, 0) <
            SIZEOF_ETH_HDR)
            return false;
        frame->header_length = SIZEOF_ETH_HDR;
        frame->protocol = protocol_of_frame(p, &frame->header);
        frame->type = link_frame_type(frame->link, &frame->header.dest);
    } else {
        frame->protocol = protocol_of_ip(p);
        frame->type = PACKET_HOST;
        if (frame->link->interface->hardware == ARPHRD_LOOPBACK) {
            frame->made_up = true;
            frame->header_length = SIZEOF_ETH_HDR;
            frame->header.type = lwip_htons(frame->protocol);
        }
    }
    if (frame->outgoing)
        frame->type = PACKET_OUTGOING;
    return true;
}

// Sockets for one protocol hear what arrives; those for all also what leaves.
static bool wants(const struct packet_socket *ps,
                  const struct passing_frame *frame)
{
    if (!ps->running ||
        (ps->index && ps->index != (int32_t)link_index(frame->link)))
        return false;
    if (frame->outgoing)
        return ps->protocol == ETH_P_ALL && ps != sender &&
               !READ_ONCE(ps->ignore_outgoing);
    return ps->protocol == ETH_P_ALL || ps->protocol == frame->protocol;
}

// ---- delivering ----

static struct filter_packet view_of(const struct packet_socket *ps,
                                    const struct passing_frame *frame)
{
    bool raw = ps->socket.type == SOCK_RAW;

    return (struct filter_packet){
        .front = &frame->header,
        .front_length = frame->made_up ? frame->header_length : 0,
        .data = frame->p,
        .origin = raw ? 0 : frame->header_length,
        .link = 0,
        .network = frame->header_length,
        .protocol = frame->protocol,
        .type = frame->type,
        .hardware = frame->link->interface->hardware,
        .interface = link_index(frame->link),
    };
}

static void fill_in(struct captured_frame *captured,
                    const struct passing_frame *frame)
{
    const struct net_link *link = frame->link;

    captured->arrived = clock_realtime();
    captured->status = link == NET_SERVER.loopback ? TP_STATUS_CSUMNOTREADY : 0;
    captured->from = (struct abi_sockaddr_ll){
        .family = AF_PACKET,
        .protocol = lwip_htons(frame->protocol),
        .index = link_index(link),
        .hardware = link->interface->hardware,
        .type = frame->type,
        .length = frame->header_length ? ETH_HWADDR_LEN : 0,
    };
    memcpy(captured->from.address, &frame->header.src, captured->from.length);
}

// Put a copy into the queue. False: no room, or no memory.
static bool enqueue(struct packet_socket *ps, const struct captured_frame *like,
                    const struct filter_packet *view)
{
    struct socket *socket = &ps->socket;

    if (READ_ONCE(socket->receive_memory) >=
        (size_t)READ_ONCE(socket->options.receive_buffer))
        return false;
    struct captured_frame *captured = kmalloc(sizeof(*captured) + like->kept);
    if (!captured)
        return false;
    *captured = *like;
    filter_packet_copy(view, view->origin, captured->data, like->kept);
    WITH_LOCK(&socket->lock) {
        list_push_back(&socket->receive_queue, &captured->node);
        socket->receive_bytes += captured->kept;
        socket->receive_memory += kmalloc_size(captured);
    }
    return true;
}

static void deliver(struct packet_socket *ps, const struct passing_frame *frame)
{
    struct filter_packet view = view_of(ps, frame);
    struct captured_frame like = {
        .length = filter_packet_length(&view),
        .network = view.network - view.origin,
    };

    like.kept = filter_run(&ps->socket, &view);
    if (like.kept == 0)
        return;
    fill_in(&like, frame);
    bool stored = ps->ring ? packet_ring_store(ps, &like, &view)
                           : enqueue(ps, &like, &view);
    WITH_LOCK(&ps->socket.lock) {
        ps->packets++;
        ps->drops += !stored;
    }
    if (stored)
        wake_up_events(&ps->socket.wait, POLLIN | POLLRDNORM);
}

static void tap(struct net_link *link, const struct pbuf *p, bool framed,
                bool outgoing)
{
    struct passing_frame frame = {.link = link, .p = p, .outgoing = outgoing};
    struct packet_socket *ps;

    if (!look_at(&frame, framed))
        return;
    list_for_each(ps, &packet_sockets, node) {
        if (wants(ps, &frame))
            deliver(ps, &frame);
    }
}

void packet_tap_update(void)
{
    struct packet_socket *ps;
    bool heard = false;

    list_for_each(ps, &packet_sockets, node)
        heard |= ps->running;
    packet_tap = heard ? tap : NULL;
}
