// SPDX-License-Identifier: MIT
//
// Names and inodes. A dentry is a name in a directory, kept in one tree; an
// inode is what it names. A file system provides inode operations.

#pragma once

#include <abi/stat.h>
#include <fs/file.h>
#include <lib/list.h>
#include <lib/lock.h>
#include <mm/page_cache.h>

#define NAME_MAX 255
#define PATH_MAX 4096
#define SYMLINK_DEPTH_MAX 40  // ELOOP past it, as Linux

struct inode;
struct dentry;
struct super_block;

// Operations on directories get the directory's inode with its lock held, and
// a negative dentry to attach the result to (dentry_attach). Missing ones give
// EPERM (EROFS for a read-only file system). 0 or -errno; all may sleep.
struct inode_ops {
    // Find dentry->name in dir; attach nothing where there is no such file.
    int (*lookup)(struct inode *dir, struct dentry *dentry);
    // mode has the type: a regular file, directory, fifo, socket or device.
    int (*create)(struct inode *dir, struct dentry *dentry, uint32_t mode,
                  uint64_t rdev);
    int (*symlink)(struct inode *dir, struct dentry *dentry,
                   const char *target);
    int (*link)(struct inode *dir, struct dentry *dentry, struct inode *inode);
    int (*unlink)(struct inode *dir, struct dentry *dentry);
    int (*rmdir)(struct inode *dir, struct dentry *dentry);
    int (*rename)(struct inode *from_dir, struct dentry *from,
                  struct inode *to_dir, struct dentry *to, unsigned flags);
    // Write the target to buf (n bytes, not terminated); its length.
    ssize_t (*readlink)(struct inode *inode, char *buf, size_t n);
    // For links that are no text (/proc/self/fd/N): the dentry or file itself.
    int (*follow)(struct inode *inode, struct dentry **target);
    int (*truncate)(struct inode *inode, uint64_t size);
    // Attributes were changed in the inode (mode, owner, times).
    int (*update)(struct inode *inode);
    // A file of this inode is opened: set file->private, replace file->ops.
    int (*open)(struct inode *inode, struct file *file);
    // The last reference is gone and no name is left, or memory is wanted.
    void (*evict)(struct inode *inode);
};

// Key: (i) immutable, (a) atomic, (m) the inode's mutex.
struct inode {
    uint32_t refs;                    // (a)
    uint64_t number;                  // (i)
    uint32_t mode;                    // (m) type and permissions, S_*
    uint32_t uid, gid;                // (m)
    uint32_t links;                   // (m)
    uint64_t rdev;                    // (i) of device nodes
    nsec_t atime, mtime, ctime;       // (m) realtime
    struct mutex lock;                // RANK_INODE, RANK_DIRECTORY
    const struct inode_ops *ops;      // (i)
    const struct file_ops *file_ops;  // (i) of files opened on it
    struct super_block *super;        // (i)
    struct page_cache cache;          // contents of a regular file
    void *private;                    // (i) the file system's own
};

struct dentry {
    uint32_t refs;               // (a) users, and one for each child
    struct list_node hash_node;  // (VFS lock) by parent and name
    struct dentry *parent;       // (VFS lock) itself at a root
    struct list_node children;   // (VFS lock)
    struct list_node sibling;    // (VFS lock)
    struct inode *inode;         // (VFS lock) NULL: negative
    struct super_block *super;   // (i)
    struct dentry *mounted;      // (VFS lock) root of what is mounted here
    bool pinned;                 // (i) the dentry is the directory's contents
    char *name;                  // (VFS lock) owned
};

struct super_block {
    const char *type;            // "ramfs", "proc"
    struct dentry *root;         // (i)
    struct dentry *covers;       // (VFS lock) the mount point, NULL for /
    uint64_t device;             // (i) st_dev
    unsigned flags;              // MS_*
    struct list_node node;       // (VFS lock) in mount order
    const char *source;          // for /proc/mounts
    void (*statfs)(struct super_block *, struct abi_statfs *);
};

// A file system type, by linker set; mount makes a super block of it.
struct file_system {
    const char *name;
    int (*mount)(const char *source, const char *options,
                 struct super_block **super);
};
LINKSET_DECLARE(file_systems, struct file_system);
#define FILE_SYSTEM(name) \
    LINKSET_ENTRY(file_systems, struct file_system, file_system_##name)

// The working directory and its kin, shared by CLONE_FS.
struct fs_context {
    uint32_t refs;          // (a)
    struct spinlock lock;   // RANK_SPIN
    struct dentry *root;    // (lock)
    struct dentry *cwd;     // (lock)
    uint32_t umask;         // (lock)
};

// ---- paths (fs/path.c) ----

enum lookup_flags {
    LOOKUP_NO_FOLLOW = 1,   // the last component may be a symbolic link
    LOOKUP_PARENT = 2,      // stop at the last component's directory
    LOOKUP_DIRECTORY = 4,   // ENOTDIR if it is none
    LOOKUP_CREATE = 8,      // the last component may be missing
    LOOKUP_EMPTY = 16,      // "" names dirfd itself (AT_EMPTY_PATH)
};

// The dentry that path names, relative to dirfd or AT_FDCWD (abi/fcntl.h), with
// a reference. A negative one only with LOOKUP_CREATE. -ENOENT, -ENOTDIR,
// -ELOOP, -EACCES, -ENAMETOOLONG, -EBADF. May sleep.
int path_lookup(long dirfd, const char *path, unsigned flags,
                struct dentry **dentry);
// The same for a path in user memory.
int path_lookup_user(long dirfd, uaddr path, unsigned flags,
                     struct dentry **dentry);
// Copy a path in; freed by kfree. -ENOMEM, -EFAULT, -ENAMETOOLONG, -ENOENT.
int path_from_user(uaddr path, char **copy);
// Write the absolute path of a dentry; its length or -ENAMETOOLONG.
ssize_t dentry_path(struct dentry *dentry, char *buf, size_t n);

// Open by path (open flags and mode as open(2)); a file with a reference.
int file_open(long dirfd, const char *path, unsigned flags, uint32_t mode,
              struct file **file);
// Check access (4 read, 2 write, 1 execute) of the running task. 0, -EACCES.
int inode_permission(struct inode *inode, unsigned access);

// Create a node by kernel code (initrd, devices): directories that are missing
// on the way are made.
int vfs_create(const char *path, uint32_t mode, uint64_t rdev,
               struct dentry **dentry);
int vfs_mount(const char *type, const char *source, const char *path,
              unsigned flags, const char *options);

// ---- dentries and inodes (fs/dentry.c, fs/inode.c) ----

void dentry_get(struct dentry *dentry);
void dentry_put(struct dentry *dentry);
void dentry_attach(struct dentry *dentry, struct inode *inode);  // takes inode
struct inode *inode_create(struct super_block *super, uint32_t mode,
                           const struct inode_ops *ops,
                           const struct file_ops *file_ops);
void inode_get(struct inode *inode);
void inode_put(struct inode *inode);
void inode_stat(const struct inode *inode, struct abi_stat *st);

// ---- directory listing ----
struct readdir {
    // false: no room. type: DT_*; next: position after this entry.
    bool (*emit)(struct readdir *context, const char *name, size_t length,
                 uint64_t inode, unsigned type, uint64_t next);
};

// ---- devices (fs/devfs.c) ----
struct device {
    const char *name;            // under /dev
    uint32_t mode;               // S_IFCHR | permissions
    uint64_t rdev;
    const struct file_ops *ops;
    int (*open)(struct file *file);  // may be NULL
};
LINKSET_DECLARE(devices, struct device);
#define DEVICE(name) LINKSET_ENTRY(devices, struct device, device_##name)

// Unpack a cpio (newc, several in a row) into the root, freeing its pages as
// they are done.
int initrd_unpack(paddr start, uint64_t size);
