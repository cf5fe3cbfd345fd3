// SPDX-License-Identifier: MIT
//
// Packets in receive queues: see net/packet.h. Called by the protocols'
// receive callbacks and by their recvmsg.

#include <dev/timer.h>
#include <lib/log.h>
#include <lwip/ip.h>
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

struct arrival arrival_now(const struct netif *netif)
{
    const struct ip_hdr *ip = ip4_current_header();
    const struct ip6_hdr *ip6 = ip6_current_header();
    bool is_v6 = ip_current_is_v6();
    const struct net_link *link =
        NET_SERVER.taking_looped ? NET_SERVER.loopback : netif->state;

    assert_debug(net_locked());
    return (struct arrival){.time = clock_realtime(),
                            .from = *ip_current_src_addr(),
                            .to = *ip_current_dest_addr(),
                            .ttl = is_v6 ? IP6H_HOPLIM(ip6) : IPH_TTL(ip),
                            .tos = is_v6 ? IP6H_TC(ip6) : IPH_TOS(ip),
                            .interface = link_index(link)};
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

void pbuf_drop(struct pbuf *p)
{
    net_lock();
    pbuf_free(p);
    net_unlock();
}
