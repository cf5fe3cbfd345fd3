// SPDX-License-Identifier: MIT
//
// AF_UNIX: the collector. A socket whose file is in a message that waits at
// another socket lives on after its last descriptor is closed, since that
// message may be received. But if it waits at a socket that is itself only in
// such a message, and so round in a circle, nobody can ever receive it.
//
// The sockets in flight are few, so they are looked at by trial. A candidate is
// one all of whose file's references are in messages. For each, the messages
// that wait at candidates are counted; if those are not all, some message that
// can be received brings it back to life, and with it whatever waits there.
// From the rest everything that waits is thrown away, which drops the
// references that kept them.
//
// That is done when a socket was closed, but only so often that a close costs
// CLOSE_COST looks on average, however much is in flight; and before more is
// sent, once it is twice what was left the last time.
//
// unix_rights_mutex makes that safe: while it is held, no file enters or leaves
// a queue. A message that is being sent is in no queue yet and counts as one
// that can be received; so does one that was just taken out.

#include <lib/log.h>

#include "unix.h"

#define CLOSE_COST  64  // references looked at for a close, on average
#define FIRST_LIMIT 64  // references in flight before a sender collects

static struct list_node flying = LIST_INIT(flying);    // (r) by flight_node
static struct list_node revived = LIST_INIT(revived);  // (r) by flight_node
static unsigned flying_count;  // (r) references in messages, to all of them
static unsigned flying_limit = FIRST_LIMIT;  // (r) a sender collects beyond
static unsigned closed_count;                // (a) closed since the last look

void unix_flight_begin(struct unix_socket *u, struct file *file)
{
    assert_debug(mutex_held(&unix_rights_mutex));
    flying_count++;
    if (u->in_flight++ > 0)
        return;
    u->file = file;
    list_push_back(&flying, &u->flight_node);
}

void unix_flight_end(struct unix_socket *u)
{
    assert_debug(mutex_held(&unix_rights_mutex));
    flying_count--;
    if (--u->in_flight == 0)
        list_remove(&u->flight_node);
}

static void visit_queue(struct unix_socket *u,
                        void (*visit)(struct unix_socket *))
{
    struct unix_message *m;

    list_for_each(m, &u->socket.receive_queue, node)
        unix_rights_each_socket(m, visit);
}

// All sockets that wait at u; if it listens, at the connections to be accepted.
static void visit_waiting(struct unix_socket *u,
                          void (*visit)(struct unix_socket *))
{
    struct unix_socket *connection;

    WITH_LOCK(&unix_lock) {
        WITH_LOCK(&u->socket.lock)
            visit_queue(u, visit);
        list_for_each(connection, &u->pending, pending_node) {
            WITH_LOCK(&connection->socket.lock)
                visit_queue(connection, visit);
        }
    }
}

static void count_inside(struct unix_socket *u)
{
    u->inside += u->doomed;
}

static void revive(struct unix_socket *u)
{
    if (!u->doomed)
        return;
    u->doomed = false;
    list_remove(&u->flight_node);
    list_push_back(&revived, &u->flight_node);
}

// Leave those doomed that no message which can be received leads to.
static void find_doomed(void)
{
    struct list_node done = LIST_INIT(done);
    struct unix_socket *u, *next;

    list_for_each(u, &flying, flight_node) {
        u->inside = 0;
        u->doomed = READ_ONCE(u->file->refs) == u->in_flight;
    }
    list_for_each(u, &flying, flight_node) {
        if (u->doomed)
            visit_waiting(u, count_inside);
    }
    list_for_each_safe(u, next, &flying, flight_node) {
        if (u->inside < u->in_flight)
            revive(u);
    }
    while ((u = list_pop_front(&revived, struct unix_socket, flight_node))) {
        list_push_back(&done, &u->flight_node);
        visit_waiting(u, revive);
    }
    list_splice_back(&flying, &done);
}

// Take away what waits at a socket, and at the connections to it.
static void empty(struct unix_socket *u, struct list_node *messages)
{
    struct unix_socket *connection;

    unix_queue_take(u, messages);
    WITH_LOCK(&unix_lock) {
        list_for_each(connection, &u->pending, pending_node)
            unix_queue_take(connection, messages);
    }
}

// Throw away what nobody can receive.
static void collect(struct list_node *garbage)
{
    struct unix_socket *u;
    unsigned alive = 0;

    find_doomed();
    list_for_each(u, &flying, flight_node) {
        if (u->doomed)
            empty(u, garbage);
        else
            alive += u->in_flight;
    }
    flying_limit = MAX(2 * alive, (unsigned)FIRST_LIMIT);
    WRITE_ONCE(closed_count, 0);
}

static bool many_closed(void)
{
    return (uint64_t)READ_ONCE(closed_count) * CLOSE_COST >=
           READ_ONCE(flying_count);
}

static bool many_flying(void)
{
    return READ_ONCE(flying_count) > READ_ONCE(flying_limit);
}

static void collect_if(bool (*due)(void))
{
    struct list_node garbage = LIST_INIT(garbage);

    if (!due())
        return;
    WITH_MUTEX(&unix_rights_mutex) {
        if (due())
            collect(&garbage);
    }
    unix_messages_free(&garbage);
}

void unix_collect_after_close(void)
{
    if (READ_ONCE(flying_count) == 0)
        return;
    __atomic_fetch_add(&closed_count, 1, __ATOMIC_RELAXED);
    if (!unix_closer_collects())
        collect_if(many_closed);
}

void unix_collect_before_send(void)
{
    collect_if(many_flying);
}
