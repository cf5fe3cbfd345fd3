// SPDX-License-Identifier: MIT
//
// What is traced to the kernel log. Chosen by the boot argument
// `trace=syscalls,sched,sockets,packets` and at run time by writing the same
// words to /proc/sys/kernel/trace (kernel/syscall/trace.c). The code that knows
// of an event logs it itself:
//
//     if (trace_enabled(TRACE_SOCKETS))
//         log_line("socket %p: %s -> %s", ...);

#pragma once

#include <lib/log.h>
#include <lib/types.h>

enum trace_kind {
    TRACE_SYSCALLS = 1,
    TRACE_SCHED = 2,
    TRACE_SOCKETS = 4,
    TRACE_PACKETS = 8,
};

extern unsigned trace_kinds;  // (a) a bit for each kind that is on

static inline bool trace_enabled(enum trace_kind kind)
{
    return unlikely(READ_ONCE(trace_kinds) & kind);
}
