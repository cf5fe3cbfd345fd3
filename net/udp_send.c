// SPDX-License-Identifier: MIT
//
// UDP: sending. The datagram is copied from the user into a pbuf with room for
// its headers, and that is what the device reads.

#include <abi/errno.h>
#include <abi/inet.h>
#include <net/errors.h>
#include <net/ip_option.h>
#include <net/route.h>
#include <net/server.h>

#include "udp.h"

// 65,535 less the headers of IP and UDP. (IPv6 would not count its own, but
// lwIP's 16 bits do.)
#define DATAGRAM_MAX  65507u
#define DATAGRAM6_MAX 65487u

// Is there a destination? To an AF_INET6 socket, AF_UNSPEC means there is none.
static bool has_address(const struct socket *socket,
                        const struct message *message)
{
    const struct socket_address *address = message->address;

    return address && !(socket->family == AF_INET6 &&
                        address->length >= sizeof(address->family) &&
                        address->family == AF_UNSPEC);
}

// Whom to send to. 0 or -errno.
static int destination(struct socket *socket, const struct message *message,
                       struct endpoint *to)
{
    struct udp_socket *u = udp_of(socket);

    if (!has_address(socket, message)) {
        WITH_LOCK(&socket->lock) {
            if (socket->state != SOCKET_CONNECTED)
                return -EDESTADDRREQ;
            *to = u->peer;
        }
        return 0;
    }
    int error = endpoint_from_address(to, socket, message->address);
    if (error == -EAFNOSUPPORT && socket->family == AF_INET6)
        error = -EINVAL;
    if (error == 0 && to->port == 0)
        error = -EINVAL;
    return error;
}

// Append the user's bytes to the datagram that MSG_MORE has begun, or begin
// one. Takes and returns u->corked. Send mutex held.
static int gather(struct udp_socket *u, struct message *message,
                  const struct endpoint *to, struct pbuf **datagram)
{
    size_t n = message->uio->resid;
    size_t most = IP_IS_V6_VAL(to->ip) ? DATAGRAM6_MAX : DATAGRAM_MAX;

    if (n + (u->corked ? u->corked->tot_len : 0) > most)
        return -EMSGSIZE;
    net_lock();
    struct pbuf *p =
        pbuf_alloc(u->corked ? PBUF_RAW : PBUF_TRANSPORT, n, PBUF_RAM);
    net_unlock();
    if (!p)
        return -ENOBUFS;
    int error = copy_from_uio(message->uio, p->payload, n);
    net_lock();
    if (error < 0) {
        pbuf_free(p);
    } else if (u->corked) {
        pbuf_cat(u->corked, p);
        p = pbuf_coalesce(u->corked, PBUF_TRANSPORT);
    }
    net_unlock();
    *datagram = p;
    return error;
}

// Pass the datagram to lwIP. *stalled: the link whose ring was full. Core mutex
// held.
static err_t transmit(struct udp_socket *u, struct pbuf *p, struct endpoint *to,
                      struct net_link **stalled, int *error)
{
    struct netif *netif;
    ip_addr_t source;
    uint8_t *payload = p->payload;

    endpoint_any_is_loopback(to, &u->pcb->local_ip);
    *error = route_find(&to->ip, &u->pcb->local_ip, &netif, &source);
    if (*error == 0 && route_is_broadcast(&to->ip) &&
        !u->socket.options.broadcast)
        *error = -EACCES;
    if (*error < 0)
        return ERR_OK;
    ip_option_apply(&u->socket, u->pcb, &to->ip);
    err_t result =
        udp_sendto_if_src(u->pcb, p, &to->ip, to->port, netif, &source);
    *stalled = netif->state;
    // lwIP has put its headers in front: off with them for another try. (After
    // a success they stay: the packet may wait in the ARP queue.)
    if (result == ERR_MEM)
        pbuf_remove_header(p, payload - (uint8_t *)p->payload);
    return result;
}

// Send, waiting for room in the transmit ring if need be. Takes p.
static int send_datagram(struct udp_socket *u, struct pbuf *p,
                         struct endpoint *to, nsec_t until)
{
    struct net_link *link;
    int error;

    for (;;) {
        net_lock();
        err_t result = transmit(u, p, to, &link, &error);
        bool full = error == 0 && result == ERR_MEM && link->stalled;
        if (full)
            link_get(link);
        else
            pbuf_free(p);
        net_unlock();
        if (!full)
            return error < 0 ? error : -errno_of(result);
        error = link_wait_for_room(link, until);
        if (error < 0) {
            net_lock();
            pbuf_free(p);
            net_unlock();
            return error;
        }
    }
}

// What forbids sending: a pending error, SHUT_WR.
static int send_state(struct socket *socket)
{
    int error = socket_take_error(socket);

    if (error == 0 && READ_ONCE(socket->write_shut))
        error = -EPIPE;
    return error;
}

// Ancillary data. Of level SOL_SOCKET, what is AF_UNIX's alone is passed over,
// as on Linux; other protocols' levels are not looked at.
static int sent_control(const struct message *message)
{
    struct control_item item;

    control_for_each(item, message)
    {
        if (item.level == IPPROTO_IP ||
            (item.level == SOL_SOCKET && item.type != SCM_RIGHTS &&
             item.type != SCM_CREDENTIALS))
            return -EINVAL;
    }
    return 0;
}

static int ensure_port(struct udp_socket *u)
{
    struct endpoint any = endpoint_any(&u->socket);
    int error = 0;

    net_lock();
    if (!u->binding)
        error = udp_take_port(u, &any);
    net_unlock();
    return error;
}

ssize_t udp_send_op(struct socket *socket, struct message *message)
{
    struct udp_socket *u = udp_of(socket);
    nsec_t until = socket_deadline(message->flags & MSG_DONTWAIT,
                                   socket->options.send_timeout);
    ssize_t length = message->uio->resid;
    struct pbuf *p = NULL;
    struct endpoint to;

    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (length > DATAGRAM_MAX)
        return -EMSGSIZE;
    int error = destination(socket, message, &to);
    if (error == 0)
        error = sent_control(message);
    if (error == 0)
        error = send_state(socket);
    if (error == 0)
        error = ensure_port(u);
    if (error < 0)
        return error;
    mutex_lock(&socket->send_mutex);
    error = gather(u, message, &to, &p);
    if (error == 0)
        u->corked = message->flags & MSG_MORE ? p : NULL;
    mutex_unlock(&socket->send_mutex);
    if (error == 0 && !(message->flags & MSG_MORE))
        error = send_datagram(u, p, &to, until);
    return error < 0 ? error : length;
}
