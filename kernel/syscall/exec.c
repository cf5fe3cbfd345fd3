// SPDX-License-Identifier: MIT
//
// execve(2) and execveat(2). The new program is made ready completely, in an
// address space of its own, while the caller's is still whole: every error
// before commit leaves the caller as it was, and commit cannot fail.

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/mode.h>
#include <abi/process.h>
#include <fs/vfs.h>
#include <lib/csr.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <proc/vdso.h>
#include <stdio.h>
#include <string.h>
#include <syscall/exec.h>
#include <syscall/syscalls.h>

#include "exec.h"

#define ARGUMENTS_MIN (128 * KiB)  // allowed whatever RLIMIT_STACK says
#define ARGUMENTS_MAX (6 * MiB)

// ---- making ready ----

// Bytes that arguments, environment and their pointers may take, as Linux.
static uint64_t arguments_limit(void)
{
    uint64_t stack = current_process()->limits[RLIMIT_STACK].soft;
    return MAX(MIN(stack / 4, ARGUMENTS_MAX), ARGUMENTS_MIN);
}

static int check_limit(const struct exec *exec)
{
    uint64_t used = exec->argv.used + exec->envp.used;
    uint64_t count = exec->argv.count + exec->envp.count;
    return used + count * sizeof(uaddr) > exec->limit ? -E2BIG : 0;
}

// An array of string pointers that ends with 0; none at all is an empty one.
static int copy_user_strings(struct exec *exec, struct strings *strings,
                             uaddr array)
{
    for (; array; array += sizeof(uaddr)) {
        uaddr s;
        int error = GET_USER(&s, array);
        if (error || !s)
            return error;
        error = strings_add_user(strings, s);
        if (!error)
            error = check_limit(exec);
        if (error)
            return error;
        if (signal_fatal_pending())
            return -ERESTARTNOHAND;
        cond_resched();
    }
    return 0;
}

static int copy_kernel_strings(struct strings *strings,
                               const char *const array[])
{
    int error = 0;
    for (; *array && !error; array++)
        error = strings_add(strings, *array);
    return error;
}

static void choose_credentials(struct exec *exec)
{
    const struct process *process = current_process();
    const struct inode *inode = exec->file->inode;
    bool honoured =
        !(inode->super->flags & MS_NOSUID) && !current->no_new_privileges;
    exec->euid = process->euid;
    exec->egid = process->egid;
    if (honoured && inode->mode & S_ISUID)
        exec->euid = inode->uid;
    if (honoured && inode->mode & S_ISGID && inode->mode & S_IXGRP)
        exec->egid = inode->gid;
    exec->secure = exec->euid != process->uid || exec->egid != process->gid;
}

static int make_address_space(struct exec *exec)
{
    const struct rlimit *limits = current_process()->limits;
    exec->mm = mm_create();
    if (!exec->mm)
        return -ENOMEM;
    exec->mm->limit_as = limits[RLIMIT_AS].soft;
    exec->mm->limit_data = limits[RLIMIT_DATA].soft;
    exec->mm->limit_stack = limits[RLIMIT_STACK].soft;
    exec_layout(exec);
    int error = exec_hold_program(exec->mm, exec->file);
    if (!error)
        error = elf_load(exec);
    if (!error)
        error = vdso_map(exec->mm);
    return error ? error : exec_stack(exec);
}

// From an open file and copied arguments to all that commit needs.
static int prepare(struct exec *exec)
{
    int error = exec_read_head(exec);
    if (!error)
        error = exec_scripts(exec);
    // A program may count on argv[0].
    if (!error && exec->argv.count == 0)
        error = strings_add(&exec->argv, "");
    if (error)
        return error;
    choose_credentials(exec);
    return make_address_space(exec);
}

static void discard(struct exec *exec)
{
    if (exec->mm)
        mm_put(exec->mm);
    if (exec->file)
        file_put(exec->file);
    kfree(exec->prefix.data);
    kfree(exec->argv.data);
    kfree(exec->envp.data);
    kfree(exec->path);
}

// ---- the point of no return ----

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void switch_address_space(struct task *task, struct exec *exec)
{
    struct mm *old = task->mm;
    WITH_LOCK(&process_tree_lock) {  // others find the mm by it
        task->mm = exec->mm;
        mm_activate(exec->mm);
    }
    exec->mm = NULL;
    if (old)
        mm_put(old);
}

static void set_credentials(struct process *process, const struct exec *exec)
{
    WITH_LOCK(&process_tree_lock) {
        process->euid = process->suid = process->fsuid = exec->euid;
        process->not_dumpable = false;
        process->egid = process->sgid = process->fsgid = exec->egid;
    }
}

// The registers of a fresh program: all zero, floating point off until used.
static void set_registers(struct task *task, const struct exec *exec)
{
    *task->frame = (struct trap_frame){
        .pc = exec->entry,
        .sp = exec->sp,
        .status = SSTATUS_SPIE | SSTATUS_UXL_64,
    };
    task->fpu_used = false;
    task->syscall = -1;
    task->restart = NULL;
}

static int commit(struct exec *exec)
{
    struct task *task = current;
    int error = process_end_other_threads();
    if (error)
        return error;
    // While the old address space is there: futexes are let go in it.
    process_new_program();
    switch_address_space(task, exec);
    set_credentials(task->process, exec);
    task_set_name(task, base_name(exec->path));
    set_registers(task, exec);
    return 0;
}

// ---- the calls ----

// AT_EXECFN of a program that execveat names by a descriptor.
static char *name_by_descriptor(long dirfd, const char *path)
{
    if (path[0] == '/' || (int)dirfd == AT_FDCWD)
        return kstrdup(path);
    if (path[0] == '\0')
        return kasprintf("/dev/fd/%d", (int)dirfd);
    return kasprintf("/dev/fd/%d/%s", (int)dirfd, path);
}

static int execute_user(struct exec *exec, uaddr argv, uaddr envp)
{
    int error = copy_user_strings(exec, &exec->argv, argv);
    if (!error)
        error = copy_user_strings(exec, &exec->envp, envp);
    if (!error)
        error = prepare(exec);
    return error ? error : commit(exec);
}

long sys_execveat(long dirfd, uaddr path, uaddr argv, uaddr envp, long options)
{
    int flags = options;
    if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    unsigned lookup = (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0) |
                      (flags & AT_SYMLINK_NOFOLLOW ? LOOKUP_NO_FOLLOW : 0);
    struct exec *exec = kzalloc(sizeof(*exec));
    char *copy = NULL;
    if (!exec)
        return -ENOMEM;
    exec->limit = arguments_limit();
    int error = path_from_user(path, flags & AT_EMPTY_PATH, &copy);
    if (!error)
        error = exec_open(dirfd, copy, lookup, &exec->file);
    if (!error && !(exec->path = name_by_descriptor(dirfd, copy)))
        error = -ENOMEM;
    if (!error)
        error = execute_user(exec, argv, envp);
    kfree(copy);
    discard(exec);
    kfree(exec);
    return error;
}

long sys_execve(uaddr path, uaddr argv, uaddr envp)
{
    return sys_execveat(AT_FDCWD, path, argv, envp, 0);
}

int exec_init(const char *path, const char *const argv[],
              const char *const envp[])
{
    struct exec *exec = kzalloc(sizeof(*exec));
    if (!exec)
        return -ENOMEM;
    exec->path = kstrdup(path);
    int error = exec->path ? 0 : -ENOMEM;
    if (!error)
        error = exec_open(AT_FDCWD, path, 0, &exec->file);
    if (!error)
        error = copy_kernel_strings(&exec->argv, argv);
    if (!error)
        error = copy_kernel_strings(&exec->envp, envp);
    if (!error)
        error = prepare(exec);
    if (!error)
        error = commit(exec);
    discard(exec);
    kfree(exec);
    return error;
}
