// SPDX-License-Identifier: MIT
//
// devtmpfs: a ramfs that starts with a node for every device of the linker set
// `devices`, and for every one that a driver found. Opening a device node,
// wherever it lies, finds the device by its number.

#include <abi/errno.h>
#include <fs/ramfs.h>
#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <string.h>

// Devices that drivers found, the latest first; none is ever taken out.
struct found_device {
    const struct device *device;
    struct found_device *next;
};
static struct found_device *found;                             // (a)
static struct spinlock found_lock = SPINLOCK_INIT(RANK_SPIN);  // to add one

int device_register(const struct device *device)
{
    struct found_device *entry = kmalloc(sizeof(*entry));

    if (!entry)
        return -ENOMEM;
    WITH_LOCK(&found_lock) {
        *entry = (struct found_device){device, found};
        __atomic_store_n(&found, entry, __ATOMIC_RELEASE);
    }
    return 0;
}

static bool is_of(const struct device *device, const struct inode *inode)
{
    return device->rdev == inode->rdev &&
           (device->mode & S_IFMT) == (inode->mode & S_IFMT);
}

static const struct device *find_device(const struct inode *inode)
{
    const struct device *device;

    linkset_for_each(device, devices)
        if (is_of(device, inode))
            return device;
    for (struct found_device *entry = __atomic_load_n(&found, __ATOMIC_ACQUIRE);
         entry; entry = entry->next)
        if (is_of(entry->device, inode))
            return entry->device;
    return NULL;
}

static int device_open(struct inode *inode, struct file *file)
{
    const struct device *device = find_device(inode);

    if (!device)
        return -ENXIO;
    file->ops = device->ops;
    return device->ops->open ? device->ops->open(inode, file) : 0;
}

const struct file_ops device_file_ops = {
    .name = "device",
    .open = device_open,
};

static int add_node(struct dentry *dir, const char *name, uint32_t mode,
                    uint64_t rdev, const char *target)
{
    struct dentry *dentry = dentry_create(dir->super, dir, name, strlen(name));

    if (!dentry)
        return -ENOMEM;
    int error = dir->inode->ops->create(dir->inode, dentry, mode, rdev, target);
    dentry_put(dentry);
    return error;
}

// The folder of a name that has one, made with the first that needs it; takes
// the name's part off. A reference, or NULL: no memory.
static struct dentry *folder_of(struct dentry *root, const char **name)
{
    const char *slash = strchr(*name, '/');
    char folder[NAME_MAX + 1];

    if (!slash) {
        dentry_get(root);
        return root;
    }
    size_t length = slash - *name;
    memcpy(folder, *name, length);
    folder[length] = '\0';
    *name = slash + 1;
    struct dentry *found = dentry_find(root, folder, length);
    if (found || add_node(root, folder, S_IFDIR | 0755, 0, NULL) < 0)
        return found;
    return dentry_find(root, folder, length);
}

static int add_device(struct dentry *root, const struct device *device)
{
    const char *name = device->name;
    struct dentry *dir = folder_of(root, &name);

    if (!dir)
        return -ENOMEM;
    int error = add_node(dir, name, device->mode, device->rdev, NULL);
    dentry_put(dir);
    return error;
}

static int fill(struct dentry *root)
{
    static const struct {
        const char *name, *target;
    } links[] = {
        {"fd", "/proc/self/fd"},
        {"stdin", "/proc/self/fd/0"},
        {"stdout", "/proc/self/fd/1"},
        {"stderr", "/proc/self/fd/2"},
    };
    const struct device *device;
    int error = 0;

    linkset_for_each(device, devices)
        if (!error && device->name)
            error = add_device(root, device);
    for (struct found_device *entry = found; entry && !error;
         entry = entry->next)
        if (entry->device->name)
            error = add_device(root, entry->device);
    for (size_t i = 0; i < ARRAY_SIZE(links) && !error; i++)
        error =
            add_node(root, links[i].name, S_IFLNK | 0777, 0, links[i].target);
    // Where programs expect to mount more, or to keep shared memory.
    if (!error)
        error = add_node(root, "shm", S_IFDIR | 01777, 0, NULL);
    if (!error)
        error = add_node(root, "pts", S_IFDIR | 0755, 0, NULL);
    return error;
}

static int devtmpfs_mount(const char *source, const char *options,
                          struct super_block **super)
{
    (void)source;
    (void)options;
    int error = ramfs_mount("devtmpfs", TMPFS_MAGIC, 0755, super);
    return error ? error : fill((*super)->root);
}

FILE_SYSTEM(devtmpfs) = {
    .name = "devtmpfs",
    .boot_path = "/dev",
    .mount = devtmpfs_mount,
};
