// SPDX-License-Identifier: MIT
//
// Files about one process: stat, status, comm, cmdline, environ, auxv, limits,
// in the formats of proc(5).

#include "tty.h"

#include <abi/errno.h>
#include <abi/stat.h>
#include <fs/proc.h>
#include <fs/vfs.h>
#include <mm/kmalloc.h>
#include <mm/mm.h>
#include <proc/task.h>
#include <string.h>

#define TICKS_PER_SEC 100  // the unit of times in stat, USER_HZ

static uint64_t ticks(nsec_t time)
{
    return time / (NSEC_PER_SEC / TICKS_PER_SEC);
}

// What is known of a process at one moment.
struct snapshot {
    char name[TASK_NAME_MAX];
    char state;
    const char *state_name;
    int ppid, pgid, sid, tty_number, tty_group;
    unsigned threads;
    unsigned hart;
    nsec_t started, user, system, child_user, child_system;
    uint64_t faults, switches, preemptions;
    uint32_t uids[4], gids[4];
    uint64_t pending, shared_pending, blocked, ignored, caught;
    unsigned queued, descriptors;
    uint32_t umask;
    int exit_signal, exit_status;
    uint64_t limit_rss;
};

static void take_state(struct snapshot *s, const struct process *process)
{
    static const struct {
        char letter;
        const char *name;
    } states[] = {
        [TASK_RUNNABLE] = {'R', "R (running)"},
        [TASK_INTERRUPTIBLE] = {'S', "S (sleeping)"},
        [TASK_UNINTERRUPTIBLE] = {'D', "D (disk sleep)"},
        [TASK_STOPPED] = {'T', "T (stopped)"},
        [TASK_DEAD] = {'Z', "Z (zombie)"},
    };
    enum task_state state =
        process->zombie ? TASK_DEAD : process->leader->state;

    s->state = states[state].letter;
    s->state_name = states[state].name;
}

static void take_signals(struct snapshot *s, struct process *process)
{
    WITH_LOCK(&process->signal_lock) {
        s->pending = process->leader->pending.set.bits;
        s->shared_pending = process->pending.set.bits;
        s->queued = process->pending.count + process->leader->pending.count;
        s->blocked = process->leader->blocked.bits;
        for (int i = 0; process->handlers && i < SIGNAL_COUNT; i++) {
            uaddr handler = process->handlers->actions[i].handler;
            if (handler == SIG_IGN)
                s->ignored |= 1ull << i;
            else if (handler != SIG_DFL)
                s->caught |= 1ull << i;
        }
    }
}

static void take_ids(struct snapshot *s, const struct process *process)
{
    const uint32_t uids[4] = {process->uid, process->euid, process->suid,
                              process->fsuid};
    const uint32_t gids[4] = {process->gid, process->egid, process->sgid,
                              process->fsgid};

    memcpy(s->uids, uids, sizeof(uids));
    memcpy(s->gids, gids, sizeof(gids));
    s->ppid = process->parent ? process->parent->pid : 0;
    s->pgid = process->pgid;
    s->sid = process->sid;
    s->tty_group = -1;
    if (process->tty) {
        s->tty_number = (int)process->tty->rdev;
        s->tty_group = process->tty->group;
    }
}

static void take(struct snapshot *s, struct process *process)
{
    struct task *task;

    memset(s, 0, sizeof(*s));
    process_cpu_time(process, &s->user, &s->system);
    WITH_LOCK(&process_tree_lock) {
        const struct task *leader = process->leader;
        memcpy(s->name, leader->name, TASK_NAME_MAX);
        s->started = leader->started;
        s->hart = leader->hart ? leader->hart->id : 0;
        s->threads = process->thread_count;
        s->child_user = process->child_user_time;
        s->child_system = process->child_system_time;
        s->faults = process->minor_faults;
        s->exit_signal = process->exit_signal;
        s->exit_status = process->zombie ? process->exit_status : 0;
        s->limit_rss = process->limits[5].soft;
        list_for_each(task, &process->threads, thread_node) {
            s->switches += task->switches;
            s->preemptions += task->preemptions;
            s->umask = task->fs ? task->fs->umask : 0;
            s->descriptors = task->files ? task->files->capacity : 0;
        }
        take_state(s, process);
        take_ids(s, process);
        take_signals(s, process);
    }
}

// ---- stat ----

static void show_stat(struct text *text, struct process *process)
{
    struct snapshot s;
    struct mm *mm = process_mm(process);

    take(&s, process);
    text_printf(text, "%d (%s) %c %d %d %d %d %d 0 ", process->pid, s.name,
                s.state, s.ppid, s.pgid, s.sid, s.tty_number, s.tty_group);
    text_printf(text, "%lu 0 0 0 %lu %lu %lu %lu 20 0 %u 0 %lu ", s.faults,
                ticks(s.user), ticks(s.system), ticks(s.child_user),
                ticks(s.child_system), s.threads, ticks(s.started));
    text_printf(text, "%lu %lu %lu 1 1 %lu 0 0 ",
                mm ? mm->total_pages * PAGE_SIZE : 0, mm ? mm->pages : 0,
                s.limit_rss, mm ? mm->stack_top : 0);
    text_printf(text, "%lu %lu %lu %lu 0 0 0 %d %u 0 0 0 0 0 ",
                s.pending | s.shared_pending, s.blocked, s.ignored, s.caught,
                s.exit_signal, s.hart);
    if (mm)
        text_printf(text, "0 0 %lu %lu %lu %lu %lu %d\n", mm->brk_start,
                    mm->arg_start, mm->arg_end, mm->env_start, mm->env_end,
                    s.exit_status);
    else
        text_printf(text, "0 0 0 0 0 0 0 %d\n", s.exit_status);
    if (mm)
        mm_put(mm);
}
PROC_PID_FILE(stat) = {.name = "stat", .show = show_stat};

// ---- status ----

static void show_memory(struct text *text, const struct mm *mm)
{
    const struct {
        const char *name;
        uint64_t pages;
    } rows[] = {
        {"VmSize", mm->total_pages},
        {"VmHWM", mm->max_pages},
        {"VmRSS", mm->pages},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        text_printf(text, "%s:\t%8lu kB\n", rows[i].name,
                    rows[i].pages * (PAGE_SIZE / KiB));
}

static void show_status(struct text *text, struct process *process)
{
    struct snapshot s;
    struct mm *mm = process_mm(process);

    take(&s, process);
    text_printf(text,
                "Name:\t%s\nUmask:\t%04o\nState:\t%s\nTgid:\t%d\nNgid:\t0\n"
                "Pid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
                s.name, (unsigned)s.umask, s.state_name, process->pid,
                process->pid, s.ppid);
    text_printf(text, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\n", s.uids[0],
                s.uids[1], s.uids[2], s.uids[3], s.gids[0], s.gids[1],
                s.gids[2], s.gids[3]);
    text_printf(text, "FDSize:\t%u\nGroups:\t\n", s.descriptors);
    if (mm) {
        show_memory(text, mm);
        mm_put(mm);
    }
    text_printf(text, "Threads:\t%u\nSigQ:\t%u/%lu\n", s.threads, s.queued,
                (unsigned long)process->limits[11].soft);
    text_printf(text,
                "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\n"
                "SigIgn:\t%016lx\nSigCgt:\t%016lx\n",
                s.pending, s.shared_pending, s.blocked, s.ignored, s.caught);
    text_printf(text,
                "voluntary_ctxt_switches:\t%lu\n"
                "nonvoluntary_ctxt_switches:\t%lu\n",
                s.switches, s.preemptions);
}
PROC_PID_FILE(status) = {.name = "status", .show = show_status};

// ---- comm ----

static void show_comm(struct text *text, struct process *process)
{
    text_printf(text, "%s\n", process->leader->name);
}

static int store_comm(struct process *process, const char *value)
{
    if (process != current_process())
        return -EINVAL;
    task_set_name(process->leader, value);
    return 0;
}
PROC_PID_FILE(comm) = {.name = "comm", .show = show_comm, .store = store_comm};

// ---- from the process's own memory ----

static void show_range(struct text *text, struct mm *mm, uaddr start, uaddr end)
{
    char chunk[256];

    while (start < end) {
        ssize_t n = mm_read(mm, start, chunk, MIN(end - start, sizeof(chunk)));
        if (n <= 0)
            break;
        text_append(text, chunk, (size_t)n);
        start += (uaddr)n;
    }
}

static void show_cmdline(struct text *text, struct process *process)
{
    struct mm *mm = process_mm(process);

    if (!mm)
        return;
    show_range(text, mm, mm->arg_start, mm->arg_end);
    mm_put(mm);
}
PROC_PID_FILE(cmdline) = {.name = "cmdline", .show = show_cmdline};

// Like Linux's, these two are for the owner alone.
static bool may_look(const struct process *process)
{
    return current_process()->fsuid == 0 ||
           current_process()->fsuid == process->euid;
}

static void show_environ(struct text *text, struct process *process)
{
    struct mm *mm = may_look(process) ? process_mm(process) : NULL;

    if (!mm)
        return;
    show_range(text, mm, mm->env_start, mm->env_end);
    mm_put(mm);
}
PROC_PID_FILE(environ) = {.name = "environ", .show = show_environ};

static void show_auxv(struct text *text, struct process *process)
{
    struct mm *mm = may_look(process) ? process_mm(process) : NULL;
    size_t n = 0;

    if (!mm)
        return;
    while (n + 2 < ARRAY_SIZE(mm->auxv) && mm->auxv[n])
        n += 2;
    text_append(text, mm->auxv, (n + 2) * sizeof(mm->auxv[0]));
    mm_put(mm);
}
PROC_PID_FILE(auxv) = {.name = "auxv", .show = show_auxv};

// ---- limits ----

static void show_limit(struct text *text, uint64_t value)
{
    if (value == UINT64_MAX)
        text_printf(text, "%-20s ", "unlimited");
    else
        text_printf(text, "%-20lu ", value);
}

static void show_limits(struct text *text, struct process *process)
{
    static const struct {
        const char *name, *unit;
    } rows[RLIMIT_COUNT] = {
        {"Max cpu time", "seconds"},     {"Max file size", "bytes"},
        {"Max data size", "bytes"},      {"Max stack size", "bytes"},
        {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
        {"Max processes", "processes"},  {"Max open files", "files"},
        {"Max locked memory", "bytes"},  {"Max address space", "bytes"},
        {"Max file locks", "locks"},     {"Max pending signals", "signals"},
        {"Max msgqueue size", "bytes"},  {"Max nice priority", ""},
        {"Max realtime priority", ""},   {"Max realtime timeout", "us"},
    };

    text_printf(text, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
                "Hard Limit", "Units");
    for (size_t i = 0; i < RLIMIT_COUNT; i++) {
        text_printf(text, "%-25s ", rows[i].name);
        show_limit(text, process->limits[i].soft);
        show_limit(text, process->limits[i].hard);
        text_printf(text, "%-10s\n", rows[i].unit);
    }
}
PROC_PID_FILE(limits) = {.name = "limits", .show = show_limits};
