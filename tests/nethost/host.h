// SPDX-License-Identifier: MIT
//
// What net/ finds below it when it is compiled for the host: one process, tasks
// that are coroutines, memory of the C library, and a clock that stands still
// while anybody runs and jumps when everybody sleeps. tasks.c, memory.c and
// services.c implement what the kernel's own headers declare; the rest of what
// net/ calls is the kernel's own code. What nobody provides ends the test that
// calls it (missing.c, which the build writes).

#pragma once

#include <lib/types.h>
#include <stdio.h>

// ---- tasks.c ----

struct task;

// Make this thread of the host the machine, and run function as its first task
// until it returns.
void host_run(void (*function)(void));

// Sleep for so long, by the virtual clock.
void host_sleep(nsec_t time);

// A system call in a task of its own, for one that blocks.
struct call;
typedef long (*call_fn)(long, long, long, long, long, long);
struct call *call_begin(call_fn function, const long arguments[6]);
bool call_is_over(const struct call *call);
// Its result once it is over, which has to be before `until`; frees it.
long call_result(struct call *call, nsec_t until);
#define BEGIN(function, ...) \
    call_begin((call_fn)(function), (const long[6]){__VA_ARGS__})

extern unsigned host_signals;  // SIGPIPE and the like sent so far

// ---- memory.c ----

// Let every nth allocation fail; 0: none.
extern unsigned host_failing_allocation;
size_t host_pages_live(void);
bool host_report_leaks(void);  // is memory lost? says where it is from

// ---- services.c ----

extern const char *host_ip_argument;  // boot argument ip=
extern uint64_t host_seed;            // of all randomness
void host_print_log(FILE *to);

// Ends the test.
noreturn void host_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
