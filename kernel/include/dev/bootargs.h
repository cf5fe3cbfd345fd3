// SPDX-License-Identifier: MIT
//
// Boot arguments: words of /chosen/bootargs, `name` or `name=value`; what
// follows `--` belongs to init.

#pragma once

#include <lib/types.h>

// The value of the last `name=value`, copied to buf and terminated; false if
// there is none or it does not fit.
bool bootarg_value(const char *name, char *buf, size_t n);
bool bootarg_flag(const char *name);

// The words for init after `--`, or "".
const char *bootargs_for_init(void);
