// SPDX-License-Identifier: MIT
//
// Changing names: create, link, unlink. Each walks to the directory of
// the last component and works there with the file system's names locked.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <fs/vfs.h>
#include <proc/task.h>

int names_may_change(struct dentry *dir)
{
    if (dir->inode->links == 0)
        return -ENOENT;
    return inode_permission(dir->inode, 2 | 1);
}

int names_may_remove(struct dentry *dir, struct dentry *dentry)
{
    int error = names_may_change(dir);

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
    int error = names_may_change(dir);

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

// Walk to the directory in which the path's last component is to be made. The
// caller ends the walk, unless it failed.
static int walk_to_new_name(struct walk *walk, long dirfd, const char *path)
{
    int error = *path ? walk_start(walk, dirfd, path) : -ENOENT;

    if (error)
        return error;
    error = walk_to_parent(walk);
    if (!error && walk->kind != LAST_NAME)
        error = -EEXIST;
    if (error)
        walk_end(walk);
    return error;
}

int vfs_create(long dirfd, const char *path, uint32_t mode, uint64_t rdev,
               const char *target, struct dentry **dentry)
{
    struct walk walk;
    int error = walk_to_new_name(&walk, dirfd, path);

    if (error)
        return error;
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
    error = names_may_remove(walk->at, dentry);
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
        error = names_may_change(walk->at);
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
    int error = walk_to_new_name(&walk, dirfd, path);

    if (error)
        return error;
    WITH_MUTEX(&walk.at->super->names_lock)
        error = link_last(&walk, from);
    walk_end(&walk);
    return error;
}
