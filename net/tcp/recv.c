// SPDX-License-Identifier: MIT
//
// TCP: receiving. lwIP's callback queues the pbufs as they came; recv copies
// out of them, once, and then gives them back and opens the window, both in one
// visit to lwIP.
//
// The window that a peer sees is SO_RCVBUF less what is unread: the PCB's
// rcv_wnd plus the bytes in the queue are the limit at all times.

#include <abi/errno.h>
#include <abi/poll.h>
#include <lwip/priv/tcp_priv.h>
#include <net/error_queue.h>
#include <net/server.h>

#include "tcp.h"

err_t tcp_receive_callback(void *argument, struct tcp_pcb *pcb, struct pbuf *p,
                           err_t error)
{
    struct tcp_socket *t = argument;
    struct socket *socket = &t->socket;
    struct packet *packet = NULL;

    (void)pcb, (void)error;
    if (p) {
        packet = packet_create(p, socket);
        if (!packet)
            return ERR_MEM;  // lwIP keeps p and asks again; more is dropped
    }
    WITH_LOCK(&socket->lock) {
        if (packet) {
            list_push_back(&socket->receive_queue, &packet->node);
            socket->receive_bytes += packet->length;
            t->bytes_received += packet->length;
            socket->receive_memory += packet->true_size;
        } else {
            socket->peer_shut = true;
        }
    }
    wake_up_events(&socket->wait, POLLIN | POLLRDNORM | (p ? 0 : POLLRDHUP));
    return ERR_OK;
}

// Half of SO_RCVBUF as it reads back; the rest is overhead.
size_t tcp_window_limit(const struct tcp_socket *t)
{
    int limit = MAX(READ_ONCE(t->socket.options.receive_buffer) / 2, 1024);
    int clamp = READ_ONCE(t->tcp.window_clamp);

    return clamp ? MIN(limit, clamp) : limit;
}

void tcp_window_init(struct tcp_socket *t, struct tcp_pcb *pcb)
{
    pcb->rcv_wnd = MIN(tcp_window_limit(t), TCP_WND_MAX(pcb));
    pcb->rcv_ann_wnd = pcb->rcv_wnd;
}

// Tell the peer of a larger window when it is worth a packet. lwIP's own rule
// waits for a whole segment, which is never if the window is smaller than one.
static void announce_window(struct tcp_pcb *pcb, size_t limit)
{
    int32_t announced = pcb->rcv_ann_right_edge - pcb->rcv_nxt;
    int32_t more = pcb->rcv_wnd - MAX(announced, 0);

    if (more > 0 && (size_t)more >= MIN(limit / 2, (size_t)4 * pcb->mss)) {
        pcb->rcv_ann_wnd = pcb->rcv_wnd;
        tcp_set_flags(pcb, TF_ACK_NOW);
        tcp_output(pcb);
    }
}

void tcp_window_update(struct tcp_socket *t)
{
    struct tcp_pcb *pcb = t->pcb;
    size_t limit, unread;

    if (!pcb)
        return;
    WITH_LOCK(&t->socket.lock) {
        // Small packets take more memory than they have bytes.
        unread = MAX(t->socket.receive_bytes, t->socket.receive_memory / 2);
    }
    limit = MIN(tcp_window_limit(t), TCP_WND_MAX(pcb));
    if (unread >= limit || limit - unread <= pcb->rcv_wnd)
        return;
    pcb_select(pcb);
    pcb->rcv_wnd = limit - unread;
    announce_window(pcb, limit);
}

void tcp_receive_purge(struct tcp_socket *t)
{
    struct list_node packets = LIST_INIT(packets);

    WITH_LOCK(&t->socket.lock) {
        list_splice_back(&packets, &t->socket.receive_queue);
        t->socket.receive_bytes = t->socket.receive_memory = 0;
    }
    packets_free(&packets);
}

// Copy n bytes from the head of the queue. The reader owns what is queued by
// now; the callback only appends, and n ends before what it appends.
static int copy_out(struct socket *socket, struct message *message, size_t n)
{
    struct packet *packet =
        list_first(&socket->receive_queue, struct packet, node);

    while (n > 0) {
        size_t part = MIN(n, packet->length - packet->offset);

        if (message->flags & MSG_TRUNC) {
            uio_advance(message->uio, part);  // discard
        } else {
            int error = packet_copy(packet, packet->offset, part, message->uio);
            if (error < 0)
                return error;
        }
        n -= part;
        if (n > 0)
            packet = list_first(&packet->node, struct packet, node);
    }
    return 0;
}

// Take n bytes off the queue; free what is done with and open the window.
static void consume(struct tcp_socket *t, size_t n)
{
    struct list_node done = LIST_INIT(done);
    struct socket *socket = &t->socket;

    WITH_LOCK(&socket->lock) {
        socket->receive_bytes -= n;
        while (n > 0) {
            struct packet *packet =
                list_first(&socket->receive_queue, struct packet, node);
            size_t part = MIN(n, packet->length - packet->offset);

            packet->offset += part;
            n -= part;
            if (packet->offset < packet->length)
                break;
            socket->receive_memory -= packet->true_size;
            list_remove(&packet->node);
            list_push_back(&done, &packet->node);
        }
    }
    if (list_empty(&done))
        return;
    net_lock();
    packets_free(&done);
    tcp_window_update(t);
    net_unlock();
}

// Move what is queued, as far as it goes. The count, or -EFAULT if none.
static ssize_t receive_some(struct tcp_socket *t, struct message *message)
{
    struct socket *socket = &t->socket;
    size_t before = message->uio->done;
    size_t n = MIN(READ_ONCE(socket->receive_bytes), message->uio->resid);
    int error = copy_out(socket, message, n);

    n = message->uio->done - before;
    if (n > 0 && !(message->flags & MSG_PEEK))
        consume(t, n);
    return n > 0 ? (ssize_t)n : error;
}

// Nothing more is queued: what a reader is told. -EAGAIN: to wait. An error is
// taken off the socket only by a reader that can return it.
static int receive_state(struct socket *socket, bool take_error)
{
    int error;

    WITH_LOCK(&socket->lock) {
        if (socket->receive_bytes > 0)
            return -EAGAIN;  // came in the meantime: the wait ends at once
        error = socket->error;
        if (error) {
            socket->error = take_error ? 0 : error;
            return -error;
        }
        if (socket->state == SOCKET_CONNECTING)
            error = -EAGAIN;
        else if (socket->state == SOCKET_CONNECTED)
            error = socket->peer_shut || socket->read_shut ? 0 : -EAGAIN;
        else
            error = socket->state == SOCKET_DISCONNECTED ? 0 : -ENOTCONN;
    }
    return error;
}

static bool receive_may_go_on(struct socket *socket, size_t wanted)
{
    bool result;

    WITH_LOCK(&socket->lock) {
        result = socket->receive_bytes >= wanted || socket->error ||
                 socket->peer_shut || socket->read_shut ||
                 (socket->state != SOCKET_CONNECTED &&
                  socket->state != SOCKET_CONNECTING);
    }
    return result;
}

// SO_RCVLOWAT, as far as the window lets so many come.
size_t tcp_receive_low(const struct tcp_socket *t)
{
    return MIN((size_t)socket_receive_low(&t->socket), tcp_window_limit(t));
}

// How many bytes a call waits for.
static size_t receive_target(const struct tcp_socket *t,
                             const struct message *message)
{
    size_t wanted = message->uio->resid;

    return message->flags & MSG_WAITALL ? wanted
                                        : MIN(tcp_receive_low(t), wanted);
}

ssize_t tcp_receive_op(struct socket *socket, struct message *message)
{
    struct tcp_socket *t = tcp_of(socket);
    nsec_t until = socket_deadline(message->flags & MSG_DONTWAIT,
                                   socket->options.receive_timeout);
    bool peek = message->flags & MSG_PEEK;
    size_t target = receive_target(t, message), done = 0;
    ssize_t result;

    if (message->flags & MSG_OOB)
        return -EINVAL;
    if (message->flags & MSG_ERRQUEUE)
        return error_queue_receive(socket, message);
    if (peek && target > 1) {
        // It must be there at once. Whatever ends the wait, take what is there.
        size_t wanted = MIN(target, tcp_window_limit(t));
        (void)socket_wait(socket, receive_may_go_on(socket, wanted), until);
        target = 1;
    }
    for (;;) {
        mutex_lock(&socket->recv_mutex);
        result = receive_some(t, message);
        mutex_unlock(&socket->recv_mutex);
        if (result < 0)
            break;
        done += result;
        if (message->uio->resid == 0 || (done > 0 && done >= target))
            break;
        result = receive_state(socket, done == 0);
        if (result != -EAGAIN)
            break;
        result = socket_wait(socket, receive_may_go_on(socket, 1), until);
        if (result < 0)
            break;
    }
    return done ? (ssize_t)done : result;
}
