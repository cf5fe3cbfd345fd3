// SPDX-License-Identifier: MIT
//
// The platform-level interrupt controller (RISC-V PLIC specification 1.0.0).
//
// Every source is enabled in one context only, the boot hart's supervisor mode.
// With several, each of these harts would be interrupted and all but one would
// find the claim register empty; and the handlers here only wake tasks, which
// the scheduler then places on any hart. Other harts' contexts stay at their
// reset state, in which no source is enabled.

#include <abi/errno.h>
#include <dev/fdt.h>
#include <dev/irq.h>
#include <dev/mmio.h>
#include <lib/hart.h>
#include <lib/linkset.h>
#include <riscv/memory_layout.h>
#include <riscv/trap.h>

// Register offsets, chapters 4 to 9 of the specification.
#define PRIORITY(source)        (4 * (source))
#define ENABLE(context, source) (0x2000 + 0x80 * (context) + (source) / 32 * 4)
#define THRESHOLD(context)      (0x200000 + 0x1000 * (context))
#define CLAIM(context)          (0x200004 + 0x1000 * (context))

static uint64_t base;               // (i) virtual address, 0: no controller
static uint32_t sources;            // (i) highest source number
static unsigned context;            // (i) the boot hart's, in supervisor mode
static struct interrupt *handlers;  // (a) grows only, while starting up

// A context's number is its place among the controller's outgoing interrupts.
static bool find_context(int node, uint64_t hartid)
{
    int controller;
    uint32_t number;
    uint64_t owner;
    for (int i = 0; fdt_interrupt_extended(node, i, &controller, &number);
         i++) {
        if (number == INTERRUPT_EXTERNAL &&
            fdt_hart_of_controller(controller, &owner) && owner == hartid) {
            context = i;
            return true;
        }
    }
    return false;
}

static void serve(uint32_t source)
{
    struct interrupt *irq = __atomic_load_n(&handlers, __ATOMIC_ACQUIRE);
    while (irq && irq->source != (int)source)
        irq = irq->next;
    if (!irq)
        return;
    __atomic_fetch_add(&irq->counts[this_hart()->id % 8], 1, __ATOMIC_RELAXED);
    irq->handler(irq->argument);
}

static void external_interrupt(void)
{
    uint32_t source;
    while ((source = mmio_read32(base + CLAIM(context)))) {
        serve(source);
        mmio_write32(base + CLAIM(context), source);
    }
}

static int plic_init(void)
{
    int node = fdt_find_compatible(-1, "riscv,plic0");
    paddr start;
    uint64_t size;
    if (node < 0 || !fdt_reg(node, 0, &start, &size) ||
        !find_context(node, harts[0].hartid))
        return -ENODEV;
    base = (uint64_t)phys_to_virt(start);
    sources = fdt_number(node, "riscv,ndev", 0);
    trap_external_interrupt = external_interrupt;
    mmio_write32(base + THRESHOLD(context), 0);
    return 0;
}

INITCALL(INIT_CORE, plic_init);

int irq_register(struct interrupt *irq)
{
    uint32_t source = irq->source;
    if (!base || source == 0 || source > sources)
        return -EINVAL;
    irq->next = handlers;
    __atomic_store_n(&handlers, irq, __ATOMIC_RELEASE);
    mmio_write32(base + PRIORITY(source), 1);
    uint64_t enable = base + ENABLE(context, source);
    mmio_write32(enable, mmio_read32(enable) | 1u << source % 32);
    return 0;
}

const struct interrupt *irq_first(void)
{
    return handlers;
}
