// SPDX-License-Identifier: MIT
//
// Linux's clock numbers, and reading a clock by number.

#pragma once

#include <lib/types.h>

enum {
    CLOCK_REALTIME,
    CLOCK_MONOTONIC,
    CLOCK_PROCESS_CPUTIME_ID,
    CLOCK_THREAD_CPUTIME_ID,
    CLOCK_MONOTONIC_RAW,
    CLOCK_REALTIME_COARSE,
    CLOCK_MONOTONIC_COARSE,
    CLOCK_BOOTTIME,
    CLOCK_REALTIME_ALARM,
    CLOCK_BOOTTIME_ALARM,
    CLOCK_TAI = 11,
};

#define TIMER_ABSTIME 1

// 0 or -EINVAL: there is no such clock.
int clock_read(int clock, nsec_t *time);

// Does the clock jump when the time of day is set?
bool clock_is_wall(int clock);
