// SPDX-License-Identifier: MIT
//
// What ICMP says of a packet that we sent, for the protocol that sent it. lwIP
// only counts such messages. Core mutex held; called before lwIP takes the
// message in, so that a PCB may be aborted.

#pragma once

#include <net/errors.h>
#include <net/sockaddr.h>

void udp_icmp_error(const struct endpoint *local, const struct endpoint *peer,
                    const struct icmp_errno *error);
// sequence: of the segment that is quoted; one that was not sent is a forgery.
void tcp_icmp_error(const struct endpoint *local, const struct endpoint *peer,
                    uint32_t sequence, const struct icmp_errno *error);
