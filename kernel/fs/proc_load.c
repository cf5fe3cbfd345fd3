// SPDX-License-Identifier: MIT
//
// /proc/loadavg. Linux samples the number of runnable tasks every five seconds;
// here nothing ticks on an idle machine, so each reader takes the share of time
// that the harts were busy since the reader before, and lets it decay in the
// same way. The figure counts busy harts, not tasks that wait for one.

#include <dev/timer.h>
#include <fs/proc.h>
#include <lib/lock.h>
#include <proc/task.h>

// Fixed point: 11 bits of fraction, and what is left of an old load after five
// seconds, exp(-5 s / 1, 5 and 15 min).
#define ONE  2048ul
#define STEP (5 * NSEC_PER_SEC)
static const uint64_t decay[3] = {1884, 2014, 2037};

static struct spinlock load_lock = SPINLOCK_INIT(RANK_SPIN);
static uint64_t load[3];  // (load_lock)
static nsec_t last_time;  // (load_lock) of the sample before
static nsec_t last_idle;  // (load_lock) all harts' idle time then

static uint64_t power(uint64_t base, uint64_t exponent)
{
    uint64_t result = ONE;

    for (; exponent; exponent >>= 1) {
        if (exponent & 1)
            result = result * base / ONE;
        base = base * base / ONE;
    }
    return result;
}

static nsec_t idle_time(void)
{
    nsec_t idle = 0;

    for (unsigned i = 0; i < hart_count; i++)
        idle += sched_idle_time(i);
    return idle;
}

static void sample(uint64_t loads[3])
{
    WITH_LOCK(&load_lock) {
        nsec_t now = clock_monotonic(), idle = idle_time();
        uint64_t steps = (now - last_time) / STEP;
        if (steps) {
            nsec_t whole = (now - last_time) * hart_count;
            nsec_t busy = whole - MIN(idle - last_idle, whole);
            uint64_t recent = busy * ONE / (now - last_time);
            for (int i = 0; i < 3; i++) {
                uint64_t kept = power(decay[i], steps);
                load[i] = (load[i] * kept + recent * (ONE - kept)) / ONE;
            }
            last_time = now;
            last_idle = idle;
        }
        for (int i = 0; i < 3; i++)
            loads[i] = load[i];
    }
}

static void show_loadavg(struct text *text)
{
    uint64_t loads[3];

    sample(loads);
    for (int i = 0; i < 3; i++)
        text_printf(text, "%lu.%02lu ", loads[i] / ONE,
                    loads[i] % ONE * 100 / ONE);
    text_printf(text, "%u/%u %d\n", sched_runnable(), task_count(),
                task_last_tid());
}
PROC_FILE(loadavg) = {.path = "loadavg", .show = show_loadavg};
