// SPDX-License-Identifier: MIT
//
// The way in from a driver: a received buffer becomes a pbuf without a copy and
// goes back to its driver when the pbuf is freed; a small frame is copied
// instead, so that a slow reader of small packets does not hold the driver's
// buffers. How lwIP takes it in is in net/link_input.c, the way out in
// net/transmit.c.

#include <abi/packet.h>
#include <lib/trace.h>
#include <lwip/prot/ethernet.h>
#include <lwip/stats.h>
#include <net/packet.h>
#include <net/packet_trace.h>
#include <net/server.h>
#include <string.h>

#define COPY_BREAK 256  // frames up to this many bytes are copied

// A pbuf around a driver's buffer, living in the buffer's scratch area.
struct rx_pbuf {
    struct pbuf_custom custom;
    struct rx_buffer *buffer;
};
_Static_assert(sizeof(struct rx_pbuf) <= sizeof(((struct rx_buffer *)0)->upper),
               "the pbuf fits in rx_buffer's scratch");

// The last reference to the pbuf is gone: the driver has its buffer back.
static void rx_pbuf_free(struct pbuf *p)
{
    struct rx_buffer *buffer = ((struct rx_pbuf *)p)->buffer;

    buffer->interface->ops->release(buffer->interface, buffer);
}

size_t pbuf_true_size(const struct pbuf *p)
{
    size_t size = 0;

    for (; p; p = p->next) {
        const struct rx_pbuf *rx = (const struct rx_pbuf *)p;

        if ((p->flags & PBUF_FLAG_IS_CUSTOM) &&
            rx->custom.custom_free_function == rx_pbuf_free)
            size += rx->buffer->size;
        else
            size += sizeof(*p) + p->len;
    }
    return size;
}

void (*packet_tap)(struct net_link *link, const struct pbuf *p, bool framed,
                   bool outgoing);

static struct pbuf *wrap(struct rx_buffer *buffer)
{
    struct rx_pbuf *rx = (struct rx_pbuf *)buffer->upper;

    buffer->next = NULL;
    rx->buffer = buffer;
    rx->custom.custom_free_function = rx_pbuf_free;
    return pbuf_alloced_custom(PBUF_RAW, buffer->length, PBUF_REF, &rx->custom,
                               buffer->data, buffer->length);
}

// A pbuf chain for a received frame; takes the buffers. NULL: no memory, or an
// impossible length.
static struct pbuf *frame_to_pbuf(struct rx_buffer *frame)
{
    struct pbuf *p;

    if (!frame->next && frame->length <= COPY_BREAK) {
        p = pbuf_alloc(PBUF_RAW, frame->length, PBUF_RAM);
        if (p)
            memcpy(p->payload, frame->data, frame->length);
        frame->interface->ops->release(frame->interface, frame);
        return p;
    }
    struct rx_buffer *next = frame->next;
    bool fits = true;
    p = wrap(frame);
    while (next) {
        struct rx_buffer *buffer = next;
        next = buffer->next;
        fits &= p->tot_len + buffer->length <= UINT16_MAX;
        pbuf_cat(p, wrap(buffer));
    }
    if (fits)
        return p;
    pbuf_free(p);  // lwIP counts a packet's bytes with 16 bits
    return NULL;
}

// A frame for another station on the same wire: only AF_PACKET may look at it.
static bool is_foreign(const struct net_link *link, const struct pbuf *p)
{
    return p->len >= SIZEOF_ETH_HDR &&
           link_frame_type(link, p->payload) == PACKET_OTHERHOST;
}

// Does the driver hand up foreign frames that nobody asked for?
static bool is_filtered(const struct net_link *link)
{
    return (link->interface->capabilities & NET_RX_FOREIGN) &&
           !link->promiscuous;
}

// net_interface.receive: called by the driver's poll.
void link_receive(struct net_interface *interface, struct rx_buffer *frame,
                  const struct net_offload *offload)
{
    struct net_link *link = interface->server;
    struct netif *netif = &link->netif;
    uint16_t checks = netif->chksum_flags;
    struct pbuf *p = frame_to_pbuf(frame);

    if (!p) {
        LINK_STATS_INC(link.memerr);
        return;
    }
    if (!netif_is_up(netif)) {
        pbuf_free(p);
        return;
    }
    bool framed = !(interface->capabilities & NET_BARE_IP);
    if (trace_enabled(TRACE_PACKETS))
        packet_trace(interface->name, '<', p, framed);
    bool foreign = framed && is_foreign(link, p);
    if (packet_tap && !(foreign && is_filtered(link)))
        packet_tap(link, p, framed, false);
    if (foreign) {
        pbuf_free(p);
        return;
    }
    if (offload->needs_checksum || offload->checksum_valid)
        netif->chksum_flags &=
            ~(NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP);
    if (netif->input(p, netif) != ERR_OK)
        pbuf_free(p);
    netif->chksum_flags = checks;
}
