// SPDX-License-Identifier: MIT
//
// Floating point: the FPU is off for a task until its first instruction that
// needs it, and off again each time the task is switched in.

#pragma once

#include <riscv/trap.h>

struct task;

// The task leaves the hart: save the registers if they are newer than the copy.
void fpu_switch_out(struct task *task);
// Bring task->fpu up to date, for fork and signal frames. The task is current.
void fpu_sync(struct task *task);
// task->fpu was written: what the registers hold is void.
void fpu_reload(struct task *task);
// A new program starts without floating-point state.
void fpu_reset(struct task *task);
// trap_handlers.fpu_enable
bool fpu_enable(struct trap_frame *frame);
