// SPDX-License-Identifier: MIT
//
// AF_UNIX: who is at the other end. SO_PEERCRED and SO_PEERGROUPS tell of the
// time of connect, listen or socketpair; SCM_CREDENTIALS comes with a message
// and tells of its writer. Security labels (SO_PEERSEC) and PID descriptors
// (SO_PEERPIDFD) do not exist here.

#include <abi/errno.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <net/option.h>
#include <proc/task.h>
#include <string.h>

#include "unix.h"

#define NOBODY 65534u  // the user and group of a writer that nobody noted

// ---- SO_PEERCRED, SO_PEERGROUPS ----

static struct unix_credentials *credentials_alloc(unsigned groups)
{
    struct unix_credentials *c =
        kzalloc(sizeof(*c) + groups * sizeof(c->groups[0]));

    if (c) {
        c->refs = 1;
        c->group_count = groups;
    }
    return c;
}

struct unix_credentials *unix_credentials_create(void)
{
    struct process *process = current_process();
    struct unix_credentials *c = NULL;
    unsigned groups = READ_ONCE(process->group_count);

    while (!c) {
        c = credentials_alloc(groups);
        if (!c)
            return NULL;
        WITH_LOCK(&process_tree_lock) {
            c->id =
                (struct abi_ucred){process->pid, process->euid, process->egid};
            groups = process->group_count;
            if (groups && groups == c->group_count)
                memcpy(c->groups, process->groups, groups * sizeof(*c->groups));
        }
        if (groups != c->group_count) {  // another thread was faster
            kfree(c);
            c = NULL;
        }
    }
    return c;
}

struct unix_credentials *unix_credentials_get(struct unix_credentials *c)
{
    if (c)
        __atomic_fetch_add(&c->refs, 1, __ATOMIC_RELAXED);
    return c;
}

void unix_credentials_put(struct unix_credentials *c)
{
    if (c && __atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL) == 0)
        kfree(c);
}

// Those of a socket, with a reference, or NULL.
static struct unix_credentials *credentials_of(struct socket *socket)
{
    struct unix_credentials *c;

    WITH_LOCK(&unix_lock)
        c = unix_credentials_get(unix_of(socket)->credentials);
    return c;
}

static int get_peer(struct socket *socket, void *value, size_t *length)
{
    struct abi_ucred id = {0, UINT32_MAX, UINT32_MAX};
    struct unix_credentials *c =
        socket->family == AF_UNIX ? credentials_of(socket) : NULL;

    if (c)
        id = c->id;
    unix_credentials_put(c);
    memcpy(value, &id, sizeof(id));
    *length = sizeof(id);
    return 0;
}
SOCKET_OPTION(peercred) = {.level = SOL_SOCKET,
                           .name = SO_PEERCRED,
                           .max_size = sizeof(struct abi_ucred),
                           .get_bytes = get_peer};

// Too little room is ERANGE, and the length that is needed.
static int put_groups(const struct unix_credentials *c, uaddr value,
                      uaddr length)
{
    int32_t room, needed = (int32_t)(c->group_count * sizeof(c->groups[0]));
    int error = GET_USER(&room, length);

    if (error == 0)
        error = PUT_USER(length, needed);
    if (error < 0)
        return error;
    return room < needed ? -ERANGE : copy_to_user(value, c->groups, needed);
}

static int get_peer_groups(struct socket *socket, uaddr value, uaddr length)
{
    struct unix_credentials *c = credentials_of(socket);
    int error = c ? put_groups(c, value, length) : -ENODATA;

    unix_credentials_put(c);
    return error;
}
SOCKET_OPTION(peer_groups) = {.level = SOL_SOCKET,
                              .name = SO_PEERGROUPS,
                              .family = AF_UNIX,
                              .get_user = get_peer_groups};

// ---- SO_PASSCRED, SCM_CREDENTIALS ----

static int get_pass(struct socket *socket, union option_value *value)
{
    value->integer = READ_ONCE(unix_of(socket)->pass_credentials);
    return 0;
}

static int set_pass(struct socket *socket, const union option_value *value)
{
    WRITE_ONCE(unix_of(socket)->pass_credentials, value->integer != 0);
    return 0;
}
INTEGER_OPTION(passcred, SOL_SOCKET, SO_PASSCRED, AF_UNIX, 0, get_pass,
               set_pass);

// Is the number one of a process's own, or is that root?
static bool may_claim(uint32_t id, uint32_t real, uint32_t effective,
                      uint32_t saved)
{
    return id == real || id == effective || id == saved ||
           current_process()->euid == 0;
}

int unix_credentials_check(const struct control_item *item,
                           struct abi_ucred *id)
{
    struct process *p = current_process(), *named;

    if (item->length != sizeof(*id))
        return -EINVAL;
    memcpy(id, item->data, sizeof(*id));
    if (id->uid == UINT32_MAX || id->gid == UINT32_MAX)
        return -EINVAL;
    if (!may_claim(id->uid, p->uid, p->euid, p->suid) ||
        !may_claim(id->gid, p->gid, p->egid, p->sgid) ||
        (id->pid != p->pid && p->euid != 0))
        return -EPERM;
    if (id->pid == p->pid)
        return 0;
    named = process_find(id->pid);
    if (!named)
        return -ESRCH;
    process_put(named);
    return 0;
}

void unix_writer_note(struct abi_ucred *writer)
{
    const struct process *p = current_process();

    if (writer->pid == 0)
        *writer =
            (struct abi_ucred){p->pid, READ_ONCE(p->uid), READ_ONCE(p->gid)};
}

int unix_writer_put(struct message *message, struct abi_ucred id)
{
    if (id.pid == 0)
        id.uid = id.gid = NOBODY;
    return control_put(message, SOL_SOCKET, SCM_CREDENTIALS, &id, sizeof(id));
}
