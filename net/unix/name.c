// SPDX-License-Identifier: MIT
//
// AF_UNIX: names. A path name is a socket inode in the file system, by which
// the socket is found however the path is spelt, renamed or linked; the file
// system knows nothing of it. An abstract name begins with a NUL and exists
// here alone, apart for each type of socket. Both go when the socket closes,
// but for the inode, which nobody answers for then.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <fs/vfs.h>
#include <lib/random.h>
#include <mm/kmalloc.h>
#include <stdio.h>
#include <string.h>

#include "unix.h"

#define PATH_AT  offsetof(struct abi_sockaddr_un, path)
#define PATH_LEN sizeof(((struct abi_sockaddr_un *)0)->path)

#define BUCKETS 512
static struct list_node table[BUCKETS];  // (u) sockets by named_node

static bool is_abstract(const struct socket_address *address)
{
    return address->data[PATH_AT] == '\0';
}

// ---- the table ----

static struct list_node *bucket_of(uint64_t hash)
{
    struct list_node *bucket = &table[(hash ^ hash >> 32) % BUCKETS];

    if (!bucket->next)
        list_init(bucket);
    return bucket;
}

static struct list_node *inode_bucket(const struct inode *inode)
{
    return bucket_of((uint64_t)inode >> 4);
}

// FNV-1a over the name and the type.
static struct list_node *abstract_bucket(const struct socket_address *address,
                                         int type)
{
    uint64_t hash = 0xcbf29ce484222325 ^ (uint64_t)type;

    for (uint32_t i = PATH_AT; i < address->length; i++)
        hash = (hash ^ address->data[i]) * 0x100000001b3;
    return bucket_of(hash);
}

// unix_lock held, and in the next one.
static struct unix_socket *find_inode(const struct inode *inode)
{
    struct unix_socket *u;

    list_for_each(u, inode_bucket(inode), named_node) {
        if (u->name->dentry && u->name->dentry->inode == inode)
            return u;
    }
    return NULL;
}

static struct unix_socket *find_abstract(const struct socket_address *address,
                                         int type)
{
    struct unix_socket *u;

    list_for_each(u, abstract_bucket(address, type), named_node) {
        const struct socket_address *name = &u->name->address;

        if (!u->name->dentry && u->socket.type == type &&
            name->length == address->length &&
            memcmp(name->data, address->data, name->length) == 0)
            return u;
    }
    return NULL;
}

// ---- names as objects ----

static struct unix_name *name_create(const struct socket_address *address)
{
    struct unix_name *name = kzalloc(sizeof(*name));

    if (name) {
        name->refs = 1;
        name->address = *address;
    }
    return name;
}

struct unix_name *unix_name_get(struct unix_name *name)
{
    if (name)
        __atomic_fetch_add(&name->refs, 1, __ATOMIC_RELAXED);
    return name;
}

void unix_name_put(struct unix_name *name)
{
    if (!name || __atomic_sub_fetch(&name->refs, 1, __ATOMIC_ACQ_REL))
        return;
    if (name->dentry)
        dentry_put(name->dentry);
    kfree(name);
}

void unix_name_to_address(struct unix_socket *u, struct socket_address *address)
{
    WITH_LOCK(&u->socket.lock) {
        if (u->name) {
            *address = u->name->address;
        } else {
            memset(address, 0, sizeof(*address));
            address->family = AF_UNIX;
            address->length = PATH_AT;
        }
    }
}

// ---- addresses ----

int unix_address_check(const struct socket_address *address)
{
    if (address->length <= PATH_AT ||
        address->length > sizeof(struct abi_sockaddr_un) ||
        address->family != AF_UNIX)
        return -EINVAL;
    return 0;
}

// The path, which the address may end without a NUL, with one.
static void path_of(const struct socket_address *address,
                    char path[PATH_LEN + 1])
{
    size_t n = strnlen((const char *)address->data + PATH_AT,
                       address->length - PATH_AT);

    memcpy(path, address->data + PATH_AT, n);
    path[n] = '\0';
}

// ---- bind ----

// The socket has its name from now on. unix_lock held.
static void take_name(struct unix_socket *u, struct unix_name *name,
                      struct list_node *bucket)
{
    WITH_LOCK(&u->socket.lock)
        u->name = name;
    list_push_front(bucket, &u->named_node);
}

// A path for a socket that has a name already: nothing is made.
static int refuse_path(const char *path)
{
    struct dentry *dentry;
    int error = path_lookup(AT_FDCWD, path, LOOKUP_NO_FOLLOW, &dentry);

    if (error == 0) {
        dentry_put(dentry);
        return -EADDRINUSE;
    }
    return error == -ENOENT ? -EINVAL : error;
}

// name_mutex held, and in the next two.
static int bind_path(struct unix_socket *u,
                     const struct socket_address *address)
{
    char path[PATH_LEN + 1];
    struct unix_name *name;

    path_of(address, path);
    if (u->name)
        return refuse_path(path);
    name = name_create(address);
    if (!name)
        return -ENOMEM;
    name->address.length = PATH_AT + strlen(path) + 1;
    int error =
        vfs_create(AT_FDCWD, path, S_IFSOCK | 0777, 0, NULL, &name->dentry);
    if (error < 0) {
        kfree(name);
        return error == -EEXIST ? -EADDRINUSE : error;
    }
    WITH_LOCK(&unix_lock)
        take_name(u, name, inode_bucket(name->dentry->inode));
    return 0;
}

static int bind_abstract(struct unix_socket *u,
                         const struct socket_address *address)
{
    struct unix_name *name = name_create(address);
    int error = u->name ? -EINVAL : 0;

    if (!name)
        return -ENOMEM;
    WITH_LOCK(&unix_lock) {
        if (error == 0 && find_abstract(address, u->socket.type))
            error = -EADDRINUSE;
        if (error == 0)
            take_name(u, name, abstract_bucket(address, u->socket.type));
    }
    if (error < 0)
        kfree(name);
    return error;
}

// Names of the kernel's choice are five hexadecimal digits.
#define AUTO_NAMES (1u << 20)

static int choose_name(struct unix_socket *u)
{
    struct socket_address address = {.family = AF_UNIX};
    unsigned start = random_below(AUTO_NAMES);

    for (unsigned i = 0; i < AUTO_NAMES; i++) {
        char digits[6];

        snprintf(digits, sizeof(digits), "%05x", (start + i) % AUTO_NAMES);
        memcpy(address.data + PATH_AT + 1, digits, 5);
        address.length = PATH_AT + 1 + 5;
        int error = bind_abstract(u, &address);
        if (error != -EADDRINUSE)
            return error;
        cond_resched();
    }
    return -ENOSPC;
}

int unix_autobind(struct unix_socket *u)
{
    int error = 0;

    WITH_MUTEX(&u->name_mutex) {
        if (!u->name)
            error = choose_name(u);
    }
    return error;
}

int unix_autobind_for_credentials(struct unix_socket *u)
{
    return READ_ONCE(u->pass_credentials) ? unix_autobind(u) : 0;
}

int unix_bind_op(struct socket *socket, const struct socket_address *address)
{
    struct unix_socket *u = unix_of(socket);

    if (address->length == PATH_AT && address->family == AF_UNIX)
        return unix_autobind(u);
    int error = unix_address_check(address);
    if (error < 0)
        return error;
    WITH_MUTEX(&u->name_mutex)
        error = is_abstract(address) ? bind_abstract(u, address)
                                     : bind_path(u, address);
    return error;
}

// ---- finding ----

static int find_by_inode(struct inode *inode, int type,
                         struct unix_socket **found)
{
    int error = inode_permission(inode, 2);

    if (error < 0)
        return error;
    if (!S_ISSOCK(inode->mode))
        return -ECONNREFUSED;
    WITH_LOCK(&unix_lock) {
        *found = find_inode(inode);
        if (!*found)
            return -ECONNREFUSED;
        if ((*found)->socket.type != type)
            return -EPROTOTYPE;
        socket_get(&(*found)->socket);
    }
    return 0;
}

static int find_by_path(const struct socket_address *address, int type,
                        struct unix_socket **found)
{
    char path[PATH_LEN + 1];
    struct dentry *dentry;

    path_of(address, path);
    int error = path_lookup(AT_FDCWD, path, 0, &dentry);
    if (error < 0)
        return error;
    error = find_by_inode(dentry->inode, type, found);
    dentry_put(dentry);
    return error;
}

int unix_find(const struct socket_address *address, int type,
              struct unix_socket **found)
{
    if (!is_abstract(address))
        return find_by_path(address, type, found);
    WITH_LOCK(&unix_lock) {
        *found = find_abstract(address, type);
        if (*found)
            socket_get(&(*found)->socket);
    }
    return *found ? 0 : -ECONNREFUSED;
}
