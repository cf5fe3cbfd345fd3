// SPDX-License-Identifier: MIT
//
// Ping sockets, icmp(7): SOCK_DGRAM with IPPROTO_ICMP or IPPROTO_ICMPV6. They
// need no privilege, since they can only send echo requests with an identifier
// of their own, which is their port, and hear only the answers to those. Which
// groups may have them is in /proc/sys/net/ipv4/ping_group_range.

#include <abi/errno.h>
#include <abi/inet.h>
#include <fs/proc.h>
#include <fs/vfs.h>
#include <lwip/inet_chksum.h>
#include <lwip/prot/icmp.h>
#include <lwip/prot/icmp6.h>
#include <net/datagram.h>
#include <net/ip_option.h>
#include <net/server.h>
#include <proc/task.h>
#include <stdio.h>

#include "raw.h"

#define REQUEST_MAX UINT16_MAX

// net.ipv4.ping_group_range: everybody, as distributions set it.
static unsigned first_group = 0, last_group = INT32_MAX;

static struct ping_socket *ping_of(struct socket *socket)
{
    return container_of(raw_of(socket), struct ping_socket, raw);
}

// ICMPv6's echo messages are laid out like ICMP's.
static uint8_t request_type(const struct socket *socket)
{
    return socket->family == AF_INET6 ? ICMP6_TYPE_EREQ : ICMP_ECHO;
}

static uint8_t reply_type(const struct socket *socket)
{
    return socket->family == AF_INET6 ? ICMP6_TYPE_EREP : ICMP_ER;
}

// ---- creation ----

static bool may_ping(const struct process *process)
{
    unsigned first = READ_ONCE(first_group), last = READ_ONCE(last_group);

    if (process->egid >= first && process->egid <= last)
        return true;
    for (unsigned i = 0; i < process->group_count; i++) {
        if (process->groups[i] >= first && process->groups[i] <= last)
            return true;
    }
    return false;
}

static u8_t ping_receive(void *argument, struct raw_pcb *pcb, struct pbuf *p,
                         const ip_addr_t *from);

static int ping_init_op(struct socket *socket)
{
    bool allowed;

    WITH_LOCK(&process_tree_lock) {
        allowed = may_ping(current_process());
    }
    if (!allowed)
        return -EACCES;
    socket->options.ipv6_only = socket->family == AF_INET6;
    return raw_create(raw_of(socket), ping_receive);
}

// ---- the identifier ----

// Core mutex held. 0 or -errno.
static int take_identifier(struct ping_socket *ping,
                           const struct endpoint *local)
{
    struct raw_socket *raw = &ping->raw;
    int error = port_bind(&raw->socket, local, 0, &ping->binding);

    if (error < 0)
        return error;
    raw->bound_to.port = ping->binding->local.port;
    WITH_LOCK(&raw->socket.lock) {
        raw->local.port = ping->binding->local.port;
    }
    return 0;
}

static int bind_to(struct ping_socket *ping, const struct endpoint *local)
{
    if (ping->binding)
        return -EINVAL;
    int error = raw_bind_address(&ping->raw, local);
    return error < 0 ? error : take_identifier(ping, local);
}

static int ping_bind_op(struct socket *socket,
                        const struct socket_address *address)
{
    struct endpoint local;
    int error = endpoint_to_bind(&local, socket, address);

    if (error < 0)
        return error;
    net_lock();
    error = bind_to(ping_of(socket), &local);
    net_unlock();
    return error;
}

static int ensure_identifier(struct ping_socket *ping)
{
    struct endpoint local = {.ip = ping->raw.bound_to.ip};

    return ping->binding ? 0 : take_identifier(ping, &local);
}

static int ping_connect_op(struct socket *socket,
                           const struct socket_address *address, bool nonblock)
{
    int error;

    net_lock();
    error = ensure_identifier(ping_of(socket));
    net_unlock();
    return error < 0 ? error : raw_connect_op(socket, address, nonblock);
}

// ---- requests ----

static int transmit(struct socket *socket, struct pbuf *p, struct ip_send *how)
{
    struct raw_socket *raw = raw_of(socket);
    struct icmp_echo_hdr *echo = p->payload;

    endpoint_any_is_loopback(&how->to, &raw->local.ip);
    int error = ensure_identifier(ping_of(socket));
    if (error == 0)
        error = ip_send_route(how, socket, &raw->local.ip);
    if (error == 0)
        error = ip_send_fits(how, p->tot_len);
    if (error < 0)
        return error;
    echo->id = lwip_htons(raw->local.port);
    echo->chksum = 0;
    echo->chksum = socket->family == AF_INET6
                       ? ip_chksum_pseudo(p, IPPROTO_ICMPV6, p->tot_len,
                                          &how->source, &how->to.ip)
                       : inet_chksum(echo, p->tot_len);
    return datagram_sent(ip_send(how, socket->protocol, p), how);
}

static int ping_destination(struct socket *socket,
                            const struct message *message, struct endpoint *to)
{
    int error = raw_destination(socket, message, to);

    // Linux calls an IPv4 address a wrong one, rather than out of reach.
    return error == -ENETUNREACH && message->address ? -EINVAL : error;
}

static ssize_t ping_send_op(struct socket *socket, struct message *message)
{
    nsec_t until = socket_deadline(message->flags & MSG_DONTWAIT,
                                   socket->options.send_timeout);
    size_t length = message->uio->resid;
    struct endpoint to;
    struct ip_send how;
    int error;

    if (length > REQUEST_MAX)
        return -EMSGSIZE;
    if (message->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (length < sizeof(struct icmp_echo_hdr))
        return -EINVAL;
    struct pbuf *p = datagram_copy(message, &error);
    if (!p)
        return error;
    const struct icmp_echo_hdr *echo = p->payload;
    if (echo->type != request_type(socket) || echo->code != 0)
        error = -EINVAL;
    if (error == 0)
        error = ping_destination(socket, message, &to);
    if (error == 0)
        error = ip_send_prepare(&how, socket, message);
    if (error == 0)
        error = datagram_send_state(socket);
    if (error < 0) {
        pbuf_drop(p);
        return error;
    }
    how.to = to;
    error = datagram_send(socket, p, &how, until, transmit);
    return error < 0 ? error : (ssize_t)length;
}

// ---- replies ----

static bool checksum_is_good(const struct socket *socket, struct pbuf *p,
                             size_t header)
{
    uint16_t sum;

    pbuf_remove_header(p, header);
    sum = socket->family == AF_INET6
              ? ip_chksum_pseudo(p, IPPROTO_ICMPV6, p->tot_len,
                                 ip_current_src_addr(), ip_current_dest_addr())
              : inet_chksum_pbuf(p);
    pbuf_add_header_force(p, header);
    return sum == 0;
}

// raw_recv_fn: an answer to one of our requests.
static u8_t ping_receive(void *argument, struct raw_pcb *pcb, struct pbuf *p,
                         const ip_addr_t *from)
{
    struct raw_socket *raw = argument;
    size_t header = ip_current_header_tot_len();
    struct icmp_echo_hdr echo;

    (void)pcb, (void)from;
    if (pbuf_copy_partial(p, &echo, sizeof(echo), header) == sizeof(echo) &&
        echo.type == reply_type(&raw->socket) && echo.code == 0 &&
        raw->local.port && echo.id == lwip_htons(raw->local.port) &&
        raw_arrives_at(raw) && checksum_is_good(&raw->socket, p, header))
        raw_deliver(raw, p, header);
    return 0;
}

static void ping_close_op(struct socket *socket)
{
    struct ping_socket *ping = ping_of(socket);

    net_lock();
    port_put(ping->binding);
    ping->binding = NULL;
    net_unlock();
    raw_close_op(socket);
}

static const struct socket_ops ping_socket_ops = {
    .name = "ping",
    .size = sizeof(struct ping_socket),
    .filters = true,
    .by_protocol = true,
    .init = ping_init_op,
    .bind = ping_bind_op,
    .connect = ping_connect_op,
    .send = ping_send_op,
    .receive = datagram_receive_op,
    .shutdown = datagram_shutdown_op,
    .local_address = raw_local_address_op,
    .peer_address = raw_peer_address_op,
    .poll = datagram_poll_op,
    .ioctl = datagram_ioctl_op,
    .close = ping_close_op,
};
SOCKET_FAMILY(ping) = {AF_INET, SOCK_DGRAM, IPPROTO_ICMP, &ping_socket_ops};
SOCKET_FAMILY(ping6) = {AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6, &ping_socket_ops};

// ---- /proc/sys/net/ipv4/ping_group_range ----

static void show_groups(struct text *text)
{
    text_printf(text, "%u\t%u\n", READ_ONCE(first_group),
                READ_ONCE(last_group));
}

// A first group above the last is nobody: "1 0".
static int store_groups(const char *value)
{
    unsigned first, last;

    if (sscanf(value, "%u %u", &first, &last) != 2)
        return -EINVAL;
    if (first > last)
        first = 1, last = 0;
    WRITE_ONCE(first_group, first);
    WRITE_ONCE(last_group, last);
    return 0;
}
PROC_FILE(ping_group_range) = {"sys/net/ipv4/ping_group_range", show_groups,
                               store_groups};
