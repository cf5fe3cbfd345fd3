// SPDX-License-Identifier: MIT
//
// TCP: sending. A byte is copied once, from the user into a page of the send
// buffer; lwIP and the device refer to it there until it is acknowledged.
//
// lwIP is fed just in time (TCP_SND_BUF bytes at most), since it walks its list
// of unsent segments at each write; the rest waits in the send buffer and
// follows as acknowledgements come.

#include <abi/errno.h>
#include <abi/poll.h>
#include <lib/log.h>
#include <net/server.h>

#include "connection.h"

// SO_SNDBUF reads back doubled, as on Linux, where half is for overhead.
size_t tcp_send_limit(struct tcp_socket *t)
{
    return READ_ONCE(t->socket.options.send_buffer) / 2;
}

// Writable, for poll and for waiting: a third is free, so that a writer is not
// woken for every acknowledged byte.
bool tcp_writable(struct tcp_socket *t)
{
    uint32_t low = READ_ONCE(t->tcp.unsent_low);

    if (low && t->send.unqueued + t->unsent >= low)
        return false;
    return t->send.used <= tcp_send_limit(t) * 2 / 3;
}

void tcp_note_unsent(struct tcp_socket *t)
{
    struct tcp_pcb *pcb = t->pcb;

    WITH_LOCK(&t->socket.lock) {
        t->unsent = pcb ? pcb->snd_lbb - pcb->snd_nxt : 0;
    }
}

size_t tcp_segment_size(const struct tcp_pcb *pcb)
{
    return pcb->mss - (pcb->flags & TF_TIMESTAMP ? LWIP_TCP_OPT_LEN_TS_OUT : 0);
}

// How much of the last n bytes stays here: what fills no segment, while the
// sender has more to come and it has not waited too long.
static size_t held_back(struct tcp_socket *t, size_t n)
{
    bool over = t->cork_due && (int32_t)(tcp_ticks - t->cork_due) >= 0;
    size_t rest = n % tcp_segment_size(t->pcb);

    if (!(t->tcp.cork || t->more) || t->fin_wanted || over)
        rest = 0;
    if (rest == 0)
        t->cork_due = 0;
    else if (!t->cork_due)
        t->cork_due = tcp_ticks + TCP_CORK_TICKS;
    return rest;
}

#define WINDOW_LEAST 48u  // twice the timestamps and as much data

// Hand lwIP the next piece: how many bytes it took.
static size_t push_piece(struct tcp_socket *t)
{
    struct tcp_pcb *pcb = t->pcb;
    const void *data;
    size_t n, unqueued;

    WITH_LOCK(&t->socket.lock) {
        data = send_buffer_next(&t->send, &n);
        unqueued = t->send.unqueued;
    }
    if (!data || pcb->snd_queuelen >= TCP_SND_QUEUELEN - 64)
        return 0;
    n = MIN(n, (size_t)MIN(pcb->snd_buf, 0xffffu));
    // lwIP sizes segments by half of the peer's largest window, if that is not
    // 0, and asserts that the size never falls. One byte is enough for a probe.
    if (pcb->snd_wnd_max < 2)
        n = pcb->unsent ? 0 : 1;
    else if (n == unqueued)
        n -= held_back(t, n);
    // Nor does it leave room for options where that half is less than they are.
    if (pcb->snd_wnd_max >= 2)
        pcb->snd_wnd_max = MAX(pcb->snd_wnd_max, WINDOW_LEAST);
    if (!pcb->unacked && !pcb->unsent)
        t->stalled_since = tcp_ticks;
    if (n == 0 || tcp_write(pcb, data, n,
                            n < unqueued ? TCP_WRITE_FLAG_MORE : 0) != ERR_OK)
        return 0;  // no memory: the poll callback tries again
    WITH_LOCK(&t->socket.lock) {
        send_buffer_queued(&t->send, n);
    }
    return n;
}

// All data is lwIP's: FIN follows. A closed socket wants no more input (lwIP
// answers it with a reset), and lets the PCB go on alone when it may.
static void push_fin(struct tcp_socket *t)
{
    struct tcp_pcb *pcb = t->pcb;

    if (t->orphaned) {
        // tcp_close takes a window that is not lwIP's default for unread data.
        pcb->rcv_wnd = TCP_WND_MAX(pcb);
        tcp_close(pcb);
    } else if (!t->fin_sent) {
        tcp_shutdown(pcb, 0, 1);
    }
    t->fin_sent = true;
    if (t->orphaned && tcp_may_finish_alone(t))
        tcp_detach(t);
}

void tcp_send_push(struct tcp_socket *t)
{
    if (t->pcb)
        pcb_select(t->pcb);
    while (t->pcb && push_piece(t) > 0)
        ;
    if (t->pcb && t->fin_wanted && t->send.unqueued == 0)
        push_fin(t);
}

void tcp_send_flush(struct tcp_socket *t)
{
    if (!t->pcb || t->socket.state != SOCKET_CONNECTED)
        return;
    t->more = false;
    t->cork_due = MAX(tcp_ticks, 1u);
    tcp_send_push(t);
    if (t->pcb)
        tcp_output(t->pcb);
}

// Bytes were acknowledged.
err_t tcp_sent_callback(void *argument, struct tcp_pcb *pcb, u16_t length)
{
    struct tcp_socket *t = argument;
    bool writable;

    (void)pcb;
    t->soft_error = 0;
    WITH_LOCK(&t->socket.lock) {
        size_t sent = t->send.used - t->send.unqueued;
        send_buffer_release(&t->send, MIN(length, sent));
        t->bytes_acked += MIN(length, sent);
        writable = tcp_writable(t);
    }
    if (writable)
        wake_up_events(&t->socket.wait, POLLOUT | POLLWRNORM);
    tcp_send_push(t);
    return ERR_OK;
}

// A chunk with room, without the socket's lock while memory is sought.
static struct send_chunk *chunk_for(struct tcp_socket *t, size_t n)
{
    struct send_chunk *chunk;

    WITH_LOCK(&t->socket.lock) {
        chunk = send_buffer_reserve(&t->send);
    }
    if (chunk)
        return chunk;
    chunk = send_chunk_create(n);
    if (chunk) {
        WITH_LOCK(&t->socket.lock) {
            send_buffer_append(&t->send, chunk);
        }
    }
    return chunk;
}

// Copy up to `room` bytes from the user into one chunk and give them to lwIP.
// The count, 0 if the connection has ended, or -errno. Send mutex held.
static ssize_t send_some(struct tcp_socket *t, struct message *message,
                         size_t room)
{
    struct socket *socket = &t->socket;
    struct uio *uio = message->uio;
    size_t before = uio->done, n = MIN(uio->resid, room);
    struct send_chunk *chunk = chunk_for(t, n);

    if (!chunk)
        return -ENOBUFS;
    n = MIN(n, chunk->size - chunk->end);
    int error = copy_from_uio(uio, chunk->data + chunk->end, n);
    n = uio->done - before;
    net_lock();
    WITH_LOCK(&socket->lock) {
        if (!t->pcb || socket->write_shut)
            n = 0;
        send_buffer_commit(&t->send, chunk, n);
    }
    if (n > 0) {
        t->more = message->flags & MSG_MORE && uio->resid == 0;
        tcp_quickack_sending(tcp_connection_of(t->pcb));
        tcp_send_push(t);
        if (uio->resid == 0 || !tcp_writable(t))
            tcp_output(t->pcb);
        tcp_note_unsent(t);
    }
    net_unlock();
    if (n == 0)
        uio_revert(uio, uio->done - before);
    return n > 0 ? (ssize_t)n : error;
}

// May a sender go on? 0, or the error that it returns. Waiting is over when
// this is not -EAGAIN. A pending error stays for the next call if this one has
// sent something to tell of.
static int send_state(struct tcp_socket *t, bool take_error, size_t *room)
{
    struct socket *socket = &t->socket;

    WITH_LOCK(&socket->lock) {
        if (socket->error) {
            int error = socket->error;
            socket->error = take_error ? 0 : error;
            return -error;
        }
        if (socket->state == SOCKET_CONNECTING)
            return -EAGAIN;
        if (socket->state != SOCKET_CONNECTED || socket->write_shut)
            return -EPIPE;
        if (!tcp_writable(t))
            return -EAGAIN;
        *room = tcp_send_limit(t) - t->send.used;
    }
    return 0;
}

// The condition to wait for. Takes no error off the socket.
static bool send_may_go_on(struct tcp_socket *t)
{
    struct socket *socket = &t->socket;
    bool result;

    WITH_LOCK(&socket->lock) {
        result = socket->error || socket->write_shut ||
                 (socket->state != SOCKET_CONNECTING &&
                  (socket->state != SOCKET_CONNECTED || tcp_writable(t)));
    }
    return result;
}

ssize_t tcp_send_op(struct socket *socket, struct message *message)
{
    struct tcp_socket *t = tcp_of(socket);
    nsec_t until = socket_deadline(message->flags & MSG_DONTWAIT,
                                   socket->options.send_timeout);
    size_t done = 0, room;
    ssize_t result;

    if (message->flags & (MSG_OOB | MSG_FASTOPEN))
        return -EOPNOTSUPP;
    do {
        mutex_lock(&socket->send_mutex);
        result = send_state(t, done == 0, &room);
        if (result == 0)
            result = control_check_socket(message);
        if (result == 0 && message->uio->resid > 0)
            result = send_some(t, message, room);
        mutex_unlock(&socket->send_mutex);
        if (result > 0)
            done += result;
        else if (result == -EAGAIN)
            result = socket_wait(socket, send_may_go_on(t), until);
    } while (result >= 0 && message->uio->resid > 0);
    return done ? (ssize_t)done : result;
}
