// SPDX-License-Identifier: MIT
//
// Names and inodes. A dentry is a name in a directory, kept in one tree; an
// inode is what it names. A file system provides inode operations.
//
// Two locks guard the tree: the file system's names_lock is held over every
// change of names and over slow lookups, and vfs_lock, a spinlock, over each
// single step, so that walks along known names need only the latter.

#pragma once

#include <abi/stat.h>
#include <fs/file.h>
#include <lib/linkset.h>
#include <lib/list.h>
#include <lib/lock.h>
#include <mm/page_cache.h>

#define NAME_MAX          255
#define PATH_MAX          4096
#define SYMLINK_DEPTH_MAX 40  // ELOOP past it, as Linux

struct inode;
struct dentry;
struct super_block;
struct process;

// Operations on names are called with names_lock held, permissions and the
// state of names checked; new dentries have no inode yet. The VFS itself moves
// dentries in the tree after an operation succeeded. Missing operations give
// EPERM. 0 or -errno; all may sleep.
struct inode_ops {
    // Find dentry->name in dir and attach its inode; attach nothing where there
    // is no such name. Missing where all names are in the tree (ramfs).
    int (*lookup)(struct inode *dir, struct dentry *dentry);
    // Make an inode and attach it. mode has the type: a regular file,
    // directory, fifo, socket, device, or link with its target.
    int (*create)(struct inode *dir, struct dentry *dentry, uint32_t mode,
                  uint64_t rdev, const char *target);
    int (*link)(struct inode *dir, struct dentry *dentry, struct inode *inode);
    // Of anything, directories (empty ones) too.
    int (*unlink)(struct inode *dir, struct dentry *dentry);
    // to has no inode, or one that from replaces (or is exchanged with).
    int (*rename)(struct inode *from_dir, struct dentry *from,
                  struct inode *to_dir, struct dentry *to, bool exchange);
    // The target of a symbolic link, for kfree, or -errno in *target.
    int (*readlink)(struct inode *inode, char **target);
    // For links that are no text (/proc/self/fd/N): the dentry itself.
    int (*follow)(struct inode *inode, struct dentry **target);
    // n bytes (at least one) will be written to a regular file, which lives in
    // its page cache: how many of them there is room for, or -ENOSPC and the
    // like. inode->lock held.
    ssize_t (*prepare_write)(struct inode *inode, uint64_t position, size_t n);
    int (*truncate)(struct inode *inode, uint64_t size);  // inode->lock held
    // fsync: contents and attributes are on the medium afterwards.
    int (*sync)(struct inode *inode);
    // Attributes were changed in the inode (mode, owner, times).
    int (*update)(struct inode *inode);
    // The last reference is gone, and so may be the last name (links).
    void (*evict)(struct inode *inode);
};

// Key: (i) immutable, (a) atomic, (m) the inode's lock, (n) names_lock.
struct inode {
    uint32_t refs;                    // (a)
    uint32_t mode;                    // (m) type and permissions, S_*
    uint32_t uid, gid;                // (m)
    uint32_t links;                   // (n)
    uint64_t blocks;                  // of 512 bytes, if super counts them
    int32_t writers;                  // (a) open for writing; negative:
                                      // address spaces that run it
    uint64_t number;                  // (i)
    uint64_t rdev;                    // (i) of device nodes
    nsec_t atime, mtime, ctime;       // (m) realtime
    struct mutex lock;                // RANK_INODE
    const struct inode_ops *ops;      // (i)
    const struct file_ops *file_ops;  // (i) of files opened on it
    struct super_block *super;        // (i)
    struct page_cache cache;          // contents of a regular file
    void *private;                    // the file system's own; a fifo's pipe
    // File locks (fs/locks.c), and what is called when a descriptor in a table
    // is closed, or (with NULL) the file itself; NULL where nothing was locked.
    struct lock_list *locks;
    void (*on_close)(struct file *file, struct files *table);
};

struct dentry {
    uint32_t refs;                // (a) users, children, and one if pinned
    bool pinned;                  // (vfs_lock) the tree itself holds it
    bool deleted;                 // (vfs_lock) it names nothing any more
    struct list_node hash_node;   // (vfs_lock) by parent and name
    struct dentry *parent;        // (vfs_lock) itself at a root
    struct list_node children;    // (vfs_lock)
    struct list_node sibling;     // (vfs_lock) in order of cookies
    uint64_t cookie;              // (vfs_lock) place in the listing
    struct inode *inode;          // set once by dentry_attach
    struct super_block *super;    // (i)
    struct super_block *mounted;  // (vfs_lock) what is mounted here
    char *name;                   // (vfs_lock) owned
};

// What a file system does as a whole. All may be missing, and may sleep.
struct super_ops {
    void (*statfs)(struct super_block *super, struct abi_statfs *st);
    // Write back what was changed. 0 or the first error.
    int (*sync)(struct super_block *super);
    // The machine is about to be turned off: sync, and leave all in good order.
    void (*shut_down)(struct super_block *super);
    // The last step of unmounting: no name and no file is in use any more.
    void (*unmount)(struct super_block *super);
};

struct super_block {
    const char *type;             // (i) "ramfs", "proc"
    const struct super_ops *ops;  // (i) or NULL
    struct dentry *root;          // (i)
    struct dentry *covers;        // (vfs_lock) the mount point, NULL for /
    struct mutex names_lock;      // RANK_DIRECTORY
    uint64_t device;              // (i) st_dev
    uint64_t magic;               // (i) for statfs
    uint64_t next_inode;          // (a) number
    unsigned flags;               // MS_*
    bool volatile_names;          // (i) every lookup asks the file system
    bool device_blocks;           // (i) inode->blocks counts what a file takes
    struct list_node node;        // (vfs_lock) in mount order
    char *source;                 // for /proc/mounts, owned
    void *private;                // (i) the file system's own
};

// A file system type, by linker set; mount makes a super block with a root.
struct file_system {
    const char *name;
    const char *boot_path;  // where it is mounted at start-up, or NULL
    bool on_disk;           // its source is a block device
    int (*mount)(const char *source, const char *options,
                 struct super_block **super);
};
LINKSET_DECLARE(file_systems, struct file_system);
#define FILE_SYSTEM(name) \
    LINKSET_ENTRY(file_systems, struct file_system, file_system_##name)

// The working directory and its kin, shared by CLONE_FS.
struct fs_context {
    uint32_t refs;         // (a)
    struct spinlock lock;  // RANK_SPIN
    struct dentry *root;   // (lock)
    struct dentry *cwd;    // (lock)
    uint32_t umask;        // (lock)
};

struct fs_context *fs_context_create(void);  // a copy of the running task's

// The running task's; a kernel thread's are the root and 0. With a reference.
struct dentry *fs_root(void);
struct dentry *fs_cwd(void);
uint32_t fs_umask(void);
// Take the caller's reference to the new one.
void fs_set_root(struct dentry *dentry);
void fs_set_cwd(struct dentry *dentry);

// ---- paths (fs/path.c) ----

enum lookup_flags {
    LOOKUP_NO_FOLLOW = 1,  // the last component may be a symbolic link
    LOOKUP_DIRECTORY = 2,  // ENOTDIR if it is none
    LOOKUP_EMPTY = 4,      // "" names dirfd itself (AT_EMPTY_PATH)
};

// The dentry that path names, relative to dirfd or AT_FDCWD (abi/fcntl.h), with
// a reference. -ENOENT, -ENOTDIR, -ELOOP, -EACCES, -ENAMETOOLONG, -EBADF. May
// sleep.
int path_lookup(long dirfd, const char *path, unsigned flags,
                struct dentry **dentry);
// The same for a path in user memory.
int path_lookup_user(long dirfd, uaddr path, unsigned flags,
                     struct dentry **dentry);
// Copy a path in; freed by kfree. -ENOMEM, -EFAULT, -ENAMETOOLONG. An empty one
// is -ENOENT unless it is allowed.
int path_from_user(uaddr path, bool empty, char **copy);

// A walk along a path that can stop before its last component, and go on if
// that turns out to be a symbolic link.
enum last_kind {
    LAST_NAME,
    LAST_DOT,
    LAST_DOT_DOT,
    LAST_NONE,  // no component is left: at is the thing itself
};
struct walk {
    struct dentry *at;    // reached so far; a reference
    const char *rest;     // names still to go, behind the last one
    char *owned;          // the memory of rest, once a link was followed
    unsigned links;       // followed so far
    enum last_kind kind;  // of the last component
    const char *last;     // its name in rest's memory, not terminated
    size_t last_length;
    bool trailing_slash;  // behind it
};
int walk_start(struct walk *walk, long dirfd, const char *path);
int walk_to_parent(struct walk *walk);  // at is then the last one's directory
int walk_follow(struct walk *walk, struct dentry *link);  // takes link
void walk_end(struct walk *walk);

// Find a name in a directory: a dentry with a reference, -ENOENT. names_lock is
// held. With create, a missing name gives a new dentry without an inode.
int dentry_lookup(struct dentry *dir, const char *name, size_t length,
                  bool create, struct dentry **dentry);

// Write the absolute path of a dentry, terminated; its length, or
// -ENAMETOOLONG. -ENOENT for a deleted one, unless the mark " (deleted)" is
// wanted.
ssize_t dentry_path(struct dentry *dentry, char *buf, size_t n, bool mark);

// Check access (4 read, 2 write, 1 execute) of the running task. 0, -EACCES.
int inode_permission(struct inode *inode, unsigned access);
bool task_owns(const struct inode *inode);  // its owner or root
// Is the group the process's, or one of its supplementary ones?
bool process_in_group(const struct process *process, uint32_t gid);

// ---- changing names (fs/names.c, fs/rename.c): the *at calls without user
// memory ----

int vfs_create(long dirfd, const char *path, uint32_t mode, uint64_t rdev,
               const char *target, struct dentry **dentry);
int vfs_unlink(long dirfd, const char *path, bool directory);
int vfs_link(struct dentry *from, long dirfd, const char *path);
int vfs_rename(long from_dirfd, const char *from, long to_dirfd, const char *to,
               unsigned flags);

// May names in dir change; may this one go away (in a sticky directory only its
// owner takes it)? names_lock is held, so it stays so. 0 or -errno.
int names_may_change(struct dentry *dir);
int names_may_remove(struct dentry *dir, struct dentry *dentry);

// The middle of it: make the inode of a dentry that has none. names_lock is
// held.
int names_create(struct dentry *dir, struct dentry *dentry, uint32_t mode,
                 uint64_t rdev, const char *target);

// ---- opening (fs/open.c) ----

// The operations of regular files that live in their page cache.
extern const struct file_ops regular_file_ops;
// readdir for file systems whose names are all in the tree, and seek.
int tree_readdir(struct file *file, struct readdir *context);
int64_t directory_seek(struct file *file, int64_t offset, int whence);

// Open by path (open flags and mode as open(2)); a file with a reference.
int file_open(long dirfd, const char *path, unsigned flags, uint32_t mode,
              struct file **file);
// Open what a dentry names, permissions unchecked; borrows the dentry.
int dentry_open(struct dentry *dentry, unsigned flags, struct file **file);
int inode_truncate(struct inode *inode, uint64_t size);

// ---- mounts (fs/mount.c) ----

extern struct dentry *root_dentry;  // of the first file system

int vfs_mount(const char *type, const char *source, const char *path,
              unsigned flags, const char *options);
int vfs_unmount(struct dentry *root);
// Have every file system write back what was changed. 0 or the first error.
int vfs_sync(void);
// Nothing runs any more: leave every file system in good order.
void vfs_shut_down(void);
struct super_block *super_create(const char *type, uint64_t magic);
extern struct list_node super_blocks;  // (vfs_lock) in mount order

// ---- dentries and inodes (fs/dentry.c, fs/inode.c) ----

extern struct spinlock vfs_lock;  // RANK_VFS
void dentry_init(void);

// A name without an inode, not in the tree yet, with one reference. parent
// NULL: a root. NULL: no memory.
struct dentry *dentry_create(struct super_block *super, struct dentry *parent,
                             const char *name, size_t length);
void dentry_get(struct dentry *dentry);
void dentry_put(struct dentry *dentry);
// Give the dentry its inode (takes the reference) and enter it in the tree.
void dentry_attach(struct dentry *dentry, struct inode *inode);
void dentry_pin(struct dentry *dentry);     // keep it until it is deleted
void dentry_delete(struct dentry *dentry);  // out of the tree
// Rename in the tree: from takes to's place and name; to is deleted, or (both
// have inodes) gets from's.
void dentry_move(struct dentry *from, struct dentry *to, bool exchange);
struct dentry *dentry_find(struct dentry *parent, const char *name,
                           size_t length);  // in the tree; a reference or NULL
struct dentry *dentry_parent(struct dentry *dentry, struct dentry *root);
struct dentry *dentry_mounted(struct dentry *dentry);  // takes, gives a ref.
bool dentry_is_below(struct dentry *dentry, struct dentry *ancestor);
bool dentry_has_children(struct dentry *dentry);

// One reference, one link, owned by the running task; NULL: no memory.
// file_ops is not used for fifos and devices, which have their own.
struct inode *inode_create(struct super_block *super, uint32_t mode,
                           uint64_t rdev, const struct inode_ops *ops,
                           const struct file_ops *file_ops);
void inode_get(struct inode *inode);
void inode_put(struct inode *inode);
void inode_stat(const struct inode *inode, struct abi_stat *st);
// A file that a program runs from cannot be written, nor run while it is open
// for writing: -ETXTBSY. Each success is undone by the function below it.
int inode_begin_write(struct inode *inode);
void inode_end_write(struct inode *inode);
int inode_begin_run(struct inode *inode);
void inode_end_run(struct inode *inode);
void inode_changed(struct inode *inode, bool contents);  // mtime and ctime
void inode_accessed(struct inode *inode);                // atime, as relatime

// ---- directory listing ----
struct readdir {
    // false: no room.
    bool (*emit)(struct readdir *context, const char *name, size_t length,
                 uint64_t inode, unsigned type, uint64_t next);
};

// List a directory from its file's position on. 0, -ENOTDIR, -ENOENT (removed).
int directory_list(struct file *file, struct readdir *context);

// Emit one entry and move on to position next. type: S_IFMT's bits of mode.
bool dir_emit(struct file *file, struct readdir *context, const char *name,
              size_t length, uint64_t inode, uint32_t mode, uint64_t next);
// Emit "." and ".." where the position is still before them.
bool dir_emit_dots(struct file *file, struct readdir *context);

// ---- devices (fs/devfs.c) ----
struct device {
    const char *name;  // under /dev, maybe in a folder: "net/tun"
    uint32_t mode;     // S_IFCHR or S_IFBLK | permissions
    uint64_t rdev;
    const struct file_ops *ops;
};
LINKSET_DECLARE(devices, struct device);
#define DEVICE(name) LINKSET_ENTRY(devices, struct device, device_##name)

// The same for one that is found at run time; it has a node by its name in
// every devtmpfs that is mounted later. Borrows it for good. 0 or -ENOMEM.
int device_register(const struct device *device);

extern const struct file_ops device_file_ops;  // opens by inode->rdev
extern const struct file_ops fifo_file_ops;    // (fs/pipe.c)

// Unpack a cpio (newc, several in a row) into the root, freeing its pages as
// they are done.
int initrd_unpack(paddr start, uint64_t size);
