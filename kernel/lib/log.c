// SPDX-License-Identifier: MIT
//
// The kernel log. Lines go into a ring, from which syslog(2) and /proc read,
// and to the console unless the boot argument `quiet` was given. A position is
// a count of bytes since boot, so a reader can tell what it has missed.

#include <lib/lock.h>
#include <lib/log.h>
#include <lib/trace.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "panic.h"

#define LOG_RING (64 * KiB)  // a power of two
#define LOG_LINE 512         // longer lines are cut

static struct {
    struct spinlock lock;
    char ring[LOG_RING];                          // (lock)
    uint64_t end;                                 // (lock) bytes written
    bool quiet;                                   // (a)
    void (*console)(const char *, size_t);        // (a)
    void (*first_console)(const char *, size_t);  // (a) the firmware's
    nsec_t (*clock)(void);                        // (a)
} log = {.lock = SPINLOCK_INIT(RANK_LOG)};

unsigned trace_kinds;

void log_set_quiet(bool quiet)
{
    log.quiet = quiet;
}

void log_set_console(void (*write)(const char *s, size_t n))
{
    if (!log.first_console)
        log.first_console = write;
    log.console = write;
}

void log_set_clock(nsec_t (*monotonic)(void))
{
    log.clock = monotonic;
}

// Append to the ring and the console. The caller holds the lock, or is alone.
static void emit(const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++)
        log.ring[log.end++ % LOG_RING] = line[i];
    if (panicking() && log.first_console)
        log.first_console(line, n);
    else if (!log.quiet && log.console)
        log.console(line, n);
}

// One line, with its time stamp in front and a newline behind, whatever its
// length. Returns the length.
static size_t format_line(char line[LOG_LINE], const char *format, va_list args)
{
    nsec_t now = log.clock ? log.clock() : 0;
    int n = snprintf(line, LOG_LINE, "[%5lu.%06lu] ", now / NSEC_PER_SEC,
                     now % NSEC_PER_SEC / NSEC_PER_USEC);
    n += vsnprintf(line + n, LOG_LINE - n, format, args);
    n = MIN(n, (int)LOG_LINE - 2);
    line[n++] = '\n';
    return n;
}

void log_line_va(const char *format, va_list args)
{
    char line[LOG_LINE];
    size_t n = format_line(line, format, args);
    // After a panic the other harts stand still, perhaps with the lock held.
    if (panicking()) {
        emit(line, n);
        return;
    }
    WITH_LOCK(&log.lock)
        emit(line, n);
}

void log_line(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line_va(format, args);
    va_end(args);
}

size_t log_read(uint64_t *pos, char *buf, size_t n)
{
    size_t done = 0;
    WITH_LOCK(&log.lock) {
        if (log.end - *pos > LOG_RING)
            *pos = log.end - LOG_RING;
        while (done < n && *pos < log.end)
            buf[done++] = log.ring[(*pos)++ % LOG_RING];
    }
    return done;
}

uint64_t log_end(void)
{
    uint64_t end = 0;
    WITH_LOCK(&log.lock)
        end = log.end;
    return end;
}
