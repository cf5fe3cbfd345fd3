// SPDX-License-Identifier: MIT
//
// The functions behind the system-call table, sys_NAME each. They are called
// with the caller's argument registers and return what goes into a0: a result
// or -errno.
//
// A declaration leaves the parameters open since the definition says them best;
// each is 64 bits wide (long, unsigned long, uaddr), as a register is. Where
// Linux takes an int the function narrows it itself.

#pragma once

#include <abi/errno.h>
#include <lib/types.h>

#define SYSCALL(number, name, count, kinds) long sys_##name();
#include <syscall/table.h>
#undef SYSCALL
