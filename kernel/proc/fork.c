// SPDX-License-Identifier: MIT
//
// clone(2) in all its forms: fork, vfork and threads; and the making of
// process 1.

#include <abi/errno.h>
#include <abi/process.h>
#include <lib/csr.h>
#include <mm/kmalloc.h>
#include <mm/mm.h>
#include <mm/uaccess.h>
#include <proc/fpu.h>
#include <proc/task.h>
#include <string.h>

#include "proc_internal.h"

static const uint64_t known_flags =
    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_VFORK |
    CLONE_PARENT | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
    CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED |
    CLONE_UNTRACED | CLONE_CHILD_SETTID | CLONE_CLEAR_SIGHAND;

// clone(2), ERRORS.
static int check_flags(uint64_t flags)
{
    if (flags & ~known_flags)
        return -EINVAL;
    if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
        return -EINVAL;
    if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_PARENT) && current->process == init_process)
        return -EINVAL;
    return 0;
}

// ---- processes ----

static struct process *process_create(void)
{
    struct process *process = kzalloc(sizeof(*process));

    if (!process)
        return NULL;
    process->refs = 1;
    list_init(&process->children);
    list_init(&process->sibling);
    list_init(&process->threads);
    list_init(&process->all_node);
    wait_queue_init(&process->child_wait);
    wait_queue_init(&process->vfork_wait);
    wait_queue_init(&process->thread_wait);
    wait_queue_init(&process->signal_wait);
    spin_init(&process->signal_lock, RANK_SIGNALS, "signals");
    signal_queue_init(&process->pending);
    return process;
}

static struct signal_handlers *copy_handlers(struct process *parent,
                                             uint64_t flags)
{
    struct signal_handlers *handlers = parent->handlers;

    if (flags & CLONE_SIGHAND) {
        __atomic_fetch_add(&handlers->refs, 1, __ATOMIC_RELAXED);
        return handlers;
    }
    struct signal_handlers *copy = signal_handlers_create();
    if (!copy)
        return NULL;
    WITH_LOCK(&parent->signal_lock)
        memcpy(copy->actions, handlers->actions, sizeof(copy->actions));
    for (unsigned i = 0; flags & CLONE_CLEAR_SIGHAND && i < SIGNAL_COUNT; i++)
        if (copy->actions[i].handler != SIG_IGN)
            copy->actions[i] = (struct abi_sigaction){0};
    return copy;
}

// Who the process is: limits, ids, program.
static int copy_identity(struct process *child, struct process *parent)
{
    struct process ids;

    WITH_LOCK(&process_tree_lock) {
        ids = *parent;
        memcpy(child->limits, parent->limits, sizeof(child->limits));
        child->not_dumpable = parent->not_dumpable;
    }
    child->uid = ids.uid, child->euid = ids.euid, child->suid = ids.suid;
    child->gid = ids.gid, child->egid = ids.egid, child->sgid = ids.sgid;
    child->fsuid = ids.fsuid, child->fsgid = ids.fsgid;
    if (parent->group_count) {
        size_t size = parent->group_count * sizeof(*parent->groups);
        child->groups = kmalloc(size);
        if (!child->groups)
            return -ENOMEM;
        memcpy(child->groups, parent->groups, size);
        child->group_count = parent->group_count;
    }
    return 0;
}

static int copy_process(struct task *child, const struct clone_args *args)
{
    struct process *parent = current->process;

    if (args->flags & CLONE_THREAD) {
        child->process = parent;
        process_get(parent);
        return 0;
    }
    struct process *process = process_create();
    if (!process)
        return -ENOMEM;
    child->process = process;
    process->exit_signal = args->exit_signal;
    process->leader = child;
    task_get(child);
    process->handlers = copy_handlers(parent, args->flags);
    if (!process->handlers)
        return -ENOMEM;
    return copy_identity(process, parent);
}

// ---- tasks ----

static void child_returns(void *unused)
{
    struct task *task = current;
    int tid = task->tid;

    (void)unused;
    // The pages may be gone; Linux ignores that too.
    if (task->set_child_tid && PUT_USER(task->set_child_tid, tid))
        task->set_child_tid = 0;
    interrupts_off();
    return_to_user(task->frame);
    trap_enter_user(task->frame);
}

static struct trap_frame *frame_of(const struct task *task)
{
    return (struct trap_frame *)task->stack_top - 1;
}

static void copy_registers(struct task *child, const struct clone_args *args)
{
    struct task *parent = current;

    if (parent->fpu_used) {
        fpu_sync(parent);
        child->fpu = parent->fpu;
    }
    child->frame = frame_of(child);
    *child->frame = *parent->frame;
    child->frame->a0 = 0;
    child->frame->cause = ~0ull;
    if (args->stack)
        child->frame->sp = args->stack;
    if (args->flags & CLONE_SETTLS)
        child->frame->tp = args->tls;
    if (parent->fpu_used)
        fpu_reload(child);
}

static void copy_thread_state(struct task *child, const struct clone_args *args)
{
    struct task *parent = current;

    child->affinity = parent->affinity;
    child->trace = parent->trace;
    child->no_new_privileges = parent->no_new_privileges;
    child->blocked = parent->blocked;
    if (!(args->flags & CLONE_VM) || (args->flags & CLONE_VFORK)) {
        child->altstack_sp = parent->altstack_sp;
        child->altstack_size = parent->altstack_size;
        child->altstack_flags = parent->altstack_flags;
    }
    if (args->flags & CLONE_CHILD_SETTID)
        child->set_child_tid = args->child_tid;
    if (args->flags & CLONE_CHILD_CLEARTID)
        child->clear_child_tid = args->child_tid;
}

static int copy_mm(struct task *child, uint64_t flags)
{
    if (flags & CLONE_VM) {
        child->mm = current->mm;
        mm_get(child->mm);
        return 0;
    }
    return mm_fork(current->mm, &child->mm);
}

static void undo_resources(struct task *child,
                           const struct task_resource *failed)
{
    const struct task_resource *r;

    linkset_for_each(r, task_resources) {
        if (r == failed)
            break;
        if (r->fork && r->exit)
            r->exit(child);
    }
}

static int copy_resources(struct task *child, uint64_t flags)
{
    const struct task_resource *r;

    linkset_for_each(r, task_resources) {
        int error = r->fork ? r->fork(child, flags) : 0;
        if (error) {
            undo_resources(child, r);
            return error;
        }
    }
    return 0;
}

static unsigned count_processes_of(uint32_t uid)
{
    struct process *p;
    unsigned n = 0;

    list_for_each(p, &all_processes, all_node)
        n += p->uid == uid ? p->thread_count : 0;
    return n;
}

// Link a new process under its parent. Lock held.
static void link_process(struct process *process, uint64_t flags)
{
    struct process *parent = current->process;

    if (flags & CLONE_PARENT)
        parent = parent->parent;
    process->parent = parent;
    list_push_back(&parent->children, &process->sibling);
    list_push_back(&all_processes, &process->all_node);
    process->pgid = current->process->pgid;
    process->sid = current->process->sid;
    process->tty = current->process->tty;
    process_get(process);  // for the tree, until it is waited for
}

// Enter the child in all tables. After this it can be found, and cannot fail.
static int publish(struct task *child, const struct clone_args *args)
{
    struct process *process = child->process;
    uint64_t limit = current->process->limits[RLIMIT_NPROC].soft;

    WITH_LOCK(&process_tree_lock) {
        if (current->process->group_exit)
            return -EAGAIN;
        if (current->process->uid && limit != RLIM_INFINITY &&
            count_processes_of(current->process->uid) >= limit)
            return -EAGAIN;
        task_publish(child);
        if (!(args->flags & CLONE_THREAD)) {
            process->pid = child->tid;
            link_process(process, args->flags);
        }
        WITH_LOCK(&process->signal_lock) {
            list_push_back(&process->threads, &child->thread_node);
            process->thread_count++;
        }
    }
    return 0;
}

// Free a child that has never run. What it shares with a process of its own
// goes with the last reference.
static void discard(struct task *child)
{
    struct process *process = child->process;

    if (child->mm)
        mm_put(child->mm);
    if (process && process->leader == child) {
        process->leader = NULL;
        task_put(child);
    }
    task_put(child);
}

static int build_child(struct task *child, const struct clone_args *args)
{
    copy_registers(child, args);
    copy_thread_state(child, args);
    int error = copy_process(child, args);
    if (!error)
        error = copy_mm(child, args->flags);
    if (!error)
        error = copy_resources(child, args->flags);
    if (error)
        return error;
    error = publish(child, args);
    if (error)
        undo_resources(child, task_resources_end);
    return error;
}

long task_clone(const struct clone_args *args)
{
    int error = check_flags(args->flags);
    if (error)
        return error;
    struct task *child = task_create(current->name);
    if (!child)
        return -ENOMEM;
    task_set_start(child, child_returns, NULL);
    error = build_child(child, args);
    if (error) {
        discard(child);
        return error;
    }
    int tid = child->tid;
    struct process *process = child->process;
    if ((args->flags & CLONE_PARENT_SETTID) && PUT_USER(args->parent_tid, tid))
        error = -EFAULT;  // too late to fail: as Linux, the child runs
    process_get(process);
    sched_start(child);
    task_put(child);  // the one of task_create; sched_start took its own
    if (args->flags & CLONE_VFORK)
        wait_event(&process->vfork_wait, READ_ONCE(process->vfork_done));
    process_put(process);
    return tid;
}

// ---- process 1 ----

static void default_limits(struct process *process)
{
    for (unsigned i = 0; i < RLIMIT_COUNT; i++)
        process->limits[i] = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
    process->limits[RLIMIT_STACK].soft = 8 * MiB;
    process->limits[RLIMIT_CORE].soft = 0;
    process->limits[RLIMIT_NOFILE] = (struct rlimit){1024, 1048576};
    process->limits[RLIMIT_MSGQUEUE] = (struct rlimit){819200, 819200};
    process->limits[RLIMIT_NICE] = (struct rlimit){0, 0};
    process->limits[RLIMIT_RTPRIO] = (struct rlimit){0, 0};
}

int process_start_init(void (*function)(void *), void *argument)
{
    struct task *task = task_create("init");
    struct process *process = process_create();

    if (!task || !process)
        return -ENOMEM;
    process->handlers = signal_handlers_create();
    if (!process->handlers)
        return -ENOMEM;
    default_limits(process);
    process->pid = process->pgid = process->sid = 1;
    process->exit_signal = SIGCHLD;
    process->leader = task;
    task_get(task);
    task->process = process;
    task->frame = frame_of(task);
    *task->frame = (struct trap_frame){.status = SSTATUS_SPIE | SSTATUS_UXL_64};
    task_set_start(task, function, argument);
    int error = copy_resources(task, 0);
    if (error)
        return error;
    WITH_LOCK(&process_tree_lock) {
        task_publish_as(task, 1);
        list_push_back(&all_processes, &process->all_node);
        list_push_back(&process->threads, &task->thread_node);
        process->thread_count = 1;
        init_process = process;
        process_get(process);
    }
    sched_start(task);
    task_put(task);
    return 0;
}
