// SPDX-License-Identifier: MIT
//
// The part of a line that the files of /proc/net for Internet sockets share,
// proc(5).

#pragma once

#include <fs/proc.h>
#include <lwip/ip_addr.h>

// What a row says; ports in host order.
struct proc_socket_row {
    ip_addr_t local, peer;
    uint16_t local_port, peer_port;
    unsigned state, timer;
    size_t send_queue, receive_queue;
    unsigned retransmits;
    unsigned uid;
    uint64_t inode;
};

// The columns' names, from the local address to the peer's.
const char *proc_socket_headings(int family);

// Up to the inode's number, without the end of the line.
void proc_print_socket(struct text *text, int family, unsigned number,
                       const struct proc_socket_row *row);
