// SPDX-License-Identifier: MIT
//
// Where a process stands in the tree of names: root, working directory and
// umask, shared by CLONE_FS.

#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <proc/task.h>

#define CLONE_FS 0x200

struct fs_context *fs_context_create(void)
{
    struct fs_context *fs = kzalloc(sizeof(*fs));

    if (!fs)
        return NULL;
    fs->refs = 1;
    spin_init(&fs->lock, RANK_SPIN, "fs context");
    fs->root = fs_root();
    fs->cwd = fs_cwd();
    fs->umask = current->fs ? current->fs->umask : 022;
    return fs;
}

// A field of the running task's context with a reference.
static struct dentry *field(struct dentry **at)
{
    struct fs_context *fs = current->fs;

    spin_lock(&fs->lock);
    struct dentry *dentry = *at;
    dentry_get(dentry);
    spin_unlock(&fs->lock);
    return dentry;
}

static struct dentry *kernel_root(void)
{
    dentry_get(root_dentry);
    return root_dentry;
}

struct dentry *fs_root(void)
{
    return current->fs ? field(&current->fs->root) : kernel_root();
}

struct dentry *fs_cwd(void)
{
    return current->fs ? field(&current->fs->cwd) : kernel_root();
}

uint32_t fs_umask(void)
{
    return current->fs ? READ_ONCE(current->fs->umask) : 0;
}

static void set_field(struct dentry **at, struct dentry *dentry)
{
    struct dentry *old = NULL;

    WITH_LOCK(&current->fs->lock) {
        old = *at;
        *at = dentry;
    }
    dentry_put(old);
}

void fs_set_root(struct dentry *dentry)
{
    set_field(&current->fs->root, dentry);
}

void fs_set_cwd(struct dentry *dentry)
{
    set_field(&current->fs->cwd, dentry);
}

static int context_fork(struct task *child, unsigned long flags)
{
    if (current->fs && (flags & CLONE_FS)) {
        child->fs = current->fs;
        __atomic_fetch_add(&child->fs->refs, 1, __ATOMIC_RELAXED);
        return 0;
    }
    child->fs = fs_context_create();
    return child->fs ? 0 : -ENOMEM;
}

static void context_exit(struct task *task)
{
    struct fs_context *fs = task->fs;

    WITH_LOCK(&process_tree_lock)
        task->fs = NULL;
    if (!fs || __atomic_sub_fetch(&fs->refs, 1, __ATOMIC_ACQ_REL))
        return;
    dentry_put(fs->root);
    dentry_put(fs->cwd);
    kfree(fs);
}

TASK_RESOURCE(fs_context) = {context_fork, NULL, context_exit};
