// SPDX-License-Identifier: MIT
//
// Signals, as signal(7) describes them. Sent from anywhere, acted upon by the
// target itself on its way back to user mode.

#pragma once

#include <abi/signal.h>
#include <lib/list.h>
#include <lib/types.h>

struct task;
struct process;
struct trap_frame;

struct signal_set {
    uint64_t bits;  // signal n is bit n - 1
};

static inline uint64_t signal_bit(int signal)
{
    return 1ull << (signal - 1);
}

// Pending signals: standard ones once each, real-time ones queued.
struct signal_queue {
    struct signal_set set;
    struct list_node infos;  // struct queued_signal
    unsigned count;          // of them
};

struct signal_handlers {
    uint32_t refs;                               // (a)
    struct abi_sigaction actions[SIGNAL_COUNT];  // (g)
};

// Send to a process (any thread that does not block it), to one thread, to a
// process group. info NULL: sent by the kernel (SI_KERNEL). signal 0 sends
// nothing. Any context; they take process_tree_lock, but for the form whose
// caller holds it. 0, -EAGAIN (queue is full), -ESRCH (no such group).
int signal_process(struct process *process, int signal,
                   const struct abi_siginfo *info);
int signal_process_locked(struct process *process, int signal,
                          const struct abi_siginfo *info);
int signal_task(struct task *task, int signal, const struct abi_siginfo *info);
int signal_group(int pgid, int signal, const struct abi_siginfo *info);

// If a signal of the same timer (SI_TIMER) still waits in the queue, of the
// process or (not NULL) of the thread, count an overrun in it. The count, or 0
// if there is none. Any context.
int signal_count_overrun(struct process *process, struct task *task,
                         const struct abi_siginfo *info);

// For a fault of the running task: cannot be blocked or ignored.
void signal_fault(int signal, int code, uaddr address);

// From system calls that wait with another mask (rt_sigsuspend, ppoll): set it
// now, put the old one back after the handler has run.
void signal_set_blocked(uint64_t mask);
void signal_set_temporary_mask(uint64_t mask);
// The wait ended without a signal to deliver: put the mask back at once.
void signal_restore_mask(void);

// trap_handlers.return_to_user calls it while something is pending: stop,
// die, or arrange for a handler to run. Interrupts on; may not return.
void signal_deliver(struct trap_frame *frame);

// The context of rt_sigreturn(2). Returns a0 to restore.
long signal_return(struct trap_frame *frame);

// Is the signal ignored or blocked by the running task? (tty: SIGTTIN)
bool signal_is_blocked_or_ignored(int signal);
bool signal_default_ignored(int signal);
// Has the process's group nobody left in its session to continue it? Then job
// control does not stop it. Holds process_tree_lock.
bool process_group_is_orphaned(const struct process *process);
bool signal_fatal_pending(void);  // SIGKILL or group exit

// Take a pending signal of the set off the queue without delivering it
// (rt_sigtimedwait, signalfd). The number, 0 if none.
int signal_dequeue(uint64_t set, struct abi_siginfo *info);

void signal_queue_init(struct signal_queue *queue);
void signal_queue_flush(struct signal_queue *queue);
