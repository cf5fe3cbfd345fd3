// SPDX-License-Identifier: MIT
//
// What sockets of whole datagrams have in common (net/datagram.h): UDP, raw IP
// and ping. A datagram waits as the pbuf in which it came, and is copied once,
// to whoever receives it; what does not fit in his buffer is lost, as udp(7)
// says, but not to a bad pointer.

#include <abi/errno.h>
#include <abi/poll.h>
#include <mm/kmalloc.h>
#include <net/datagram.h>
#include <net/error_queue.h>
#include <net/errors.h>
#include <net/ip_control.h>
#include <net/server.h>

bool datagram_queue(struct socket *socket, struct packet *packet)
{
    bool room;

    if (socket->state == SOCKET_CONNECTED)
        WRITE_ONCE(socket->options.incoming_cpu, this_hart()->id + 1);
    WITH_LOCK(&socket->lock) {
        room = socket->receive_memory < (size_t)socket->options.receive_buffer;
        if (room) {
            packet->drops = socket->drops;
            socket->receive_memory += packet->true_size;
            socket->receive_bytes += packet->length;
            list_push_back(&socket->receive_queue, &packet->node);
        } else {
            socket->drops++;
        }
    }
    if (room) {
        wake_up_events(&socket->wait, POLLIN | POLLRDNORM);
        return true;
    }
    packet_free(packet);
    return false;
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
        error = ip_control_put(message, socket, packet);
    if (error < 0)
        return error;
    if (message->address) {
        struct endpoint from = {packet->arrival.from,
                                packet->arrival.from_port};
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

ssize_t datagram_receive_op(struct socket *socket, struct message *message)
{
    nsec_t until = socket_deadline(message->flags & MSG_DONTWAIT,
                                   socket->options.receive_timeout);

    if (message->flags & MSG_OOB)
        return -EINVAL;
    if (message->flags & MSG_ERRQUEUE)
        return error_queue_receive(socket, message);
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

// ---- sending ----

struct pbuf *datagram_copy(struct message *message, int *error)
{
    size_t n = message->uio->resid;

    net_lock();
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, n, PBUF_RAM);
    net_unlock();
    *error = p ? copy_from_uio(message->uio, p->payload, n) : -ENOBUFS;
    if (*error == 0)
        return p;
    if (p)
        pbuf_drop(p);
    return NULL;
}

int datagram_send(struct socket *socket, struct pbuf *p,
                  const struct ip_send *how, nsec_t until,
                  int (*transmit)(struct socket *socket, struct pbuf *p,
                                  struct ip_send *how))
{
    for (;;) {
        struct ip_send attempt = *how;
        struct net_link *link = NULL;

        net_lock();
        int error = transmit(socket, p, &attempt);
        if (error == -EAGAIN)
            link = link_get(attempt.netif->state);
        else
            pbuf_free(p);
        net_unlock();
        if (!link)
            return error;
        error = link_wait_for_room(link, until);
        if (error < 0) {
            pbuf_drop(p);
            return error;
        }
    }
}

int datagram_send_state(struct socket *socket)
{
    int error = socket_take_error(socket);

    if (error == 0 && READ_ONCE(socket->write_shut))
        error = -EPIPE;
    return error;
}

int datagram_sent(err_t result, const struct ip_send *how)
{
    const struct net_link *link = how->netif->state;

    if (result != ERR_MEM)
        return -errno_of(result);
    return link->stalled ? -EAGAIN : -ENOBUFS;
}
