// SPDX-License-Identifier: MIT
//
// What ICMP says of a packet that we sent, for the protocol that sent it. lwIP
// only counts such messages. Core mutex held; called before lwIP takes the
// message in, so that a PCB may be aborted.

#pragma once

#include <net/errors.h>
#include <net/sockaddr.h>

// An error message, taken apart. The packet that it quotes went from local to
// peer.
struct icmp_report {
    const struct icmp_errno *error;
    bool is_v6;
    uint8_t type, code;
    uint32_t info;       // the next hop's MTU, where the message tells
    uint32_t interface;  // index of the one at which the message came
    ip_addr_t offender;  // who sent the message
    struct endpoint local, peer;
    const uint8_t *payload;  // what is quoted behind the transport's header
    size_t length;
};

void udp_icmp_error(const struct icmp_report *report);
// About what raw and ping sockets of a protocol, be it a transport's, sent.
void raw_icmp_error(uint8_t protocol, const struct icmp_report *report);
// sequence: of the segment that is quoted; one that was not sent is a forgery.
void tcp_icmp_error(const struct icmp_report *report, uint32_t sequence);
