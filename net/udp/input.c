// SPDX-License-Identifier: MIT
//
// UDP: whom an arriving datagram is for (RFC 768, 1122 4.1.3.5). A datagram to
// one address goes to the one socket that suits it best; one to a group or to
// everybody goes to each that suits. lwIP calls udp_input after it has put
// fragments together; the linker puts the function below in its
// place (--wrap=udp_input), and lwIP's own sees only what is for its DHCP
// client or for nobody.

#include <lib/log.h>
#include <lwip/inet_chksum.h>
#include <lwip/ip.h>
#include <lwip/prot/ieee.h>
#include <lwip/prot/udp.h>
#include <lwip/udp.h>
#include <net/datagram.h>
#include <net/filter.h>
#include <net/flow.h>
#include <net/multicast.h>
#include <net/server.h>

#include "udp.h"

#define BUCKETS 256

// Both take p, a UDP datagram with its header.
void __wrap_udp_input(struct pbuf *p, struct netif *netif);
void __real_udp_input(struct pbuf *p, struct netif *netif);

static struct list_node table[BUCKETS];  // (c) by local port

static struct list_node *bucket_at(unsigned i)
{
    if (!table[i].next)
        list_init(&table[i]);
    return &table[i];
}

static struct list_node *bucket_of(uint16_t port)
{
    return bucket_at(port % BUCKETS);
}

// Of several that suit a datagram equally the latest has it, as on Linux.
void udp_listen_at(struct udp_socket *u)
{
    assert_debug(net_locked());
    list_remove(&u->node);
    list_push_front(bucket_of(u->local.port), &u->node);
}

void udp_listen_no_more(struct udp_socket *u)
{
    assert_debug(net_locked());
    list_remove(&u->node);
}

struct udp_socket *udp_next(struct udp_socket *u)
{
    unsigned i = u ? u->local.port % BUCKETS : 0;
    struct list_node *node = u ? u->node.next : bucket_at(0)->next;

    while (node == bucket_at(i)) {
        if (++i == BUCKETS)
            return NULL;
        node = bucket_at(i)->next;
    }
    return list_entry(node, struct udp_socket, node);
}

// ---- matching ----

// Is it one of the addresses that the socket receives at? An AF_INET6 socket's
// :: may be any address of both protocols. *exact: it is the only one.
static bool receives_at(const ip_addr_t *local, const ip_addr_t *to,
                        bool *exact)
{
    *exact = false;
    if (IP_IS_ANY_TYPE_VAL(*local))
        return true;
    if (IP_GET_TYPE(local) != IP_GET_TYPE(to))
        return false;
    if (ip_addr_isany(local))
        return true;
    *exact = ip_addr_eq(local, to);
    return *exact;
}

// How well a socket suits a datagram: 0 not at all, and more for each thing
// that it insists on.
static unsigned match(const struct udp_socket *u, const struct arrival *arrival)
{
    uint32_t device = READ_ONCE(u->socket.options.device);
    unsigned score = 1;
    bool exact;

    if (u->local.port != arrival->to_port ||
        !receives_at(&u->local.ip, &arrival->to, &exact))
        return 0;
    score += exact;
    score += !IP_IS_ANY_TYPE_VAL(u->local.ip);
    if (u->socket.state == SOCKET_CONNECTED) {
        if (u->peer.port != arrival->from_port ||
            !ip_addr_eq(&u->peer.ip, &arrival->from))
            return 0;
        score++;
    }
    if (device) {
        if (device != arrival->interface)
            return 0;
        score++;
    }
    if (READ_ONCE(u->socket.options.incoming_cpu) == (int)this_hart()->id + 1)
        score++;
    return score;
}

// Of the sockets that suit the datagram as well as `like`, those that share its
// port by SO_REUSEPORT: the one that the datagram's hash chooses.
static struct udp_socket *choose_of_group(struct udp_socket *like,
                                          unsigned score,
                                          const struct arrival *arrival)
{
    struct list_node *bucket = bucket_of(arrival->to_port);
    struct udp_socket *u;
    unsigned count = 0;

    list_for_each(u, bucket, node)
        count += u->binding->reuse_port && match(u, arrival) == score;
    count = flow_choose(arrival, count);
    list_for_each(u, bucket, node) {
        if (u->binding->reuse_port && match(u, arrival) == score &&
            count-- == 0)
            return u;
    }
    return like;
}

struct udp_socket *udp_receiver(const struct arrival *arrival)
{
    struct udp_socket *u, *best = NULL;
    unsigned best_score = 0;

    list_for_each(u, bucket_of(arrival->to_port), node) {
        unsigned score = match(u, arrival);

        if (score > best_score) {
            best = u;
            best_score = score;
        }
    }
    return best && best->binding->reuse_port
               ? choose_of_group(best, best_score, arrival)
               : best;
}

// ---- delivery ----

// What the socket's filter leaves of a datagram. Linux's sees it from the UDP
// header on, and cannot cut into that. False: nothing.
static bool filter_datagram(struct socket *socket, struct pbuf *p)
{
    if (!READ_ONCE(socket->filter))
        return true;
    const struct net_link *link = ip_current_input_netif()->state;
    size_t ip_length = ip_current_header_tot_len();
    const uint8_t *headers = (const uint8_t *)ip_next_header_ptr() - ip_length;
    struct filter_packet packet = {
        .front = headers,
        .front_length = ip_length + UDP_HLEN,
        .data = p,
        .origin = ip_length,
        .link = FILTER_NOWHERE,
        .protocol = *headers >> 4 == 6 ? ETHTYPE_IPV6 : ETHTYPE_IP,
        .hardware = link->interface->hardware,
        .interface = link_index(link),
    };
    size_t keep = filter_run(socket, &packet);

    if (keep == 0)
        return false;
    pbuf_realloc(p, MAX(keep, (size_t)UDP_HLEN) - UDP_HLEN);
    return true;
}

// Takes p; NULL: there was no memory for a copy.
static void deliver(struct udp_socket *u, struct pbuf *p,
                    const struct arrival *arrival)
{
    struct packet *packet = NULL;

    if (p && filter_datagram(&u->socket, p))
        packet = packet_create(p, &u->socket);
    if (packet) {
        packet->arrival = *arrival;
        if (!datagram_queue(&u->socket, packet))
            UDP_STATS_INC(udp.memerr);
        return;
    }
    WITH_LOCK(&u->socket.lock) {
        u->socket.drops++;
    }
    UDP_STATS_INC(udp.memerr);
    if (p)
        pbuf_free(p);
}

// Copies for all that suit. p stays the caller's.
static void deliver_to_all(struct pbuf *p, const struct arrival *arrival)
{
    struct udp_socket *u;

    list_for_each(u, bucket_of(arrival->to_port), node) {
        if (match(u, arrival) && (!ip_addr_ismulticast(&arrival->to) ||
                                  multicast_wanted(&u->socket, arrival)))
            deliver(u, pbuf_clone(PBUF_RAW, PBUF_RAM, p), arrival);
    }
}

static bool lwip_listens_at(uint16_t port)
{
    for (const struct udp_pcb *pcb = udp_pcbs; pcb; pcb = pcb->next) {
        if (pcb->local_port == port)
            return true;
    }
    return false;
}

// ---- arrival ----

// Is the datagram whole? Cut off what a link has padded it with.
static bool check_datagram(struct pbuf *p, const struct netif *netif)
{
    const struct udp_hdr *udp = p->payload;

    if (p->len < UDP_HLEN || lwip_ntohs(udp->len) < UDP_HLEN ||
        lwip_ntohs(udp->len) > p->tot_len) {
        UDP_STATS_INC(udp.lenerr);
        return false;
    }
    if (lwip_ntohs(udp->len) < p->tot_len)
        pbuf_realloc(p, lwip_ntohs(udp->len));
    if ((netif->chksum_flags & NETIF_CHECKSUM_CHECK_UDP) && udp->chksum != 0 &&
        ip_chksum_pseudo(p, IP_PROTO_UDP, p->tot_len, ip_current_src_addr(),
                         ip_current_dest_addr()) != 0) {
        UDP_STATS_INC(udp.chkerr);
        return false;
    }
    return true;
}

static void drop(struct pbuf *p)
{
    UDP_STATS_INC(udp.drop);
    MIB2_STATS_INC(mib2.udpinerrors);
    pbuf_free(p);
}

// To a group or to everybody: our sockets, and lwIP's DHCP client, each get
// their own. Takes p.
static void input_for_all(struct pbuf *p, struct netif *netif,
                          const struct arrival *arrival)
{
    pbuf_remove_header(p, UDP_HLEN);
    deliver_to_all(p, arrival);
    pbuf_header_force(p, UDP_HLEN);
    if (lwip_listens_at(arrival->to_port))
        __real_udp_input(p, netif);
    else
        pbuf_free(p);
}

void __wrap_udp_input(struct pbuf *p, struct netif *netif)
{
    const struct udp_hdr *udp = p->payload;

    if (!check_datagram(p, netif)) {
        drop(p);
        return;
    }
    struct arrival arrival = arrival_now(netif);
    arrival.from_port = lwip_ntohs(udp->src);
    arrival.to_port = lwip_ntohs(udp->dest);
    if (ip_addr_ismulticast(&arrival.to) ||
        ip_addr_isbroadcast(&arrival.to, netif)) {
        input_for_all(p, netif, &arrival);
        return;
    }
    struct udp_socket *u = udp_receiver(&arrival);
    if (!u) {
        __real_udp_input(p, netif);
        return;
    }
    UDP_STATS_INC(udp.recv);
    MIB2_STATS_INC(mib2.udpindatagrams);
    pbuf_remove_header(p, UDP_HLEN);
    deliver(u, p, &arrival);
}
