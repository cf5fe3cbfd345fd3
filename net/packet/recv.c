// SPDX-License-Identifier: MIT
//
// AF_PACKET: receiving. As with UDP, a frame leaves the queue only when it has
// been delivered.

#include "socket.h"

#include <abi/errno.h>
#include <mm/kmalloc.h>
#include <net/timestamp.h>
#include <string.h>

static struct captured_frame *first_frame(struct socket *socket)
{
    struct captured_frame *frame = NULL;

    WITH_LOCK(&socket->lock) {
        if (!list_empty(&socket->receive_queue))
            frame =
                list_first(&socket->receive_queue, struct captured_frame, node);
    }
    return frame;
}

static void remove_frame(struct socket *socket, struct captured_frame *frame)
{
    WITH_LOCK(&socket->lock) {
        list_remove(&frame->node);
        socket->receive_bytes -= frame->kept;
        socket->receive_memory -= kmalloc_size(frame);
    }
    kfree(frame);
}

void packet_queue_clear(struct socket *socket)
{
    struct captured_frame *frame;

    while ((frame = first_frame(socket)))
        remove_frame(socket, frame);
}

// PACKET_AUXDATA.
static int put_auxiliary(struct message *message,
                         const struct packet_socket *ps,
                         const struct captured_frame *frame)
{
    struct abi_tpacket_auxdata data = {
        .status = TP_STATUS_USER | frame->status,
        .length = frame->length,
        .captured = frame->kept,
        .network_offset = frame->network,
    };

    if (!READ_ONCE(ps->auxiliary))
        return 0;
    return control_put(message, SOL_PACKET, PACKET_AUXDATA, &data,
                       sizeof(data));
}

// Deliver one frame. Receive mutex held. -EAGAIN: there is none.
static ssize_t receive_one(struct socket *socket, struct message *message)
{
    struct captured_frame *frame = first_frame(socket);

    if (!frame)
        return -EAGAIN;
    size_t length = frame->kept, n = MIN(length, message->uio->resid);
    int error = copy_to_uio(message->uio, frame->data, n);
    if (error == 0)
        error = timestamp_put(message, socket, frame->arrived);
    if (error == 0)
        error = put_auxiliary(message, packet_socket_of(socket), frame);
    if (error < 0)
        return error;
    if (message->address) {
        memset(message->address, 0, sizeof(*message->address));
        message->address->length = sizeof(frame->from);
        memcpy(message->address->data, &frame->from, sizeof(frame->from));
    }
    if (n < length)
        message->out_flags |= MSG_TRUNC;
    if (!(message->flags & MSG_PEEK))
        remove_frame(socket, frame);
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

ssize_t packet_receive_op(struct socket *socket, struct message *message)
{
    nsec_t until = socket_deadline(message->flags & MSG_DONTWAIT,
                                   socket->options.receive_timeout);

    if (message->flags & ~(MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC | MSG_ERRQUEUE |
                           MSG_CMSG_CLOEXEC))
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
        error = socket_wait(socket, readable(socket), until);
        if (error < 0)
            return error;
    }
}
