// SPDX-License-Identifier: MIT
//
// External interrupts, by the PLIC (RISC-V PLIC specification 1.0.0).

#pragma once

#include <lib/types.h>

struct interrupt {
    int source;                       // PLIC source number
    void (*handler)(void *argument);  // interrupt context: may not sleep
    void *argument;
    const char *name;    // for /proc/interrupts; borrowed
    uint64_t counts[8];  // (a) served, by hart index modulo 8
    struct interrupt *next;
};

// Register and enable; the structure stays with the controller for good. Only
// from initcalls past INIT_CORE, which run one after the other. The boot hart
// serves all external interrupts. 0 or -EINVAL for a source that is not there.
int irq_register(struct interrupt *irq);

// For /proc/interrupts: the list of registered interrupts.
const struct interrupt *irq_first(void);
