// SPDX-License-Identifier: MIT
//
// /proc/PID/fdinfo: a text for each descriptor, with its position and flags and
// what the file's own `info` operation adds (proc(5)).

#include "procfs.h"

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/stat.h>
#include <proc/task.h>
#include <stdio.h>

#include "files.h"

static struct file *file_of(const struct proc_node *node, bool *close_on_exec)
{
    struct files *files = proc_process_files(node->process);
    struct file *file = NULL;

    if (!files)
        return NULL;
    WITH_LOCK(&files->lock) {
        if (node->number < files->capacity)
            file = files->slots[node->number];
        if (file) {
            file_get(file);
            *close_on_exec = bit_get(files->close_on_exec, node->number);
        }
    }
    files_put(files);
    return file;
}

static void show_fdinfo(struct text *text, const struct proc_node *node)
{
    bool close_on_exec = false;
    struct file *file = file_of(node, &close_on_exec);
    struct abi_stat st;

    if (!file)
        return;
    file_stat(file, &st);
    text_printf(text, "pos:\t%lu\nflags:\t0%o\nmnt_id:\t%lu\nino:\t%lu\n",
                file->ops->seek ? (unsigned long)READ_ONCE(file->position) : 0,
                READ_ONCE(file->flags) | (close_on_exec ? O_CLOEXEC : 0),
                (unsigned long)st.dev, (unsigned long)st.ino);
    if (file->ops->info)
        file->ops->info(file, text);
    file_put(file);
}

// ---- the directory ----

static int fdinfo_lookup(struct inode *dir, struct dentry *dentry)
{
    int number = proc_parse_id(dentry->name);
    struct proc_node node = {.process = proc_process(dir),
                             .number = (unsigned)number,
                             .show = show_fdinfo};
    bool unused;
    struct file *file = number < 0 ? NULL : file_of(&node, &unused);

    if (!file)
        return 0;
    file_put(file);
    process_get(node.process);
    return proc_attach(dentry, S_IFREG | 0444, &proc_text_inode_ops,
                       &proc_text_ops, &node);
}

static int fdinfo_readdir(struct file *file, struct readdir *context)
{
    return proc_fd_emit(file, context, S_IFREG);
}

const struct inode_ops proc_fdinfo_inode_ops = {
    .lookup = fdinfo_lookup,
    .evict = proc_evict,
};
const struct file_ops proc_fdinfo_directory_ops = {
    .name = "directory",
    .seek = directory_seek,
    .readdir = fdinfo_readdir,
};
