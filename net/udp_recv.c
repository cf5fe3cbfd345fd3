// SPDX-License-Identifier: MIT
//
// UDP: receiving. A datagram waits as the pbuf in which it came, and is copied
// once, to whoever receives it; what does not fit in his buffer is lost, as
// udp(7) says, but not to a bad pointer.

#include <abi/errno.h>
#include <abi/poll.h>
#include <dev/timer.h>
#include <lwip/ip.h>
#include <lwip/prot/ieee.h>
#include <lwip/prot/udp.h>
#include <lwip/stats.h>
#include <net/filter.h>
#include <net/server.h>
#include <net/timestamp.h>

#include "udp.h"

// What the socket's filter leaves of a datagram. Linux's sees it from the UDP
// header on, and cannot cut into that. False: nothing.
static bool filter_datagram(struct socket *socket, struct pbuf *p)
{
    if (!READ_ONCE(socket->filter))
        return true;
    const struct net_link *link = ip_current_input_netif()->state;
    const uint8_t *headers =
        (const uint8_t *)ip_next_header_ptr() - ip_current_header_tot_len();
    struct filter_packet packet = {
        .front = headers,
        .front_length = (const uint8_t *)p->payload - headers,
        .data = p,
        .origin = (const uint8_t *)p->payload - headers - UDP_HLEN,
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

// lwIP goes by IP's length and does not look at UDP's own (RFC 768). What lies
// beyond that is no data; where it promises more than came, nothing is.
static bool trim_datagram(struct pbuf *p)
{
    const struct udp_hdr *udp = ip_next_header_ptr();
    size_t length = lwip_ntohs(udp->len);

    if (length < UDP_HLEN || length - UDP_HLEN > p->tot_len) {
        UDP_STATS_INC(udp.lenerr);
        return false;
    }
    pbuf_realloc(p, length - UDP_HLEN);
    return true;
}

void udp_receive_callback(void *argument, struct udp_pcb *pcb, struct pbuf *p,
                          const ip_addr_t *from, u16_t port)
{
    struct udp_socket *u = argument;
    struct socket *socket = &u->socket;
    struct packet *packet = NULL;
    bool room = false;

    (void)pcb;
    if (trim_datagram(p) && filter_datagram(socket, p))
        packet = packet_create(p);
    WITH_LOCK(&socket->lock) {
        room = packet &&
               socket->receive_memory < (size_t)socket->options.receive_buffer;
        if (room) {
            packet->arrived = clock_realtime();
            ip_addr_copy(packet->from, *from);
            packet->from_port = port;
            socket->receive_memory += packet->true_size;
            socket->receive_bytes += packet->length;
            list_push_back(&socket->receive_queue, &packet->node);
        } else {
            u->drops++;
        }
    }
    if (room) {
        wake_up_events(&socket->wait, POLLIN | POLLRDNORM);
        return;
    }
    UDP_STATS_INC(udp.memerr);
    kfree(packet);
    pbuf_free(p);
}

static struct packet *first_packet(struct socket *socket)
{
    struct packet *packet = NULL;

    WITH_LOCK(&socket->lock) {
        if (!list_empty(&socket->receive_queue))
            packet = list_first(&socket->receive_queue, struct packet, node);
    }
    return packet;
}

static void remove_packet(struct socket *socket, struct packet *packet)
{
    struct list_node done = LIST_INIT(done);

    WITH_LOCK(&socket->lock) {
        list_remove(&packet->node);
        socket->receive_memory -= packet->true_size;
        socket->receive_bytes -= packet->length;
    }
    list_push_back(&done, &packet->node);
    net_lock();
    packets_free(&done);
    net_unlock();
}

// Deliver one datagram. Receive mutex held. -EAGAIN: there is none.
static ssize_t receive_one(struct socket *socket, struct message *message)
{
    struct packet *packet = first_packet(socket);

    if (!packet)
        return -EAGAIN;
    size_t length = packet->length, n = MIN(length, message->uio->resid);
    int error = packet_copy(packet, 0, n, message->uio);
    if (error == 0)
        error = timestamp_put(message, socket, packet->arrived);
    if (error < 0)
        return error;
    if (message->address) {
        struct endpoint from = {packet->from, packet->from_port};
        endpoint_to_address(message->address, socket, &from);
    }
    if (n < length)
        message->out_flags |= MSG_TRUNC;
    if (!(message->flags & MSG_PEEK))
        remove_packet(socket, packet);
    return message->flags & MSG_TRUNC ? length : n;
}

static bool readable(struct socket *socket)
{
    bool result;

    WITH_LOCK(&socket->lock) {
        result = !list_empty(&socket->receive_queue) || socket->error ||
                 socket->read_shut;
    }
    return result;
}

ssize_t udp_receive_op(struct socket *socket, struct message *message)
{
    nsec_t until = socket_deadline(message->flags & MSG_DONTWAIT,
                                   socket->options.receive_timeout);

    if (message->flags & MSG_OOB)
        return -EINVAL;
    if (message->flags & MSG_ERRQUEUE)
        return -EAGAIN;
    for (;;) {
        int error = socket_take_error(socket);
        if (error < 0)
            return error;
        mutex_lock(&socket->recv_mutex);
        ssize_t n = receive_one(socket, message);
        mutex_unlock(&socket->recv_mutex);
        if (n != -EAGAIN)
            return n;
        if (READ_ONCE(socket->read_shut))
            return 0;
        error = socket_wait(socket, readable(socket), until);
        if (error < 0)
            return error;
    }
}
