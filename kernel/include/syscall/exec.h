// SPDX-License-Identifier: MIT
//
// Starting programs from inside the kernel.

#pragma once

// Turn the running task, which is process 1's only one, into the program at
// path. argv and envp end with NULL and are kernel memory. On success the
// registers in task->frame are those to enter user mode with
// (trap_enter_user). 0 or -errno; may sleep.
int exec_init(const char *path, const char *const argv[],
              const char *const envp[]);

// What process 1 does first (kernel/syscall/init.c): become the program that
// the boot arguments name. Panics if there is none.
void init_run(void *unused);
