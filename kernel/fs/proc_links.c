// SPDX-License-Identifier: MIT
//
// The links in /proc/PID: exe, cwd, root, and fd with one for each descriptor.
// Following one leads to the very file, whether or not a path does.

#include "procfs.h"

#include <abi/errno.h>
#include <mm/kmalloc.h>
#include <proc/task.h>
#include <stdio.h>
#include <string.h>

static const struct inode_ops link_inode_ops;

int proc_parse_id(const char *name)
{
    int id = 0;

    for (const char *c = name; *c; c++) {
        if (*c < '0' || *c > '9' || id > INT32_MAX / 10 - 1)
            return -1;
        id = id * 10 + (*c - '0');
    }
    return *name && (*name != '0' || !name[1]) ? id : -1;
}

// A thread of the process whose files and directories stand for all; (t) held.
static struct task *any_thread(struct process *process)
{
    return list_empty(&process->threads)
               ? NULL
               : list_first(&process->threads, struct task, thread_node);
}

static void get_context_dentry(struct process *process, bool root,
                               struct proc_target *target)
{
    WITH_LOCK(&process_tree_lock) {
        struct task *task = any_thread(process);
        if (!task || !task->fs)
            return;
        WITH_LOCK(&task->fs->lock) {
            target->dentry = root ? task->fs->root : task->fs->cwd;
            dentry_get(target->dentry);
        }
    }
}

static void get_root(const struct proc_node *node, struct proc_target *target)
{
    get_context_dentry(node->process, true, target);
}

static void get_cwd(const struct proc_node *node, struct proc_target *target)
{
    get_context_dentry(node->process, false, target);
}

static void get_exe(const struct proc_node *node, struct proc_target *target)
{
    WITH_LOCK(&process_tree_lock) {
        const struct task *task = any_thread(node->process);
        target->file = task && task->mm ? task->mm->exe_file : NULL;
        if (target->file)
            file_get(target->file);
    }
}

struct files *proc_process_files(struct process *process)
{
    WITH_LOCK(&process_tree_lock) {
        struct task *task = any_thread(process);
        return task ? files_of(task) : NULL;
    }
    return NULL;
}

static void get_fd(const struct proc_node *node, struct proc_target *target)
{
    struct files *files = proc_process_files(node->process);
    unsigned fd = node->number;

    if (!files)
        return;
    struct file *file = files_next(files, &fd);
    files_put(files);
    if (file && fd == node->number)
        target->file = file;
    else if (file)
        file_put(file);
}

const struct proc_link proc_links[PROC_LINKS] = {
    {"cwd", get_cwd}, {"exe", get_exe}, {"root", get_root}};
static const struct proc_link fd_link = {"", get_fd};

static struct proc_target link_target(const struct inode *inode)
{
    const struct proc_node *node = inode->private;
    struct proc_target target = {NULL, NULL};

    ((const struct proc_link *)node->entry)->get(node, &target);
    return target;
}

static int link_follow(struct inode *inode, struct dentry **found)
{
    struct proc_target target = link_target(inode);
    int error = target.file ? -ENXIO : -ENOENT;

    if (target.file && target.file->dentry) {
        target.dentry = target.file->dentry;
        dentry_get(target.dentry);
    }
    if (target.file)
        file_put(target.file);
    *found = target.dentry;
    return target.dentry ? 0 : error;
}

static int link_readlink(struct inode *inode, char **text)
{
    struct proc_target target = link_target(inode);
    char *buf = kzalloc(PATH_MAX);
    int error = 0;

    if (!buf)
        error = -ENOMEM;
    else if (target.file)
        file_describe(target.file, buf, PATH_MAX);
    else if (!target.dentry)
        error = -ENOENT;
    else if (dentry_path(target.dentry, buf, PATH_MAX, true) < 0)
        error = -ENAMETOOLONG;
    if (target.file)
        file_put(target.file);
    if (target.dentry)
        dentry_put(target.dentry);
    *text = buf;
    if (error)
        kfree(buf);
    return error;
}

static const struct inode_ops link_inode_ops = {
    .readlink = link_readlink,
    .follow = link_follow,
    .evict = proc_evict,
};

int proc_attach_link(struct dentry *dentry, const struct inode *dir,
                     const struct proc_link *link, unsigned number)
{
    struct proc_node node = {
        .process = proc_process(dir), .entry = link, .number = number};

    process_get(node.process);
    return proc_attach(dentry, S_IFLNK | 0777, &link_inode_ops, NULL, &node);
}

// ---- /proc/PID/fd ----

static int fd_lookup(struct inode *dir, struct dentry *dentry)
{
    int number = proc_parse_id(dentry->name);
    struct proc_node node = {.process = proc_process(dir),
                             .number = (unsigned)number};
    struct proc_target target = {NULL, NULL};

    if (number >= 0)
        get_fd(&node, &target);
    if (!target.file)
        return 0;
    file_put(target.file);
    return proc_attach_link(dentry, dir, &fd_link, (unsigned)number);
}

int proc_fd_emit(struct file *file, struct readdir *context, uint32_t mode)
{
    struct files *files = proc_process_files(proc_process(file->inode));
    char name[12];

    if (!files)
        return -ENOENT;
    if (dir_emit_dots(file, context)) {
        unsigned fd = (unsigned)file->position - 2;
        struct file *open;
        for (; (open = files_next(files, &fd)); fd++) {
            file_put(open);
            snprintf(name, sizeof(name), "%u", fd);
            if (!proc_emit(file, context, name, mode, fd + 3ull))
                break;
        }
    }
    files_put(files);
    return 0;
}

static int fd_readdir(struct file *file, struct readdir *context)
{
    return proc_fd_emit(file, context, S_IFLNK);
}

const struct inode_ops proc_fd_inode_ops = {
    .lookup = fd_lookup,
    .evict = proc_evict,
};
const struct file_ops proc_fd_directory_ops = {
    .name = "directory",
    .seek = directory_seek,
    .readdir = fd_readdir,
};
