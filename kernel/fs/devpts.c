// SPDX-License-Identifier: MIT
//
// devpts: a ramfs at /dev/pts in which the slave of each pseudo-terminal has a
// node while its master is open. There is one; it can be unmounted, and mounted
// elsewhere.

#include "pty.h"

#include <abi/errno.h>
#include <fs/ramfs.h>
#include <lib/radix.h>
#include <mm/kmalloc.h>
#include <stdio.h>
#include <string.h>

#define DEVPTS_MAGIC 0x1cd1
#define TTY_GROUP    5  // Debian's
#define SLAVE_MODE   (S_IFCHR | 0620)

static struct mutex devpts_lock = MUTEX_INIT(devpts_lock, RANK_DEVPTS);
static struct super_block *devpts;  // (devpts_lock) NULL: not mounted
static struct radix known_devices;  // (devpts_lock) by number of the slave

// Opening a node finds the device by its number, so each needs to be known;
// once it is, it stays.
static int know_device(unsigned number)
{
    if (radix_find(&known_devices, number))
        return 0;
    struct device *device = kzalloc(sizeof(*device));
    if (!device)
        return -ENOMEM;
    *device = (struct device){.mode = SLAVE_MODE,
                              .rdev = MAKEDEV(PTY_MAJOR, number),
                              .ops = &pty_slave_ops};
    int error = radix_insert(&known_devices, number, device);
    if (error == 0)
        error = device_register(device);
    return error;
}

static int add_node(struct dentry *root, unsigned number)
{
    char name[12];
    int length = snprintf(name, sizeof(name), "%u", number);
    struct dentry *dentry =
        dentry_create(root->super, root, name, (size_t)length);

    if (!dentry)
        return -ENOMEM;
    int error = root->inode->ops->create(root->inode, dentry, SLAVE_MODE,
                                         MAKEDEV(PTY_MAJOR, number), NULL);
    if (error == 0)
        dentry->inode->gid = TTY_GROUP;
    dentry_put(dentry);
    return error;
}

int devpts_add(unsigned number)
{
    int error = -ENOSPC;

    WITH_MUTEX(&devpts_lock) {
        if (devpts)
            error = know_device(number);
        if (error)
            break;
        WITH_MUTEX(&devpts->names_lock)
            error = add_node(devpts->root, number);
    }
    return error;
}

static void remove_node(struct dentry *root, unsigned number)
{
    char name[12];
    int length = snprintf(name, sizeof(name), "%u", number);
    struct dentry *dentry = dentry_find(root, name, (size_t)length);

    if (!dentry)
        return;
    root->inode->ops->unlink(root->inode, dentry);
    dentry_delete(dentry);
    dentry_put(dentry);
}

void devpts_remove(unsigned number)
{
    WITH_MUTEX(&devpts_lock) {
        if (devpts)
            WITH_MUTEX(&devpts->names_lock)
                remove_node(devpts->root, number);
    }
}

// ---- mounting ----

static void devpts_unmount(struct super_block *super)
{
    (void)super;
    WITH_MUTEX(&devpts_lock)
        devpts = NULL;
}

static const struct super_ops devpts_ops = {.unmount = devpts_unmount};

static int devpts_mount(const char *source, const char *options,
                        struct super_block **super)
{
    int error = -EBUSY;

    (void)source, (void)options;
    WITH_MUTEX(&devpts_lock) {
        if (devpts)
            break;
        error = ramfs_mount("devpts", DEVPTS_MAGIC, 0755, super);
        if (error)
            break;
        (*super)->ops = &devpts_ops;
        devpts = *super;
    }
    return error;
}

// Its line in files.mk stands behind devfs.c's, in which it is mounted.
FILE_SYSTEM(devpts) = {
    .name = "devpts",
    .boot_path = "/dev/pts",
    .mount = devpts_mount,
};
