// SPDX-License-Identifier: MIT
//
// Switching kernel stacks, and the FPU's registers.

#pragma once

#include <lib/types.h>

// What a task that is not running needs kept: the callee-saved registers.
struct context {
    uint64_t ra, sp;
    uint64_t s[12];
};

// Save the running context in from and go on with to. Interrupts are off.
void context_switch(struct context *from, struct context *to);

struct fpu_state {
    uint64_t f[32];
    uint32_t fcsr;
};

// The FPU must be on (sstatus.FS).
void fpu_save(struct fpu_state *state);
void fpu_restore(const struct fpu_state *state);
