// SPDX-License-Identifier: MIT
//
// Raw and ping sockets: ICMP errors about what they sent. Who is connected
// hears of those that end his association, who asked (IP_RECVERR) of all.

#include <abi/inet.h>
#include <lwip/prot/icmp.h>
#include <lwip/prot/icmp6.h>
#include <net/error_queue.h>
#include <net/server.h>

#include "raw.h"

#define QUOTED 8  // bytes of the transport's header, in front of the payload

// Is the packet that is quoted an echo request of this ping socket's?
static bool asked(const struct raw_socket *raw,
                  const struct icmp_echo_hdr *echo)
{
    uint8_t type = raw->socket.family == AF_INET6 ? ICMP6_TYPE_EREQ : ICMP_ECHO;

    return echo->type == type && raw->local.port &&
           echo->id == lwip_htons(raw->local.port);
}

static bool sent(const struct raw_socket *raw, uint8_t protocol,
                 const struct icmp_report *report)
{
    const struct socket *socket = &raw->socket;

    if (socket->protocol != protocol ||
        (socket->family == AF_INET6) != report->is_v6)
        return false;
    if (!ip_addr_isany(&raw->local.ip) &&
        !ip_addr_eq(&raw->local.ip, &report->local.ip))
        return false;
    if (socket->type == SOCK_DGRAM)
        return asked(raw, (const void *)report->payload);
    return socket->state != SOCKET_CONNECTED ||
           ip_addr_eq(&raw->peer.ip, &report->peer.ip);
}

void raw_icmp_error(uint8_t protocol, const struct icmp_report *whole)
{
    struct icmp_report report = *whole;
    struct raw_socket *raw;

    // These sockets' payload begins behind the IP header.
    report.payload -= QUOTED;
    report.length += QUOTED;
    list_for_each(raw, &raw_sockets, node) {
        struct socket *socket = &raw->socket;

        if (!sent(raw, protocol, &report))
            continue;
        if (!error_queue_icmp(socket, &report) &&
            (!report.error->hard || socket->state != SOCKET_CONNECTED))
            continue;
        WITH_LOCK(&socket->lock) {
            socket_set_error(socket, report.error->error);
        }
    }
}
