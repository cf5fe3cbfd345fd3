// SPDX-License-Identifier: MIT
//
// procfs: proc(5). Its files are those of the linker sets `proc_files` and
// `sysctls`, and a directory for each process (proc_pid.c). Nothing is kept:
// every lookup makes a new inode, and a text is made as it is read
// (proc_text.c).

#include "procfs.h"

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <mm/kmalloc.h>
#include <proc/task.h>
#include <stdio.h>
#include <string.h>

static const struct inode_ops directory_inode_ops;
static const struct file_ops directory_ops;

// ---- nodes ----

// FNV-1a, so that a file keeps its number though its inode comes and goes.
uint64_t proc_inode_number(const struct inode *dir, const char *name)
{
    uint64_t hash = dir->number ^ 0xcbf29ce484222325;

    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 0x100000001b3;
    return hash >> 16 | 1ull << 40;
}

static void free_node(struct proc_node *node)
{
    if (node->process)
        process_put(node->process);
    kfree(node->prefix);
}

int proc_attach(struct dentry *dentry, uint32_t mode,
                const struct inode_ops *ops, const struct file_ops *file_ops,
                const struct proc_node *node)
{
    struct proc_node *copy = kmalloc(sizeof(*copy));
    struct inode *inode =
        copy ? inode_create(dentry->super, mode, 0, ops, file_ops) : NULL;
    struct proc_node taken = *node;

    if (!inode) {
        free_node(&taken);
        kfree(copy);
        return -ENOMEM;
    }
    *copy = taken;
    inode->private = copy;
    inode->number = proc_inode_number(dentry->parent->inode, dentry->name);
    inode->uid = node->process ? node->process->euid : 0;
    inode->gid = node->process ? node->process->egid : 0;
    inode->links = S_ISDIR(mode) ? 2 : 1;
    dentry_attach(dentry, inode);
    return 0;
}

void proc_evict(struct inode *inode)
{
    free_node(inode->private);
    kfree(inode->private);
}

bool proc_emit(struct file *file, struct readdir *context, const char *name,
               uint32_t mode, uint64_t next)
{
    return dir_emit(file, context, name, strlen(name),
                    proc_inode_number(file->inode, name), mode, next);
}

// ---- registered files ----

static void show_file(struct text *text, const struct proc_node *node)
{
    ((const struct proc_file *)node->entry)->show(text);
}

static int store_file(const struct proc_node *node, const char *value)
{
    return ((const struct proc_file *)node->entry)->store(value);
}

static void show_sysctl(struct text *text, const struct proc_node *node)
{
    const struct sysctl *sysctl = node->entry;

    text_printf(text, "%lld\n", (long long)READ_ONCE(*sysctl->value));
}

static int parse_number(const char *text, int64_t *value)
{
    bool negative = *text == '-';
    int64_t n = 0;

    text += negative;
    if (!*text)
        return -EINVAL;
    for (; *text >= '0' && *text <= '9'; text++)
        if (__builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, *text - '0', &n))
            return -EINVAL;
    *value = negative ? -n : n;
    return *text ? -EINVAL : 0;
}

static int store_sysctl(const struct proc_node *node, const char *value)
{
    const struct sysctl *sysctl = node->entry;
    int64_t number;
    int error = parse_number(value, &number);

    if (error || number < sysctl->min || number > sysctl->max)
        return -EINVAL;
    WRITE_ONCE(*sysctl->value, number);
    return 0;
}

// ---- the registered tree ----

// All registered files with their paths from /proc, put together once.
struct registered {
    const char *path;
    const struct proc_file *file;  // or
    const struct sysctl *sysctl;
};
static struct registered *registered;  // (i after the first mount)
static size_t registered_count;

static int collect_registered(void)
{
    size_t files = (size_t)(proc_files_end - proc_files_start);
    size_t sysctls = (size_t)(sysctls_end - sysctls_start);

    if (registered)
        return 0;
    registered = kzalloc((files + sysctls) * sizeof(*registered));
    if (!registered)
        return -ENOMEM;
    for (size_t i = 0; i < files; i++)
        registered[registered_count++] = (struct registered){
            .path = proc_files_start[i].path, .file = &proc_files_start[i]};
    for (size_t i = 0; i < sysctls; i++) {
        const char *path = kasprintf("sys/%s", sysctls_start[i].path);
        if (!path)
            return -ENOMEM;
        registered[registered_count++] =
            (struct registered){.path = path, .sysctl = &sysctls_start[i]};
    }
    return 0;
}

// What of a path lies in a directory: NULL if nothing does.
static const char *below(const char *path, const char *prefix)
{
    size_t length = strlen(prefix);

    if (length == 0)
        return path;
    return !strncmp(path, prefix, length) && path[length] == '/'
               ? path + length + 1
               : NULL;
}

static const char *prefix_of(const struct inode *dir)
{
    const struct proc_node *node = dir->private;

    return node->prefix ? node->prefix : "";
}

static int attach_file(struct dentry *dentry, const struct registered *r)
{
    struct proc_node node = {
        .entry = r->sysctl, .show = show_sysctl, .store = store_sysctl};
    uint32_t mode = 0644;

    if (r->file) {
        node.entry = r->file;
        node.show = r->file->show ? show_file : NULL;
        node.store = r->file->store ? store_file : NULL;
        mode = (node.show ? 0444u : 0) | (node.store ? 0200u : 0);
    }
    return proc_attach(dentry, S_IFREG | mode, &proc_text_inode_ops,
                       &proc_text_ops, &node);
}

static int attach_directory(struct dentry *dentry, const char *prefix)
{
    struct proc_node node = {
        .prefix =
            kasprintf("%s%s%s", prefix, *prefix ? "/" : "", dentry->name)};

    if (!node.prefix)
        return -ENOMEM;
    return proc_attach(dentry, S_IFDIR | 0555, &directory_inode_ops,
                       &directory_ops, &node);
}

static int lookup(struct inode *dir, struct dentry *dentry)
{
    size_t length = strlen(dentry->name);
    const char *prefix = prefix_of(dir);

    for (size_t i = 0; i < registered_count; i++) {
        const char *name = below(registered[i].path, prefix);
        if (!name || strncmp(name, dentry->name, length))
            continue;
        if (name[length] == '\0')
            return attach_file(dentry, &registered[i]);
        if (name[length] == '/')
            return attach_directory(dentry, prefix);
    }
    return *prefix ? 0 : proc_pid_lookup(dir, dentry);
}

// Did a registered file before this one show the same first component?
static bool seen_before(size_t index, const char *prefix, const char *name,
                        size_t length)
{
    for (size_t i = 0; i < index; i++) {
        const char *other = below(registered[i].path, prefix);
        if (other && strcspn(other, "/") == length &&
            !strncmp(other, name, length))
            return true;
    }
    return false;
}

// Positions: 2 is the first registered file; processes come after all of them.
static int readdir(struct file *file, struct readdir *context)
{
    const char *prefix = prefix_of(file->inode);

    if (!dir_emit_dots(file, context))
        return 0;
    for (size_t i = file->position - 2; i < registered_count; i++) {
        const char *name = below(registered[i].path, prefix);
        size_t length = name ? strcspn(name, "/") : 0;
        char first[NAME_MAX + 1];
        if (!name || seen_before(i, prefix, name, length))
            continue;
        snprintf(first, sizeof(first), "%.*s", (int)length, name);
        if (!proc_emit(file, context, first, name[length] ? S_IFDIR : S_IFREG,
                       i + 3))
            return 0;
    }
    return *prefix ? 0 : proc_pid_readdir(file, context);
}

static const struct inode_ops directory_inode_ops = {
    .lookup = lookup,
    .evict = proc_evict,
};
static const struct file_ops directory_ops = {
    .name = "directory",
    .seek = directory_seek,
    .readdir = readdir,
};

// ---- mounting ----

static int proc_mount(const char *source, const char *options,
                      struct super_block **mounted)
{
    int error = collect_registered();
    if (error)
        return error;
    struct super_block *super = super_create("proc", PROC_SUPER_MAGIC);
    struct dentry *root = super ? dentry_create(super, NULL, "/", 1) : NULL;
    struct proc_node *node = root ? kzalloc(sizeof(*node)) : NULL;
    struct inode *inode =
        node ? inode_create(super, S_IFDIR | 0555, 0, &directory_inode_ops,
                            &directory_ops)
             : NULL;

    (void)source;
    (void)options;
    if (!inode) {
        kfree(node);
        if (root)
            dentry_put(root);
        kfree(super);
        return -ENOMEM;
    }
    inode->private = node;
    inode->links = 2;
    super->volatile_names = true;
    dentry_attach(root, inode);
    super->root = root;
    *mounted = super;
    return 0;
}

FILE_SYSTEM(proc) = {
    .name = "proc",
    .boot_path = "/proc",
    .mount = proc_mount,
};
