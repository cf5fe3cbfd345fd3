// SPDX-License-Identifier: MIT
//
// Out of memory at a page fault of user mode, or at a copy to or from memory
// that the user has not touched yet, where no call can return ENOMEM: the
// process that holds the most pages is killed, and the one that needs a page
// waits until an address space has been given back, then tries again.

#include <dev/timer.h>
#include <lib/log.h>
#include <mm/mm.h>
#include <proc/task.h>

#include "proc_internal.h"

// A victim that cannot die (it waits for a device, say) is given up after this.
#define PATIENCE NSEC_PER_SEC

static struct wait_queue released_wait = WAIT_QUEUE_INIT(released_wait);
static unsigned long released;  // (a) address spaces given back so far

void oom_released(void)
{
    __atomic_add_fetch(&released, 1, __ATOMIC_SEQ_CST);
    wake_up_all(&released_wait);
}

// Resident pages. process_tree_lock is held.
static uint64_t pages_of(const struct process *process)
{
    struct task *task;

    list_for_each(task, &process->threads, thread_node)
        if (task->mm)
            return task->mm->pages;
    return 0;
}

// The largest process, unless one is on its way out already: then *dying.
// process_tree_lock is held.
static struct process *choose_victim(bool *dying)
{
    struct process *process, *largest = NULL;
    uint64_t most = 0;

    *dying = false;
    list_for_each(process, &all_processes, all_node) {
        uint64_t pages = process == init_process ? 0 : pages_of(process);
        if (pages && process->group_exit)
            *dying = true;
        if (pages > most && !process->group_exit) {
            most = pages;
            largest = process;
        }
    }
    return largest;
}

static void kill_victim(void)
{
    WITH_LOCK(&process_tree_lock) {
        bool dying;
        struct process *victim = choose_victim(&dying);
        if (!victim || dying)
            break;
        log_line("out of memory: %s/%d is killed, it holds %lu pages",
                 victim->leader->name, victim->pid, pages_of(victim));
        signal_process_locked(victim, SIGKILL, NULL);
    }
}

int oom_wait(void)
{
    unsigned long before = READ_ONCE(released);

    kill_victim();
    return wait_event_interruptible_until(&released_wait,
                                          READ_ONCE(released) != before,
                                          clock_monotonic() + PATIENCE);
}
