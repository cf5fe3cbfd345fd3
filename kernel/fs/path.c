// SPDX-License-Identifier: MIT
//
// Walking along a path, component by component, as path_resolution(7) says. A
// symbolic link is followed by putting its target in front of the names that
// are still to go, so a walk needs no recursion.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <string.h>

int path_from_user(uaddr path, bool empty, char **copy)
{
    // Nearly all paths fit into a small block, which costs less than a page.
    static const size_t sizes[] = {128, PATH_MAX};
    ssize_t length = 0;

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        char *buf = kmalloc(sizes[i]);
        if (!buf)
            return -ENOMEM;
        length = copy_string_from_user(buf, path, sizes[i]);
        if (length > 0 || (length == 0 && empty)) {
            *copy = buf;
            return 0;
        }
        kfree(buf);
        if (length != -ENAMETOOLONG)
            break;
    }
    return length ? (int)length : -ENOENT;
}

// Move on to another dentry; takes its reference.
static void move_to(struct walk *walk, struct dentry *dentry)
{
    dentry_put(walk->at);
    walk->at = dentry;
}

int walk_start(struct walk *walk, long dirfd, const char *path)
{
    *walk = (struct walk){.rest = path};
    if (*path == '/') {
        walk->at = fs_root();
    } else if ((int)dirfd == AT_FDCWD) {
        walk->at = fs_cwd();
    } else {
        struct file *file = fd_get_path(dirfd);
        if (!file)
            return -EBADF;
        walk->at = file->dentry;
        if (walk->at)
            dentry_get(walk->at);
        file_put(file);
    }
    return walk->at ? 0 : -ENOTDIR;
}

void walk_end(struct walk *walk)
{
    if (walk->at)
        dentry_put(walk->at);
    kfree(walk->owned);
}

int dentry_lookup(struct dentry *dir, const char *name, size_t length,
                  bool create, struct dentry **found)
{
    const struct inode_ops *ops = dir->inode->ops;
    struct dentry *dentry = dentry_find(dir, name, length);
    int error = 0;

    if (!dentry && (ops->lookup || create)) {
        dentry = dentry_create(dir->super, dir, name, length);
        if (!dentry)
            return -ENOMEM;
        if (ops->lookup)
            error = ops->lookup(dir->inode, dentry);
        if (error || !(dentry->inode || create)) {
            dentry_put(dentry);
            dentry = NULL;
        }
    }
    *found = dentry;
    return error ? error : dentry ? 0 : -ENOENT;
}

// The child of a directory, with a reference, through what is mounted on it.
static int find_child(struct dentry *dir, const char *name, size_t length,
                      struct dentry **child)
{
    *child = dentry_find(dir, name, length);
    if (!*child) {
        if (!dir->inode->ops->lookup)
            return -ENOENT;
        mutex_lock(&dir->super->names_lock);
        int error = dentry_lookup(dir, name, length, false, child);
        mutex_unlock(&dir->super->names_lock);
        if (error)
            return error;
    }
    *child = dentry_mounted(*child);
    return 0;
}

// Note the next component in walk->last; rest stands behind it afterwards.
static void next_component(struct walk *walk)
{
    const char *name = walk->rest + strspn(walk->rest, "/");
    size_t length = strcspn(name, "/");

    walk->last = name;
    walk->last_length = length;
    walk->rest = name + length;
    walk->trailing_slash = *walk->rest == '/';
    if (length == 0)
        walk->kind = LAST_NONE;
    else if (length == 1 && name[0] == '.')
        walk->kind = LAST_DOT;
    else if (length == 2 && name[0] == '.' && name[1] == '.')
        walk->kind = LAST_DOT_DOT;
    else
        walk->kind = LAST_NAME;
}

static void walk_up(struct walk *walk)
{
    struct dentry *root = fs_root();

    move_to(walk, dentry_parent(walk->at, root));
    dentry_put(root);
}

// Take one component in the middle of a path.
static int walk_into(struct walk *walk)
{
    struct dentry *child;

    if (walk->kind == LAST_DOT)
        return 0;
    if (walk->kind == LAST_DOT_DOT) {
        walk_up(walk);
        return 0;
    }
    int error = find_child(walk->at, walk->last, walk->last_length, &child);
    if (error)
        return error;
    if (S_ISLNK(child->inode->mode))
        return walk_follow(walk, child);
    move_to(walk, child);
    return 0;
}

int walk_to_parent(struct walk *walk)
{
    for (;;) {
        next_component(walk);
        if (walk->kind == LAST_NONE)
            return 0;
        if (!S_ISDIR(walk->at->inode->mode))
            return -ENOTDIR;
        int error = inode_permission(walk->at->inode, 1);
        if (error)
            return error;
        if (walk->last_length > NAME_MAX)
            return -ENAMETOOLONG;
        if (walk->rest[strspn(walk->rest, "/")] == '\0')
            return 0;
        error = walk_into(walk);
        if (error)
            return error;
    }
}

// Put the link's text in front of the rest.
static int follow_text(struct walk *walk, struct inode *inode)
{
    char *target;
    int error = inode->ops->readlink(inode, &target);

    if (error)
        return error;
    size_t length = strlen(target), rest = strlen(walk->rest);
    char *joined = length ? kmalloc(length + rest + 1) : NULL;
    if (joined) {
        memcpy(joined, target, length);
        memcpy(joined + length, walk->rest, rest + 1);
        kfree(walk->owned);
        walk->owned = joined;
        walk->rest = joined;
        if (*joined == '/')
            move_to(walk, fs_root());
    }
    kfree(target);
    return joined ? 0 : length ? -ENOMEM : -ENOENT;
}

int walk_follow(struct walk *walk, struct dentry *link)
{
    struct inode *inode = link->inode;
    struct dentry *target;
    int error;

    if (++walk->links > SYMLINK_DEPTH_MAX) {
        error = -ELOOP;
    } else if (inode->ops->follow) {
        error = inode->ops->follow(inode, &target);
        if (!error)
            move_to(walk, target);
    } else {
        error = follow_text(walk, inode);
    }
    dentry_put(link);
    return error;
}

// Take the last component; links only if flags and slashes say so.
static int walk_to_end(struct walk *walk, unsigned flags)
{
    for (;;) {
        struct dentry *child;
        int error = walk_to_parent(walk);
        if (error)
            return error;
        bool slash = walk->trailing_slash;
        if (walk->kind == LAST_DOT_DOT)
            walk_up(walk);
        if (walk->kind == LAST_NAME) {
            error = find_child(walk->at, walk->last, walk->last_length, &child);
            if (error)
                return error;
            if (S_ISLNK(child->inode->mode) &&
                (slash || !(flags & LOOKUP_NO_FOLLOW))) {
                error = walk_follow(walk, child);
                if (error)
                    return error;
                continue;
            }
            move_to(walk, child);
        }
        if ((slash || (flags & LOOKUP_DIRECTORY)) &&
            !S_ISDIR(walk->at->inode->mode))
            return -ENOTDIR;
        return 0;
    }
}

int path_lookup(long dirfd, const char *path, unsigned flags,
                struct dentry **dentry)
{
    struct walk walk;
    int error;

    if (!*path && !(flags & LOOKUP_EMPTY))
        return -ENOENT;
    error = walk_start(&walk, dirfd, path);
    if (!error && *path)
        error = walk_to_end(&walk, flags);
    if (!error) {
        *dentry = walk.at;
        walk.at = NULL;
    }
    walk_end(&walk);
    return error;
}

int path_lookup_user(long dirfd, uaddr path, unsigned flags,
                     struct dentry **dentry)
{
    char *copy;
    int error = path_from_user(path, flags & LOOKUP_EMPTY, &copy);

    if (error)
        return error;
    error = path_lookup(dirfd, copy, flags, dentry);
    kfree(copy);
    return error;
}
