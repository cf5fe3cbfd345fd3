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
// unix_rights_mutex makes that safe: while it is held, no file enters or leaves
// a queue. A message that is being sent is in no queue yet and counts as one
// that can be received; so does one that was just taken out.

#include <lib/log.h>

#include "unix.h"

#define FIRST_LIMIT 64  // sockets in flight before a sender collects

static struct list_node flying = LIST_INIT(flying);    // (r) by flight_node
static unsigned flying_count;                          // (r) its length
static unsigned flying_limit = FIRST_LIMIT;            // (r) collect beyond
static struct list_node revived = LIST_INIT(revived);  // (r) by flight_node

void unix_flight_begin(struct unix_socket *u, struct file *file)
{
    assert_debug(mutex_held(&unix_rights_mutex));
    if (u->in_flight++ > 0)
        return;
    u->file = file;
    list_push_back(&flying, &u->flight_node);
    flying_count++;
}

void unix_flight_end(struct unix_socket *u)
{
    assert_debug(mutex_held(&unix_rights_mutex));
    if (--u->in_flight > 0)
        return;
    list_remove(&u->flight_node);
    flying_count--;
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

void unix_collect(bool only_if_many)
{
    struct list_node garbage = LIST_INIT(garbage);
    struct unix_socket *u;

    if (READ_ONCE(flying_count) == 0 || unix_closer_collects())
        return;
    WITH_MUTEX(&unix_rights_mutex) {
        if (only_if_many && flying_count <= flying_limit)
            return;
        find_doomed();
        unsigned alive = 0;
        list_for_each(u, &flying, flight_node) {
            if (u->doomed)
                empty(u, &garbage);
            else
                alive++;
        }
        flying_limit = MAX(2 * alive, (unsigned)FIRST_LIMIT);
    }
    unix_messages_free(&garbage);
}
