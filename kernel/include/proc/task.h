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
#include <lib/linkset.h>
#include <lib/list.h>
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
    struct context context;    // (q) registers while it does not run
    void *stack_top;           // (i) of its kernel stack
    struct trap_frame *frame;  // (o) user registers; NULL: kernel thread

    uint32_t refs;              // (a) one while it runs, and its process's
    int tid;                    // (i)
    struct list_node tid_node;  // (t) hash of all tasks
    void (*function)(void *);   // (i) of a kernel thread
    void *argument;             // (i)
    char name[TASK_NAME_MAX];   // (o) written by itself only
    enum task_state state;      // (q) set by task_set_state
    struct hart *hart;          // (q) where it runs or ran last
    bool on_hart;               // (q) its registers are live in a hart
    bool kernel;                // (i) kernel thread: scheduled before users
    struct list_node run_node;  // (q)
    uint64_t affinity;          // (q) mask of harts it may run on
    nsec_t started;             // (i) monotonic
    nsec_t last_run;            // (q) when it was switched in
    nsec_t runtime;             // (q) on a hart so far
    uint64_t user_ticks, system_ticks;  // (o) samples: how runtime divides
    uint64_t switches, preemptions;     // (q) voluntary and not

    struct process *process;       // (i) its thread group; NULL: kernel thread
    struct list_node thread_node;  // (t) process->threads
    struct mm *mm;                 // (o) as files; NULL: kernel thread
    struct files *files;           // (o) changed under process_tree_lock
    struct fs_context *fs;         // (o) as files

    struct signal_set blocked;  // (g) written by itself
    struct signal_set
        waiting;  // (g) rt_sigtimedwait takes these though blocked
    struct signal_set saved_blocked;  // (o) to restore after sigsuspend, ppoll
    bool restore_blocked;             // (o)
    struct signal_queue pending;      // (g) sent to this thread
    uaddr altstack_sp;                // (o) sigaltstack
    uint64_t altstack_size;           // (o)
    int altstack_flags;               // (o)
    bool signal_wake;  // (a) something to act on; see signal_pending

    struct fpu_state fpu;  // (o)
    bool fpu_used;         // (o) the state above is valid or live

    uaddr set_child_tid;           // (o) CLONE_CHILD_SETTID, done at start
    uaddr clear_child_tid;         // (o) CLONE_CHILD_CLEARTID
    uaddr robust_list;             // (o) set_robust_list
    struct timer sleep_timer;      // (o) schedule_until
    bool timed_out;                // (q) it ended the sleep
    uint8_t held_mutex_ranks[16];  // (o) DEBUG: lock order
    bool trace;                    // (a) log its system calls
    bool no_new_privileges;        // (o) prctl: exec gives none, for good

    // The system call in progress, for restarting and for tracing.
    long syscall;                        // (o) -1: none
    long (*restart)(struct task *task);  // (o) for restart_syscall
    uint64_t restart_data[4];            // (o)
};

#define RLIMIT_COUNT 16
struct rlimit {
    uint64_t soft, hard;
};

struct process {
    int pid;                        // (i) also the first thread's tid
    uint32_t refs;                  // (a) threads, children, lookups
    struct process *parent;         // (t)
    struct list_node children;      // (t)
    struct list_node sibling;       // (t)
    struct list_node threads;       // (t) live tasks
    unsigned thread_count;          // (t) of them
    struct task *leader;            // (t) whose tid is the pid; stays when dead
    struct task *exec_task;         // (g) the thread that execs alone survives
    struct wait_queue thread_wait;  // it waits for the others to end
    struct list_node all_node;      // (t) all_processes
    int pgid, sid;                  // (t)
    struct tty *tty;                // (t) controlling terminal
    struct wait_queue child_wait;   // wait4: a child changed state
    bool exec_done;                 // (t) setpgid of it is EACCES for parents
    struct wait_queue vfork_wait;   // the parent in vfork
    bool vfork_done;                // (a)

    struct spinlock signal_lock;       // RANK_SIGNALS
    struct signal_queue pending;       // (g) sent to the process
    struct wait_queue signal_wait;     // rt_sigtimedwait, signalfd
    struct signal_handlers *handlers;  // (g) maybe shared (CLONE_SIGHAND)
    bool group_exit;                   // (g) all threads are to end
    int exit_status;                   // (g) as wait4 reports it
    bool zombie;      // (t) all threads gone, not yet waited for
    int stop_signal;  // (g) stopped by it, 0 if not
    bool stop_report, continue_report;  // (t) for WUNTRACED, WCONTINUED
    int exit_signal;                    // (i) to the parent, SIGCHLD normally
    int death_signal;                   // (o) prctl(PR_SET_PDEATHSIG)
    bool not_dumpable;  // (a) PR_SET_DUMPABLE; nobody dumps anyway

    struct rlimit limits[RLIMIT_COUNT];  // (t)
    struct timer real_timer;             // setitimer(ITIMER_REAL), alarm
    nsec_t real_interval;                // (g)
    nsec_t user_time, system_time;       // (t) of threads that have ended
    nsec_t child_user_time, child_system_time;  // (t) waited-for children
    uint64_t child_max_pages, max_pages;        // (t) peaks, for getrusage
    uint64_t minor_faults;                      // (a)
    uint32_t uid, euid, suid, gid, egid, sgid;  // (t)
    uint32_t fsuid, fsgid;                      // (t)
    uint32_t *groups;                           // (t)
    unsigned group_count;                       // (t)
};

extern struct spinlock process_tree_lock;  // RANK_PROCESS_TREE
extern struct list_node all_processes;     // (t)
extern struct process *init_process;       // process 1

// ---- scheduling (sched.c) ----

// Give a hart its run queue, and its idle task, which its boot context on this
// stack becomes; from then on tasks may be placed there.
void sched_prepare_hart(struct hart *hart, void *stack_top);
noreturn void sched_idle(void);  // the boot path of each hart ends here
// Register with traps.
void proc_init(void);
// Make a new task runnable for the first time. Takes a reference.
void sched_start(struct task *task);
// For task.c and the stop signals: sleep in a state other than a wait queue's.
void sched_sleep_as(enum task_state state);
void sched_signal(struct task *task, bool even_stopped);
// Time on a hart so far, the current stretch included.
nsec_t task_runtime(const struct task *task);
void task_times(const struct task *task, nsec_t *user, nsec_t *system);
// Move a task to the harts of the mask. 0 or -EINVAL (none is online).
int task_set_affinity(struct task *task, uint64_t mask);
// For /proc/loadavg and /proc/stat.
unsigned sched_runnable(void);
uint64_t sched_switches(void);
nsec_t sched_idle_time(unsigned hart);

// ---- tasks and processes (task.c) ----

// Start a kernel thread; function may return to end it. NULL: no memory.
struct task *kthread_create(const char *name, void (*function)(void *),
                            void *argument);

void task_init(void);  // once, before the first task
void task_set_name(struct task *task, const char *name);
void task_get(struct task *task);
void task_put(struct task *task);
// How many tasks there are, and the last tid given out.
unsigned task_count(void);
int task_last_tid(void);

// Look up; the process comes with a reference (process_put). NULL: none.
struct process *process_find(int pid);
// Its address space, with a reference (mm_put). NULL: it has none any more.
struct mm *process_mm(struct process *process);
struct task *task_find(int tid);  // with a reference (task_put)
void process_get(struct process *process);
void process_put(struct process *process);
static inline struct process *current_process(void)
{
    return current->process;
}

// ---- life of a process ----

// clone(2), clone3(2). The new tid or -errno.
struct clone_args {
    uint64_t flags;  // CLONE_*, without the exit signal
    int exit_signal;
    uaddr stack;  // new sp, 0: as the parent's
    uaddr parent_tid, child_tid, tls;
};
long task_clone(const struct clone_args *args);  // fork.c

// Start process 1: a task that runs function, which becomes a user program by
// exec. 0 or -ENOMEM.
int process_start_init(void (*function)(void *), void *argument);

// Before and after a program is replaced (exec): end all other threads (0, or
// -EAGAIN if the process is ending), then, past the point of no return, reset
// what a new program does not inherit and let a vfork parent go on.
int process_end_other_threads(void);
void process_new_program(void);

noreturn void task_exit(int status);     // exit.c: this thread; wait status
noreturn void process_exit(int status);  // all threads; wait status

// wait4(2), waitid(2). which: WAIT_*. Writes the wait status, rusage and
// siginfo where the pointers are not 0. The pid, 0 (WNOHANG), or -errno.
enum {
    WAIT_ALL,
    WAIT_PID,
    WAIT_GROUP
};
long process_wait(int which, int id, unsigned options, uaddr status,
                  uaddr rusage, uaddr info);
// getrusage(2): who is RUSAGE_SELF 0, RUSAGE_CHILDREN -1, RUSAGE_THREAD 1.
struct abi_rusage;
void process_rusage(int who, struct abi_rusage *usage);
// CPU time of live and ended threads. Takes process_tree_lock.
void process_cpu_time(struct process *process, nsec_t *user, nsec_t *system);

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
