// SPDX-License-Identifier: MIT
//
// /proc/PID: the files of the linker set `proc_pid_files`, the links and
// the directory fd of proc_links.c, and fdinfo; and /proc/self.

#include "procfs.h"

#include <abi/errno.h>
#include <mm/kmalloc.h>
#include <proc/task.h>
#include <stdio.h>
#include <string.h>

static const struct inode_ops pid_inode_ops;
static const struct file_ops pid_directory_ops;

// ---- /proc/PID ----

static void show_pid_file(struct text *text, const struct proc_node *node)
{
    ((const struct proc_pid_file *)node->entry)->show(text, node->process);
}

static int store_pid_file(const struct proc_node *node, const char *value)
{
    return ((const struct proc_pid_file *)node->entry)
        ->store(node->process, value);
}

static int attach_pid_file(struct dentry *dentry, const struct inode *dir,
                           const struct proc_pid_file *file)
{
    struct proc_node node = {.process = proc_process(dir),
                             .entry = file,
                             .show = file->show ? show_pid_file : NULL,
                             .store = file->store ? store_pid_file : NULL};

    process_get(node.process);
    uint32_t mode = (node.show ? 0444u : 0) | (node.store ? 0200u : 0);
    return proc_attach(dentry, S_IFREG | mode, &proc_text_inode_ops,
                       &proc_text_ops, &node);
}

static int attach_pid_directory(struct dentry *dentry, struct process *process,
                                uint32_t mode, const struct inode_ops *ops,
                                const struct file_ops *file_ops)
{
    struct proc_node node = {.process = process};

    process_get(process);
    return proc_attach(dentry, S_IFDIR | mode, ops, file_ops, &node);
}

static const struct {
    const char *name;
    uint32_t mode;
    const struct inode_ops *ops;
    const struct file_ops *file_ops;
} directories[] = {
    {"fd", 0500, &proc_fd_inode_ops, &proc_fd_directory_ops},
    {"fdinfo", 0555, &proc_fdinfo_inode_ops, &proc_fdinfo_directory_ops},
};

static int pid_lookup(struct inode *dir, struct dentry *dentry)
{
    const struct proc_pid_file *file;

    linkset_for_each(file, proc_pid_files)
        if (!strcmp(file->name, dentry->name))
            return attach_pid_file(dentry, dir, file);
    for (size_t i = 0; i < PROC_LINKS; i++)
        if (!strcmp(proc_links[i].name, dentry->name))
            return proc_attach_link(dentry, dir, &proc_links[i], 0);
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
        if (!strcmp(directories[i].name, dentry->name))
            return attach_pid_directory(dentry, proc_process(dir),
                                        directories[i].mode, directories[i].ops,
                                        directories[i].file_ops);
    return 0;
}

// From 0 on the directories, then the links, then the files. NULL: no more.
static const char *pid_name(size_t i, uint32_t *mode)
{
    *mode = S_IFDIR;
    if (i < ARRAY_SIZE(directories))
        return directories[i].name;
    i -= ARRAY_SIZE(directories);
    *mode = S_IFLNK;
    if (i < PROC_LINKS)
        return proc_links[i].name;
    i -= PROC_LINKS;
    *mode = S_IFREG;
    return i < (size_t)(proc_pid_files_end - proc_pid_files_start)
               ? proc_pid_files_start[i].name
               : NULL;
}

static int pid_readdir(struct file *file, struct readdir *context)
{
    const char *name;
    uint32_t mode;

    if (!dir_emit_dots(file, context))
        return 0;
    for (size_t i = file->position - 2; (name = pid_name(i, &mode)); i++)
        if (!proc_emit(file, context, name, mode, i + 3))
            break;
    return 0;
}

static const struct inode_ops pid_inode_ops = {
    .lookup = pid_lookup,
    .evict = proc_evict,
};
static const struct file_ops pid_directory_ops = {
    .name = "directory",
    .seek = directory_seek,
    .readdir = pid_readdir,
};

// ---- in the root ----

static int self_readlink(struct inode *inode, char **target)
{
    (void)inode;
    struct process *process = current_process();
    *target = kasprintf("%d", process ? process->pid : 0);
    return *target ? 0 : -ENOMEM;
}

static const struct inode_ops self_inode_ops = {
    .readlink = self_readlink,
    .evict = proc_evict,
};

int proc_pid_lookup(struct inode *root, struct dentry *dentry)
{
    struct proc_node none = {.process = NULL};
    int pid = proc_parse_id(dentry->name);

    (void)root;
    if (!strcmp(dentry->name, "self"))
        return proc_attach(dentry, S_IFLNK | 0777, &self_inode_ops, NULL,
                           &none);
    struct process *process = pid > 0 ? process_find(pid) : NULL;
    if (!process)
        return 0;
    int error = attach_pid_directory(dentry, process, 0555, &pid_inode_ops,
                                     &pid_directory_ops);
    process_put(process);
    return error;
}

// The lowest pid that is at least `from`, or -1.
static int next_pid(int from)
{
    int next = -1;
    struct process *process;

    WITH_LOCK(&process_tree_lock)
        list_for_each(process, &all_processes, all_node)
            if (process->pid >= from && (next < 0 || process->pid < next))
                next = process->pid;
    return next;
}

int proc_pid_readdir(struct file *file, struct readdir *context)
{
    char name[12];
    int from = 0;

    if (file->position < PROC_PID_POSITION &&
        !proc_emit(file, context, "self", S_IFLNK, PROC_PID_POSITION))
        return 0;
    from = (int)(file->position - PROC_PID_POSITION);
    for (int pid = next_pid(from); pid > 0; pid = next_pid(pid + 1)) {
        snprintf(name, sizeof(name), "%d", pid);
        if (!proc_emit(file, context, name, S_IFDIR,
                       PROC_PID_POSITION + (uint64_t)pid + 1))
            break;
    }
    return 0;
}
