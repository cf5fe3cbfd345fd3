// SPDX-License-Identifier: MIT
//
// Packets in receive queues: see net/packet.h. Called by the protocols'
// receive callbacks and by their recvmsg.

#include <dev/timer.h>
#include <lib/log.h>
#include <lwip/ip.h>
#include <mm/kmalloc.h>
#include <mm/page.h>
#include <net/packet.h>
#include <net/server.h>
#include <net/socket.h>

// What nobody reads may take an eighth of memory, all sockets together, so that
// a flood from outside costs no process its life. Beyond that every socket may
// hold a little (as Linux's udp_rmem_min and tcp_rmem[0] have it).
#define QUEUED_SHARE 8
#define SOCKET_LEAST 4096

static size_t queued;  // (c) bytes in all receive queues

static bool has_room(const struct socket *socket)
{
    return queued < pages_total() * PAGE_SIZE / QUEUED_SHARE ||
           READ_ONCE(socket->receive_memory) < SOCKET_LEAST;
}

struct packet *packet_create(struct pbuf *p, const struct socket *socket)
{
    struct packet *packet = NULL;

    assert_debug(net_locked());
    if (has_room(socket))
        packet = kzalloc(sizeof(*packet));
    if (!packet)
        return NULL;
    packet->data = p;
    packet->length = p->tot_len;
    packet->true_size = pbuf_true_size(p) + sizeof(*packet);
    queued += packet->true_size;
    return packet;
}

void packet_free(struct packet *packet)
{
    assert_debug(net_locked());
    queued -= packet->true_size;
    pbuf_free(packet->data);
    kfree(packet);
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

    while ((packet = list_pop_front(packets, struct packet, node)))
        packet_free(packet);
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
