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

// Find the controller; called by each hart as it starts, the boot hart first
// and before any irq_register. The boot hart serves all external interrupts.
void irq_init_hart(void);

// Register and enable; the structure stays with the controller for good. Only
// from initcalls, which run one after the other. 0 or -EINVAL for a source that
// is not there.
int irq_register(struct interrupt *irq);

// For /proc/interrupts: the list of registered interrupts.
const struct interrupt *irq_first(void);
