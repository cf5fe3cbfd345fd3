// SPDX-License-Identifier: MIT
//
// renameat2(2), without the user's memory. Both names lie on one file system,
// whose names are locked over all of it.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <fs/vfs.h>

struct renaming {
    struct walk *from, *to;
    struct dentry *old, *new;  // what they name; new may lack an inode
    bool exchange, no_replace;
};

static int check_slash(const struct walk *walk, const struct dentry *dentry)
{
    bool directory = dentry->inode && S_ISDIR(dentry->inode->mode);

    return walk->trailing_slash && !directory ? -ENOTDIR : 0;
}

// Do the names allow it: loops, types, slashes.
static int check_names(const struct renaming *r)
{
    bool directory = S_ISDIR(r->old->inode->mode);

    if (r->new->inode && r->no_replace)
        return -EEXIST;
    if (!r->new->inode && r->exchange)
        return -ENOENT;
    if (check_slash(r->from, r->old))
        return -ENOTDIR;
    if (check_slash(r->to, r->exchange ? r->new : r->old))
        return -ENOTDIR;
    if (dentry_is_below(r->to->at, r->old))
        return -EINVAL;
    if (dentry_is_below(r->from->at, r->new))
        return r->exchange ? -EINVAL : -ENOTEMPTY;
    if (!r->new->inode || r->exchange)
        return 0;
    if (directory && !S_ISDIR(r->new->inode->mode))
        return -ENOTDIR;
    if (!directory && S_ISDIR(r->new->inode->mode))
        return -EISDIR;
    return directory && dentry_has_children(r->new) ? -ENOTEMPTY : 0;
}

static int check_permissions(const struct renaming *r)
{
    int error = names_may_remove(r->from->at, r->old);

    if (!error && r->new->inode)
        error = names_may_remove(r->to->at, r->new);
    else if (!error)
        error = names_may_change(r->to->at);
    // The .. of a directory that moves is written to.
    if (!error && r->from->at != r->to->at && S_ISDIR(r->old->inode->mode))
        error = inode_permission(r->old->inode, 2);
    return error;
}

static int rename_found(struct renaming *r)
{
    struct inode *from_dir = r->from->at->inode, *to_dir = r->to->at->inode;
    int error = check_names(r);

    if (error || r->old->inode == r->new->inode)
        return error;  // two names of one file: nothing is done
    error = check_permissions(r);
    if (!error && !from_dir->ops->rename)
        error = -EPERM;
    if (!error)
        error = from_dir->ops->rename(from_dir, r->old, to_dir, r->new,
                                      r->exchange);
    if (error)
        return error;
    dentry_move(r->old, r->new, r->exchange);
    inode_changed(from_dir, true);
    inode_changed(to_dir, true);
    inode_changed(r->old->inode, false);
    if (r->new->inode)
        inode_changed(r->new->inode, false);
    return 0;
}

static int rename_last(struct walk *from, struct walk *to, unsigned flags)
{
    struct renaming r = {
        .from = from,
        .to = to,
        .exchange = flags & RENAME_EXCHANGE,
        .no_replace = flags & RENAME_NOREPLACE,
    };
    int error =
        dentry_lookup(from->at, from->last, from->last_length, false, &r.old);

    if (error)
        return error;
    error = dentry_lookup(to->at, to->last, to->last_length, true, &r.new);
    if (!error) {
        error = rename_found(&r);
        dentry_put(r.new);
    }
    dentry_put(r.old);
    return error;
}

static int rename_walks(struct walk *from, struct walk *to, unsigned flags)
{
    int error = walk_to_parent(from);

    if (!error)
        error = walk_to_parent(to);
    if (error)
        return error;
    if (from->at->super != to->at->super)
        return -EXDEV;
    if (from->kind != LAST_NAME)
        return -EBUSY;
    if (to->kind != LAST_NAME)
        return flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
    WITH_MUTEX(&from->at->super->names_lock)
        error = rename_last(from, to, flags);
    return error;
}

int vfs_rename(long from_dirfd, const char *from, long to_dirfd, const char *to,
               unsigned flags)
{
    const unsigned known = RENAME_NOREPLACE | RENAME_EXCHANGE;
    struct walk from_walk, to_walk;

    if ((flags & ~known) || (flags & known) == known)
        return -EINVAL;
    if (!*from || !*to)
        return -ENOENT;
    int error = walk_start(&from_walk, from_dirfd, from);
    if (error)
        return error;
    error = walk_start(&to_walk, to_dirfd, to);
    if (!error) {
        error = rename_walks(&from_walk, &to_walk, flags);
        walk_end(&to_walk);
    }
    walk_end(&from_walk);
    return error;
}
