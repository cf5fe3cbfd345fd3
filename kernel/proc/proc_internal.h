// SPDX-License-Identifier: MIT
//
// What the files of this folder share about tasks and processes.

#pragma once

#include <proc/task.h>

// task.c
struct task *task_create(const char *name);
void task_set_start(struct task *task, void (*function)(void *),
                    void *argument);
// Give the task a number and enter it in the hash, or take it out. Both with
// process_tree_lock held.
void task_publish(struct task *task);
void task_publish_as(struct task *task, int tid);
void task_unpublish(struct task *task);

// exit.c
// Tell the parent of a change: wait4, and SIGCHLD where it is wanted. With
// process_tree_lock held.
void process_notify_parent(struct process *child, int code, int status);
// Take a process that has been waited for out of all lists. Lock held; the
// caller drops the references afterwards.
void process_unlink(struct process *process);
void process_times(const struct process *process, nsec_t *user, nsec_t *system);

// signal.c
struct signal_handlers *signal_handlers_create(void);
void signal_handlers_put(struct signal_handlers *handlers);
// Make a thread, or all of them, look at their signals. process_tree_lock and
// the process's signal_lock are held.
void signal_wake_task(struct task *task);
void signal_wake_all(struct process *process);
// The same two locks are held.
int signal_send_to_self(int signal, const struct abi_siginfo *info);
// The process's signal_lock is held.
int signal_dequeue_locked(uint64_t set, struct abi_siginfo *info);

// oom.c: the running task's page fault found no memory. Kills the largest
// process and sleeps until an address space is given back; the caller lets the
// instruction fault again. 0, -ERESTARTSYS, or -ETIMEDOUT when none was given
// back for a second. oom_released is called for each that is.
int oom_wait(void);
void oom_released(void);

// The end of the path to user mode, for new tasks too (signal_deliver.c).
void return_to_user(struct trap_frame *frame);
