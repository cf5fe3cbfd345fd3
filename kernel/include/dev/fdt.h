// SPDX-License-Identifier: MIT
//
// The flattened device tree that OpenSBI hands over, read by libfdt. Everything
// the kernel knows of the machine comes from here. Nothing allocates, so all of
// it works from the first instructions on; the tree does not change after
// start-up, so no lock is needed.

#pragma once

#include <lib/types.h>

// Check the blob at pa and keep it. Panics if it is none.
void fdt_init(paddr pa);

// The physical range that the blob itself takes.
void fdt_range(paddr *start, uint64_t *size);

// Node offsets >= 0, or -1 at the end. after: -1 to begin. compatible: one
// string of the property.
int fdt_find_compatible(int after, const char *compatible);
int fdt_find_path(const char *path);
int fdt_find_phandle(uint32_t phandle);

// reg entry `index` of a node, with the parent's cell counts. false if absent.
bool fdt_reg(int node, int index, paddr *start, uint64_t *size);
// A 32- or 64-bit number; `otherwise` if absent.
uint64_t fdt_number(int node, const char *property, uint64_t otherwise);
const char *fdt_text(int node, const char *property);  // NULL if absent
const void *fdt_bytes(int node, const char *property, size_t *length);
int fdt_interrupt(int node);  // first PLIC source number, 0 if none

// Entry `index` of interrupts-extended: the node of the controller it leads to
// and the number there (one cell). false past the last.
bool fdt_interrupt_extended(int node, int index, int *controller,
                            uint32_t *number);

// Walk the memory banks and the reserved ranges (memory node, /reserved-memory,
// the blob's own reservations).
bool fdt_memory(int index, paddr *start, uint64_t *size);
bool fdt_reserved(int index, paddr *start, uint64_t *size);
bool fdt_initrd(paddr *start, uint64_t *size);
const char *fdt_bootargs(void);  // "" if none

// Harts: cpu nodes that are "okay". false past the last.
bool fdt_hart(int index, uint64_t *hartid);
// The hart whose local interrupt controller the node is. false if none is.
bool fdt_hart_of_controller(int controller, uint64_t *hartid);
bool fdt_isa_has(const char *extension);  // on every hart, e.g. "sstc"

// Copy /chosen/rng-seed out and erase it. Returns its length, 0 if none.
size_t fdt_take_rng_seed(void *buf, size_t n);
