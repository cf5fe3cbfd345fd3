// SPDX-License-Identifier: MIT
//
// open(2): find or make the inode, check the flags against it, and make a file
// of it.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <fs/vfs.h>

// Permission bits that an access mode asks for.
static unsigned access_of(unsigned flags)
{
    unsigned access = (flags & O_ACCMODE) == O_RDONLY   ? 4
                      : (flags & O_ACCMODE) == O_WRONLY ? 2
                                                        : 6;

    return flags & O_TRUNC ? access | 2 : access;
}

// May a file that exists be opened with these flags?
static int check_open(struct inode *inode, unsigned flags)
{
    unsigned access = access_of(flags);

    if (S_ISLNK(inode->mode))
        return -ELOOP;
    if (S_ISDIR(inode->mode) && ((access & 2) || (flags & O_CREAT)))
        return -EISDIR;
    if ((flags & O_DIRECTORY) && !S_ISDIR(inode->mode))
        return -ENOTDIR;
    if ((flags & O_NOATIME) && !task_owns(inode))
        return -EPERM;
    int error = inode_permission(inode, access);
    // A socket's name is there to connect to.
    return !error && S_ISSOCK(inode->mode) ? -ENXIO : error;
}

// Flags that stay with the file; the others concerned only its opening.
#define FLAGS_KEPT \
    (~(unsigned)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC))

int dentry_open(struct dentry *dentry, unsigned flags, struct file **opened)
{
    static const struct file_ops path_ops = {.name = "path"};
    struct inode *inode = dentry->inode;
    bool path = flags & O_PATH;
    struct file *file = file_create(path ? &path_ops : inode->file_ops, NULL,
                                    flags & (FLAGS_KEPT | O_NOCTTY));

    if (!file)
        return -ENOMEM;
    file->inode = inode;
    file->dentry = dentry;
    dentry_get(dentry);
    bool writes = !path && S_ISREG(inode->mode) && (access_of(flags) & 2);
    int error = writes ? inode_begin_write(inode) : 0;
    file->writes = writes && !error;
    if (!error && file->ops->open)
        error = file->ops->open(inode, file);
    file->flags &= FLAGS_KEPT;
    if (error) {
        file->ops = &path_ops;  // nothing was opened that wants a release
        file_put(file);
        return error;
    }
    *opened = file;
    return 0;
}

static int open_existing(struct dentry *dentry, unsigned flags,
                         struct file **file)
{
    struct inode *inode = dentry->inode;

    if (flags & O_PATH) {
        if ((flags & O_DIRECTORY) && !S_ISDIR(inode->mode))
            return -ENOTDIR;
        return dentry_open(dentry, flags, file);
    }
    int error = check_open(inode, flags);
    if (!error && (flags & O_TRUNC) && S_ISREG(inode->mode))
        error = inode_truncate(inode, 0);
    return error ? error : dentry_open(dentry, flags, file);
}

// Find the last component, or make it. names_lock is held.
static int find_or_create(struct walk *walk, unsigned flags, uint32_t mode,
                          struct dentry **dentry, bool *created)
{
    int error =
        dentry_lookup(walk->at, walk->last, walk->last_length, true, dentry);

    *created = false;
    if (error)
        return error;
    if (!(*dentry)->inode) {
        error =
            names_create(walk->at, *dentry, S_IFREG | (mode & 07777), 0, NULL);
        *created = !error;
    } else if (flags & O_EXCL) {
        error = -EEXIST;
    }
    if (error)
        dentry_put(*dentry);
    return error;
}

// One round of open(O_CREAT): the dentry, or 1 after following a link.
static int create_step(struct walk *walk, unsigned flags, uint32_t mode,
                       struct dentry **dentry, bool *created)
{
    int error = walk_to_parent(walk);

    *created = false;
    if (error)
        return error;
    if (walk->kind == LAST_NONE && walk->links) {  // /proc/self/fd/1
        *dentry = walk->at;
        dentry_get(*dentry);
        return 0;
    }
    if (walk->kind != LAST_NAME || walk->trailing_slash)
        return -EISDIR;
    WITH_MUTEX(&walk->at->super->names_lock)
        error = find_or_create(walk, flags, mode, dentry, created);
    if (error)
        return error;
    *dentry = dentry_mounted(*dentry);
    if (!S_ISLNK((*dentry)->inode->mode) || (flags & O_NOFOLLOW))
        return 0;
    error = walk_follow(walk, *dentry);
    return error ? error : 1;
}

static int open_create(long dirfd, const char *path, unsigned flags,
                       uint32_t mode, struct file **file)
{
    struct walk walk;
    struct dentry *dentry;
    bool created;
    int error = *path ? walk_start(&walk, dirfd, path) : -ENOENT;

    if (error)
        return error;
    do
        error = create_step(&walk, flags, mode, &dentry, &created);
    while (error == 1);
    walk_end(&walk);
    if (error)
        return error;
    // Who made the file may use it, whatever its mode says.
    if (created)
        error = dentry_open(dentry, flags, file);
    else
        error = open_existing(dentry, flags, file);
    dentry_put(dentry);
    return error;
}

int file_open(long dirfd, const char *path, unsigned flags, uint32_t mode,
              struct file **file)
{
    struct dentry *dentry;
    unsigned lookup = 0;

    if (flags & O_PATH)
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if ((flags & O_TMPFILE) == O_TMPFILE)
        return -EOPNOTSUPP;
    if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
        return -EINVAL;
    if (flags & O_CREAT)
        return open_create(dirfd, path, flags, mode, file);

    if (flags & O_NOFOLLOW)
        lookup |= LOOKUP_NO_FOLLOW;
    if (flags & O_DIRECTORY)
        lookup |= LOOKUP_DIRECTORY;
    int error = path_lookup(dirfd, path, lookup, &dentry);
    if (error)
        return error;
    error = open_existing(dentry, flags, file);
    dentry_put(dentry);
    return error;
}
