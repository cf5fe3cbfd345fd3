// SPDX-License-Identifier: MIT
//
// AF_NETLINK: receiving. A datagram is what one recvmsg gets: an answer, a
// notification, or a piece of a dump. A dump goes on each time that something
// was read, so a long list needs little memory, and its pieces grow to what the
// reader has room for.

#include <abi/errno.h>
#include <abi/poll.h>
#include <mm/kmalloc.h>
#include <net/server.h>
#include <string.h>

#include "netlink.h"

// Of a dump's pieces: what any reader has room for, and what they grow to.
#define PIECE_MIN 3776u
#define PIECE_MAX 32768u

static size_t memory_of(const struct netlink_datagram *datagram)
{
    return sizeof(*datagram) + datagram->length;
}

// ---- into the queue ----

// Queue it, or count it as lost. Takes the datagram, which may be NULL.
static void enqueue(struct netlink_socket *to,
                    struct netlink_datagram *datagram)
{
    struct socket *socket = &to->socket;
    bool room = false;

    WITH_LOCK(&socket->lock) {
        room = datagram && !to->congested &&
               socket->receive_memory <=
                   (size_t)READ_ONCE(socket->options.receive_buffer);
        if (room) {
            list_push_back(&socket->receive_queue, &datagram->node);
            socket->receive_memory += memory_of(datagram);
            socket->receive_bytes += datagram->length;
        } else {
            to->drops++;
            if (!to->congested && !READ_ONCE(to->no_enobufs)) {
                to->congested = true;
                socket_set_error(socket, ENOBUFS);
            }
        }
    }
    if (room)
        wake_up_events(&socket->wait, POLLIN | POLLRDNORM);
    else
        kfree(datagram);
}

void netlink_deliver(struct netlink_socket *to, const void *data, size_t length,
                     uint32_t from, unsigned group)
{
    struct netlink_datagram *datagram = kmalloc(sizeof(*datagram) + length);

    if (datagram) {
        datagram->from = from;
        datagram->group = group;
        datagram->length = length;
        memcpy(datagram->data, data, length);
    }
    enqueue(to, datagram);
}

static bool is_member(const struct netlink_socket *n, unsigned group)
{
    return n->groups >> (group - 1) & 1;
}

void netlink_multicast(unsigned group, const void *data, size_t length,
                       uint32_t from, uint32_t except)
{
    struct netlink_socket *n;

    list_for_each(n, &netlink_sockets, node) {
        if (is_member(n, group) && (!except || n->port != except))
            netlink_deliver(n, data, length, from, group);
    }
}

bool netlink_has_members(unsigned group)
{
    const struct netlink_socket *n;

    list_for_each(n, &netlink_sockets, node) {
        if (is_member(n, group))
            return true;
    }
    return false;
}

// ---- dumps ----

// Other changes came between the pieces: their messages say so.
static void note_changes(struct netlink_dump *dump)
{
    if (dump->generation != netlink_generation)
        dump->flags |= NLM_F_DUMP_INTR;
}

static void end_dump(struct netlink_dump *dump, struct netlink_writer *w,
                     int error)
{
    int32_t *result = netlink_begin(w, NLMSG_DONE, dump->flags, dump->sequence,
                                    dump->port, sizeof(*result));

    if (!result)
        return;  // no room left: it is the next piece
    *result = error;
    netlink_end(w, result);
    dump->next = NULL;
}

void netlink_refuse_dump(struct netlink_socket *n,
                         const struct netlink_dump *dump, int error,
                         const char *why)
{
    uint8_t room[256];
    struct netlink_writer w = {.data = room, .room = sizeof(room)};
    bool words = why && READ_ONCE(n->ext_ack);
    int32_t *result = netlink_begin(
        &w, NLMSG_DONE, NLM_F_MULTI | (words ? NLM_F_ACK_TLVS : 0),
        dump->sequence, dump->port, sizeof(*result));

    *result = error;
    if (words)
        netlink_put_string(&w, NLMSGERR_ATTR_MSG, why);
    if (netlink_end(&w, result))
        netlink_deliver(n, room, w.length, 0, 0);
}

// The next datagram of the dump that is under way.
static void continue_dump(struct netlink_socket *n)
{
    struct netlink_dump *dump = &n->dump;
    size_t room = MIN(MAX(n->largest_receive, PIECE_MIN), PIECE_MAX);
    struct netlink_writer w = {.data = kmalloc(room), .room = room};

    if (!w.data) {
        dump->next = NULL;
        WITH_LOCK(&n->socket.lock) {
            socket_set_error(&n->socket, ENOMEM);
        }
        return;
    }
    note_changes(dump);
    bool more = dump->next(dump, &w);
    w.full = false;
    if (!more)
        end_dump(dump, &w, 0);
    else if (w.length == 0)
        end_dump(dump, &w, -EMSGSIZE);
    netlink_deliver(n, w.data, w.length, 0, 0);
    kfree(w.data);
}

// The next piece, if there is room. If not, there is something to be read, and
// this is called again when it was.
static void go_on(struct netlink_socket *n)
{
    struct socket *socket = &n->socket;
    bool room;

    WITH_LOCK(&socket->lock) {
        room = !n->congested &&
               socket->receive_memory <=
                   (size_t)READ_ONCE(socket->options.receive_buffer) / 2;
    }
    if (n->dump.next && room)
        continue_dump(n);
}

void netlink_start_dump(struct netlink_socket *n,
                        const struct netlink_dump *dump)
{
    n->dump = *dump;
    go_on(n);
}

// ---- out of the queue ----

static struct netlink_datagram *first_datagram(struct socket *socket)
{
    struct netlink_datagram *first = NULL;

    WITH_LOCK(&socket->lock) {
        if (!list_empty(&socket->receive_queue))
            first = list_first(&socket->receive_queue, struct netlink_datagram,
                               node);
    }
    return first;
}

static void remove_datagram(struct socket *socket,
                            struct netlink_datagram *datagram)
{
    WITH_LOCK(&socket->lock) {
        list_remove(&datagram->node);
        socket->receive_memory -= memory_of(datagram);
        socket->receive_bytes -= datagram->length;
        if (list_empty(&socket->receive_queue))
            netlink_of(socket)->congested = false;
    }
    kfree(datagram);
}

static void fill_address(const struct netlink_datagram *datagram,
                         struct socket_address *address)
{
    struct abi_sockaddr_nl *from = (void *)address->data;

    *from =
        (struct abi_sockaddr_nl){.family = AF_NETLINK, .port = datagram->from};
    if (datagram->group && datagram->group <= 32)
        from->groups = 1u << (datagram->group - 1);
    address->length = sizeof(*from);
}

// Deliver one datagram. Receive mutex held. -EAGAIN: there is none.
static ssize_t receive_one(struct socket *socket, struct message *message)
{
    struct netlink_datagram *datagram = first_datagram(socket);

    if (!datagram)
        return -EAGAIN;
    size_t length = datagram->length, n = MIN(length, message->uio->resid);
    int error = copy_to_uio(message->uio, datagram->data, n);
    if (error == 0 && READ_ONCE(netlink_of(socket)->packet_info))
        error = control_put(message, SOL_NETLINK, NETLINK_PKTINFO,
                            &datagram->group, sizeof(uint32_t));
    if (error < 0)
        return error;
    if (message->address)
        fill_address(datagram, message->address);
    if (n < length)
        message->out_flags |= MSG_TRUNC;
    if (!(message->flags & MSG_PEEK))
        remove_datagram(socket, datagram);
    return message->flags & MSG_TRUNC ? length : n;
}

static bool readable(struct socket *socket)
{
    bool result;

    WITH_LOCK(&socket->lock) {
        result = !list_empty(&socket->receive_queue) || socket->error;
    }
    return result;
}

static void note_room(struct netlink_socket *n, size_t room)
{
    net_lock();
    n->largest_receive = MAX(n->largest_receive, room);
    net_unlock();
}

ssize_t netlink_receive_op(struct socket *socket, struct message *message)
{
    struct netlink_socket *n = netlink_of(socket);
    nsec_t until = socket_deadline(message->flags & MSG_DONTWAIT,
                                   socket->options.receive_timeout);

    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP;
    note_room(n, message->uio->resid);
    for (;;) {
        int error = socket_take_error(socket);
        if (error < 0)
            return error;
        mutex_lock(&socket->recv_mutex);
        ssize_t result = receive_one(socket, message);
        mutex_unlock(&socket->recv_mutex);
        if (result != -EAGAIN) {
            if (result >= 0 && !(message->flags & MSG_PEEK)) {
                net_lock();
                go_on(n);
                net_unlock();
            }
            return result;
        }
        error = socket_wait(socket, readable(socket), until);
        if (error < 0)
            return error;
    }
}
