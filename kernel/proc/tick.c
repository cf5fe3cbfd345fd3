// SPDX-License-Identifier: MIT
//
// The tick: while a hart has tasks to run, a timer samples every 10 ms who runs
// and in which mode, and ends time slices. An idle hart has none.

#include <dev/timer.h>
#include <lib/linkset.h>
#include <proc/task.h>

#include "sched_internal.h"

#define TICK (10 * NSEC_PER_MSEC)

static struct timer ticks[MAX_HARTS];

static void tick(struct timer *timer)
{
    struct hart *hart = this_hart();
    struct task *task = hart->running;
    struct run_queue *rq = &run_queues[hart->id];

    if (task == rq->idle)
        return;
    if (hart->interrupted_user)
        task->user_ticks++;
    else
        task->system_ticks++;
    if (rq->count)
        hart->need_resched = true;
    timer_set(timer, clock_monotonic() + TICK);
}

void tick_start(void)
{
    struct timer *timer = &ticks[this_hart()->id];

    if (likely(timer->hart))
        return;
    timer->function = tick;
    timer_set(timer, clock_monotonic() + TICK);
}

nsec_t task_runtime(const struct task *task)
{
    nsec_t runtime = task->runtime;

    if (task->on_hart)
        runtime += clock_monotonic() - task->last_run;
    return runtime;
}

// The exact time on a hart, divided as the samples fell.
void task_times(const struct task *task, nsec_t *user, nsec_t *system)
{
    nsec_t runtime = task_runtime(task);
    uint64_t samples = task->user_ticks + task->system_ticks;

    *user = samples ? (unsigned __int128)runtime * task->user_ticks / samples
                    : runtime;
    *system = runtime - *user;
}

unsigned sched_runnable(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < hart_count; i++)
        n += run_queues[i].count + (harts[i].running != run_queues[i].idle);
    return n;
}

uint64_t sched_switches(void)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < hart_count; i++)
        n += run_queues[i].switches;
    return n;
}

nsec_t sched_idle_time(unsigned hart)
{
    const struct run_queue *rq = &run_queues[hart];
    nsec_t now = clock_monotonic();

    return rq->idle_time +
           (harts[hart].running == rq->idle ? now - rq->idle->last_run : 0);
}
