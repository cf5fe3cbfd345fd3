// SPDX-License-Identifier: MIT
//
// Between the dispatcher and the tracer.

#pragma once

#include <riscv/trap.h>

typedef long (*syscall_function)(uint64_t, uint64_t, uint64_t, uint64_t,
                                 uint64_t, uint64_t);

static inline long syscall_call(syscall_function function,
                                const struct trap_frame *frame)
{
    return function(frame->a0, frame->a1, frame->a2, frame->a3, frame->a4,
                    frame->a5);
}

// Call function and log the call; trace.c sets it while it has work, else NULL.
extern long (*syscall_tracer)(syscall_function function,
                              const struct trap_frame *frame);

// The name in the table, or NULL.
const char *syscall_name(uint64_t number);
