// SPDX-License-Identifier: MIT
//
// The tree of names. A dentry with an inode keeps it for life: deleting a name
// takes the dentry out of the tree, and its last user frees both.

#include <abi/errno.h>
#include <fs/vfs.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <string.h>

#define BUCKETS 4096

struct spinlock vfs_lock = SPINLOCK_INIT(RANK_VFS);
static struct list_node buckets[BUCKETS];
static uint64_t next_cookie = 2;  // (vfs_lock) 0 and 1 are . and ..

void dentry_init(void)
{
    for (unsigned i = 0; i < BUCKETS; i++)
        list_init(&buckets[i]);
}

// FNV-1a over the parent's address and the name.
static struct list_node *bucket(const struct dentry *parent, const char *name,
                                size_t length)
{
    uint64_t hash = 0xcbf29ce484222325 ^ ((uint64_t)parent >> 4);

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)name[i]) * 0x100000001b3;
    return &buckets[(hash ^ hash >> 32) % BUCKETS];
}

struct dentry *dentry_create(struct super_block *super, struct dentry *parent,
                             const char *name, size_t length)
{
    struct dentry *dentry = kzalloc(sizeof(*dentry));
    char *copy = kmalloc(length + 1);

    if (!dentry || !copy) {
        kfree(dentry);
        kfree(copy);
        return NULL;
    }
    memcpy(copy, name, length);
    copy[length] = '\0';
    dentry->name = copy;
    dentry->refs = 1;
    dentry->super = super;
    dentry->parent = parent ? parent : dentry;
    if (parent)
        dentry_get(parent);
    list_init(&dentry->hash_node);
    list_init(&dentry->children);
    list_init(&dentry->sibling);
    return dentry;
}

void dentry_get(struct dentry *dentry)
{
    __atomic_fetch_add(&dentry->refs, 1, __ATOMIC_RELAXED);
}

// Drop a reference unless it is the last one, which must go under vfs_lock so
// that dentry_find does not meet a dying name.
static bool put_unless_last(struct dentry *dentry)
{
    uint32_t refs = __atomic_load_n(&dentry->refs, __ATOMIC_RELAXED);

    while (refs > 1)
        if (__atomic_compare_exchange_n(&dentry->refs, &refs, refs - 1, true,
                                        __ATOMIC_RELEASE, __ATOMIC_RELAXED))
            return true;
    return false;
}

static bool put_last(struct dentry *dentry)
{
    WITH_LOCK(&vfs_lock) {
        if (__atomic_sub_fetch(&dentry->refs, 1, __ATOMIC_ACQ_REL))
            return false;
        list_remove(&dentry->hash_node);
        list_remove(&dentry->sibling);
    }
    return true;
}

// Freeing a name lets go of its directory, and so on upwards.
void dentry_put(struct dentry *dentry)
{
    while (!put_unless_last(dentry) && put_last(dentry)) {
        struct dentry *parent = dentry->parent;
        if (dentry->inode)
            inode_put(dentry->inode);
        kfree(dentry->name);
        bool root = parent == dentry;
        kfree(dentry);
        if (root)
            break;
        dentry = parent;
    }
}

// Enter a name in its directory; vfs_lock is held.
static void link_name(struct dentry *dentry)
{
    dentry->cookie = next_cookie++;
    list_push_back(&dentry->parent->children, &dentry->sibling);
    list_push_front(bucket(dentry->parent, dentry->name, strlen(dentry->name)),
                    &dentry->hash_node);
}

void dentry_attach(struct dentry *dentry, struct inode *inode)
{
    assert_debug(!dentry->inode);
    WITH_LOCK(&vfs_lock) {
        dentry->inode = inode;
        if (dentry->parent != dentry && !dentry->super->volatile_names)
            link_name(dentry);
    }
}

void dentry_pin(struct dentry *dentry)
{
    dentry->pinned = true;
    dentry_get(dentry);
}

void dentry_delete(struct dentry *dentry)
{
    bool pinned = false;

    WITH_LOCK(&vfs_lock) {
        list_remove(&dentry->hash_node);
        list_remove(&dentry->sibling);
        dentry->deleted = true;
        pinned = dentry->pinned;
        dentry->pinned = false;
    }
    if (pinned)
        dentry_put(dentry);
}

static void swap_names(struct dentry *a, struct dentry *b)
{
    struct dentry *parent = a->parent;
    char *name = a->name;

    a->parent = b->parent;
    a->name = b->name;
    b->parent = parent;
    b->name = name;
}

void dentry_move(struct dentry *from, struct dentry *to, bool exchange)
{
    // Each takes the other's place, and with it the reference on the parent.
    WITH_LOCK(&vfs_lock) {
        list_remove(&from->hash_node);
        list_remove(&from->sibling);
        list_remove(&to->hash_node);
        list_remove(&to->sibling);
        swap_names(from, to);
        link_name(from);
        if (exchange)
            link_name(to);
    }
    if (!exchange)
        dentry_delete(to);
}

struct dentry *dentry_find(struct dentry *parent, const char *name,
                           size_t length)
{
    struct list_node *head = bucket(parent, name, length);
    struct dentry *dentry;

    WITH_LOCK(&vfs_lock) {
        list_for_each(dentry, head, hash_node) {
            if (dentry->parent != parent ||
                strncmp(dentry->name, name, length) || dentry->name[length])
                continue;
            dentry_get(dentry);
            return dentry;
        }
    }
    return NULL;
}

struct dentry *dentry_mounted(struct dentry *dentry)
{
    // Mounting is rare and a walk is not: look before locking.
    while (READ_ONCE(dentry->mounted)) {
        struct dentry *root = NULL;
        WITH_LOCK(&vfs_lock) {
            if (dentry->mounted) {
                root = dentry->mounted->root;
                dentry_get(root);
            }
        }
        if (!root)
            break;
        dentry_put(dentry);
        dentry = root;
    }
    return dentry;
}

// One step up, from a mounted root to what it covers; NULL at the very top.
// vfs_lock is held.
static struct dentry *step_up(struct dentry *dentry)
{
    while (dentry->parent == dentry) {
        dentry = dentry->super->covers;
        if (!dentry)
            return NULL;
    }
    return dentry->parent;
}

// The name that leads from the parent to dentry; vfs_lock is held.
static const char *name_above(struct dentry *dentry)
{
    while (dentry->parent == dentry && dentry->super->covers)
        dentry = dentry->super->covers;
    return dentry->name;
}

struct dentry *dentry_parent(struct dentry *dentry, struct dentry *root)
{
    WITH_LOCK(&vfs_lock) {
        struct dentry *parent = dentry == root ? NULL : step_up(dentry);
        dentry = parent ? parent : dentry;
        dentry_get(dentry);
    }
    return dentry_mounted(dentry);
}

bool dentry_is_below(struct dentry *dentry, struct dentry *ancestor)
{
    WITH_LOCK(&vfs_lock) {
        for (; dentry; dentry = step_up(dentry))
            if (dentry == ancestor)
                return true;
    }
    return false;
}

bool dentry_has_children(struct dentry *dentry)
{
    WITH_LOCK(&vfs_lock)
        return !list_empty(&dentry->children);
    return false;
}

// Put text in front of what stands at *start. false: no room.
static bool prepend(char *buf, size_t *start, const char *text, size_t length)
{
    if (*start < length)
        return false;
    *start -= length;
    memcpy(buf + *start, text, length);
    return true;
}

// Build the path from its end; vfs_lock is held.
static bool prepend_path(struct dentry *dentry, struct dentry *root, char *buf,
                         size_t *start)
{
    size_t end = *start;

    while (dentry != root) {
        struct dentry *parent = step_up(dentry);
        const char *name = name_above(dentry);
        if (!parent)  // beyond a chroot, or a pipe's own name
            return name[0] == '/' || prepend(buf, start, name, strlen(name));
        if (!prepend(buf, start, name, strlen(name)) ||
            !prepend(buf, start, "/", 1))
            return false;
        dentry = parent;
    }
    return *start < end || prepend(buf, start, "/", 1);
}

ssize_t dentry_path(struct dentry *dentry, char *buf, size_t n, bool mark)
{
    static const char deleted[] = " (deleted)";
    struct dentry *root = fs_root();
    size_t start = n - 1;
    bool fits = n > 0, gone = false;

    WITH_LOCK(&vfs_lock) {
        gone = dentry->deleted;
        if (fits && gone)
            fits = prepend(buf, &start, deleted, sizeof(deleted) - 1);
        fits = fits && prepend_path(dentry, root, buf, &start);
    }
    dentry_put(root);
    if (gone && !mark)
        return -ENOENT;
    if (!fits)
        return -ENAMETOOLONG;
    size_t length = n - 1 - start;
    memmove(buf, buf + start, length);
    buf[length] = '\0';
    return (ssize_t)length;
}
