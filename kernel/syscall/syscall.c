// SPDX-License-Identifier: MIT
//
// Where system calls arrive: riscv/trap.c calls syscall_enter for each ecall of
// user mode, and it calls the function that the table names. The convention is
// Linux's: number in a7, arguments in a0 to a5, result or -errno in a0.
//
// A result of -ERESTART* never reaches user space: on the way out proc/signal.c
// makes EINTR of it, or has the call made again.

#include <abi/errno.h>
#include <lib/linkset.h>
#include <lib/log.h>
#include <proc/task.h>

#include "syscall.h"

// Weak, so that a function whose file is not in the build is NULL here.
#define SYSCALL(number, name, count, kinds) extern long sys_##name() weak;
#include <syscall/table.h>
#undef SYSCALL

#define SYSCALL_LIMIT 453  // one more than the highest number in the table

#define SYSCALL(number, name, count, kinds) \
    [number] = (syscall_function)sys_##name,
static const syscall_function table[SYSCALL_LIMIT] = {
#include <syscall/table.h>
};
#undef SYSCALL

#define SYSCALL(number, name, count, kinds) [number] = #name,
static const char *const names[SYSCALL_LIMIT] = {
#include <syscall/table.h>
};
#undef SYSCALL

long (*syscall_tracer)(syscall_function, const struct trap_frame *);

const char *syscall_name(uint64_t number)
{
    return number < SYSCALL_LIMIT ? names[number] : NULL;
}

// Say so the first time that anyone asks for a call that is not there.
static long not_implemented(uint64_t number)
{
    static uint64_t told[SYSCALL_LIMIT / 64 + 1];
    // All numbers past the table share one bit.
    uint64_t slot = MIN(number, (uint64_t)SYSCALL_LIMIT);
    uint64_t bit = 1ul << slot % 64;
    if (!(__atomic_fetch_or(&told[slot / 64], bit, __ATOMIC_RELAXED) & bit)) {
        const char *name = syscall_name(number);
        log_line("%s[%d]: system call %lu (%s) is not implemented",
                 current->name, current->tid, number, name ? name : "unknown");
    }
    return -ENOSYS;
}

static void syscall_enter(struct trap_frame *frame)
{
    uint64_t number = frame->a7;
    current->syscall = number;
    syscall_function function = number < SYSCALL_LIMIT ? table[number] : NULL;
    if (unlikely(!function))
        frame->a0 = not_implemented(number);
    else if (unlikely(syscall_tracer))
        frame->a0 = syscall_tracer(function, frame);
    else
        frame->a0 = syscall_call(function, frame);
}

static int syscall_init(void)
{
    trap_handlers.syscall = syscall_enter;
    return 0;
}
INITCALL(INIT_CORE, syscall_init);
