// SPDX-License-Identifier: MIT
//
// The scheduler of the host: tasks are coroutines of one thread, so the order
// of events is the same in each run. When all of them sleep, the clock jumps to
// the next deadline.

#include "host.h"

#include <abi/fcntl.h>
#include <abi/process.h>
#include <lib/log.h>
#include <proc/task.h>
#include <sanitizer/common_interface_defs.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

int open(const char *path, int flags, ...);
int close(int fd);
int dup(int fd);
int dup2(int from, int to);

#define STACK_SIZE (256 * KiB)

struct coroutine {
    struct task task;
    ucontext_t context;
    char *stack;
    void *fake_stack;           // the address sanitizer's
    struct list_node node;      // coroutines
    struct list_node run_node;  // run_queue, while runnable and not running
    nsec_t deadline;
    bool timed_out, over;
    void (*function)(void *);
    void *argument;
};

struct hart harts[MAX_HARTS];
unsigned hart_count = 1;

struct hart *thread_pointer(void)
{
    return &harts[0];
}

unsigned host_signals;
struct wait_queue clock_set_wait = WAIT_QUEUE_INIT(clock_set_wait);

static struct list_node coroutines = LIST_INIT(coroutines);
static struct list_node run_queue = LIST_INIT(run_queue);
static ucontext_t loop;
static void *loop_fake_stack;
static const void *loop_stack;
static size_t loop_stack_size;
static struct process process = {.pid = 1};
struct process *init_process = &process;
struct spinlock process_tree_lock = SPINLOCK_INIT(RANK_PROCESS_TREE);

// ---- the clock ----

// Some time after boot, so that 0 is the past.
static nsec_t now = 10 * NSEC_PER_SEC;
#define BOOTED 1700000000ul  // seconds since 1970

nsec_t clock_monotonic(void)
{
    return now;
}

nsec_t clock_realtime_offset(void)
{
    return BOOTED * NSEC_PER_SEC;
}

nsec_t clock_realtime(void)
{
    return now + clock_realtime_offset();
}

// Timers are few: an array of those that are armed.
#define TIMERS_MAX 64
static struct timer *armed[TIMERS_MAX];

void timer_init(struct timer *t, void (*function)(struct timer *))
{
    *t = (struct timer){.function = function};
}

bool timer_cancel(struct timer *t)
{
    for (unsigned i = 0; i < TIMERS_MAX; i++) {
        if (armed[i] != t)
            continue;
        armed[i] = NULL;
        return true;
    }
    return false;
}

bool timer_cancel_sync(struct timer *t)
{
    return timer_cancel(t);
}

void timer_set(struct timer *t, nsec_t expires)
{
    unsigned i = 0;

    timer_cancel(t);
    while (i < TIMERS_MAX && armed[i])
        i++;
    if (i == TIMERS_MAX)
        host_fail("more than %u timers", TIMERS_MAX);
    t->expires = expires;
    armed[i] = t;
}

static void run_timers(void)
{
    for (unsigned i = 0; i < TIMERS_MAX; i++) {
        struct timer *t = armed[i];
        if (t && t->expires <= now) {
            armed[i] = NULL;
            t->function(t);
        }
    }
}

// ---- switching ----

static struct coroutine *self(void)
{
    return container_of(current, struct coroutine, task);
}

static void switch_to_loop(void)
{
    struct coroutine *c = self();

    if (this_hart()->lock_depth)
        host_fail("a task sleeps with a spinlock held");
    __sanitizer_start_switch_fiber(c->over ? NULL : &c->fake_stack, loop_stack,
                                   loop_stack_size);
    swapcontext(&c->context, &loop);
    __sanitizer_finish_switch_fiber(c->fake_stack, NULL, NULL);
}

// The address sanitizer warns of swapcontext at its first use, though it is
// told of each switch: the first one is made with standard error closed.
static int errors = -1;

static void hide_errors(void)
{
    int null = open("/dev/null", O_WRONLY);

    errors = dup(2);
    dup2(null, 2);
    close(null);
}

static void show_errors(void)
{
    if (errors < 0)
        return;
    dup2(errors, 2);
    close(errors);
    errors = -1;
}

static void coroutine_main(void)
{
    show_errors();
    __sanitizer_finish_switch_fiber(NULL, &loop_stack, &loop_stack_size);
    struct coroutine *c = self();
    c->function(c->argument);
    c->over = true;
    switch_to_loop();
}

static void run(struct coroutine *c)
{
    harts[0].running = &c->task;
    __sanitizer_start_switch_fiber(&loop_fake_stack, c->stack, STACK_SIZE);
    swapcontext(&loop, &c->context);
    __sanitizer_finish_switch_fiber(loop_fake_stack, NULL, NULL);
    if (c->over) {
        list_remove(&c->node);
        free(c->stack);
        free(c);
    }
}

static void make_runnable(struct coroutine *c)
{
    c->task.state = TASK_RUNNABLE;
    if (list_empty(&c->run_node))
        list_push_back(&run_queue, &c->run_node);
}

static struct coroutine *create(const char *name, void (*function)(void *),
                                void *argument)
{
    struct coroutine *c = calloc(1, sizeof(*c));

    c->task.process = &process;
    c->task.refs = 1;
    snprintf(c->task.name, sizeof(c->task.name), "%s", name);
    c->function = function;
    c->argument = argument;
    c->stack = malloc(STACK_SIZE);
    list_init(&c->run_node);
    list_push_back(&coroutines, &c->node);
    getcontext(&c->context);
    c->context.uc_stack.ss_sp = c->stack;
    c->context.uc_stack.ss_size = STACK_SIZE;
    makecontext(&c->context, coroutine_main, 0);
    make_runnable(c);
    return c;
}

// Everybody sleeps: on to the next moment at which somebody wants to be woken.
static void advance_clock(void)
{
    struct coroutine *c;
    nsec_t next = NSEC_FOREVER;

    list_for_each(c, &coroutines, node)
        next = MIN(next, c->deadline);
    for (unsigned i = 0; i < TIMERS_MAX; i++)
        next = armed[i] ? MIN(next, armed[i]->expires) : next;
    if (next == NSEC_FOREVER)
        host_fail("all tasks sleep, and nothing will wake them");
    now = MAX(now, next);
    run_timers();
    list_for_each(c, &coroutines, node) {
        if (c->deadline > now || c->task.state == TASK_RUNNABLE)
            continue;
        c->timed_out = true;
        make_runnable(c);
    }
}

// ---- what the kernel asks of its scheduler ----

void sched_prepare_sleep(bool interruptible)
{
    current->state = interruptible ? TASK_INTERRUPTIBLE : TASK_UNINTERRUPTIBLE;
}

void sched_cancel_sleep(void)
{
    current->state = TASK_RUNNABLE;
}

void sched_wake_harts(void)
{
}

bool schedule_until(nsec_t deadline)
{
    struct coroutine *c = self();

    if (c->task.state == TASK_RUNNABLE)
        return true;
    c->deadline = deadline;
    c->timed_out = false;
    switch_to_loop();
    c->deadline = NSEC_FOREVER;
    return !c->timed_out;
}

void schedule(void)
{
    make_runnable(self());
    switch_to_loop();
}

void wake_task(struct task *task)
{
    struct coroutine *c = container_of(task, struct coroutine, task);

    if (task->state == TASK_RUNNABLE)
        return;
    task->state = TASK_RUNNABLE;
    if (task != current)
        make_runnable(c);
}

bool signal_pending(void)
{
    return false;
}

int signal_task(struct task *task, int signal, const struct abi_siginfo *info)
{
    (void)task, (void)signal, (void)info;
    host_signals++;
    return 0;
}

struct task *kthread_create(const char *name, void (*function)(void *),
                            void *argument)
{
    return &create(name, function, argument)->task;
}

void task_get(struct task *task)
{
    task->refs++;
}

void task_put(struct task *task)
{
    task->refs--;
}

struct process *process_find(int pid)
{
    if (pid != process.pid)
        return NULL;
    process.refs++;
    return &process;
}

void process_get(struct process *p)
{
    p->refs++;
}

void process_put(struct process *p)
{
    p->refs--;
}

// ---- for the tests ----

static void run_first(void *function)
{
    const struct task_resource *r;

    linkset_for_each(r, task_resources)
        if (r->fork(current, 0))
            host_fail("no memory for the first task");
    ((void (*)(void))function)();
}

void host_run(void (*function)(void))
{
    for (unsigned i = 0; i < RLIMIT_COUNT; i++)
        process.limits[i] = (struct rlimit){UINT64_MAX, UINT64_MAX};
    process.limits[RLIMIT_NOFILE] = (struct rlimit){1024, 1048576};
    spin_init(&process.signal_lock, RANK_SIGNALS, "signals");
    wait_queue_init(&process.signal_wait);
    harts[0].need_resched = true;  // cond_resched lets the others run
    create("test", run_first, function);
    struct coroutine *first = list_first(&coroutines, struct coroutine, node);
    bool over = false;
    hide_errors();
    while (!over) {
        struct coroutine *c =
            list_pop_front(&run_queue, struct coroutine, run_node);
        if (!c) {
            advance_clock();
            continue;
        }
        run(c);
        over = c == first &&
               list_first(&coroutines, struct coroutine, node) != first;
    }
}

void host_sleep(nsec_t time)
{
    struct wait_queue queue;

    wait_queue_init(&queue);
    WAIT_EVENT(&queue, false, clock_monotonic() + time, false, false);
}

struct call {
    call_fn function;
    long arguments[6];
    long result;
    bool over;
    struct wait_queue wait;
};

static void run_call(void *argument)
{
    struct call *c = argument;
    const long *a = c->arguments;

    c->result = c->function(a[0], a[1], a[2], a[3], a[4], a[5]);
    c->over = true;
    wake_up(&c->wait);
}

struct call *call_begin(call_fn function, const long arguments[6])
{
    struct call *c = calloc(1, sizeof(*c));

    c->function = function;
    memcpy(c->arguments, arguments, sizeof(c->arguments));
    wait_queue_init(&c->wait);
    struct coroutine *task = create("call", run_call, c);
    task->task.files = current->files;
    schedule();  // until it sleeps
    return c;
}

bool call_is_over(const struct call *call)
{
    return call->over;
}

long call_result(struct call *call, nsec_t until)
{
    if (WAIT_EVENT(&call->wait, call->over, until, false, false))
        host_fail("a call has not ended in time");
    long result = call->result;
    free(call);
    return result;
}
