// SPDX-License-Identifier: MIT
//
// Making, finding and freeing tasks and processes; kernel threads.

#include <lib/csr.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <mm/mm.h>
#include <proc/task.h>
#include <string.h>

#include "proc_internal.h"
#include "sched_internal.h"

#define PID_MAX     4194304  // Linux's limit on 64-bit machines
#define TID_BUCKETS 1024

struct spinlock process_tree_lock = SPINLOCK_INIT(RANK_PROCESS_TREE);
struct list_node all_processes = LIST_INIT(all_processes);
struct process *init_process;

static struct list_node tid_hash[TID_BUCKETS];  // (t)
static int last_tid = 1;                        // (t) 1 is for init
static unsigned tasks;                          // (t) in the hash

static struct spinlock dead_lock = SPINLOCK_INIT(RANK_SPIN);
static struct list_node dead_tasks = LIST_INIT(dead_tasks);  // (dead_lock)
static struct wait_queue dead_wait = WAIT_QUEUE_INIT(dead_wait);

// ---- numbers ----

static struct list_node *bucket(int tid)
{
    return &tid_hash[(unsigned)tid % TID_BUCKETS];
}

static struct task *find_locked(int tid)
{
    struct task *task;

    list_for_each(task, bucket(tid), tid_node)
        if (task->tid == tid)
            return task;
    return NULL;
}

// A number stays taken while it names a process group or session.
static bool number_in_use(int tid)
{
    struct process *p;

    if (find_locked(tid))
        return true;
    list_for_each(p, &all_processes, all_node)
        if (p->pid == tid || p->pgid == tid || p->sid == tid)
            return true;
    return false;
}

static bool wrapped;  // (t) numbers have been used before

void task_publish(struct task *task)
{
    assert_debug(spin_held(&process_tree_lock));
    do {
        if (++last_tid >= PID_MAX) {
            last_tid = 2;
            wrapped = true;
        }
    } while (wrapped && number_in_use(last_tid));
    task_publish_as(task, last_tid);
}

void task_publish_as(struct task *task, int tid)
{
    task->tid = tid;
    list_push_back(bucket(tid), &task->tid_node);
    tasks++;
}

void task_unpublish(struct task *task)
{
    assert_debug(spin_held(&process_tree_lock));
    list_remove(&task->tid_node);
    tasks--;
}

unsigned task_count(void)
{
    return tasks;
}

int task_last_tid(void)
{
    return last_tid;
}

struct task *task_find(int tid)
{
    WITH_LOCK(&process_tree_lock) {
        struct task *task = find_locked(tid);
        if (task)
            task_get(task);
        return task;
    }
    return NULL;
}

struct process *process_find(int pid)
{
    struct process *found = NULL;

    WITH_LOCK(&process_tree_lock) {
        // A leader that has ended stays in the hash until it is waited for.
        struct task *task = find_locked(pid);
        if (task && task->process && task->process->pid == pid)
            process_get(found = task->process);
    }
    return found;
}

struct mm *process_mm(struct process *process)
{
    struct task *task;

    WITH_LOCK(&process_tree_lock) {
        list_for_each(task, &process->threads, thread_node) {
            if (task->mm) {
                mm_get(task->mm);
                return task->mm;
            }
        }
    }
    return NULL;
}

// ---- references ----

void task_get(struct task *task)
{
    __atomic_fetch_add(&task->refs, 1, __ATOMIC_RELAXED);
}

void task_put(struct task *task)
{
    if (__atomic_sub_fetch(&task->refs, 1, __ATOMIC_ACQ_REL))
        return;
    if (task->stack_top)
        kstack_free(task->stack_top);
    if (task->process)
        process_put(task->process);
    kfree(task);
}

void process_get(struct process *process)
{
    __atomic_fetch_add(&process->refs, 1, __ATOMIC_RELAXED);
}

void process_put(struct process *process)
{
    if (__atomic_sub_fetch(&process->refs, 1, __ATOMIC_ACQ_REL))
        return;
    signal_queue_flush(&process->pending);
    if (process->handlers)
        signal_handlers_put(process->handlers);
    kfree(process->groups);
    kfree(process);
}

// ---- making ----

// A task with one reference and, but for the idle tasks, a kernel stack on
// which it will start in first_switch.
struct task *task_create(const char *name)
{
    struct task *task = kzalloc(sizeof(*task));

    if (!task)
        return NULL;
    task->stack_top = kstack_alloc();
    if (!task->stack_top) {
        kfree(task);
        return NULL;
    }
    task->refs = 1;
    task->state = TASK_UNINTERRUPTIBLE;
    task->hart = this_hart();
    task->affinity = ~0ull;
    task->started = clock_monotonic();
    task->syscall = -1;
    list_init(&task->run_node);
    list_init(&task->tid_node);
    list_init(&task->thread_node);
    signal_queue_init(&task->pending);
    task_set_name(task, name);
    return task;
}

void task_set_name(struct task *task, const char *name)
{
    size_t n = strnlen(name, TASK_NAME_MAX - 1);

    memcpy(task->name, name, n);
    task->name[n] = '\0';
}

// The other end of the first switch to a task: s[0] holds the function to call
// with s[1]. Interrupts come on as the run queue's lock goes.
static void first_switch(void)
{
    this_hart()->saved_interrupts = true;
    sched_finish_switch();
    interrupts_pop();
    struct task *task = current;
    task->function(task->argument);
    task_exit(0);
}

void task_set_start(struct task *task, void (*function)(void *), void *argument)
{
    task->function = function;
    task->argument = argument;
    task->context.ra = (uint64_t)first_switch;
    task->context.sp = (uint64_t)task->stack_top - sizeof(struct trap_frame);
}

struct task *kthread_create(const char *name, void (*function)(void *),
                            void *argument)
{
    struct task *task = task_create(name);

    if (!task)
        return NULL;
    task->kernel = true;
    task_set_start(task, function, argument);
    WITH_LOCK(&process_tree_lock)
        task_publish(task);
    sched_start(task);
    return task;
}

struct task *task_create_idle(unsigned hart)
{
    static struct task idle[MAX_HARTS];
    struct task *task = &idle[hart];

    task->refs = 1;
    task->kernel = true;
    task->state = TASK_RUNNABLE;
    task->affinity = 1ull << hart;
    task->syscall = -1;
    list_init(&task->run_node);
    signal_queue_init(&task->pending);
    task_set_name(task, "idle");
    return task;
}

// ---- freeing ----

// A task cannot free the stack that it runs on: the reaper drops the reference
// that sched_start took.
void task_reap_later(struct task *task)
{
    WITH_LOCK(&dead_lock)
        list_push_back(&dead_tasks, &task->run_node);
    wake_up(&dead_wait);
}

static struct task *next_dead(void)
{
    struct task *task = NULL;

    WITH_LOCK(&dead_lock)
        task = list_pop_front(&dead_tasks, struct task, run_node);
    return task;
}

static void reaper(void *unused)
{
    (void)unused;
    for (;;) {
        struct task *task;
        wait_event(&dead_wait, (task = next_dead()) != NULL);
        task_put(task);
    }
}

void task_init(void)
{
    for (unsigned i = 0; i < TID_BUCKETS; i++)
        list_init(&tid_hash[i]);
}

static int start_reaper(void)
{
    return kthread_create("reaper", reaper, NULL) ? 0 : -ENOMEM;
}
INITCALL(INIT_DEVICES, start_reaper);
