// SPDX-License-Identifier: MIT
//
// The socket layer. A struct socket is what user space holds through a file;
// a protocol gives it its behaviour by a table of operations, and finds its
// own data by embedding it. Each protocol has a folder of net/ and registers a
// row in the linker set socket_families. Options are in net/option.h.
//
// Life: a socket has references from its file, from a PCB that calls it back,
// and from whoever works on it. It may outlive its PCB (which lwIP frees on a
// reset) or be outlived by it (which finishes a close in peace).
//
// Key: (i) immutable after creation, (a) atomic, (c) core mutex, (s) the
// socket's lock, (send) (recv) the mutex of that name. What is tagged (c+s) is
// written under both and read under either.

#pragma once

#include <abi/socket.h>
#include <fs/file.h>
#include <lib/linkset.h>
#include <lib/list.h>
#include <lib/lock.h>
#include <lib/wait.h>
#include <mm/uio.h>
#include <net/control.h>
#include <net/settings.h>

struct socket;

enum socket_state {
    SOCKET_UNCONNECTED,  // new, or bound
    SOCKET_LISTENING,
    SOCKET_CONNECTING,      // connect has begun, the answer is not here yet
    SOCKET_CONNECT_FAILED,  // the next connect says so and starts over
    SOCKET_CONNECTED,
    SOCKET_DISCONNECTED,  // was connected; the connection is over
    SOCKET_STATES,
};
extern const char *const socket_state_names[SOCKET_STATES];

// An address as user space gives and takes it: any family's.
struct socket_address {
    uint32_t length;  // bytes of data that are valid
    union {
        uint16_t family;
        uint8_t data[SOCKADDR_MAX];
    };
};

// One sendmsg or recvmsg: what to move, and how.
struct message {
    struct uio *uio;                 // the user's buffers
    unsigned flags;                  // MSG_*; MSG_DONTWAIT also for O_NONBLOCK
    struct socket_address *address;  // send: destination or NULL;
                                     // receive: filled in, or NULL
    struct control control;          // ancillary data
    unsigned out_flags;              // receive: MSG_TRUNC, MSG_CTRUNC
};

// What sockets of a protocol do. The socket layer has checked descriptor,
// pointers and lengths; missing operations are EOPNOTSUPP. All may sleep. Each
// returns 0 or a count, or -errno.
struct socket_ops {
    const char *name;  // "TCP"
    size_t size;       // of the protocol's structure, which begins with socket
    bool filters;      // calls filter_run for what arrives
    bool by_protocol;  // socket(2) has to name the protocol: 0 is another one
    int (*init)(struct socket *socket);
    int (*bind)(struct socket *socket, const struct socket_address *address);
    int (*listen)(struct socket *socket, int backlog);
    // Wait for a connection; *child comes with a reference. unaccept puts it
    // back in front, for a caller that cannot deliver it.
    int (*accept)(struct socket *socket, bool nonblock, struct socket **child);
    void (*unaccept)(struct socket *socket, struct socket *child);
    int (*connect)(struct socket *socket, const struct socket_address *address,
                   bool nonblock);
    int (*pair)(struct socket *one, struct socket *other);
    ssize_t (*send)(struct socket *socket, struct message *message);
    ssize_t (*receive)(struct socket *socket, struct message *message);
    int (*shutdown)(struct socket *socket, int how);
    int (*local_address)(struct socket *socket, struct socket_address *address);
    int (*peer_address)(struct socket *socket, struct socket_address *address);
    unsigned (*poll)(struct socket *socket);  // POLL* bits that are true
    long (*ioctl)(struct socket *socket, unsigned command, uaddr argument);
    int (*mmap)(struct socket *socket, struct mm_map *map);  // as file_ops'
    void (*apply)(struct socket *socket);  // socket->options changed
    // The file is closed: end the connection, after SO_LINGER's time at most.
    void (*close)(struct socket *socket);
    // The last reference is gone: free what the protocol holds.
    void (*destroy)(struct socket *socket);
};

struct socket {
    uint32_t refs;                 // (a)
    const struct socket_ops *ops;  // (i)
    int family, type, protocol;    // (i) as SO_DOMAIN, SO_TYPE, SO_PROTOCOL say
    uint64_t inode;                // (i) number, for /proc/net and fstat
    uint32_t uid;                  // (i) of the process that made it

    struct spinlock lock;     // RANK_SOCKET
    struct wait_queue wait;   // every change of state or readiness
    struct mutex send_mutex;  // one sender at a time
    struct mutex recv_mutex;  // one receiver at a time

    enum socket_state state;  // (s) written by socket_set_state
    int error;                // (s) pending, positive; SO_ERROR takes it
    bool read_shut;           // (s) SHUT_RD was called
    bool write_shut;          // (s) SHUT_WR was called
    bool peer_shut;           // (s) the peer's FIN came: end of stream

    struct list_node receive_queue;  // (s) struct packet
    struct list_node error_queue;    // (s) net/error_queue.h
    struct list_node memberships;    // (c) net/multicast.h
    size_t receive_bytes;            // (s) bytes in it not yet delivered
    size_t receive_memory;           // (s) memory in it, as SO_RCVBUF counts
    uint64_t drops;                  // (s) packets that found no room
    nsec_t last_arrival;             // (a) of the packet received last

    struct socket_filter *filter;  // (s) SO_ATTACH_FILTER, or NULL
    bool filter_locked;            // (s) SO_LOCK_FILTER

    struct socket_settings options;  // net/option/sockopt.c
};

// A protocol: found by socket(2). type 0 and protocol 0 of a request match any.
// A row of ANY_PROTOCOL leaves the number to init, which finds the request's in
// socket->protocol.
#define ANY_PROTOCOL (-1)
struct socket_family {
    int family, type, protocol;
    const struct socket_ops *ops;
};
LINKSET_DECLARE(socket_families, struct socket_family);
#define SOCKET_FAMILY(name) \
    LINKSET_ENTRY(socket_families, struct socket_family, socket_family_##name)

// ---- sockets (net/socket.c) ----

// A new socket with one reference. -EAFNOSUPPORT, -ESOCKTNOSUPPORT,
// -EPROTONOSUPPORT, -EINVAL (no such type at all), -ENOMEM.
int socket_create(int family, int type, int protocol, struct socket **socket);
// One of the kind of `like`, with its options: what accept hands out. NULL: no
// memory. Does not sleep.
struct socket *socket_create_like(const struct socket *like);
void socket_get(struct socket *socket);
void socket_put(struct socket *socket);  // may sleep: the last one destroys
// The same for who holds it in the place of a file: its last close, or one that
// could not be made. May wait for as long as SO_LINGER says.
void socket_end(struct socket *socket);

extern unsigned socket_count;  // (a) sockets that exist

// The only place that changes a state: checks the transition, traces, wakes.
// socket->lock held.
void socket_set_state(struct socket *socket, enum socket_state state);

// Set the pending error and wake everyone. error: positive. socket->lock held.
void socket_set_error(struct socket *socket, int error);
int socket_take_error(struct socket *socket);  // -errno or 0, and clear it

// When a blocking call gives up: a point in time, NSEC_FOREVER without a
// timeout, SOCKET_NO_WAIT for one that must not block.
#define SOCKET_NO_WAIT 0
nsec_t socket_deadline(bool nonblock, nsec_t timeout);

// Sleep until condition, at most until the deadline. 0, -EAGAIN past the
// deadline, -ERESTARTSYS for a signal (-EINTR if there is a timeout, as Linux).
#define SOCKET_WAIT(socket, condition, until, exclusive)                  \
    ({                                                                    \
        nsec_t wait_until = (until);                                      \
        wait_until == SOCKET_NO_WAIT                                      \
            ? ((condition) ? 0 : -EAGAIN)                                 \
            : socket_wait_result(WAIT_EVENT(&(socket)->wait, condition,   \
                                            wait_until, true, exclusive), \
                                 wait_until);                             \
    })
#define socket_wait(socket, condition, until) \
    SOCKET_WAIT(socket, condition, until, false)
// Where one event serves one waiter: accept.
#define socket_wait_exclusive(socket, condition, until) \
    SOCKET_WAIT(socket, condition, until, true)
int socket_wait_result(int result, nsec_t until);

// SO_RCVLOWAT: how many bytes a stream's reader waits for, and how many are
// worth a POLLIN.
static inline int socket_receive_low(const struct socket *socket)
{
    return MAX(READ_ONCE(socket->options.receive_low), 1);
}

// sendmsg(2) and recvmsg(2) below the copying of their arguments; send raises
// SIGPIPE.
ssize_t socket_send(struct socket *socket, struct message *message);
ssize_t socket_receive(struct socket *socket, struct message *message);

// ---- files (net/socket_file.c) ----

// A file for the socket; takes the reference on success. NULL: no memory.
struct file *socket_file_create(struct socket *socket, unsigned flags);
struct socket *socket_of_file(struct file *file);  // NULL: no socket
