// SPDX-License-Identifier: MIT
//
// The scheduler: a run queue for each hart, kernel threads before user tasks,
// each kind round robin by time slice. A hart with nothing to run takes a task
// from another, or waits for an interrupt. See <lib/wait.h> and <proc/task.h>.
//
// A run queue's lock is held from the choice of the next task until that task
// runs (finish_switch), so whoever holds it sees each task either running or
// with all its registers saved.

#include <dev/timer.h>
#include <lib/csr.h>
#include <lib/linkset.h>
#include <lib/log.h>
#include <lib/trace.h>
#include <mm/mm.h>
#include <proc/fpu.h>
#include <proc/task.h>
#include <riscv/sbi.h>

#include "sched_internal.h"

struct run_queue run_queues[MAX_HARTS];

const char *const task_state_names[] = {
    [TASK_RUNNABLE] = "running",
    [TASK_INTERRUPTIBLE] = "sleeping",
    [TASK_UNINTERRUPTIBLE] = "disk",
    [TASK_STOPPED] = "stopped",
    [TASK_DEAD] = "dead",
};

static struct run_queue *queue_of(const struct hart *hart)
{
    return &run_queues[hart->id];
}

// Lock the queue of the hart that the task belongs to, which may change until
// it is locked.
static struct run_queue *lock_task_queue(struct task *task)
{
    for (;;) {
        struct run_queue *rq = queue_of(READ_ONCE(task->hart));
        spin_lock(&rq->lock);
        if (rq == queue_of(task->hart))
            return rq;
        spin_unlock(&rq->lock);
    }
}

static void enqueue(struct run_queue *rq, struct task *task)
{
    list_push_back(task->kernel ? &rq->kernel_tasks : &rq->user_tasks,
                   &task->run_node);
    rq->count++;
}

static struct task *dequeue_first(struct run_queue *rq, unsigned hart)
{
    struct list_node *lists[] = {&rq->kernel_tasks, &rq->user_tasks};
    struct task *task;

    for (unsigned i = 0; i < ARRAY_SIZE(lists); i++) {
        list_for_each(task, lists[i], run_node) {
            if (!(task->affinity & (1ull << hart)))
                continue;
            list_remove(&task->run_node);
            rq->count--;
            return task;
        }
    }
    return NULL;
}

// An idle hart helps itself from the others. The thief's own lock is held;
// two thieves cannot wait for each other since a try gives up at once.
static struct task *steal(struct run_queue *own)
{
    unsigned me = this_hart()->id;

    for (unsigned i = 0; i < hart_count; i++) {
        struct run_queue *rq = &run_queues[i];
        if (rq == own || !READ_ONCE(rq->count) || !spin_trylock(&rq->lock))
            continue;
        struct task *task = dequeue_first(rq, me);
        if (task)
            task->hart = this_hart();
        spin_unlock(&rq->lock);
        if (task)
            return task;
    }
    return NULL;
}

static void account(struct run_queue *rq, struct task *prev, nsec_t now)
{
    if (prev == rq->idle)
        rq->idle_time += now - prev->last_run;
    else
        prev->runtime += now - prev->last_run;
}

// First thing that a task does after it was switched to, on its own stack.
void sched_finish_switch(void)
{
    struct hart *hart = this_hart();
    struct run_queue *rq = queue_of(hart);
    struct task *prev = rq->previous;

    prev->on_hart = false;
    bool dead = prev->state == TASK_DEAD;
    struct task *moved =
        prev->state == TASK_RUNNABLE && prev != rq->idle ? prev : NULL;
    if (moved && (moved->affinity & (1ull << hart->id))) {
        enqueue(rq, moved);
        moved = NULL;
    }
    spin_unlock(&rq->lock);
    if (moved)
        sched_place(moved);
    if (dead)
        task_reap_later(prev);
}

static void switch_to(struct run_queue *rq, struct task *prev,
                      struct task *next)
{
    struct hart *hart = this_hart();
    nsec_t now = clock_monotonic();

    account(rq, prev, now);
    next->last_run = now;
    next->on_hart = true;
    next->hart = hart;
    rq->switches++;
    rq->previous = prev;
    if (trace_enabled(TRACE_SCHED) && next != prev)
        log_line("sched: %s/%d -> %s/%d", prev->name, prev->tid, next->name,
                 next->tid);
    fpu_switch_out(prev);
    hart->running = next;
    hart->kernel_sp = (uint64_t)next->stack_top;
    // Kernel threads run in whatever address space is there.
    if (next->mm && next->mm != hart->mm)
        mm_activate(next->mm);
    // Interrupts are off through the lock; its nesting depth is the hart's,
    // but whether they were on before belongs to the task.
    bool saved = hart->saved_interrupts;
    context_switch(&prev->context, &next->context);
    this_hart()->saved_interrupts = saved;
    sched_finish_switch();
}

void schedule(void)
{
    interrupts_push();
    struct hart *hart = this_hart();
    struct run_queue *rq = queue_of(hart);
    struct task *prev = hart->running;

    if (DEBUG && hart->lock_depth != 1)
        panic("sleep with %d spinlocks held", hart->lock_depth - 1);
    assert(!hart->in_interrupt);
    spin_lock(&rq->lock);
    hart->need_resched = false;
    struct task *next = dequeue_first(rq, hart->id);
    bool prev_runs = prev->state == TASK_RUNNABLE && prev != rq->idle &&
                     (prev->affinity & (1ull << hart->id));
    if (!next && !prev_runs)
        next = steal(rq);
    if (!next && !prev_runs)
        next = rq->idle;
    if (next && next != prev) {
        prev->switches += prev->state != TASK_RUNNABLE;
        prev->preemptions += prev->state == TASK_RUNNABLE;
        if (next != rq->idle)
            tick_start();
        switch_to(rq, prev, next);
    } else {
        spin_unlock(&rq->lock);
    }
    interrupts_pop();
}

static void sleep_over(struct timer *timer)
{
    struct task *task = container_of(timer, struct task, sleep_timer);

    WRITE_ONCE(task->timed_out, true);
    wake_task(task);
}

bool schedule_until(nsec_t deadline)
{
    struct task *task = current;

    if (deadline == NSEC_FOREVER) {
        schedule();
        return true;
    }
    if (clock_monotonic() >= deadline) {
        sched_cancel_sleep();
        return false;
    }
    task->timed_out = false;
    timer_init(&task->sleep_timer, sleep_over);
    timer_set(&task->sleep_timer, deadline);
    schedule();
    timer_cancel_sync(&task->sleep_timer);
    return !task->timed_out;
}

void sched_prepare_sleep(bool interruptible)
{
    WRITE_ONCE(current->state,
               interruptible ? TASK_INTERRUPTIBLE : TASK_UNINTERRUPTIBLE);
}

// No lock is needed: a task that runs is on a hart, and a wake-up that comes
// meanwhile writes the same state and places nothing.
void sched_cancel_sleep(void)
{
    WRITE_ONCE(current->state, TASK_RUNNABLE);
}

void sched_sleep_as(enum task_state state)
{
    WRITE_ONCE(current->state, state);
}

// ---- making tasks runnable ----

static bool hart_is_idle(unsigned i)
{
    const struct run_queue *rq = &run_queues[i];

    return READ_ONCE(harts[i].running) == rq->idle && !READ_ONCE(rq->count);
}

// Where should a woken task run: where it ran last, unless another permitted
// hart has nothing to do.
static struct hart *choose_hart(const struct task *task)
{
    unsigned last = task->hart->id;
    struct hart *any = NULL;

    if ((task->affinity & (1ull << last)) && hart_is_idle(last))
        return task->hart;
    for (unsigned i = 0; i < hart_count; i++) {
        if (!(task->affinity & (1ull << i)))
            continue;
        if (hart_is_idle(i))
            return &harts[i];
        if (!any || i == last)
            any = &harts[i];
    }
    return any;
}

static void ask_to_reschedule(struct hart *hart, const struct task *task)
{
    const struct run_queue *rq = queue_of(hart);
    const struct task *running = READ_ONCE(hart->running);
    bool preempt = running == rq->idle || (task->kernel && !running->kernel);

    if (!preempt)
        return;
    WRITE_ONCE(hart->need_resched, true);
    if (hart != this_hart())
        this_hart()->wake_harts |= 1ull << hart->id;
}

void sched_wake_harts(void)
{
    struct hart *hart = this_hart();

    sbi_send_ipi(hart->wake_harts);
    hart->wake_harts = 0;
}

// Queue a runnable task that is on no queue and no hart.
void sched_place(struct task *task)
{
    interrupts_push();
    struct hart *hart = choose_hart(task);
    struct run_queue *rq = queue_of(hart);

    task->hart = hart;
    spin_lock(&rq->lock);
    enqueue(rq, task);
    ask_to_reschedule(hart, task);
    spin_unlock(&rq->lock);
    interrupts_pop();
}

// Wake the task if its state is one of the mask (1 << TASK_*).
static void wake_from(struct task *task, unsigned states)
{
    struct run_queue *rq = lock_task_queue(task);
    bool asleep = states & (1u << task->state);
    bool place = asleep && !task->on_hart;

    if (asleep)
        task->state = TASK_RUNNABLE;
    spin_unlock(&rq->lock);
    if (place)
        sched_place(task);
}

void wake_task(struct task *task)
{
    wake_from(task, 1u << TASK_INTERRUPTIBLE | 1u << TASK_UNINTERRUPTIBLE);
}

// A signal has come: end an interruptible sleep, or make a task that is in
// user mode on another hart enter the kernel and look.
void sched_signal(struct task *task, bool even_stopped)
{
    wake_from(task, 1u << TASK_INTERRUPTIBLE |
                        (even_stopped ? 1u << TASK_STOPPED : 0));
    struct hart *hart = READ_ONCE(task->hart);
    if (task->on_hart && hart != this_hart())
        sbi_send_ipi(1ull << hart->id);
}

void sched_start(struct task *task)
{
    task_get(task);
    task->state = TASK_RUNNABLE;
    task->hart = this_hart();
    sched_place(task);
}

int task_set_affinity(struct task *task, uint64_t mask)
{
    mask &= hart_count == 64 ? ~0ull : (1ull << hart_count) - 1;
    if (!mask)
        return -EINVAL;
    struct run_queue *rq = lock_task_queue(task);
    task->affinity = mask;
    struct hart *hart = task->hart;
    bool moves = !(mask & (1ull << hart->id));
    spin_unlock(&rq->lock);
    if (moves && task == current) {
        schedule();
    } else if (moves) {  // its hart looks at the mask when it reschedules
        WRITE_ONCE(hart->need_resched, true);
        sbi_send_ipi(1ull << hart->id);
    }
    return 0;
}

// ---- the idle task ----

void sched_prepare_hart(struct hart *hart, void *stack_top)
{
    struct run_queue *rq = queue_of(hart);
    struct task *idle = task_create_idle(hart->id);

    spin_init(&rq->lock, RANK_RUN_QUEUE, "run queue");
    list_init(&rq->kernel_tasks);
    list_init(&rq->user_tasks);
    rq->idle = idle;
    idle->stack_top = stack_top;
    idle->hart = hart;
    idle->on_hart = true;
    idle->last_run = clock_monotonic();
    hart->running = idle;
    hart->kernel_sp = (uint64_t)stack_top;
}

// Interrupts are off between the look at the queue and wfi, which returns for
// a pending interrupt all the same: none can slip in between.
noreturn void sched_idle(void)
{
    struct hart *hart = this_hart();

    for (;;) {
        interrupts_off();
        if (!READ_ONCE(hart->need_resched) && !queue_of(hart)->count)
            asm volatile("wfi");
        interrupts_on();
        schedule();
    }
}
