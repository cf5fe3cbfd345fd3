// SPDX-License-Identifier: MIT
//
// What log.c and panic.c know of each other.

#pragma once

#include <lib/types.h>
#include <stdarg.h>

// Has a hart panicked? Then it is the only one that runs, and takes no locks.
bool panicking(void);

void log_line_va(const char *format, va_list args);
