// SPDX-License-Identifier: MIT
//
// The supervisor's control and status registers, RISC-V privileged
// specification 1.12, chapter 4.

#pragma once

#include <lib/types.h>

struct hart;

#define CSR_READ(csr)                                     \
    ({                                                    \
        uint64_t csr_value;                               \
        asm volatile("csrr %0, " #csr : "=r"(csr_value)); \
        csr_value;                                        \
    })
#define CSR_WRITE(csr, v) \
    asm volatile("csrw " #csr ", %0" ::"rK"((uint64_t)(v)) : "memory")
#define CSR_SET(csr, v) \
    asm volatile("csrs " #csr ", %0" ::"rK"((uint64_t)(v)) : "memory")
#define CSR_CLEAR(csr, v) \
    asm volatile("csrc " #csr ", %0" ::"rK"((uint64_t)(v)) : "memory")

// sstatus
#define SSTATUS_SIE        (1ul << 1)  // interrupts on in S-mode
#define SSTATUS_SPIE       (1ul << 5)  // ... after sret
#define SSTATUS_SPP        (1ul << 8)  // trap came from S-mode
#define SSTATUS_FS         (3ul << 13)  // floating point: off, initial, clean, dirty
#define SSTATUS_FS_INITIAL (1ul << 13)
#define SSTATUS_FS_CLEAN   (2ul << 13)
#define SSTATUS_FS_DIRTY   (3ul << 13)
#define SSTATUS_SUM        (1ul << 18)  // S-mode may touch user pages
#define SSTATUS_UXL_64     (2ul << 32)

// sie, sip
#define SIE_SOFTWARE (1ul << 1)
#define SIE_TIMER    (1ul << 5)
#define SIE_EXTERNAL (1ul << 9)

// scause
#define SCAUSE_INTERRUPT (1ul << 63)
enum scause {
    CAUSE_INSN_MISALIGNED = 0,
    CAUSE_INSN_ACCESS = 1,
    CAUSE_ILLEGAL_INSN = 2,
    CAUSE_BREAKPOINT = 3,
    CAUSE_LOAD_MISALIGNED = 4,
    CAUSE_LOAD_ACCESS = 5,
    CAUSE_STORE_MISALIGNED = 6,
    CAUSE_STORE_ACCESS = 7,
    CAUSE_USER_ECALL = 8,
    CAUSE_INSN_PAGE_FAULT = 12,
    CAUSE_LOAD_PAGE_FAULT = 13,
    CAUSE_STORE_PAGE_FAULT = 15,
};
enum sinterrupt {
    INTERRUPT_SOFTWARE = 1,
    INTERRUPT_TIMER = 5,
    INTERRUPT_EXTERNAL = 9,
};

// tp, which is no such register but is the hart's as they are.
static inline struct hart *thread_pointer(void)
{
    struct hart *tp;
    // volatile: after a sleep the same task may be on another hart.
    asm volatile("mv %0, tp" : "=r"(tp));
    return tp;
}

#define SATP_SV39 (8ul << 60)

static inline bool interrupts_enabled(void)
{
    return CSR_READ(sstatus) & SSTATUS_SIE;
}

static inline void interrupts_on(void)
{
    CSR_SET(sstatus, SSTATUS_SIE);
}

static inline void interrupts_off(void)
{
    CSR_CLEAR(sstatus, SSTATUS_SIE);
}

// Time since power-on in units of the FDT's timebase-frequency.
static inline uint64_t rdtime(void)
{
    return CSR_READ(time);
}
