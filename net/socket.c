// SPDX-License-Identifier: MIT
//
// The socket object: creation by family, references, the state machine, errors
// and waiting. What a socket does is its protocol's business (struct
// socket_ops); the system calls are in kernel/syscall/socket.c.

#include <abi/errno.h>
#include <abi/inet.h>
#include <lib/trace.h>
#include <mm/kmalloc.h>
#include <net/error_queue.h>
#include <net/filter.h>
#include <net/socket.h>
#include <net/sysctl.h>
#include <proc/signal.h>
#include <proc/task.h>

const char *const socket_state_names[SOCKET_STATES] = {
    [SOCKET_UNCONNECTED] = "unconnected",
    [SOCKET_LISTENING] = "listening",
    [SOCKET_CONNECTING] = "connecting",
    [SOCKET_CONNECT_FAILED] = "connect failed",
    [SOCKET_CONNECTED] = "connected",
    [SOCKET_DISCONNECTED] = "disconnected",
};

// From each state, the states that may follow.
#define TO(state) (1u << (state))
static const unsigned transitions[SOCKET_STATES] = {
    [SOCKET_UNCONNECTED] =
        TO(SOCKET_LISTENING) | TO(SOCKET_CONNECTING) | TO(SOCKET_CONNECTED),
    [SOCKET_LISTENING] = TO(SOCKET_UNCONNECTED),
    [SOCKET_CONNECTING] = TO(SOCKET_CONNECTED) | TO(SOCKET_CONNECT_FAILED) |
                          TO(SOCKET_UNCONNECTED),
    [SOCKET_CONNECT_FAILED] = TO(SOCKET_UNCONNECTED),
    [SOCKET_CONNECTED] = TO(SOCKET_DISCONNECTED) | TO(SOCKET_UNCONNECTED),
    [SOCKET_DISCONNECTED] = TO(SOCKET_UNCONNECTED),
};

// The row for a request, or what is wrong with it.
static int find_family(int family, int type, int protocol,
                       const struct socket_family **found)
{
    const struct socket_family *row;
    int error = -EAFNOSUPPORT;

    linkset_for_each(row, socket_families) {
        if (row->family != family)
            continue;
        if (row->type != type) {
            if (error == -EAFNOSUPPORT)
                error = -ESOCKTNOSUPPORT;
            continue;
        }
        error = -EPROTONOSUPPORT;
        if (protocol == 0 && row->ops->by_protocol)
            continue;
        if (protocol == 0 || protocol == row->protocol ||
            row->protocol == ANY_PROTOCOL) {
            *found = row;
            return 0;
        }
    }
    return error;
}

unsigned socket_count;

static struct socket *socket_alloc(const struct socket_ops *ops)
{
    static uint64_t next_inode = 1;
    struct socket *socket = kzalloc(ops->size);

    if (!socket)
        return NULL;
    __atomic_fetch_add(&socket_count, 1, __ATOMIC_RELAXED);
    socket->refs = 1;
    socket->ops = ops;
    socket->inode = __atomic_fetch_add(&next_inode, 1, __ATOMIC_RELAXED);
    spin_init(&socket->lock, RANK_SOCKET, "socket");
    wait_queue_init(&socket->wait);
    mutex_init(&socket->send_mutex, RANK_SOCKET_SEND, "socket send");
    mutex_init(&socket->recv_mutex, RANK_SOCKET_RECV, "socket receive");
    list_init(&socket->receive_queue);
    list_init(&socket->error_queue);
    list_init(&socket->memberships);
    return socket;
}

static void socket_free(struct socket *socket)
{
    __atomic_fetch_sub(&socket_count, 1, __ATOMIC_RELAXED);
    kfree(socket);
}

int socket_create(int family, int type, int protocol, struct socket **result)
{
    const struct socket_family *row;
    struct socket *socket;

    if (family < 0 || family >= AF_MAX)
        return -EAFNOSUPPORT;
    if (type < 0 || type >= SOCK_MAX ||
        ((family == AF_INET || family == AF_INET6) &&
         (protocol < 0 || protocol >= IPPROTO_MAX)))
        return -EINVAL;
    int error = find_family(family, type, protocol, &row);
    if (error < 0)
        return error;
    socket = socket_alloc(row->ops);
    if (!socket)
        return -ENOMEM;
    socket->family = family;
    socket->type = type;
    socket->protocol = row->protocol == ANY_PROTOCOL ? protocol : row->protocol;
    socket->uid = current_process()->euid;
    socket->options.receive_buffer = sysctl_rmem_default;
    socket->options.send_buffer = sysctl_wmem_default;
    if (socket->ops->init) {
        error = socket->ops->init(socket);
        if (error < 0) {
            socket_free(socket);
            return error;
        }
    }
    *result = socket;
    return 0;
}

struct socket *socket_create_like(const struct socket *like)
{
    struct socket *socket = socket_alloc(like->ops);

    if (!socket)
        return NULL;
    socket->family = like->family;
    socket->type = like->type;
    socket->protocol = like->protocol;
    socket->uid = like->uid;
    socket->options = like->options;
    return socket;
}

void socket_get(struct socket *socket)
{
    __atomic_fetch_add(&socket->refs, 1, __ATOMIC_RELAXED);
}

void socket_put(struct socket *socket)
{
    if (__atomic_sub_fetch(&socket->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    assert(list_empty(&socket->receive_queue));
    if (socket->ops->destroy)
        socket->ops->destroy(socket);
    filter_release(socket);
    error_queue_free(socket);
    socket_free(socket);
}

void socket_end(struct socket *socket)
{
    if (socket->ops->close)
        socket->ops->close(socket);
    socket_put(socket);
}

void socket_set_state(struct socket *socket, enum socket_state state)
{
    assert_debug(spin_held(&socket->lock));
    assert(transitions[socket->state] & TO(state));
    if (trace_enabled(TRACE_SOCKETS) || socket->options.debug)
        log_line("socket %lu (%s): %s -> %s", socket->inode, socket->ops->name,
                 socket_state_names[socket->state], socket_state_names[state]);
    socket->state = state;
    wake_up_all(&socket->wait);
}

void socket_set_error(struct socket *socket, int error)
{
    assert_debug(spin_held(&socket->lock));
    socket->error = error;
    wake_up_all(&socket->wait);
}

int socket_take_error(struct socket *socket)
{
    int error;

    WITH_LOCK(&socket->lock) {
        error = socket->error;
        socket->error = 0;
    }
    return -error;
}

nsec_t socket_deadline(bool nonblock, nsec_t timeout)
{
    if (nonblock)
        return SOCKET_NO_WAIT;
    return timeout ? clock_monotonic() + timeout : NSEC_FOREVER;
}

int socket_wait_result(int result, nsec_t until)
{
    if (result == -ETIMEDOUT)
        return -EAGAIN;
    if (result == -ERESTARTSYS && until != NSEC_FOREVER)
        return -EINTR;
    return result;
}

ssize_t socket_send(struct socket *socket, struct message *message)
{
    if (!socket->ops->send)
        return -EOPNOTSUPP;
    ssize_t n = socket->ops->send(socket, message);
    if (n == -EPIPE && socket->type == SOCK_STREAM &&
        !(message->flags & MSG_NOSIGNAL))
        signal_task(current, SIGPIPE, NULL);
    return n;
}

ssize_t socket_receive(struct socket *socket, struct message *message)
{
    return socket->ops->receive ? socket->ops->receive(socket, message)
                                : -EOPNOTSUPP;
}
