// SPDX-License-Identifier: MIT
//
// In the place of the kernel's header of this name: the one hart of a program
// on the host, which has no interrupts.

#pragma once

#include <lib/types.h>

#define SSTATUS_SPP (1ul << 8)

struct hart;

struct hart *thread_pointer(void);  // harts[0]

static inline bool interrupts_enabled(void)
{
    return false;
}

static inline void interrupts_on(void)
{
}

static inline void interrupts_off(void)
{
}
