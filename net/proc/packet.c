// SPDX-License-Identifier: MIT
//
// /proc/net/packet: the AF_PACKET sockets, in Linux's format. The kernel's
// address of a socket, its first column, is nobody's business.

#include <fs/proc.h>

#include "../packet/socket.h"

static void show_packet(struct text *text)
{
    const struct packet_socket *ps;

    text_printf(text, "%-17sRefCnt Type Proto  Iface R Rmem   User   Inode\n",
                "sk");
    net_lock();
    list_for_each(ps, &packet_sockets, node) {
        const struct socket *socket = &ps->socket;

        text_printf(text, "%016x %-6u %-4d %04x   %-5d %1d %-6zu %-6u %-6lu\n",
                    0, READ_ONCE(socket->refs), socket->type, ps->protocol,
                    ps->index, ps->running, READ_ONCE(socket->receive_memory),
                    socket->uid, socket->inode);
    }
    net_unlock();
}
PROC_FILE(net_packet) = {"net/packet", show_packet, NULL};
