// SPDX-License-Identifier: MIT
//
// Sending signals, see <proc/signal.h>. A signal waits in its thread's or its
// process's queue until a thread that does not block it returns to user mode
// (signal_deliver.c). task->signal_wake tells a thread to look; others set it,
// only the thread itself clears it.

#include <abi/errno.h>
#include <abi/process.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <proc/task.h>
#include <string.h>

#include "proc_internal.h"
#include "sched_internal.h"

struct queued_signal {
    struct list_node node;
    struct abi_siginfo info;
};

#define QUEUED_MAX 1024  // real-time signals waiting in one queue: EAGAIN past

void signal_queue_init(struct signal_queue *queue)
{
    queue->set.bits = 0;
    queue->count = 0;
    list_init(&queue->infos);
}

void signal_queue_flush(struct signal_queue *queue)
{
    struct queued_signal *q;

    while ((q = list_pop_front(&queue->infos, struct queued_signal, node)))
        kfree(q);
    queue->set.bits = 0;
    queue->count = 0;
}

struct signal_handlers *signal_handlers_create(void)
{
    struct signal_handlers *handlers = kzalloc(sizeof(*handlers));

    if (handlers)
        handlers->refs = 1;
    return handlers;
}

void signal_handlers_put(struct signal_handlers *handlers)
{
    if (!__atomic_sub_fetch(&handlers->refs, 1, __ATOMIC_ACQ_REL))
        kfree(handlers);
}

bool signal_default_ignored(int signal)
{
    return signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH ||
           signal == SIGCONT;
}

// ---- queues; the process's signal_lock is held ----

static void forget(struct signal_queue *queue, uint64_t set)
{
    struct queued_signal *q, *next;

    if (!(queue->set.bits & set))
        return;
    queue->set.bits &= ~set;
    list_for_each_safe(q, next, &queue->infos, node) {
        if (signal_bit(q->info.signo) & set) {
            list_remove(&q->node);
            queue->count--;
            kfree(q);
        }
    }
}

// Standard signals are pending once. Without memory a standard signal comes
// without its information; a real-time one is refused.
static int enqueue(struct signal_queue *queue, int signal,
                   const struct abi_siginfo *info)
{
    bool queued_kind = signal >= SIGRTMIN;

    if (!queued_kind && (queue->set.bits & signal_bit(signal)))
        return 0;
    struct queued_signal *q =
        queue->count < QUEUED_MAX ? kmalloc(sizeof(*q)) : NULL;
    if (!q && queued_kind && info && info->code < 0)
        return -EAGAIN;
    queue->set.bits |= signal_bit(signal);
    if (!q)
        return 0;
    if (info)
        q->info = *info;
    else
        q->info = (struct abi_siginfo){.code = SI_KERNEL};
    q->info.signo = signal;
    list_push_back(&queue->infos, &q->node);
    queue->count++;
    return 0;
}

static void take(struct signal_queue *queue, int signal,
                 struct abi_siginfo *info)
{
    struct queued_signal *q, *found = NULL;
    bool more = false;

    list_for_each(q, &queue->infos, node) {
        if (q->info.signo != signal)
            continue;
        if (found)
            more = true;
        else
            found = q;
    }
    if (!more)
        queue->set.bits &= ~signal_bit(signal);
    *info = (struct abi_siginfo){.signo = signal, .code = SI_USER};
    if (found) {
        *info = found->info;
        list_remove(&found->node);
        queue->count--;
        kfree(found);
    }
}

// Faults first, then the lowest number, as Linux has it.
static int lowest(uint64_t bits)
{
    const uint64_t faults = signal_bit(SIGSEGV) | signal_bit(SIGBUS) |
                            signal_bit(SIGILL) | signal_bit(SIGTRAP) |
                            signal_bit(SIGFPE) | signal_bit(SIGSYS);

    if (bits & faults)
        bits &= faults;
    return bits ? __builtin_ctzll(bits) + 1 : 0;
}

int signal_dequeue_locked(uint64_t set, struct abi_siginfo *info)
{
    struct task *task = current;
    struct signal_queue *queue = &task->pending;
    int signal = lowest(queue->set.bits & set);

    if (!signal) {
        queue = &task->process->pending;
        signal = lowest(queue->set.bits & set);
    }
    if (signal)
        take(queue, signal, info);
    return signal;
}

int signal_dequeue(uint64_t set, struct abi_siginfo *info)
{
    int signal = 0;

    WITH_LOCK(&current->process->signal_lock)
        signal = signal_dequeue_locked(set, info);
    return signal;
}

// ---- telling threads ----

bool signal_pending(void)
{
    return READ_ONCE(current->signal_wake);
}

bool signal_fatal_pending(void)
{
    const struct process *process = current->process;

    if (!process)
        return false;
    return READ_ONCE(process->group_exit) ||
           (READ_ONCE(process->exec_task) && process->exec_task != current);
}

void signal_wake_task(struct task *task)
{
    WRITE_ONCE(task->signal_wake, true);
    sched_signal(task, false);
}

void signal_wake_all(struct process *process)
{
    struct task *task;

    list_for_each(task, &process->threads, thread_node) {
        WRITE_ONCE(task->signal_wake, true);
        sched_signal(task, true);
    }
}

static bool wants(const struct task *task, int signal)
{
    return !(task->blocked.bits & signal_bit(signal)) ||
           (task->waiting.bits & signal_bit(signal));
}

// Some thread that does not block the signal, the first one if it can be.
static void wake_one(struct process *process, int signal)
{
    struct task *task;

    list_for_each(task, &process->threads, thread_node) {
        if (wants(task, signal)) {
            signal_wake_task(task);
            return;
        }
    }
}

// ---- sending ----

static const uint64_t stop_signals =
    1ull << (SIGSTOP - 1) | 1ull << (SIGTSTP - 1) | 1ull << (SIGTTIN - 1) |
    1ull << (SIGTTOU - 1);

static void forget_all(struct process *process, uint64_t set)
{
    struct task *task;

    forget(&process->pending, set);
    list_for_each(task, &process->threads, thread_node)
        forget(&task->pending, set);
}

// A stop signal cancels a pending SIGCONT and the other way round; SIGCONT
// continues the process even when it is blocked or ignored.
static void stop_or_continue(struct process *process, int signal)
{
    if (signal_bit(signal) & stop_signals)
        forget_all(process, signal_bit(SIGCONT));
    if (signal != SIGCONT)
        return;
    forget_all(process, stop_signals);
    if (process->stop_signal) {
        process->stop_signal = 0;
        process->continue_report = true;
        signal_wake_all(process);
    }
}

static bool is_ignored(const struct process *process, const struct task *task,
                       int signal)
{
    uaddr handler = process->handlers->actions[signal - 1].handler;
    uint64_t blocked = task ? task->blocked.bits : 0;

    if (process == init_process && handler == SIG_DFL)
        return true;  // process 1 gets what it asked for and nothing else
    if (signal == SIGKILL || signal == SIGSTOP)
        return false;
    if (blocked & signal_bit(signal))
        return false;
    return handler == SIG_IGN ||
           (handler == SIG_DFL && signal_default_ignored(signal));
}

static int send_locked(struct process *process, struct task *task, int signal,
                       const struct abi_siginfo *info)
{
    struct task *first =
        list_empty(&process->threads)
            ? NULL
            : list_first(&process->threads, struct task, thread_node);

    if (!process->handlers || !first)
        return 0;  // it has ended
    stop_or_continue(process, signal);
    if (is_ignored(process, task ? task : first, signal))
        return 0;
    if (signal == SIGKILL && !process->group_exit) {
        process->group_exit = true;
        process->exit_status = SIGKILL;
        signal_wake_all(process);
        return 0;
    }
    int error =
        enqueue(task ? &task->pending : &process->pending, signal, info);
    if (error)
        return error;
    if (!task)
        wake_one(process, signal);
    else if (wants(task, signal))
        signal_wake_task(task);
    wake_up_all(&process->signal_wait);
    return 0;
}

int signal_count_overrun(struct process *process, struct task *task,
                         const struct abi_siginfo *info)
{
    struct signal_queue *queue = task ? &task->pending : &process->pending;
    struct queued_signal *q;

    WITH_LOCK(&process->signal_lock)
        list_for_each(q, &queue->infos, node)
            if (q->info.signo == info->signo && q->info.code == SI_TIMER &&
                q->info.timer.id == info->timer.id)
                return ++q->info.timer.overrun;
    return 0;
}

int signal_send_to_self(int signal, const struct abi_siginfo *info)
{
    return send_locked(current->process, current, signal, info);
}

// The tree lock keeps the list of threads still.
static int send(struct process *process, struct task *task, int signal,
                const struct abi_siginfo *info)
{
    int error = 0;

    if (!process || !signal)
        return 0;
    WITH_LOCK(&process->signal_lock)
        error = send_locked(process, task, signal, info);
    if (signal == SIGCONT && process->continue_report)
        process_notify_parent(process, CLD_CONTINUED, SIGCONT);
    return error;
}

int signal_process_locked(struct process *process, int signal,
                          const struct abi_siginfo *info)
{
    return send(process, NULL, signal, info);
}

int signal_process(struct process *process, int signal,
                   const struct abi_siginfo *info)
{
    int error = 0;

    WITH_LOCK(&process_tree_lock)
        error = send(process, NULL, signal, info);
    return error;
}

int signal_task(struct task *task, int signal, const struct abi_siginfo *info)
{
    int error = 0;

    WITH_LOCK(&process_tree_lock)
        error = send(task->process, task, signal, info);
    return error;
}

int signal_group(int pgid, int signal, const struct abi_siginfo *info)
{
    struct process *process;
    int result = -ESRCH;

    WITH_LOCK(&process_tree_lock) {
        list_for_each(process, &all_processes, all_node) {
            if (process->pgid != pgid)
                continue;
            int error = send(process, NULL, signal, info);
            if (result)
                result = error;
        }
    }
    return result;
}
