// SPDX-License-Identifier: MIT
//
// Mounting: hanging the root of one file system over a directory of another.
// At start-up a ramfs, or the disk of root=, becomes the root, and every file
// system type that asks for it (devtmpfs, proc) is mounted at its place.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <dev/bootargs.h>
#include <dev/power.h>
#include <fs/ramfs.h>
#include <fs/vfs.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <string.h>

#define FLAGS_KEPT (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)

struct dentry *root_dentry;
struct list_node super_blocks = LIST_INIT(super_blocks);
static uint64_t next_device = 1;

struct super_block *super_create(const char *type, uint64_t magic)
{
    struct super_block *super = kzalloc(sizeof(*super));

    if (!super)
        return NULL;
    super->type = type;
    super->magic = magic;
    super->device =
        MAKEDEV(0, __atomic_fetch_add(&next_device, 1, __ATOMIC_RELAXED));
    super->next_inode = 1;
    mutex_init(&super->names_lock, RANK_DIRECTORY, "names");
    list_init(&super->node);
    return super;
}

static const struct file_system *find_type(const char *name)
{
    const struct file_system *type;

    linkset_for_each(type, file_systems)
        if (!strcmp(type->name, name))
            return type;
    return NULL;
}

// Take all names out of a file system that nobody uses, and it itself.
static void super_destroy(struct super_block *super)
{
    struct dentry *dentry = super->root;

    for (;;) {
        while (!list_empty(&dentry->children))
            dentry = list_first(&dentry->children, struct dentry, sibling);
        if (dentry == super->root)
            break;
        struct dentry *parent = dentry->parent;
        dentry_delete(dentry);
        dentry = parent;
    }
    dentry_put(super->root);
    if (super->ops && super->ops->unmount)
        super->ops->unmount(super);
    kfree(super->source);
    kfree(super);
}

// Hang super over a directory, whose reference it keeps.
static void attach(struct super_block *super, struct dentry *covers)
{
    WITH_LOCK(&vfs_lock) {
        list_push_back(&super_blocks, &super->node);
        super->covers = covers;
        if (covers)
            covers->mounted = super;
    }
}

static int remount(struct dentry *dentry, unsigned flags)
{
    if (dentry->parent != dentry)
        return -EINVAL;
    dentry->super->flags = flags & FLAGS_KEPT;
    return 0;
}

static int mount_over(const struct file_system *type, const char *source,
                      struct dentry *dentry, unsigned flags,
                      const char *options)
{
    struct super_block *super;
    int error = type->mount(source, options, &super);

    if (error)
        return error;
    super->flags |= flags & FLAGS_KEPT;
    super->source = kstrdup(source && *source ? source : "none");
    if (!super->source) {
        super_destroy(super);
        return -ENOMEM;
    }
    if (dentry)
        dentry_get(dentry);
    attach(super, dentry);
    if (!dentry)
        root_dentry = super->root;
    return 0;
}

int vfs_mount(const char *type_name, const char *source, const char *path,
              unsigned flags, const char *options)
{
    const struct file_system *type = NULL;
    struct dentry *dentry;

    if (flags & (MS_BIND | MS_MOVE))
        return -EINVAL;
    if (!(flags & MS_REMOUNT) && !(type = find_type(type_name)))
        return -ENODEV;
    int error = path_lookup(AT_FDCWD, path, LOOKUP_DIRECTORY, &dentry);
    if (error)
        return error;
    error = type ? mount_over(type, source, dentry, flags, options)
                 : remount(dentry, flags);
    dentry_put(dentry);
    return error;
}

// Is anything below root in use? Every reference is accounted for by the tree
// itself, or it is somebody's. vfs_lock is held.
static bool in_use(struct dentry *root)
{
    struct dentry *dentry = root, *child;

    for (;;) {
        // `root` itself has the reference of its super block, and the caller's.
        uint32_t expected = dentry == root ? 2 : dentry->pinned;
        list_for_each(child, &dentry->children, sibling)
            expected++;
        if (dentry->mounted || dentry->refs > expected)
            return true;
        // Next in pre-order.
        if (!list_empty(&dentry->children)) {
            dentry = list_first(&dentry->children, struct dentry, sibling);
            continue;
        }
        while (dentry != root &&
               dentry->sibling.next == &dentry->parent->children)
            dentry = dentry->parent;
        if (dentry == root)
            return false;
        dentry = list_entry(dentry->sibling.next, struct dentry, sibling);
    }
}

int vfs_unmount(struct dentry *root)
{
    struct super_block *super = root->super;
    struct dentry *covers = NULL;

    if (root != super->root)
        return -EINVAL;
    WITH_MUTEX(&super->names_lock) {
        WITH_LOCK(&vfs_lock) {
            if (!super->covers || in_use(root))
                return -EBUSY;
            covers = super->covers;
            covers->mounted = NULL;
            super->covers = NULL;
            list_remove(&super->node);
        }
    }
    dentry_put(covers);
    super_destroy(super);
    return 0;
}

// ---- all file systems ----

// The super block behind `before` (NULL: the first), its root with a reference,
// so that it is not unmounted meanwhile. NULL: no more.
static struct super_block *next_super(struct super_block *before)
{
    struct super_block *super = NULL;

    WITH_LOCK(&vfs_lock) {
        struct list_node *node = before ? before->node.next : super_blocks.next;
        if (node != &super_blocks) {
            super = list_entry(node, struct super_block, node);
            dentry_get(super->root);
        }
    }
    if (before)
        dentry_put(before->root);
    return super;
}

int vfs_sync(void)
{
    struct super_block *super = NULL;
    int first_error = 0;

    while ((super = next_super(super))) {
        int error =
            super->ops && super->ops->sync ? super->ops->sync(super) : 0;
        first_error = first_error ? first_error : error;
    }
    return first_error;
}

void vfs_shut_down(void)
{
    struct super_block *super = NULL;

    while ((super = next_super(super))) {
        if (super->ops && super->ops->shut_down)
            super->ops->shut_down(super);
    }
}

// ---- start-up ----

// Mount every file system type that asks for it at its place.
static void mount_boot_types(void)
{
    const struct file_system *type;

    linkset_for_each(type, file_systems) {
        if (!type->boot_path)
            continue;
        vfs_create(AT_FDCWD, type->boot_path, S_IFDIR | 0755, 0, NULL, NULL);
        int error = vfs_mount(type->name, type->name, type->boot_path, 0, NULL);
        if (error)
            log_line("mount: %s at %s: error %d", type->name, type->boot_path,
                     error);
    }
}

// The root: the disk of root=, or a ramfs for the initrd.
static int mount_root(void)
{
    char disk[64];

    if (!bootarg_value("root", disk, sizeof(disk)))
        return mount_over(find_type("ramfs"), "rootfs", NULL, 0, NULL);
    const struct file_system *ext2 = find_type("ext2");
    int error = ext2 ? mount_over(ext2, disk, NULL, 0, NULL) : -ENODEV;
    if (error)
        panic("root=%s cannot be mounted: error %d", disk, -error);
    return 0;
}

static int vfs_init(void)
{
    dentry_init();
    power_prepare = vfs_shut_down;
    int error = mount_root();

    if (error == 0)
        mount_boot_types();
    return error;
}
INITCALL(INIT_FS, vfs_init);
