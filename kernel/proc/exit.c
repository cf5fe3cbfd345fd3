// SPDX-License-Identifier: MIT
//
// The end of threads and processes. A thread gives back what it holds and never
// runs again; with the last one its process becomes a zombie, whose parent
// learns of it and takes the status (wait.c).

#include <abi/process.h>
#include <dev/power.h>
#include <lib/csr.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <mm/mm.h>
#include <proc/task.h>

#include "proc_internal.h"
#include "sched_internal.h"

// ---- telling the parent ----

static struct abi_siginfo child_info(struct process *child, int code,
                                     int status)
{
    nsec_t user, system;

    process_times(child, &user, &system);
    return (struct abi_siginfo){
        .signo = SIGCHLD,
        .code = code,
        .child = {.pid = child->pid,
                  .uid = child->uid,
                  .status = status,
                  .utime = user / (NSEC_PER_SEC / 100),
                  .stime = system / (NSEC_PER_SEC / 100)},
    };
}

void process_notify_parent(struct process *child, int code, int status)
{
    struct process *parent = child->parent;

    assert_debug(spin_held(&process_tree_lock));
    if (!parent)
        return;
    bool ended = code != CLD_STOPPED && code != CLD_CONTINUED;
    int signal = ended ? child->exit_signal : SIGCHLD;
    bool silent =
        !ended && (parent->handlers->actions[SIGCHLD - 1].flags & SA_NOCLDSTOP);
    if (signal && !silent) {
        struct abi_siginfo info = child_info(child, code, status);
        signal_process_locked(parent, signal, &info);
    }
    wake_up_all(&parent->child_wait);
}

// Does the parent want no zombies? sigaction(2), SA_NOCLDWAIT.
static bool parent_ignores(const struct process *child)
{
    const struct process *parent = child->parent;

    if (child->exit_signal != SIGCHLD)
        return false;
    const struct abi_sigaction *action =
        &parent->handlers->actions[SIGCHLD - 1];
    return action->handler == SIG_IGN || (action->flags & SA_NOCLDWAIT);
}

// ---- the last thread ----

static void reparent_children(struct process *process)
{
    struct process *child, *next;

    list_for_each_safe(child, next, &process->children, sibling) {
        list_remove(&child->sibling);
        child->parent = init_process;
        list_push_back(&init_process->children, &child->sibling);
        if (child->death_signal)
            signal_process_locked(child, child->death_signal, NULL);
        if (child->zombie)
            process_notify_parent(child, CLD_EXITED, child->exit_status);
        else if (child->stop_signal && child->pgid != init_process->pgid) {
            // Its group may be orphaned now: POSIX wants it awake.
            signal_process_locked(child, SIGHUP, NULL);
            signal_process_locked(child, SIGCONT, NULL);
        }
    }
}

void process_unlink(struct process *process)
{
    assert_debug(spin_held(&process_tree_lock));
    list_remove(&process->sibling);
    list_remove(&process->all_node);
    task_unpublish(process->leader);
}

static int wait_code(int status)
{
    if (!(status & 0x7f))
        return CLD_EXITED;
    return CLD_KILLED;
}

// Lock held. Returns true if nobody will wait for it.
static bool become_zombie(struct process *process)
{
    int status = process->exit_status;

    reparent_children(process);
    process->zombie = true;
    if (!process->parent)
        return false;
    bool ignored = parent_ignores(process);
    process_notify_parent(process, wait_code(status),
                          status & 0x7f ? status & 0x7f : status >> 8);
    if (ignored)
        process_unlink(process);
    return ignored;
}

static void let_vfork_parent_go(struct process *process)
{
    if (process->vfork_done)
        return;
    WRITE_ONCE(process->vfork_done, true);
    wake_up_all(&process->vfork_wait);
}

// Take the thread out of its process; returns true if it was the last.
static bool leave_process(struct task *task, int status)
{
    struct process *process = task->process;
    nsec_t user, system;

    task_times(task, &user, &system);
    process->user_time += user;
    process->system_time += system;
    WITH_LOCK(&process->signal_lock) {
        list_remove(&task->thread_node);
        signal_queue_flush(&task->pending);
        if (--process->thread_count == 0 && !process->group_exit) {
            process->group_exit = true;
            process->exit_status = status;
        }
    }
    if (task != process->leader)
        task_unpublish(task);
    wake_up_all(&process->thread_wait);
    return process->thread_count == 0;
}

static void release_mm(struct task *task)
{
    struct mm *mm = task->mm;

    if (!mm)
        return;
    struct process *process = task->process;
    WITH_LOCK(&process_tree_lock) {  // others find the mm by it
        process->max_pages = MAX(process->max_pages, mm->max_pages);
        task->mm = NULL;
    }
    mm_put(mm);
    oom_released();
}

static void release_resources(struct task *task)
{
    const struct task_resource *r;

    linkset_for_each(r, task_resources)
        if (r->exit)
            r->exit(task);
    release_mm(task);
}

static void release_process(struct process *process)
{
    struct task *leader = process->leader;

    process->leader = NULL;
    task_put(leader);
    process_put(process);
}

static noreturn void rest_in_peace(void)
{
    sched_sleep_as(TASK_DEAD);
    schedule();
    panic("a dead task runs");
}

static void power_off_with(int status)
{
    unsigned code = status & 0x7f ? 128 + (status & 0x7f) : status >> 8;

    log_line("init ended with status %u", code);
    power_prepare();
    power_off(code);
}

noreturn void task_exit(int status)
{
    struct task *task = current;
    struct process *process = task->process;
    bool last = false, unwanted = false;

    assert(task->tid != 0);
    if (!process) {
        WITH_LOCK(&process_tree_lock)
            task_unpublish(task);
        rest_in_peace();
    }
    release_resources(task);
    WITH_LOCK(&process_tree_lock) {
        last = leave_process(task, status);
        if (last && process != init_process)
            unwanted = become_zombie(process);
    }
    if (last) {
        timer_cancel_sync(&process->real_timer);
        let_vfork_parent_go(process);
    }
    if (last && process == init_process)
        power_off_with(process->exit_status);
    if (unwanted)
        release_process(process);
    rest_in_peace();
}

noreturn void process_exit(int status)
{
    struct process *process = current->process;

    WITH_LOCK(&process_tree_lock) {
        WITH_LOCK(&process->signal_lock) {
            if (!process->group_exit) {
                process->group_exit = true;
                process->exit_status = status;
                signal_wake_all(process);
            }
        }
    }
    task_exit(process->exit_status);
}

// ---- exec ----

// The thread that execs takes the place of the leader: its tid becomes the pid.
// Returns the old leader, with the reference that the process had. Lock held.
static struct task *become_leader(struct task *task)
{
    struct process *process = task->process;
    struct task *old = process->leader;

    if (old == task)
        return NULL;
    task_unpublish(task);
    task_unpublish(old);
    task_publish_as(task, process->pid);
    process->leader = task;
    task_get(task);
    return old;
}

int process_end_other_threads(void)
{
    struct task *task = current;
    struct process *process = task->process;
    struct task *old_leader = NULL;

    WITH_LOCK(&process_tree_lock) {
        WITH_LOCK(&process->signal_lock) {
            if (process->group_exit || process->exec_task)
                return -EAGAIN;
            if (process->thread_count > 1) {
                process->exec_task = task;
                signal_wake_all(process);
            }
        }
    }
    if (!process->exec_task)
        return 0;
    wait_event(&process->thread_wait, READ_ONCE(process->thread_count) == 1);
    WITH_LOCK(&process_tree_lock) {
        old_leader = become_leader(task);
        process->exec_task = NULL;
    }
    if (old_leader)
        task_put(old_leader);
    return 0;
}

// Handlers go, ignored signals stay ignored. execve(2).
static void reset_handlers(struct process *process)
{
    WITH_LOCK(&process->signal_lock) {
        for (unsigned i = 0; i < SIGNAL_COUNT; i++) {
            struct abi_sigaction *action = &process->handlers->actions[i];
            uaddr handler = action->handler == SIG_IGN ? SIG_IGN : SIG_DFL;
            *action = (struct abi_sigaction){.handler = handler};
        }
    }
}

void process_new_program(void)
{
    struct task *task = current;
    struct process *process = task->process;
    const struct task_resource *r;

    reset_handlers(process);
    task->altstack_size = 0;
    WITH_LOCK(&process_tree_lock)
        process->exec_done = true;
    linkset_for_each(r, task_resources)
        if (r->exec)
            r->exec(task);
    task->clear_child_tid = 0;
    task->robust_list = 0;
    let_vfork_parent_go(process);
}
