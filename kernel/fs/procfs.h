// SPDX-License-Identifier: MIT
//
// Between procfs.c and proc_text.c, which know how /proc's files work, and
// proc_pid.c and proc_links.c, which know what a process's directory holds.

#pragma once

#include <fs/proc.h>
#include <fs/vfs.h>

struct process;

// What an inode of /proc stands for, in inode->private; it owns this.
struct proc_node {
    struct process *process;  // a reference, or NULL
    const void *entry;        // of a linker set
    unsigned number;          // descriptor or thread
    char *prefix;             // of a directory: its path, owned
    void (*show)(struct text *text, const struct proc_node *node);
    int (*store)(const struct proc_node *node, const char *value);
};

// Give a looked-up dentry an inode with a copy of node, whose process and
// prefix it takes also if it fails. 0 or -ENOMEM.
int proc_attach(struct dentry *dentry, uint32_t mode,
                const struct inode_ops *ops, const struct file_ops *file_ops,
                const struct proc_node *node);
extern const struct file_ops proc_text_ops;  // by node->show and store
extern const struct inode_ops proc_text_inode_ops;
void proc_evict(struct inode *inode);
uint64_t proc_inode_number(const struct inode *dir, const char *name);

// Emit a name at a position in a directory.
bool proc_emit(struct file *file, struct readdir *context, const char *name,
               uint32_t mode, uint64_t next);

// A process's directory, and the links to the running task's own. -ENOENT.
int proc_pid_lookup(struct inode *root, struct dentry *dentry);
// Emit all processes from `position` (PROC_PID_POSITION + pid) on.
#define PROC_PID_POSITION (1ull << 32)
int proc_pid_readdir(struct file *file, struct readdir *context);

// ---- a process's links (proc_links.c) ----

// What a link leads to: a dentry, or a file that may have none; a reference.
struct proc_target {
    struct dentry *dentry;
    struct file *file;
};
struct proc_link {
    const char *name;
    void (*get)(const struct proc_node *node, struct proc_target *target);
};
#define PROC_LINKS 3
extern const struct proc_link proc_links[PROC_LINKS];
int proc_attach_link(struct dentry *dentry, const struct inode *dir,
                     const struct proc_link *link, unsigned number);
extern const struct inode_ops proc_fd_inode_ops;  // of /proc/PID/fd
extern const struct file_ops proc_fd_directory_ops;
extern const struct inode_ops proc_fdinfo_inode_ops;  // of /proc/PID/fdinfo
extern const struct file_ops proc_fdinfo_directory_ops;
// Emit the numbers of the process's descriptors.
int proc_fd_emit(struct file *file, struct readdir *context, uint32_t mode);
// A process's table, with a reference (files_put), or NULL.
struct files *proc_process_files(struct process *process);

// The process whose directory this is in; no reference.
static inline struct process *proc_process(const struct inode *inode)
{
    return ((const struct proc_node *)inode->private)->process;
}

// The number that a name is, or -1.
int proc_parse_id(const char *name);
