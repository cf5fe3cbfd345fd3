// SPDX-License-Identifier: MIT
//
// Tasks and processes. A task is a thread: something to schedule. A process is
// a thread group: what has a PID, parents and children, and what signals,
// limits and timers belong to. Memory (mm), open files and working directory
// are reference-counted and shared as clone(2) asks.
//
// Key to the tags: (i) immutable after creation, (a) atomic, (o) only the task
// itself, (q) its hart's run-queue lock, (t) the process-tree lock
// process_tree_lock, (g) the process's signal lock.

#pragma once

#include <dev/timer.h>
#include <lib/list.h>
#include <lib/linkset.h>
#include <lib/lock.h>
#include <lib/types.h>
#include <lib/wait.h>
#include <proc/signal.h>
#include <riscv/context.h>
#include <riscv/trap.h>

struct files;
struct fs_context;

enum task_state {
    TASK_RUNNABLE,         // runs or waits in a run queue
    TASK_INTERRUPTIBLE,    // asleep; a signal wakes it
    TASK_UNINTERRUPTIBLE,  // asleep; only its event wakes it
    TASK_STOPPED,          // by SIGSTOP and its kind, until SIGCONT
    TASK_DEAD,             // will not run again
};
extern const char *const task_state_names[];

#define TASK_NAME_MAX 16  // with the terminator, as Linux

struct task {
    // First, since context.S and debuggers look here.
    struct context context;       // (q) registers while it does not run
    void *stack_top;              // (i) of its kernel stack
    struct trap_frame *frame;     // (o) user registers; NULL: kernel thread

    int tid;                      // (i)
    char name[TASK_NAME_MAX];     // (o) written by itself only
    enum task_state state;        // (q) set by task_set_state
    struct hart *hart;            // (q) where it runs or ran last
    bool queued;                  // (q) is in the run queue
    bool kernel;                  // (i) kernel thread: scheduled before users
    struct list_node run_node;    // (q)
    uint64_t affinity;            // (q) mask of harts it may run on
    nsec_t slice_end;             // (q) when others get their turn
    nsec_t started;               // (i) monotonic
    nsec_t last_run;              // (q) when it was switched in
    nsec_t runtime;               // (q) on a hart so far
    nsec_t user_time, system_time; // (o) parts of it, by crossings
    nsec_t last_crossing;         // (o)
    uint64_t switches, preemptions; // (q) voluntary and not

    struct process *process;      // (i) its thread group; NULL: kernel thread
    struct list_node thread_node; // (t) process->threads
    struct mm *mm;                // (o) NULL: kernel thread
    struct files *files;          // (o) changed under process_tree_lock
    struct fs_context *fs;        // (o) as files

    struct signal_set blocked;    // (g) written by itself
    struct signal_set saved_blocked; // (o) to restore after sigsuspend, ppoll
    bool restore_blocked;         // (o)
    struct signal_queue pending;  // (g) sent to this thread
    uaddr altstack_sp;            // (o) sigaltstack
    uint64_t altstack_size;       // (o)
    int altstack_flags;           // (o)
    bool signal_wake;             // (a) something to act on; see signal_pending

    struct fpu_state fpu;         // (o)
    bool fpu_used;                // (o) the state above is valid or live

    uaddr clear_child_tid;        // (o) CLONE_CHILD_CLEARTID
    uaddr robust_list;            // (o) set_robust_list
    struct timer sleep_timer;     // (o) schedule_until
    bool timed_out;               // (q) it ended the sleep
    uint8_t held_mutex_ranks[16]; // (o) DEBUG: lock order
    unsigned held_mutexes;        // (o)
    bool trace;                   // (a) log its system calls

    // The system call in progress, for restarting and for tracing.
    long syscall;                 // (o) -1: none
    long (*restart)(struct task *task); // (o) for restart_syscall
    uint64_t restart_data[4];     // (o)
};

#define RLIMIT_COUNT 16
struct rlimit {
    uint64_t soft, hard;
};

struct process {
    int pid;                       // (i) also the first thread's tid
    uint32_t refs;                 // (a) threads, children, lookups
    struct process *parent;        // (t)
    struct list_node children;     // (t)
    struct list_node sibling;      // (t)
    struct list_node threads;      // (t) struct task, the first one first
    unsigned thread_count;         // (t) live ones
    struct list_node all_node;     // (t) all_processes
    int pgid, sid;                 // (t)
    struct tty *tty;               // (t) controlling terminal
    struct wait_queue child_wait;  // wait4: a child changed state
    bool exec_done;                // (t) setpgid of it is EACCES for parents
    struct wait_queue vfork_wait;  // the parent in vfork
    bool vfork_done;               // (a)

    struct spinlock signal_lock;   // RANK_SIGNALS
    struct signal_queue pending;   // (g) sent to the process
    struct signal_handlers *handlers; // (g) maybe shared (CLONE_SIGHAND)
    bool group_exit;               // (g) all threads are to end
    int exit_status;               // (g) as wait4 reports it
    bool zombie;                   // (t) all threads gone, not yet waited for
    int stop_signal;               // (g) stopped by it, 0 if not
    bool stop_report, continue_report; // (t) for WUNTRACED, WCONTINUED
    int exit_signal;               // (i) to the parent, SIGCHLD normally
    int death_signal;              // (o) prctl(PR_SET_PDEATHSIG)

    struct rlimit limits[RLIMIT_COUNT]; // (t)
    struct timer real_timer;       // setitimer(ITIMER_REAL), alarm
    nsec_t real_interval;          // (g)
    nsec_t user_time, system_time; // (t) of threads that have ended
    nsec_t child_user_time, child_system_time; // (t) waited-for children
    uint64_t child_max_pages, max_pages;       // (t) peaks, for getrusage
    uint64_t minor_faults;         // (a)
    uint32_t uid, euid, suid, gid, egid, sgid; // (t)
    uint32_t fsuid, fsgid;         // (t)
    uint32_t *groups;              // (t)
    unsigned group_count;          // (t)
    char *exe;                     // (t) path of the program, owned
    void *exe_file;                // (t) struct file of it, fs's
};

extern struct spinlock process_tree_lock;  // RANK_PROCESS_TREE
extern struct list_node all_processes;     // (t)
extern struct process *init_process;       // process 1

// ---- scheduling (sched.c) ----

void sched_init_hart(void);
noreturn void sched_idle(void);   // the boot path of each hart ends here
void task_set_state(struct task *task, enum task_state state);
void sched_yield_current(void);
// Make a new task runnable for the first time.
void sched_start(struct task *task);

// ---- tasks and processes (task.c) ----

// Start a kernel thread; function may return to end it. NULL: no memory.
struct task *kthread_create(const char *name, void (*function)(void *),
                            void *argument);

// Look up; the process comes with a reference (process_put). NULL: none.
struct process *process_find(int pid);
struct task *task_find(int tid);  // holds process_tree_lock
void process_get(struct process *process);
void process_put(struct process *process);
static inline struct process *current_process(void)
{
    return current->process;
}

// ---- life of a process ----

// clone(2), clone3(2). The new tid or -errno.
struct clone_args {
    unsigned long flags;   // CLONE_*, without the exit signal
    int exit_signal;
    uaddr stack;           // new sp, 0: as the parent's
    uaddr parent_tid, child_tid, tls;
};
long task_clone(const struct clone_args *args);     // fork.c
noreturn void task_exit(int status);                // exit.c: this thread
noreturn void process_exit(int status);             // exit_group
long process_wait(int which, int id, unsigned options, uaddr status,
                  uaddr rusage, uaddr info);        // wait.c
void process_becomes_init(struct process *process);
// Before a new program: end all other threads, unshare handlers. (exec)
int process_end_other_threads(void);

// What upper floors do as tasks come and go (open files, tracing). A linker
// set; each member may be NULL. fork returns 0 or -errno and may sleep; on a
// failure of a later one, exit is called for those that succeeded.
struct task_resource {
    int (*fork)(struct task *child, unsigned long clone_flags);
    void (*exec)(struct task *task);
    void (*exit)(struct task *task);
};
LINKSET_DECLARE(task_resources, struct task_resource);
#define TASK_RESOURCE(name) \
    LINKSET_ENTRY(task_resources, struct task_resource, task_resource_##name)
