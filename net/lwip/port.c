// SPDX-License-Identifier: MIT
//
// The functions that lwIP calls outside itself: clock, randomness, memory,
// assertions. Configuration is in lwipopts.h, the timers in net/timers.c.

#include <dev/timer.h>
#include <lib/log.h>
#include <lib/random.h>
#include <lwip/init.h>
#include <lwip/sys.h>
#include <net/server.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// Milliseconds, wrapping: lwIP only looks at differences.
u32_t sys_now(void)
{
    return clock_monotonic() / NSEC_PER_MSEC;
}

uint32_t lwip_port_random(void)
{
    return random_u32();
}

void *lwip_port_calloc(size_t count, size_t size)
{
    return kzalloc(count * size);
}

void lwip_port_log(const char *format, ...)
{
    char line[128];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    log_line("lwip: %s", line);
}

// lwIP asserts on its own invariants, not on what the network sends; going on
// with one broken would corrupt connections.
void lwip_port_assert(const char *message, const char *file, int line)
{
    panic("lwip: %s (%s:%d)", message, file, line);
}

void lwip_port_assert_core_locked(void)
{
    assert(net_locked());
}
