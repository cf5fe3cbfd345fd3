// SPDX-License-Identifier: MIT
//
// Changing names: create, link, unlink, rename. Each walks to the directory of
// the last component and works there with the file system's names locked.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <fs/vfs.h>
#include <proc/task.h>

// May names in dir change? names_lock is held, so it stays so.
static int may_change(struct dentry *dir)
{
    if (dir->inode->links == 0)
        return -ENOENT;
    return inode_permission(dir->inode, 2 | 1);
}

// May this name go away? In a sticky directory only its owner takes it.
static int may_remove(struct dentry *dir, struct dentry *dentry)
{
    int error = may_change(dir);

    if (error)
        return error;
    if ((dir->inode->mode & S_ISVTX) && !task_owns(dir->inode) &&
        !task_owns(dentry->inode))
        return -EPERM;
    return dentry->mounted ? -EBUSY : 0;
}

// A new entry of a setgid directory gets its group.
static void inherit_group(struct inode *dir, struct inode *inode)
{
    if (!(dir->mode & S_ISGID))
        return;
    inode->gid = dir->gid;
    if (S_ISDIR(inode->mode))
        inode->mode |= S_ISGID;
}

int names_create(struct dentry *dir, struct dentry *dentry, uint32_t mode,
                 uint64_t rdev, const char *target)
{
    int error = may_change(dir);

    if (error)
        return error;
    if (!dir->inode->ops->create)
        return -EPERM;
    if (!S_ISLNK(mode))
        mode &= ~fs_umask();
    error = dir->inode->ops->create(dir->inode, dentry, mode, rdev, target);
    if (error)
        return error;
    inherit_group(dir->inode, dentry->inode);
    inode_changed(dir->inode, true);
    return 0;
}

static int create_last(struct walk *walk, uint32_t mode, uint64_t rdev,
                       const char *target, struct dentry **dentry)
{
    struct dentry *new;
    int error =
        dentry_lookup(walk->at, walk->last, walk->last_length, true, &new);

    if (error)
        return error;
    if (new->inode)
        error = -EEXIST;
    else if (walk->trailing_slash && !S_ISDIR(mode))
        error = -ENOENT;
    else
        error = names_create(walk->at, new, mode, rdev, target);
    if (!error && dentry)
        *dentry = new;
    else
        dentry_put(new);
    return error;
}

int vfs_create(long dirfd, const char *path, uint32_t mode, uint64_t rdev,
               const char *target, struct dentry **dentry)
{
    struct walk walk;
    int error = *path ? walk_start(&walk, dirfd, path) : -ENOENT;

    if (error)
        return error;
    error = walk_to_parent(&walk);
    if (!error && walk.kind != LAST_NAME)
        error = -EEXIST;
    if (!error)
        WITH_MUTEX(&walk.at->super->names_lock)
            error = create_last(&walk, mode, rdev, target, dentry);
    walk_end(&walk);
    return error;
}

static int unlink_last(struct walk *walk, bool directory)
{
    struct inode *dir = walk->at->inode;
    struct dentry *dentry;
    int error =
        dentry_lookup(walk->at, walk->last, walk->last_length, false, &dentry);

    if (error)
        return error;
    bool is_directory = S_ISDIR(dentry->inode->mode);
    error = may_remove(walk->at, dentry);
    if (!error && !is_directory && (directory || walk->trailing_slash))
        error = -ENOTDIR;
    if (!error && is_directory && !directory)
        error = -EISDIR;
    if (!error && directory && dentry_has_children(dentry))
        error = -ENOTEMPTY;
    if (!error)
        error = dir->ops->unlink ? dir->ops->unlink(dir, dentry) : -EPERM;
    if (!error) {
        inode_changed(dir, true);
        inode_changed(dentry->inode, false);
        dentry_delete(dentry);
    }
    dentry_put(dentry);
    return error;
}

int vfs_unlink(long dirfd, const char *path, bool directory)
{
    // What rmdir and unlink say to names that are none.
    static const int refusals[][2] = {
        [LAST_NAME] = {0, 0},
        [LAST_DOT] = {-EISDIR, -EINVAL},
        [LAST_DOT_DOT] = {-EISDIR, -ENOTEMPTY},
        [LAST_NONE] = {-EISDIR, -EBUSY},
    };
    struct walk walk;
    int error = *path ? walk_start(&walk, dirfd, path) : -ENOENT;

    if (error)
        return error;
    error = walk_to_parent(&walk);
    if (!error)
        error = refusals[walk.kind][directory];
    if (!error)
        WITH_MUTEX(&walk.at->super->names_lock)
            error = unlink_last(&walk, directory);
    walk_end(&walk);
    return error;
}

static int link_last(struct walk *walk, struct dentry *from)
{
    struct inode *dir = walk->at->inode;
    struct dentry *new;
    int error =
        dentry_lookup(walk->at, walk->last, walk->last_length, true, &new);

    if (error)
        return error;
    if (new->inode)
        error = -EEXIST;
    else if (walk->trailing_slash)
        error = -ENOENT;
    else if (from->super != walk->at->super)
        error = -EXDEV;
    else
        error = may_change(walk->at);
    if (!error && (S_ISDIR(from->inode->mode) || !dir->ops->link))
        error = -EPERM;
    if (!error && from->inode->links == 0)
        error = -ENOENT;
    if (!error)
        error = dir->ops->link(dir, new, from->inode);
    if (!error) {
        inode_changed(dir, true);
        inode_changed(from->inode, false);
    }
    dentry_put(new);
    return error;
}

int vfs_link(struct dentry *from, long dirfd, const char *path)
{
    struct walk walk;
    int error = *path ? walk_start(&walk, dirfd, path) : -ENOENT;

    if (error)
        return error;
    error = walk_to_parent(&walk);
    if (!error && walk.kind != LAST_NAME)
        error = -EEXIST;
    if (!error)
        WITH_MUTEX(&walk.at->super->names_lock)
            error = link_last(&walk, from);
    walk_end(&walk);
    return error;
}

// ---- rename ----

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
    int error = may_remove(r->from->at, r->old);

    if (!error && r->new->inode)
        error = may_remove(r->to->at, r->new);
    else if (!error)
        error = may_change(r->to->at);
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
