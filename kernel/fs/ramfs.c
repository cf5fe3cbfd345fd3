// SPDX-License-Identifier: MIT
//
// ramfs, and tmpfs, which is the same by another name: the dentry tree is the
// directory structure and the page cache the contents. The root file system,
// and the model for others.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <fs/ramfs.h>
#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <mm/page.h>
#include <string.h>

static const struct inode_ops ramfs_inode_ops;
static const struct file_ops ramfs_directory_ops;

static const struct file_ops *file_ops_for(uint32_t mode)
{
    return S_ISDIR(mode) ? &ramfs_directory_ops : &regular_file_ops;
}

static int ramfs_create(struct inode *dir, struct dentry *dentry, uint32_t mode,
                        uint64_t rdev, const char *target)
{
    char *text = NULL;

    if (S_ISLNK(mode) && !(text = kstrdup(target)))
        return -ENOMEM;
    struct inode *inode = inode_create(dir->super, mode, rdev, &ramfs_inode_ops,
                                       file_ops_for(mode));
    if (!inode) {
        kfree(text);
        return -ENOMEM;
    }
    if (text) {
        inode->private = text;
        inode->cache.size = strlen(text);
    }
    if (S_ISDIR(mode)) {  // "." and the new ".."
        inode->links = 2;
        dir->links++;
    }
    dentry_attach(dentry, inode);
    dentry_pin(dentry);
    return 0;
}

static int ramfs_link(struct inode *dir, struct dentry *dentry,
                      struct inode *inode)
{
    (void)dir;
    inode->links++;
    inode_get(inode);
    dentry_attach(dentry, inode);
    dentry_pin(dentry);
    return 0;
}

static int ramfs_unlink(struct inode *dir, struct dentry *dentry)
{
    struct inode *inode = dentry->inode;

    inode->links--;
    if (S_ISDIR(inode->mode)) {
        inode->links = 0;
        dir->links--;
    }
    return 0;
}

// The tree is moved by the caller; what is left are the counts of links.
static int ramfs_rename(struct inode *from_dir, struct dentry *from,
                        struct inode *to_dir, struct dentry *to, bool exchange)
{
    bool from_is_dir = S_ISDIR(from->inode->mode);
    bool to_is_dir = to->inode && S_ISDIR(to->inode->mode);

    if (to->inode && !exchange)
        ramfs_unlink(to_dir, to);
    if (from_is_dir) {
        from_dir->links--;
        to_dir->links++;
    }
    if (to_is_dir && exchange) {
        to_dir->links--;
        from_dir->links++;
    }
    return 0;
}

static int ramfs_readlink(struct inode *inode, char **target)
{
    *target = kstrdup(inode->private);
    return *target ? 0 : -ENOMEM;
}

static int ramfs_truncate(struct inode *inode, uint64_t size)
{
    if (!S_ISREG(inode->mode))
        return -EINVAL;
    return page_cache_truncate(&inode->cache, size);
}

static void ramfs_evict(struct inode *inode)
{
    if (S_ISLNK(inode->mode))
        kfree(inode->private);
}

static const struct inode_ops ramfs_inode_ops = {
    .create = ramfs_create,
    .link = ramfs_link,
    .unlink = ramfs_unlink,
    .rename = ramfs_rename,
    .readlink = ramfs_readlink,
    .truncate = ramfs_truncate,
    .evict = ramfs_evict,
};

static const struct file_ops ramfs_directory_ops = {
    .name = "directory",
    .seek = directory_seek,
    .readdir = tree_readdir,
};

// ---- mounting ----

static void tmpfs_statfs(struct super_block *super, struct abi_statfs *st)
{
    (void)super;
    st->blocks = pages_total();
    st->bfree = st->bavail = pages_free();
}

static const struct super_ops tmpfs_ops = {.statfs = tmpfs_statfs};

int ramfs_mount(const char *type, uint64_t magic, uint32_t mode,
                struct super_block **mounted)
{
    struct super_block *super = super_create(type, magic);
    struct dentry *root = super ? dentry_create(super, NULL, "/", 1) : NULL;
    struct inode *inode =
        root ? inode_create(super, S_IFDIR | mode, 0, &ramfs_inode_ops,
                            &ramfs_directory_ops)
             : NULL;

    if (!inode) {
        if (root)
            dentry_put(root);
        kfree(super);
        return -ENOMEM;
    }
    inode->links = 2;
    dentry_attach(root, inode);
    super->root = root;
    *mounted = super;
    return 0;
}

static int mount_ramfs(const char *source, const char *options,
                       struct super_block **super)
{
    (void)source;
    (void)options;
    return ramfs_mount("ramfs", RAMFS_MAGIC, 0755, super);
}

// tmpfs's one option that matters here is the mode of its root.
static int mount_tmpfs(const char *source, const char *options,
                       struct super_block **super)
{
    uint32_t mode = 01777;
    const char *text = options ? strstr(options, "mode=") : NULL;

    (void)source;
    if (text)
        for (mode = 0, text += 5; *text >= '0' && *text <= '7'; text++)
            mode = mode * 8 + (uint32_t)(*text - '0');
    int error = ramfs_mount("tmpfs", TMPFS_MAGIC, mode & 07777, super);
    if (!error)
        (*super)->ops = &tmpfs_ops;
    return error;
}

FILE_SYSTEM(ramfs) = {.name = "ramfs", .mount = mount_ramfs};
FILE_SYSTEM(tmpfs) = {.name = "tmpfs", .mount = mount_tmpfs};
