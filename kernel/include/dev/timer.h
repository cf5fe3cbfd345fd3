// SPDX-License-Identifier: MIT
//
// Clocks and one-shot timers. There is no tick: each hart programs its timer
// for the earliest deadline it has, so an idle machine is silent.

#pragma once

#include <lib/hart.h>
#include <lib/types.h>
#include <lib/wait.h>

struct timer {
    nsec_t expires;                        // absolute, monotonic
    void (*function)(struct timer *);      // in interrupt context; may re-arm
    struct timer *child, *sibling, *prev;  // links of a pairing heap: prev is
                                           // the parent of the first child
    struct hart *hart;                     // where it is queued, NULL if not
};

// Nanoseconds since boot; and since 1970, set from the RTC or clock_settime.
nsec_t clock_monotonic(void);
nsec_t clock_realtime(void);
void clock_set_realtime(nsec_t now);
nsec_t clock_realtime_offset(void);       // realtime - monotonic
extern struct wait_queue clock_set_wait;  // woken by clock_set_realtime
uint64_t clock_ticks_per_sec(void);       // of rdtime, for the vDSO

void timer_init(struct timer *t, void (*function)(struct timer *));

// Arm (or move) a timer on this hart. Any context.
void timer_set(struct timer *t, nsec_t expires);

// Disarm. Returns true if it was armed. timer_cancel_sync also waits for a
// function that runs on another hart right now; not from that function.
bool timer_cancel(struct timer *t);
bool timer_cancel_sync(struct timer *t);

// Start-up, once the device tree is readable.
void timer_init_clock(void);
