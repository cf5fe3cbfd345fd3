// SPDX-License-Identifier: MIT
//
// Calls into the firmware, RISC-V SBI specification 1.0 (and DBCN of 2.0).

#pragma once

#include <lib/types.h>

struct sbi_result {
    long error;  // 0 or SBI_ERR_*
    long value;
};

#define SBI_ERR_NOT_SUPPORTED (-2)

bool sbi_has_extension(uint64_t extension);

// Early console: DBCN where probed, else the legacy call. Any context.
void sbi_console_write(const char *s, size_t n);

// Program this hart's timer, in units of rdtime.
void sbi_set_timer(uint64_t deadline);

// mask: bit i is harts[i] (not the hartid); these translate and split.
void sbi_send_ipi(uint64_t mask);
void sbi_remote_fence_i(uint64_t mask);
void sbi_remote_sfence_vma(uint64_t mask, uint64_t start, uint64_t size);

// Start hart at physical address entry with a1 = argument. 0 or SBI error.
long sbi_hart_start(uint64_t hartid, paddr entry, uint64_t argument);

// SRST: shut down or reboot; returns if the firmware cannot.
void sbi_system_reset(bool reboot, bool failure);
