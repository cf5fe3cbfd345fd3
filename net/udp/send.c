// SPDX-License-Identifier: MIT
//
// UDP: sending. The datagram is copied from the user into a pbuf with room for
// its headers, and that is what the device reads. MSG_MORE and UDP_CORK gather
// one datagram of several calls; where to and how it goes is what the first of
// them said.

#include <abi/errno.h>
#include <abi/inet.h>
#include <lwip/inet_chksum.h>
#include <lwip/prot/udp.h>
#include <lwip/stats.h>
#include <net/datagram.h>
#include <net/error_queue.h>
#include <net/ip_control.h>
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

// ---- gathering ----

// The datagram so far, which is whole now or came to nothing. Send mutex held.
static struct pbuf *take_corked(struct udp_socket *u)
{
    struct pbuf *p = u->corked;

    u->corked = NULL;
    return p;
}

// Append the user's bytes to the datagram that was begun, or begin one. An
// error ends what was begun, as on Linux. Send mutex held.
static int gather(struct udp_socket *u, struct message *message)
{
    size_t n = message->uio->resid;
    size_t most =
        IP_IS_V6_VAL(u->corked_how.to.ip) ? DATAGRAM6_MAX : DATAGRAM_MAX;
    struct pbuf *p = NULL;
    int error = -EMSGSIZE;

    net_lock();
    if (n + (u->corked ? u->corked->tot_len : 0) <= most) {
        p = pbuf_alloc(u->corked ? PBUF_RAW : PBUF_TRANSPORT, n, PBUF_RAM);
        error = p ? 0 : -ENOBUFS;
    }
    net_unlock();
    if (error == 0)
        error = copy_from_uio(message->uio, p->payload, n);
    net_lock();
    if (error == 0 && u->corked) {
        pbuf_cat(u->corked, p);
        u->corked = pbuf_coalesce(u->corked, PBUF_TRANSPORT);
    } else if (error == 0) {
        u->corked = p;
    } else {
        if (p)
            pbuf_free(p);
        if (u->corked)
            pbuf_free(take_corked(u));
    }
    net_unlock();
    return error;
}

// ---- on its way ----

// Core mutex held, as for the two below.
static int add_header(struct pbuf *p, const struct ip_send *how, bool checksum)
{
    if (pbuf_add_header(p, UDP_HLEN) != 0)
        return -ENOBUFS;
    struct udp_hdr *udp = p->payload;
    *udp = (struct udp_hdr){.src = lwip_htons(how->source_port),
                            .dest = lwip_htons(how->to.port),
                            .len = lwip_htons(p->tot_len)};
    if ((checksum || IP_IS_V6_VAL(how->to.ip)) &&
        how->netif->chksum_flags & NETIF_CHECKSUM_GEN_UDP) {
        uint16_t sum = ip_chksum_pseudo(p, IPPROTO_UDP, p->tot_len,
                                        &how->source, &how->to.ip);
        udp->chksum = sum ? sum : 0xffff;  // 0 means: none
    }
    return 0;
}

// Find the way and pass the datagram to IP. -EAGAIN: the link's ring is full.
static int transmit(struct socket *socket, struct pbuf *p, struct ip_send *how)
{
    const struct udp_socket *u = udp_of(socket);

    how->source_port = u->local.port;
    endpoint_any_is_loopback(&how->to, &u->local.ip);
    int error = ip_send_route(how, socket, &u->local.ip);

    if (error == 0)
        error = ip_send_fits(how, p->tot_len + UDP_HLEN);
    if (error == -EMSGSIZE)
        error_queue_too_long(socket, &how->to, how->mtu);
    if (error == 0)
        error = add_header(p, how, !socket->options.no_checksum);
    if (error < 0)
        return error;
    err_t result = ip_send(how, IPPROTO_UDP, p);
    if (result == ERR_OK) {
        UDP_STATS_INC(udp.xmit);
        MIB2_STATS_INC(mib2.udpoutdatagrams);
    }
    if (result == ERR_MEM)
        pbuf_remove_header(p, UDP_HLEN);
    return datagram_sent(result, how);
}

// Where to and how a new datagram goes.
static int begin(struct udp_socket *u, const struct message *message,
                 struct ip_send *how)
{
    struct socket *socket = &u->socket;
    struct endpoint to;
    int error = destination(socket, message, &to);

    if (error == 0)
        error = ip_send_prepare(how, socket, message);
    how->to = to;
    if (error == 0)
        error = datagram_send_state(socket);
    if (error < 0)
        return error;
    net_lock();
    error = udp_ensure_port(u);
    net_unlock();
    return error;
}

ssize_t udp_send_op(struct socket *socket, struct message *message)
{
    struct udp_socket *u = udp_of(socket);
    nsec_t until = socket_deadline(message->flags & MSG_DONTWAIT,
                                   socket->options.send_timeout);
    bool more = message->flags & MSG_MORE || READ_ONCE(u->cork);
    ssize_t length = message->uio->resid;
    struct pbuf *whole = NULL;
    struct ip_send how;
    int error = 0;

    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (length > (ssize_t)DATAGRAM_MAX)
        return -EMSGSIZE;
    mutex_lock(&socket->send_mutex);
    if (!u->corked)
        error = begin(u, message, &u->corked_how);
    if (error == 0)
        error = gather(u, message);
    how = u->corked_how;
    if (error == 0 && !more)
        whole = take_corked(u);
    mutex_unlock(&socket->send_mutex);
    if (whole)
        error = datagram_send(socket, whole, &how, until, transmit);
    return error < 0 ? error : length;
}

int udp_flush_cork(struct udp_socket *u)
{
    struct socket *socket = &u->socket;
    nsec_t until = socket_deadline(false, socket->options.send_timeout);

    mutex_lock(&socket->send_mutex);
    struct ip_send how = u->corked_how;
    struct pbuf *whole = take_corked(u);
    mutex_unlock(&socket->send_mutex);
    return whole ? datagram_send(socket, whole, &how, until, transmit) : 0;
}
