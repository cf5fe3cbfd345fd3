// SPDX-License-Identifier: MIT
//
// Packets in receive queues: see net/packet.h. Called by the protocols'
// receive callbacks and by their recvmsg.

#include <lib/log.h>
#include <mm/kmalloc.h>
#include <net/packet.h>
#include <net/server.h>

struct packet *packet_create(struct pbuf *p)
{
    struct packet *packet = kzalloc(sizeof(*packet));

    if (!packet)
        return NULL;
    packet->data = p;
    packet->length = p->tot_len;
    packet->true_size = pbuf_true_size(p) + sizeof(*packet);
    return packet;
}

void packets_free(struct list_node *packets)
{
    struct packet *packet;

    assert_debug(net_locked());
    while ((packet = list_pop_front(packets, struct packet, node))) {
        pbuf_free(packet->data);
        kfree(packet);
    }
}

int packet_copy(const struct packet *packet, size_t offset, size_t n,
                struct uio *uio)
{
    for (const struct pbuf *p = packet->data; p && n > 0; p = p->next) {
        if (offset >= p->len) {
            offset -= p->len;
            continue;
        }
        size_t part = MIN(n, p->len - offset);
        int error = copy_to_uio(uio, (uint8_t *)p->payload + offset, part);
        if (error < 0)
            return error;
        offset = 0;
        n -= part;
    }
    return 0;
}
