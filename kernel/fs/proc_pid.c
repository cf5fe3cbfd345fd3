// SPDX-License-Identifier: MIT
//
// /proc/PID: the files of the linker set `proc_pid_files`, the links exe, cwd
// and root, the directory fd; and /proc/self.

#include "procfs.h"

#include <abi/errno.h>
#include <mm/kmalloc.h>
#include <proc/task.h>
#include <stdio.h>
#include <string.h>

static const struct inode_ops pid_inode_ops, fd_inode_ops, link_inode_ops;
static const struct file_ops pid_directory_ops, fd_directory_ops;

static struct process *process_of(const struct inode *inode)
{
    return ((const struct proc_node *)inode->private)->process;
}

static int parse_id(const char *name)
{
    int id = 0;

    for (const char *c = name; *c; c++) {
        if (*c < '0' || *c > '9' || id > INT32_MAX / 10 - 1)
            return -1;
        id = id * 10 + (*c - '0');
    }
    return *name && (*name != '0' || !name[1]) ? id : -1;
}

// ---- links ----

// A link's target: a dentry with a reference, or a file's own description.
struct target {
    struct dentry *dentry;
    struct file *file;
};

// A thread of the process whose files and directories stand for all; (t) held.
static struct task *any_thread(struct process *process)
{
    return list_empty(&process->threads)
               ? NULL
               : list_first(&process->threads, struct task, thread_node);
}

static void get_context_dentry(struct process *process, bool root,
                               struct target *target)
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

static void get_root(const struct proc_node *node, struct target *target)
{
    get_context_dentry(node->process, true, target);
}

static void get_cwd(const struct proc_node *node, struct target *target)
{
    get_context_dentry(node->process, false, target);
}

static void get_exe(const struct proc_node *node, struct target *target)
{
    WITH_LOCK(&process_tree_lock) {
        const struct task *task = any_thread(node->process);
        target->file = task && task->mm ? task->mm->exe_file : NULL;
        if (target->file)
            file_get(target->file);
    }
}

static struct files *process_files(struct process *process)
{
    WITH_LOCK(&process_tree_lock) {
        struct task *task = any_thread(process);
        return task ? files_of(task) : NULL;
    }
    return NULL;
}

static void get_fd(const struct proc_node *node, struct target *target)
{
    struct files *files = process_files(node->process);
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

struct link {
    const char *name;
    void (*get)(const struct proc_node *node, struct target *target);
};

static const struct link links[] = {
    {"cwd", get_cwd}, {"exe", get_exe}, {"root", get_root}};
static const struct link fd_link = {"", get_fd};

static struct target link_target(const struct inode *inode)
{
    const struct proc_node *node = inode->private;
    struct target target = {NULL, NULL};

    ((const struct link *)node->entry)->get(node, &target);
    return target;
}

static int link_follow(struct inode *inode, struct dentry **found)
{
    struct target target = link_target(inode);
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
    struct target target = link_target(inode);
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

static int attach_link(struct dentry *dentry, const struct inode *dir,
                       const struct link *link, unsigned number)
{
    struct proc_node node = {
        .process = process_of(dir), .entry = link, .number = number};

    process_get(node.process);
    return proc_attach(dentry, S_IFLNK | 0777, &link_inode_ops, NULL, &node);
}

// ---- /proc/PID/fd ----

static int fd_lookup(struct inode *dir, struct dentry *dentry)
{
    int number = parse_id(dentry->name);
    struct proc_node node = {.process = process_of(dir),
                             .number = (unsigned)number};
    struct target target = {NULL, NULL};

    if (number >= 0)
        get_fd(&node, &target);
    if (!target.file)
        return 0;
    file_put(target.file);
    return attach_link(dentry, dir, &fd_link, (unsigned)number);
}

static int fd_readdir(struct file *file, struct readdir *context)
{
    struct files *files = process_files(process_of(file->inode));
    char name[12];

    if (!files)
        return -ENOENT;
    if (dir_emit_dots(file, context)) {
        unsigned fd = (unsigned)file->position - 2;
        struct file *open;
        for (; (open = files_next(files, &fd)); fd++) {
            file_put(open);
            snprintf(name, sizeof(name), "%u", fd);
            if (!proc_emit(file, context, name, S_IFLNK, fd + 3ull))
                break;
        }
    }
    files_put(files);
    return 0;
}

static const struct inode_ops fd_inode_ops = {
    .lookup = fd_lookup,
    .evict = proc_evict,
};
static const struct file_ops fd_directory_ops = {
    .name = "directory",
    .seek = directory_seek,
    .readdir = fd_readdir,
};

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
    struct proc_node node = {.process = process_of(dir),
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

static int pid_lookup(struct inode *dir, struct dentry *dentry)
{
    const struct proc_pid_file *file;

    linkset_for_each(file, proc_pid_files)
        if (!strcmp(file->name, dentry->name))
            return attach_pid_file(dentry, dir, file);
    for (size_t i = 0; i < ARRAY_SIZE(links); i++)
        if (!strcmp(links[i].name, dentry->name))
            return attach_link(dentry, dir, &links[i], 0);
    if (!strcmp(dentry->name, "fd"))
        return attach_pid_directory(dentry, process_of(dir), 0500,
                                    &fd_inode_ops, &fd_directory_ops);
    return 0;
}

// Positions: 2 is fd, then the links, then the files.
static int pid_readdir(struct file *file, struct readdir *context)
{
    size_t files = (size_t)(proc_pid_files_end - proc_pid_files_start);

    if (!dir_emit_dots(file, context))
        return 0;
    for (size_t i = file->position - 2; i < 1 + ARRAY_SIZE(links) + files;
         i++) {
        const char *name = "fd";
        uint32_t mode = S_IFDIR;
        if (i > ARRAY_SIZE(links)) {
            name = proc_pid_files_start[i - 1 - ARRAY_SIZE(links)].name;
            mode = S_IFREG;
        } else if (i > 0) {
            name = links[i - 1].name;
            mode = S_IFLNK;
        }
        if (!proc_emit(file, context, name, mode, i + 3))
            break;
    }
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
    int pid = parse_id(dentry->name);

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
