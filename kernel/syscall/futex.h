// SPDX-License-Identifier: MIT
//
// Between futex.c and what wakes waiters besides the system call.

#pragma once

#include <lib/types.h>

// Wake up to n waiters of the word at `at` in the running task's memory.
void futex_wake_address(uaddr at, bool shared, int n);
