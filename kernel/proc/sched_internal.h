// SPDX-License-Identifier: MIT
//
// What sched.c shares with its neighbours in this folder.

#pragma once

#include <proc/task.h>

struct run_queue {
    struct spinlock lock;           // RANK_RUN_QUEUE
    struct list_node kernel_tasks;  // (lock) runnable, not running
    struct list_node user_tasks;    // (lock)
    unsigned count;                 // (lock) tasks on both lists
    struct task *idle;              // (i)
    struct task *previous;          // (lock) who was switched from
    uint64_t switches;              // (lock)
    nsec_t idle_time;               // (lock)
};
extern struct run_queue run_queues[MAX_HARTS];

void sched_place(struct task *task);
void sched_finish_switch(void);
void sched_tick(bool user);

// tick.c: the periodic sample, armed while a hart has work.
void tick_start(void);

// task.c
struct task *task_create_idle(unsigned hart);
void task_reap_later(struct task *task);
