// SPDX-License-Identifier: MIT
//
// /proc/net/unix, proc(5): every AF_UNIX socket, with its name.

#include <abi/inet.h>
#include <fs/proc.h>

#include "unix.h"

#define ACCEPTS 0x10000u  // __SO_ACCEPTCON of Linux's Flags

// Linux's enum socket_state; a socket that was not accepted yet has no file.
enum {
    SS_UNCONNECTED = 1,
    SS_CONNECTING,
    SS_CONNECTED,
    SS_DISCONNECTING,
};

static unsigned state_of(const struct unix_socket *u)
{
    bool connected = u->socket.state == SOCKET_CONNECTED;

    if (u->accepted)
        return connected ? SS_CONNECTED : SS_UNCONNECTED;
    return connected ? SS_CONNECTING : SS_DISCONNECTING;
}

// NULs of an abstract name are shown as @, the one at a path's end is not.
static void show_name(struct text *text, const struct unix_name *name)
{
    const size_t start = offsetof(struct abi_sockaddr_un, path);
    const uint8_t *bytes = name->address.data;
    size_t end = name->address.length - (name->dentry != NULL);

    text_append(text, " ", 1);
    for (size_t i = start; i < end; i++)
        text_append(text, bytes[i] ? (const char *)&bytes[i] : "@", 1);
}

static void show_socket(struct text *text, const struct unix_socket *u)
{
    bool listens = u->socket.state == SOCKET_LISTENING;

    text_printf(text, "%016lX: %08X %08X %08X %04X %02X %5lu", 0ul,
                READ_ONCE(u->socket.refs), 0, listens ? ACCEPTS : 0,
                u->socket.type, state_of(u), u->accepted ? u->socket.inode : 0);
    if (u->name)
        show_name(text, u->name);
    text_append(text, "\n", 1);
}

static void show_unix(struct text *text)
{
    struct unix_socket *u;

    text_printf(text,
                "Num       RefCount Protocol Flags    Type St Inode Path\n");
    WITH_LOCK(&unix_lock) {
        list_for_each(u, &unix_sockets, all_node) {
            if (!u->closed)
                show_socket(text, u);
        }
    }
}
PROC_FILE(net_unix) = {"net/unix", show_unix, NULL};
