// SPDX-License-Identifier: MIT
//
// The end of a kernel that has found itself wrong: one hart reports, the others
// stop. With `panic=exit` QEMU then exits with a failure, which a test sees.

#include <lib/csr.h>
#include <lib/hart.h>
#include <lib/log.h>
#include <stdarg.h>

#include "panic.h"

bool panic_exits;
void (*panic_stop_harts)(void);
void (*panic_describe_task)(void);
void (*panic_stop)(void);

static unsigned panicked;  // (a) 1 + index of the hart that reports

bool panicking(void)
{
    return READ_ONCE(panicked);
}

void panic_park(void)
{
    interrupts_off();
    CSR_WRITE(sie, 0);  // so that wfi has nothing to return for
    for (;;)
        asm volatile("wfi");
}

void log_registers(const uint64_t r[32])
{
    static const char names[32][4] = {
        "pc", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
        "a1", "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
        "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    for (unsigned i = 0; i < 32; i += 4)
        log_line("%3s %016lx  %3s %016lx  %3s %016lx  %3s %016lx", names[i],
                 r[i], names[i + 1], r[i + 1], names[i + 2], r[i + 2],
                 names[i + 3], r[i + 3]);
}

// The registers of a caller that has no trap frame: what a call preserves is
// still as it was; the rest says nothing and is 0.
static __attribute__((always_inline)) inline void capture_registers(
    uint64_t r[32])
{
    for (unsigned i = 0; i < 32; i++)
        r[i] = 0;
    r[0] = (uint64_t)__builtin_return_address(0) - 4;  // the call
    asm volatile(
        "sd sp, 16(%0)\n sd gp, 24(%0)\n sd tp, 32(%0)\n sd s1, 72(%0)\n"
        "sd s2, 144(%0)\n sd s3, 152(%0)\n sd s4, 160(%0)\n sd s5, 168(%0)\n"
        "sd s6, 176(%0)\n sd s7, 184(%0)\n sd s8, 192(%0)\n sd s9, 200(%0)\n"
        "sd s10, 208(%0)\n sd s11, 216(%0)\n" ::"r"(r)
        : "memory");
    const uint64_t *frame = __builtin_frame_address(0);
    r[1] = frame[-1];
    r[8] = frame[-2];
}

// Only the first hart to get here goes on, and only once: a panic in the
// middle of a panic stops without more words.
static void panic_begin(void)
{
    interrupts_off();
    unsigned nobody = 0, self = this_hart()->id + 1;
    if (!__atomic_compare_exchange_n(&panicked, &nobody, self, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        if (nobody == self && panic_exits && panic_stop)
            panic_stop();
        panic_park();
    }
    if (panic_stop_harts)
        panic_stop_harts();
}

static noreturn void panic_report(const uint64_t registers[32],
                                  const char *format, va_list args)
{
    log_line("panic on hart %u:", this_hart()->id);
    log_line_va(format, args);
    if (current && panic_describe_task)
        panic_describe_task();
    log_registers(registers);
    log_line("status %lx cause %lx epc %lx tval %lx satp %lx",
             CSR_READ(sstatus), CSR_READ(scause), CSR_READ(sepc),
             CSR_READ(stval), CSR_READ(satp));
    backtrace_from(registers[0], registers[8]);
    if (panic_exits && panic_stop)
        panic_stop();
    log_line("stopped");
    panic_park();
}

void panic(const char *format, ...)
{
    uint64_t registers[32];
    capture_registers(registers);
    panic_begin();
    va_list args;
    va_start(args, format);
    panic_report(registers, format, args);
}

void panic_at(const uint64_t registers[32], const char *format, ...)
{
    panic_begin();
    va_list args;
    va_start(args, format);
    panic_report(registers, format, args);
}
