// SPDX-License-Identifier: MIT
//
// What log.c and panic.c know of each other.

#pragma once

#include <lib/types.h>
#include <stdarg.h>

void log_line_va(const char *format, va_list args);
