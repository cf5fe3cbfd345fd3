// SPDX-License-Identifier: MIT
//
// The kernel log: a ring that syslog(2) reads, copied to the console unless
// the boot argument `quiet` says no. Usable from any context.

#pragma once

#include <lib/types.h>

// One line; the time stamp and the newline are added.
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Copy up to n bytes of the log, starting at position *pos (a count of bytes
// since boot, moved on), to buf. Returns the count.
size_t log_read(uint64_t *pos, char *buf, size_t n);
uint64_t log_end(void);

// quiet: keep the log off the console (panics still reach it).
void log_set_quiet(bool quiet);

// Where lines go besides the ring: set once early and again when the UART
// driver takes over. write may be called with any lock held and may not sleep.
// A panic goes back to the first, which is the firmware's and needs no lock.
void log_set_console(void (*write)(const char *s, size_t n));

// Where time stamps come from, once there is a clock; 0 before.
void log_set_clock(nsec_t (*monotonic)(void));

// Report and stop every hart; with `panic=exit` leave QEMU with a failure.
noreturn void panic(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
// The same for a trap: registers are the first words of a struct trap_frame,
// from pc to t6, and the trace of calls starts from them.
noreturn void panic_at(const uint64_t registers[32], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
extern bool panic_exits;  // `panic=exit` was among the boot arguments

// Has a hart panicked? Then the others, interrupted, park for good.
bool panicking(void);
noreturn void panic_park(void);

// What a panic needs of the floors above; they set these at start-up.
extern void (*panic_stop_harts)(void);  // interrupt the others; they stay still
extern void (*panic_describe_task)(void);  // log the running task
extern void (*panic_stop)(void);           // leave the machine with a failure

// The first 32 words of a struct trap_frame, to the log.
void log_registers(const uint64_t registers[32]);

// Invariants only; what user space, the network or a device gets wrong is an
// errno. assert is checked in every build, assert_debug with DEBUG=1.
#define assert(expr)                                       \
    do {                                                   \
        if (unlikely(!(expr)))                             \
            panic("%s:%d: %s", __FILE__, __LINE__, #expr); \
    } while (0)
#if DEBUG
#define assert_debug(expr) assert(expr)
#else
#define assert_debug(expr) ((void)sizeof(expr))
#endif

// Print the frames of this stack, or of the one that starts at frame pointer
// fp, with symbols.
void backtrace(void);
void backtrace_from(uint64_t pc, uint64_t fp);

// The function that covers addr and the offset in it; "?" if none.
const char *symbol_name(uint64_t addr, uint64_t *offset);
