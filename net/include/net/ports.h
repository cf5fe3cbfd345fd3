// SPDX-License-Identifier: MIT
//
// The table of local ports in use. It, not lwIP, decides on EADDRINUSE and
// picks ephemeral ports. All functions want the core mutex.

#pragma once

#include <lib/list.h>
#include <net/sockaddr.h>

// One use of a port. A TCP listener's connections share one.
struct port_binding {
    struct list_node node;  // (c) bucket of the table
    uint32_t refs;          // (c) sockets and PCBs that hold it
    int protocol;           // (i) IPPROTO_*
    int family;             // (i) of the socket, AF_*
    struct endpoint local;  // (i)
    uint32_t uid;           // (i) whose socket it is
    uint32_t device;        // (i) SO_BINDTODEVICE as of bind, or 0
    bool reuse;             // (i) SO_REUSEADDR as of bind
    bool reuse_port;        // (i) SO_REUSEPORT as of bind
    bool listening;         // (c) a TCP listener: shared only by SO_REUSEPORT
};

// Occupy local for the socket, whose options say who may share it; or a free
// ephemeral port if its port is 0 (unlike `avoid`). -EADDRINUSE, -ENOMEM.
int port_bind(const struct socket *socket, const struct endpoint *local,
              uint16_t avoid, struct port_binding **binding);

// Another use of the same address and port, not listening. NULL: no memory.
struct port_binding *port_clone(const struct port_binding *binding);

// A TCP socket begins to listen: 0 or -EADDRINUSE.
int port_listen(struct port_binding *binding);

// Does another socket share the port? Then a connection may exist already.
bool port_is_shared(const struct port_binding *binding);

void port_get(struct port_binding *binding);
void port_put(struct port_binding *binding);  // NULL: nothing
