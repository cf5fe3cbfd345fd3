// SPDX-License-Identifier: MIT
//
// TCP sockets, private to net/tcp*.c: the structure, and which file does what.
//
//   tcp/tcp.c          the PCB and the socket: attaching, callbacks, operations
//   tcp/connect.c  connect, bind         tcp/close.c  close, shutdown, reset
//   tcp/listen.c   listen, accept        tcp/half_open.c  handshakes under way
//   tcp/send.c     send, feeding lwIP    tcp/recv.c   receive, the window
//   tcp/input.c    what arrives, before and after lwIP; with tcp/acceptable.c,
//                  tcp/segment.c, tcp/simultaneous.c, tcp/recovery.c,
//                  tcp/icmp.c, tcp/time_wait.c
//   tcp/connection.c   what a PCB has no field for
//   tcp/timer.c    timers, for who needs them; tcp/poll.c  giving up
//   tcp/option.c, tcp/limit_option.c, tcp/quickack.c, tcp/info.c
//                  the option table's rows for TCP
//
// A PCB exists from connect, listen or an arriving SYN until lwIP frees it. It
// holds a reference on the socket in its extension argument 0, one on the port
// binding in argument 1, and struct tcp_connection in argument 2. Key to the
// tags: net/socket.h.

#pragma once

#include <lwip/tcp.h>
#include <net/option.h>
#include <net/packet.h>
#include <net/pcb_table.h>
#include <net/ports.h>
#include <net/send_buffer.h>
#include <net/socket.h>

enum {
    TCP_ARGUMENT_SOCKET,
    TCP_ARGUMENT_PORT,
    TCP_ARGUMENT_CONNECTION,
};

// Slow ticks of 100 ms that a segment which is not full is held back for at
// most (TCP_CORK, MSG_MORE).
#define TCP_CORK_TICKS 2

// Repetitions after which a closed socket gives its connection up, as on Linux.
#define TCP_ORPHAN_RETRIES 8

// Options of level IPPROTO_TCP, handed on by accept. All (a).
struct tcp_settings {
    bool no_delay;        // TCP_NODELAY
    int keep_idle;        // TCP_KEEPIDLE, seconds
    int keep_interval;    // TCP_KEEPINTVL, seconds
    int keep_count;       // TCP_KEEPCNT
    int max_segment;      // TCP_MAXSEG, 0: the interface's
    bool cork;            // TCP_CORK
    int syn_count;        // TCP_SYNCNT, 0: as sysctl says
    int linger2;          // TCP_LINGER2, seconds; 0: as sysctl says, -1: none
    int defer_accept;     // TCP_DEFER_ACCEPT, in repetitions of the SYN-ACK
    int window_clamp;     // TCP_WINDOW_CLAMP, 0: none
    int user_timeout;     // TCP_USER_TIMEOUT, milliseconds; 0: none
    uint32_t unsent_low;  // TCP_NOTSENT_LOWAT, 0: none
};

struct tcp_socket {
    struct socket socket;
    struct tcp_pcb *pcb;           // (c) NULL: none yet, or gone
    struct port_binding *binding;  // (c) a reference
    bool bound;                    // (c) by bind: kept if a connect fails
    struct endpoint local, peer;   // (c+s) as getsockname, getpeername say
    struct tcp_settings tcp;

    // Sending, tcp/send.c.
    struct send_buffer send;  // (s)
    bool more;                // (c) MSG_MORE: the last, short segment waits
    uint32_t cork_due;        // (c) tick until which it does; 0: none waits
    size_t unsent;            // (s) bytes that lwIP has and has not sent
    uint32_t stalled_ack;     // (c) what was acknowledged last,
    uint32_t stalled_since;   // (c) and the tick when that was seen
    int soft_error;           // (c) by ICMP: why it fails, if it does
    uint64_t bytes_acked;     // (c)
    uint64_t bytes_received;  // (c)
    bool fin_wanted;          // (c) FIN follows the last byte
    bool fin_sent;            // (c)
    bool end_known;           // (c) what ended it was already said
    bool orphaned;            // (c) the file is closed

    // Connecting.
    unsigned syn_rto;         // (c) ticks before the first repetition
    bool connect_unreported;  // (c) the next connect says how it went

    // Listening, tcp/listen.c.
    struct list_node accept_queue;       // (s) children's accept_node
    struct list_node accept_node;        // (parent's s)
    unsigned accept_count;               // (s)
    struct list_node half_opens;         // (c) tcp/half_open.c
    unsigned half_open;                  // (c) their number
    unsigned backlog;                    // (s)
    struct port_binding *child_binding;  // (c) what connections share
};

static inline struct tcp_socket *tcp_of(struct socket *socket)
{
    return container_of(socket, struct tcp_socket, socket);
}

// tcp/tcp.c. Core mutex held for all.
// Tie a PCB to the socket, which gains a reference; apply the options.
void tcp_attach(struct tcp_socket *t, struct tcp_pcb *pcb,
                struct port_binding *binding);
void tcp_apply_options(struct tcp_socket *t);

// tcp/poll.c
err_t tcp_poll_callback(void *argument, struct tcp_pcb *pcb);
bool tcp_is_busy(const struct tcp_socket *t);  // t may be NULL
// Closed, all data and FIN handed to lwIP: does nobody wait for the rest?
bool tcp_may_finish_alone(const struct tcp_socket *t);
uint8_t tcp_netif_index(const struct tcp_socket *t);

// tcp/input.c
bool tcp_comes_from_afar(const struct tcp_socket *t);

// tcp/close.c. Core mutex held for the first two.
// Reset the connection, if there is one, and forget what was received.
void tcp_reset(struct tcp_socket *t);
// The socket no longer follows the PCB, which may live on without it.
void tcp_detach(struct tcp_socket *t);
void tcp_close_op(struct socket *socket);
int tcp_shutdown_op(struct socket *socket, int how);

// tcp/connect.c
int tcp_bind_op(struct socket *socket, const struct socket_address *address);
int tcp_connect_op(struct socket *socket, const struct socket_address *address,
                   bool nonblock);

// tcp/listen.c
int tcp_listen_op(struct socket *socket, int backlog);
int tcp_accept_op(struct socket *socket, bool nonblock, struct socket **child);
void tcp_unaccept_op(struct socket *socket, struct socket *child);
void tcp_listen_end(struct tcp_socket *t);  // core mutex held
bool tcp_accept_queue_is_full(struct tcp_socket *listener);

// tcp/send.c
ssize_t tcp_send_op(struct socket *socket, struct message *message);
void tcp_send_push(struct tcp_socket *t);  // feed lwIP; core mutex held
err_t tcp_sent_callback(void *argument, struct tcp_pcb *pcb, u16_t length);
bool tcp_writable(struct tcp_socket *t);  // socket lock held
void tcp_send_flush(
    struct tcp_socket *t);  // also what is held back; core mutex
void tcp_note_unsent(struct tcp_socket *t);  // for tcp_writable; core mutex
// Bytes of data in a full segment.
size_t tcp_segment_size(const struct tcp_pcb *pcb);
// How many bytes the send buffer may hold, by SO_SNDBUF.
size_t tcp_send_limit(struct tcp_socket *t);

// tcp/recv.c
ssize_t tcp_receive_op(struct socket *socket, struct message *message);
err_t tcp_receive_callback(void *argument, struct tcp_pcb *pcb, struct pbuf *p,
                           err_t error);
size_t tcp_receive_low(const struct tcp_socket *t);   // worth a POLLIN
size_t tcp_window_limit(const struct tcp_socket *t);  // the largest window
// Open the PCB's window as far as SO_RCVBUF and unread data allow.
void tcp_window_init(struct tcp_socket *t, struct tcp_pcb *pcb);
void tcp_window_update(struct tcp_socket *t);
void tcp_receive_purge(struct tcp_socket *t);  // drop unread data

// tcp/option.c
void tcp_apply_op(struct socket *socket);

// A row of the option table whose value is an int.
#define TCP_OPTION(row, option, getter, setter)                            \
    INTEGER_OPTION(row, IPPROTO_TCP, option, AF_INET, IPPROTO_TCP, getter, \
                   setter)

// tcp/icmp.c: segments as the path to the peer is known to allow.
void tcp_path_mtu_apply(struct tcp_pcb *pcb);

// tcp/info.c: Linux's number for lwIP's state.
unsigned tcp_state_number(enum tcp_state state);
