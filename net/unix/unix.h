// SPDX-License-Identifier: MIT
//
// AF_UNIX sockets, unix(7), private to net/unix*.c:
//
//   unix/unix.c              the operations table, life and death of a socket
//   unix/name.c         names: bind, finding a socket by its name
//   unix/connect.c      pairs, listen, accept, connect
//   unix/message.c      what waits in a receive queue
//   unix/send.c, unix/receive.c
//   unix/filter.c       SO_ATTACH_FILTER
//   unix/poll.c         readiness and the ioctls
//   unix/credentials.c  who is at the other end; SCM_CREDENTIALS
//   unix/rights.c       files on their way from process to process; SCM_RIGHTS
//   unix/collect.c      sockets that are reachable only through one another
//   unix/proc.c         /proc/net/unix
//
// Key to the tags: net/socket.h, and (u) unix_lock, (u+s) written under both
// that and the socket's lock and read under either, (n) name_mutex, (r)
// unix_rights_mutex. Locks are taken in the order name_mutex, recv_mutex,
// unix_rights_mutex, unix_lock, a socket's lock.

#pragma once

#include <net/sockaddr.h>
#include <net/socket.h>
#include <net/unix_closer.h>

struct dentry;
struct unix_rights;

// What bind gave. A listener's is also that of the sockets that it accepts.
struct unix_name {
    uint32_t refs;                  // (a)
    struct dentry *dentry;          // (i) a reference; NULL: an abstract name
    struct socket_address address;  // (i) as getsockname tells it
};

// Who connected or listened: SO_PEERCRED, SO_PEERGROUPS. Immutable, shared.
struct unix_credentials {
    uint32_t refs;  // (a)
    struct abi_ucred id;
    unsigned group_count;
    uint32_t groups[];
};

// What one send put into a receive queue; owned by the queue.
struct unix_message {
    struct list_node node;       // (s) of the receiver
    struct unix_socket *sender;  // (i) a reference; its send_memory counts this
    size_t length;               // bytes in all; a filter may cut it
    size_t allocated;            // (i) bytes that there are blocks for
    size_t offset;               // (recv) bytes read already (streams)
    size_t memory;               // (i) what SO_SNDBUF counts
    nsec_t arrived;              // (i) realtime, if the receiver wants it
    struct abi_ucred writer;     // (i) who wrote it; pid 0: not noted
    struct unix_rights *rights;  // (r) files that come with it, or NULL
    uint8_t *blocks[];           // (i) the bytes, MESSAGE_BLOCK in each
};

struct unix_socket {
    struct socket socket;
    struct list_node all_node;    // (u) unix_sockets
    struct list_node named_node;  // (u) the table of names
    struct mutex name_mutex;      // one bind or datagram connect at a time
    struct unix_name *name;       // (u+s) set once; a reference, or NULL
    struct unix_socket *peer;     // (u+s) where send goes; a reference
    bool closed;                  // (u+s) the file is gone
    bool accepted;                // (u) has or had a file

    unsigned queue_length;     // (s) messages, or connections to accept
    unsigned queue_limit;      // (a) max_dgram_qlen, or the backlog
    struct wait_queue room;    // who waits for the queue to get shorter
    struct wait_entry relay;   // (n) on the peer's, and wakes our own
    struct list_node pending;  // (u+s) listener: connections to be accepted
    struct list_node pending_node;  // (u) of the listener
    size_t send_memory;             // (a) of our messages, wherever they wait

    // Of the peer when it connected, or our own since listen; NULL: nobody's.
    struct unix_credentials *credentials;  // (u) a reference
    bool pass_credentials;                 // (a) SO_PASSCRED
    int peek_offset;                       // (a) SO_PEEK_OFF; negative: off

    // For unix/collect.c, while messages carry this socket's file.
    unsigned in_flight;            // (r) in how many messages' rights it is
    unsigned inside;               // (r) of these, in doomed ones' queues
    bool doomed;                   // (r) nobody can receive it, as it seems
    struct file *file;             // (r) its file, while in_flight
    struct list_node flight_node;  // (r) the list of sockets in flight
};

extern struct spinlock unix_lock;      // RANK_UNIX
extern struct list_node unix_sockets;  // (u) all, for /proc/net/unix

static inline struct unix_socket *unix_of(struct socket *socket)
{
    return container_of(socket, struct unix_socket, socket);
}

// Is the file of an AF_UNIX socket? NULL: of none.
struct unix_socket *unix_of_file(struct file *file);

static inline bool unix_is_stream(const struct unix_socket *u)
{
    return u->socket.type == SOCK_STREAM;
}
static inline bool unix_is_datagram(const struct unix_socket *u)
{
    return u->socket.type == SOCK_DGRAM;
}

// The peer with a reference, or NULL.
struct unix_socket *unix_peer_get(struct unix_socket *u);

// End a socket: its file is closed, or (reset) the listener's that it waits at.
void unix_end(struct unix_socket *u, bool reset);

// ---- names (unix/name.c) ----

// net.unix.max_dgram_qlen.
unsigned unix_datagram_queue_length(void);
// 0, or -EINVAL for what is no name of a socket.
int unix_address_check(const struct socket_address *address);
int unix_bind_op(struct socket *socket, const struct socket_address *address);
// Give the socket an abstract name of the kernel's choice, unless it has one.
// 0, -ENOSPC, -ENOMEM. May sleep; name_mutex is free.
int unix_autobind(struct unix_socket *u);
// The same where SO_PASSCRED promises receivers a name to answer to.
int unix_autobind_for_credentials(struct unix_socket *u);
// The socket of a type that has this name, with a reference. -ECONNREFUSED,
// -EPROTOTYPE, or what the path leads to. May sleep.
int unix_find(const struct socket_address *address, int type,
              struct unix_socket **found);
// The name as getsockname and recvfrom tell it.
void unix_name_to_address(struct unix_socket *u,
                          struct socket_address *address);
struct unix_name *unix_name_get(struct unix_name *name);  // NULL: nothing
void unix_name_put(struct unix_name *name);  // NULL: nothing; may sleep

// ---- connections (unix/connect.c) ----

int unix_pair_op(struct socket *one, struct socket *other);
int unix_listen_op(struct socket *socket, int backlog);
int unix_accept_op(struct socket *socket, bool nonblock, struct socket **child);
void unix_unaccept_op(struct socket *socket, struct socket *child);
int unix_connect_op(struct socket *socket, const struct socket_address *address,
                    bool nonblock);
int unix_connect_datagram_op(struct socket *socket,
                             const struct socket_address *address,
                             bool nonblock);
// A datagram socket finds that its peer has closed: it has none now.
void unix_forget_peer(struct unix_socket *u, struct unix_socket *peer);
// Sleep until `to` takes more, or never will. 0: try again; else as
// socket_wait.
int unix_wait_for_room(struct unix_socket *to, nsec_t until);
// Is the queue longer than its limit? Hint unless the socket's lock is held.
bool unix_queue_full(const struct unix_socket *u);

// ---- messages (unix/message.c) ----

// One of length bytes, from nobody. NULL: no memory.
struct unix_message *unix_message_create(size_t length);
// Count it against the sender's SO_SNDBUF.
void unix_message_charge(struct unix_message *m, struct unix_socket *sender);
// Fill it, or copy n bytes from `at` on. 0 or -EFAULT. May sleep.
must_check int unix_message_fill(struct unix_message *m, struct uio *uio);
must_check int unix_message_copy(const struct unix_message *m, size_t at,
                                 size_t n, struct uio *uio);
// A byte of it.
uint8_t unix_message_byte(const struct unix_message *m, size_t at);
// Cut the message as the receiver's filter says; false: it is not to have it.
bool unix_filter(struct unix_socket *to, struct unix_message *m);
// No lock may be held: files may be closed by it.
void unix_message_free(struct unix_message *m);
void unix_messages_free(struct list_node *messages);
// Is there room for more of our messages? And so much that poll says so?
bool unix_may_send(const struct unix_socket *u);
bool unix_is_writable(const struct unix_socket *u);
// The list of waiting messages to the caller, in *messages.
void unix_queue_take(struct unix_socket *u, struct list_node *messages);

// ---- transfer ----

ssize_t unix_send_op(struct socket *socket, struct message *message);
ssize_t unix_receive_op(struct socket *socket, struct message *message);
unsigned unix_poll_op(struct socket *socket);
long unix_ioctl_op(struct socket *socket, unsigned command, uaddr argument);

// ---- credentials (unix/credentials.c) ----

// Those of the running process. NULL: no memory.
struct unix_credentials *unix_credentials_create(void);
struct unix_credentials *unix_credentials_get(struct unix_credentials *c);
void unix_credentials_put(struct unix_credentials *c);  // NULL: nothing

// The item SCM_CREDENTIALS that a process sends: 0 and *id, or -EINVAL, -EPERM
// (not its own, and it is not root), -ESRCH (no such process).
int unix_credentials_check(const struct control_item *item,
                           struct abi_ucred *id);
// Note the running process as the writer, unless it said who it is.
void unix_writer_note(struct abi_ucred *writer);
// Tell the receiver. 0 or -EFAULT.
must_check int unix_writer_put(struct message *message, struct abi_ucred id);

// ---- files in messages (unix/rights.c) ----

extern struct mutex unix_rights_mutex;  // RANK_UNIX_RIGHTS

// The files of all SCM_RIGHTS items of a message; *rights NULL: none. -EBADF,
// -EINVAL (too many), -ENOMEM.
int unix_rights_create(const struct message *message,
                       struct unix_rights **rights);
void unix_rights_free(struct unix_rights *rights);  // NULL: nothing; may sleep

// Is the running task in a unix_closer? Then it calls the collector at its end.
bool unix_closer_collects(void);
// They go into a message: 0, or -ETOOMANYREFS.
int unix_rights_attach(struct unix_message *m, struct unix_rights *rights);
// They left the message with the caller, who frees them; unix_rights_mutex is
// held, so that the collector sees them either in the queue or gone.
struct unix_rights *unix_rights_detach(struct unix_message *m);
// Tell the receiver. 0 or -EFAULT. The message still holds the files.
must_check int unix_rights_put(struct message *message,
                               const struct unix_message *m);
// Call visit for each AF_UNIX socket among a message's files.
void unix_rights_each_socket(const struct unix_message *m,
                             void (*visit)(struct unix_socket *u));

// ---- the collector (unix/collect.c) ----

// A socket's file is in one more message, in one less. unix_rights_mutex held.
void unix_flight_begin(struct unix_socket *u, struct file *file);
void unix_flight_end(struct unix_socket *u);
// Look for unreachable sockets if it is time: after a socket was closed, and
// before more are sent. May sleep; no lock held.
void unix_collect_after_close(void);
void unix_collect_before_send(void);
