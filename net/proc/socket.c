// SPDX-License-Identifier: MIT
//
// See net/proc_socket.h.

#include <abi/socket.h>
#include <net/proc_socket.h>

const char *proc_socket_headings(int family)
{
    return family == AF_INET6 ? "local_address                         "
                                "remote_address                       "
                              : "local_address rem_address  ";
}

// An address as words of memory, read by this machine; IPv4's is mapped among
// IPv6's.
static void print_address(struct text *text, int family,
                          const ip_addr_t *address, uint16_t port)
{
    ip6_addr_t ip = {0};

    if (IP_IS_V6(address))
        ip6_addr_copy(ip, *ip_2_ip6(address));
    else if (IP_IS_V4(address))
        ip4_2_ipv4_mapped_ipv6(&ip, ip_2_ip4(address));
    if (family == AF_INET6)
        text_printf(text, "%08X%08X%08X", ip.addr[0], ip.addr[1], ip.addr[2]);
    text_printf(text, "%08X:%04X ", ip.addr[3], port);
}

void proc_print_socket(struct text *text, int family, unsigned number,
                       const struct proc_socket_row *r)
{
    text_printf(text, "%4u: ", number);
    print_address(text, family, &r->local, r->local_port);
    print_address(text, family, &r->peer, r->peer_port);
    text_printf(text, "%02X %08lX:%08lX %02X:%08lX %08X %5u %8d %lu", r->state,
                r->send_queue, r->receive_queue, r->timer, 0ul, r->retransmits,
                r->uid, 0, r->inode);
}
