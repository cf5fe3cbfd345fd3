// SPDX-License-Identifier: MIT
//
// Waiting for children (wait4(2), waitid(2)) and adding up what they used.

#include <abi/errno.h>
#include <abi/process.h>
#include <mm/mm.h>
#include <mm/uaccess.h>
#include <proc/task.h>

#include "proc_internal.h"

// ---- accounting ----

void process_times(const struct process *process, nsec_t *user, nsec_t *system)
{
    struct task *task;

    *user = process->user_time;
    *system = process->system_time;
    list_for_each(task, &process->threads, thread_node) {
        nsec_t u, s;
        task_times(task, &u, &s);
        *user += u;
        *system += s;
    }
}

void process_cpu_time(struct process *process, nsec_t *user, nsec_t *system)
{
    WITH_LOCK(&process_tree_lock)
        process_times(process, user, system);
}

static struct abi_timeval to_timeval(nsec_t t)
{
    return (struct abi_timeval){t / NSEC_PER_SEC,
                                t % NSEC_PER_SEC / NSEC_PER_USEC};
}

static void fill_self(const struct process *process, nsec_t *user,
                      nsec_t *system, uint64_t *pages, struct abi_rusage *usage)
{
    struct task *task;

    process_times(process, user, system);
    *pages = process->max_pages;
    list_for_each(task, &process->threads, thread_node) {
        if (task->mm)
            *pages = MAX(*pages, task->mm->max_pages);
        usage->nvcsw += task->switches;
        usage->nivcsw += task->preemptions;
    }
    usage->minflt = process->minor_faults;
}

// Lock held.
static void fill_rusage(const struct process *process, int who,
                        struct abi_rusage *usage)
{
    nsec_t user = 0, system = 0;
    uint64_t pages = 0;

    *usage = (struct abi_rusage){0};
    if (who == RUSAGE_CHILDREN) {
        user = process->child_user_time;
        system = process->child_system_time;
        pages = process->child_max_pages;
    } else {
        fill_self(process, &user, &system, &pages, usage);
    }
    if (who == RUSAGE_THREAD) {
        task_times(current, &user, &system);
        usage->nvcsw = current->switches;
        usage->nivcsw = current->preemptions;
    }
    usage->utime = to_timeval(user);
    usage->stime = to_timeval(system);
    usage->maxrss = pages * (PAGE_SIZE / KiB);
}

void process_rusage(int who, struct abi_rusage *usage)
{
    WITH_LOCK(&process_tree_lock)
        fill_rusage(current->process, who, usage);
}

// ---- waiting ----

struct wait_request {
    int which, id;
    unsigned options;
};

struct wait_report {
    struct process *child;  // with a reference
    bool reaped;            // it is out of the tree
    int pid, status, code;
    uint32_t uid;
    struct abi_rusage usage;
};

static bool matches(const struct process *child, const struct wait_request *r)
{
    bool clone_child = child->exit_signal != SIGCHLD;

    if (!(r->options & W__ALL) && clone_child != !!(r->options & W__CLONE))
        return false;
    switch (r->which) {
    case WAIT_PID:
        return child->pid == r->id;
    case WAIT_GROUP:
        return child->pgid == (r->id ? r->id : current->process->pgid);
    default:
        return true;
    }
}

static void reap(struct process *child)
{
    struct process *parent = child->parent;

    parent->child_user_time += child->user_time + child->child_user_time;
    parent->child_system_time += child->system_time + child->child_system_time;
    parent->child_max_pages = MAX(
        parent->child_max_pages, MAX(child->max_pages, child->child_max_pages));
    process_unlink(child);
}

// Has the child something to report? Fills in the report. Lock held.
static bool examine(struct process *child, const struct wait_request *r,
                    struct wait_report *report)
{
    bool keep = r->options & WNOWAIT;

    if (child->zombie && (r->options & WEXITED)) {
        report->status = child->exit_status;
        report->code = child->exit_status & 0x7f ? CLD_KILLED : CLD_EXITED;
        report->reaped = !keep;
    } else if (child->stop_report && (r->options & WSTOPPED)) {
        report->status = WAIT_STATUS_STOPPED(child->stop_signal);
        report->code = CLD_STOPPED;
        child->stop_report = keep;
    } else if (child->continue_report && (r->options & WCONTINUED)) {
        report->status = WAIT_STATUS_CONTINUED;
        report->code = CLD_CONTINUED;
        child->continue_report = keep;
    } else {
        return false;
    }
    report->pid = child->pid;
    report->uid = child->uid;
    report->child = child;
    process_get(child);
    fill_rusage(child, RUSAGE_SELF, &report->usage);
    if (report->reaped)
        reap(child);
    return true;
}

// 1: report is filled in. 0: there are such children, none has news. -ECHILD.
static int look(const struct wait_request *r, struct wait_report *report)
{
    struct process *child;
    int result = -ECHILD;

    WITH_LOCK(&process_tree_lock) {
        list_for_each(child, &current->process->children, sibling) {
            if (!matches(child, r))
                continue;
            if (examine(child, r, report))
                return 1;
            result = 0;
        }
    }
    return result;
}

static int deliver_info(const struct wait_report *report, uaddr info)
{
    int status = report->status;
    struct abi_siginfo out = {
        .signo = SIGCHLD,
        .code = report->code,
        .child = {.pid = report->pid, .uid = report->uid},
    };

    if (report->code == CLD_EXITED || report->code == CLD_STOPPED)
        out.child.status = (status >> 8) & 0xff;
    else
        out.child.status =
            report->code == CLD_CONTINUED ? SIGCONT : status & 0x7f;
    return copy_to_user(info, &out, sizeof(out));
}

static int deliver(const struct wait_report *report, uaddr status, uaddr rusage,
                   uaddr info)
{
    if (status && PUT_USER(status, report->status))
        return -EFAULT;
    if (rusage && copy_to_user(rusage, &report->usage, sizeof(report->usage)))
        return -EFAULT;
    if (info)
        return deliver_info(report, info);
    return 0;
}

static void release(struct wait_report *report)
{
    struct process *child = report->child;

    if (report->reaped) {
        struct task *leader = child->leader;
        child->leader = NULL;
        task_put(leader);
        process_put(child);  // the tree's reference
    }
    process_put(child);
}

long process_wait(int which, int id, unsigned options, uaddr status,
                  uaddr rusage, uaddr info)
{
    struct wait_request request = {which, id, options};
    struct wait_report report = {0};
    int found;

    int error = wait_event_interruptible(
        &current->process->child_wait,
        (found = look(&request, &report)) != 0 || (options & WNOHANG));
    if (error)
        return error;
    if (found < 0)
        return found;
    if (!found) {
        struct abi_siginfo none = {0};
        if (info && copy_to_user(info, &none, sizeof(none)))
            return -EFAULT;
        return 0;
    }
    error = deliver(&report, status, rusage, info);
    release(&report);
    return error ? error : report.pid;
}
