// SPDX-License-Identifier: MIT
//
// AF_UNIX: receiving. A message leaves the queue only when all of it that the
// user is to get has been copied out, so a bad pointer loses nothing. What has
// been taken out is freed after the receive mutex is let go: that may close the
// files in it.

#include <abi/errno.h>
#include <abi/poll.h>
#include <net/option.h>
#include <net/timestamp.h>

#include "unix.h"

// One recvmsg under way.
struct reading {
    struct unix_socket *u;
    struct message *message;
    struct list_node taken;      // messages out of the queue, to be freed
    struct unix_rights *rights;  // likewise, of a message that is still there
    bool started;                // somebody's bytes have been delivered:
    struct abi_ucred writer;     // his
    bool nonblock;
    bool stopped;  // the stream may not be read on in this call
};

static bool peeks(const struct reading *r)
{
    return r->message->flags & MSG_PEEK;
}

// ---- the queue ----

// The message behind m, or (NULL) the first one. Only who holds the receive
// mutex takes messages out, so it stays.
static struct unix_message *next_message(struct unix_socket *u,
                                         struct unix_message *m)
{
    struct list_node *queue = &u->socket.receive_queue, *next;

    WITH_LOCK(&u->socket.lock)
        next = m ? m->node.next : queue->next;
    return next == queue ? NULL : list_entry(next, struct unix_message, node);
}

static bool remove_message(struct reading *r, struct unix_message *m)
{
    struct socket *socket = &r->u->socket;
    bool was_full;

    WITH_LOCK(&socket->lock) {
        was_full = unix_queue_full(r->u);
        list_remove(&m->node);
        socket->receive_bytes -= m->length - m->offset;
        r->u->queue_length--;
    }
    list_push_back(&r->taken, &m->node);
    return was_full;
}

// Rights leave the queue and the count of files in flight in one step.
static void take_message(struct reading *r, struct unix_message *m)
{
    bool was_full;

    if (m->rights) {
        mutex_lock(&unix_rights_mutex);
        was_full = remove_message(r, m);
        mutex_unlock(&unix_rights_mutex);
    } else {
        was_full = remove_message(r, m);
    }
    if (was_full)
        wake_up_events(&r->u->room, POLLOUT | POLLWRNORM | POLLWRBAND);
}

// ---- what comes with the bytes ----

// Messages of different writers are not joined, if the user is told who wrote.
static bool same_writer(const struct reading *r, const struct unix_message *m)
{
    return !r->started || !READ_ONCE(r->u->pass_credentials) ||
           (r->writer.pid == m->writer.pid && r->writer.uid == m->writer.uid &&
            r->writer.gid == m->writer.gid);
}

// The sender's name; of one without, not even the family.
static void put_address(struct reading *r, const struct unix_message *m)
{
    if (r->message->address && READ_ONCE(m->sender->name))
        unix_name_to_address(m->sender, r->message->address);
}

// Tell the user what comes with a message; about the writer once only.
static int put_control(struct reading *r, const struct unix_message *m)
{
    int error = 0;

    if (!r->started) {
        put_address(r, m);
        if (!unix_is_stream(r->u))
            error = timestamp_put(r->message, &r->u->socket, m->arrived);
        if (error == 0 && READ_ONCE(r->u->pass_credentials))
            error = unix_writer_put(r->message, m->writer);
        r->writer = m->writer;
        r->started = error == 0;
    }
    return error < 0 || !m->rights ? error : unix_rights_put(r->message, m);
}

// ---- SO_PEEK_OFF ----

static size_t peek_start(const struct reading *r)
{
    int offset = READ_ONCE(r->u->peek_offset);

    return peeks(r) && offset > 0 ? (size_t)offset : 0;
}

// n bytes were peeked at, or taken.
static void move_peek(struct reading *r, size_t n)
{
    int offset = READ_ONCE(r->u->peek_offset);

    if (offset < 0)
        return;
    if (peeks(r))
        offset += n;
    else
        offset = (size_t)offset > n ? offset - (int)n : 0;
    WRITE_ONCE(r->u->peek_offset, offset);
}

// The first message of which something was not peeked at before, and how much
// of it was. NULL: none. The socket's lock is held.
static struct unix_message *first_news(const struct reading *r, size_t *skip)
{
    struct unix_message *m;

    *skip = peek_start(r);
    list_for_each(m, &r->u->socket.receive_queue, node) {
        size_t left = m->length - m->offset;
        if (*skip == 0 || *skip < left)
            return m;
        *skip -= left;
    }
    return NULL;
}

// The message to begin with. Receive mutex held, so it stays.
static struct unix_message *first_message(const struct reading *r, size_t *skip)
{
    struct unix_message *m;

    WITH_LOCK(&r->u->socket.lock)
        m = first_news(r, skip);
    return m;
}

static int get_peek_off(struct socket *socket, union option_value *value)
{
    value->integer = READ_ONCE(unix_of(socket)->peek_offset);
    return 0;
}

static int set_peek_off(struct socket *socket, const union option_value *value)
{
    WRITE_ONCE(unix_of(socket)->peek_offset, value->integer);
    return 0;
}
INTEGER_OPTION(peek_off, SOL_SOCKET, SO_PEEK_OFF, AF_UNIX, 0, get_peek_off,
               set_peek_off);

// ---- streams ----

// n bytes of m were delivered.
static void consume(struct reading *r, struct unix_message *m, size_t n)
{
    if (m->offset + n == m->length) {
        take_message(r, m);
        return;
    }
    WITH_LOCK(&r->u->socket.lock) {
        r->u->socket.receive_bytes -= n;
        m->offset += n;
    }
    // The first part of it brought the files.
    if (m->rights)
        WITH_MUTEX(&unix_rights_mutex)
            r->rights = unix_rights_detach(m);
}

// Deliver bytes of one message from skip on; its files with the first of them.
// The number of bytes, or -EFAULT.
static ssize_t read_part(struct reading *r, struct unix_message *m, size_t skip)
{
    size_t n = MIN(m->length - m->offset - skip, r->message->uio->resid);
    int error = unix_message_copy(m, m->offset + skip, n, r->message->uio);

    if (error == 0) {
        error = put_control(r, m);
        if (error < 0)
            uio_revert(r->message->uio, n);
    }
    return error < 0 ? error : (ssize_t)n;
}

// As much of the stream as is there, but not past files that came with it.
// -EAGAIN: nothing.
static ssize_t read_stream(struct reading *r)
{
    size_t skip, done = 0;
    struct unix_message *m = first_message(r, &skip);

    if (!m)
        return -EAGAIN;
    do {
        if (!same_writer(r, m)) {
            r->stopped = true;
            break;
        }
        r->stopped = m->rights;
        ssize_t n = read_part(r, m, skip);
        if (n < 0)
            return done ? (ssize_t)done : n;
        move_peek(r, n);
        done += n;
        skip = 0;
        if (!peeks(r))
            consume(r, m, n);
        m = next_message(r->u, peeks(r) ? m : NULL);
    } while (m && !r->stopped && r->message->uio->resid > 0);
    return done;
}

// ---- datagrams and packets ----

// One message. -EAGAIN: there is none.
static ssize_t read_datagram(struct reading *r)
{
    size_t skip;
    struct unix_message *m = first_message(r, &skip);

    if (!m)
        return -EAGAIN;
    size_t length = m->length - skip;
    ssize_t n = read_part(r, m, skip);
    if (n < 0)
        return n;
    move_peek(r, peeks(r) ? (size_t)n : length);
    if ((size_t)n < length)
        r->message->out_flags |= MSG_TRUNC;
    if (!peeks(r))
        take_message(r, m);
    return r->message->flags & MSG_TRUNC ? (ssize_t)length : n;
}

// ---- waiting ----

static ssize_t read_once(struct reading *r)
{
    struct socket *socket = &r->u->socket;
    ssize_t n;

    WITH_MUTEX(&socket->recv_mutex)
        n = unix_is_stream(r->u) ? read_stream(r) : read_datagram(r);
    unix_messages_free(&r->taken);
    unix_rights_free(r->rights);
    r->rights = NULL;
    return n;
}

// The socket's lock is held.
static bool has_more(const struct reading *r)
{
    size_t skip;

    return first_news(r, &skip) != NULL;
}

// Will nothing come any more? Datagrams have no end, says Linux to those who do
// not wait.
static bool at_end(const struct reading *r)
{
    return READ_ONCE(r->u->socket.read_shut) &&
           !(unix_is_datagram(r->u) && r->nonblock);
}

// Nothing was there: 0 at the end, an error, or -EAGAIN: look or wait.
static int end_state(struct reading *r)
{
    struct socket *socket = &r->u->socket;
    int error;

    WITH_LOCK(&socket->lock) {
        if (has_more(r))
            return -EAGAIN;
        if (!socket->error)
            return at_end(r) ? 0 : -EAGAIN;
        error = socket->error;
        socket->error = 0;
    }
    return -error;
}

static bool has_news(const struct reading *r)
{
    struct socket *socket = &r->u->socket;
    bool news;

    WITH_LOCK(&socket->lock)
        news = socket->error || at_end(r) || has_more(r);
    return news;
}

// May this socket receive at all? Errors come before packets, and after bytes.
static int check_receive(struct unix_socket *u, const struct message *message)
{
    bool connected = READ_ONCE(u->socket.state) == SOCKET_CONNECTED;

    if (unix_is_stream(u) && !connected)
        return -EINVAL;
    if (!unix_is_stream(u) && !unix_is_datagram(u) && !connected)
        return -ENOTCONN;
    if (message->flags & MSG_OOB)
        return unix_is_stream(u) ? -EINVAL : -EOPNOTSUPP;
    return unix_is_stream(u) ? 0 : socket_take_error(&u->socket);
}

// How many bytes make a recv return: of packets, those of one.
static size_t enough(const struct unix_socket *u, const struct message *message)
{
    size_t wanted = message->uio->resid;

    if (!unix_is_stream(u))
        return 0;
    return message->flags & MSG_WAITALL
               ? wanted
               : MIN(wanted, (size_t)socket_receive_low(&u->socket));
}

ssize_t unix_receive_op(struct socket *socket, struct message *message)
{
    struct unix_socket *u = unix_of(socket);
    struct reading r = {
        .u = u, .message = message, .nonblock = message->flags & MSG_DONTWAIT};
    nsec_t until = socket_deadline(r.nonblock, socket->options.receive_timeout);
    size_t target = enough(u, message), done = 0;
    int error = check_receive(u, message);

    list_init(&r.taken);
    if (message->address)
        message->address->length = 0;
    while (error == 0) {
        ssize_t n = read_once(&r);
        if (n >= 0) {
            done += n;
            if (done >= target || peeks(&r) || r.stopped)
                return done;
            continue;
        }
        error = n == -EAGAIN ? end_state(&r) : n;
        if (error == 0)
            break;
        if (error == -EAGAIN)
            error = socket_wait(socket, has_news(&r), until);
    }
    return done ? (ssize_t)done : error;
}
