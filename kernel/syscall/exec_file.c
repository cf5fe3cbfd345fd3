// SPDX-License-Identifier: MIT
//
// The file behind a program, for execve: finding and reading it, and keeping it
// from being written while it runs.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/mode.h>
#include <fs/vfs.h>
#include <lib/log.h>
#include <string.h>

#include "exec.h"

static int check_program(const struct dentry *dentry)
{
    struct inode *inode = dentry->inode;
    if (S_ISLNK(inode->mode))
        return -ELOOP;
    if (!S_ISREG(inode->mode) || inode->super->flags & MS_NOEXEC)
        return -EACCES;
    // Even root needs one execute bit.
    if (!(inode->mode & 0111))
        return -EACCES;
    return inode_permission(inode, 1);
}

int exec_open(long dirfd, const char *path, unsigned flags, struct file **file)
{
    struct dentry *dentry;
    int error = path_lookup(dirfd, path, flags, &dentry);
    if (error)
        return error;
    error = check_program(dentry);
    if (!error)
        error = dentry_open(dentry, O_RDONLY, file);
    dentry_put(dentry);
    return error;
}

int exec_read(struct file *file, uint64_t position, void *to, size_t n)
{
    struct uio uio;
    uio_kernel(&uio, to, n);
    while (uio.resid > 0) {
        uint64_t at = position + uio.done;
        ssize_t got = file_read(file, &uio, &at);
        if (got <= 0)
            return got < 0 ? got : -ENOEXEC;
    }
    return 0;
}

int exec_read_head(struct exec *exec)
{
    struct uio uio;
    uint64_t position = 0;
    memset(exec->head, 0, sizeof(exec->head));
    uio_kernel(&uio, exec->head, sizeof(exec->head));
    ssize_t got = file_read(exec->file, &uio, &position);
    return got < 0 ? got : 0;
}

// An address space holds on to its program, which nobody may write meanwhile.
// The caller of get has one already, so that it cannot fail.
static void program_get(void *file)
{
    file_get(file);
    int error = inode_begin_run(((struct file *)file)->inode);
    assert(!error);
}

static void program_put(void *file)
{
    inode_end_run(((struct file *)file)->inode);
    file_put(file);
}

static const struct vma_file_ops program_ops = {.get = program_get,
                                                .put = program_put};

int exec_hold_program(struct mm *mm, struct file *file)
{
    int error = inode_begin_run(file->inode);
    if (error)
        return error;
    file_get(file);
    mm->exe_file = file;
    mm->exe_ops = &program_ops;
    return 0;
}
