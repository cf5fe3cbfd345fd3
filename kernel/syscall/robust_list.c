// SPDX-License-Identifier: MIT
//
// The locks that a thread leaves behind. A thread keeps a list of the robust
// futexes that it holds in its own memory (get_robust_list(2)); as it ends, the
// kernel marks each of them with FUTEX_OWNER_DIED and wakes a waiter. So does
// the word that CLONE_CHILD_CLEARTID names, on which pthread_join waits.

#include <abi/errno.h>
#include <mm/mm.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

#include "futex.h"

#define FUTEX_WAITERS    0x80000000
#define FUTEX_OWNER_DIED 0x40000000
#define FUTEX_TID_MASK   0x3fffffff
#define LIST_LIMIT       2048  // entries looked at, in case the list is a ring

struct abi_robust_list {
    uaddr next;            // the first entry; the list's own address ends it
    int64_t futex_offset;  // from an entry to its futex word
    uaddr pending;         // an entry being locked or unlocked right now
};

long sys_set_robust_list(uaddr head, unsigned long size)
{
    if (size != sizeof(struct abi_robust_list))
        return -EINVAL;
    current->robust_list = head;
    return 0;
}

long sys_get_robust_list(long tid, uaddr head_to, uaddr size_to)
{
    struct task *task = (int)tid ? task_find(tid) : current;
    if (!task)
        return -ESRCH;
    uaddr head = task->robust_list;
    bool allowed =
        current_process()->euid == 0 || task->process == current_process();
    if ((int)tid)
        task_put(task);
    if (!allowed)
        return -EPERM;
    if (PUT_USER(size_to, sizeof(struct abi_robust_list)) ||
        PUT_USER(head_to, head))
        return -EFAULT;
    return 0;
}

// The owner of the futex at `at` ends. pending: it may have been just about to
// wake a waiter, after it had let go of the lock.
static int owner_died(uaddr at, int tid, bool pending)
{
    uint32_t value, found;
    if (at % sizeof(uint32_t) != 0 || user_load_u32(at, &value))
        return -EFAULT;
    if (pending && value == 0) {
        futex_wake_address(at, true, 1);
        return 0;
    }
    while ((value & FUTEX_TID_MASK) == (uint32_t)tid) {
        uint32_t dead = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
        if (user_cmpxchg_u32(at, value, dead, &found))
            return -EFAULT;
        if (found == value) {
            if (value & FUTEX_WAITERS)
                futex_wake_address(at, true, 1);
            return 0;
        }
        value = found;
    }
    return 0;
}

// Bit 0 of an entry's address marks a lock with priority inheritance, which
// this kernel does not have.
static uaddr entry_address(uaddr entry)
{
    return entry & ~1ul;
}

static void walk_robust_list(const struct task *task)
{
    struct abi_robust_list list;
    uaddr head = task->robust_list;
    if (GET_USER(&list, head))
        return;
    uaddr pending = entry_address(list.pending);
    uaddr entry = entry_address(list.next);
    for (unsigned i = 0; entry != head && i < LIST_LIMIT; i++) {
        // Read on first: the owner's memory may be gone once it is woken.
        uaddr next;
        bool last = GET_USER(&next, entry);
        if (entry != pending &&
            owner_died(entry + list.futex_offset, task->tid, false))
            return;
        if (last)
            break;
        entry = entry_address(next);
        cond_resched();
    }
    if (pending)
        owner_died(pending + list.futex_offset, task->tid, true);
}

// At the end of a thread, and of its program: the address space is still there.
static void release_locks(struct task *task)
{
    if (!task->mm || task != current)
        return;
    if (task->robust_list)
        walk_robust_list(task);
    // Of no interest to anyone once the memory is this thread's alone.
    if (task->clear_child_tid && READ_ONCE(task->mm->refs) > 1) {
        uint32_t zero = 0;
        if (!PUT_USER(task->clear_child_tid, zero))
            futex_wake_address(task->clear_child_tid, true, 1);
    }
}
TASK_RESOURCE(locks) = {.exec = release_locks, .exit = release_locks};
