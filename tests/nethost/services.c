// SPDX-License-Identifier: MIT
//
// The small things that net/ asks of the kernel: the log, randomness that a
// seed repeats, boot arguments, texts for /proc.

#include "host.h"

#include <dev/bootargs.h>
#include <dev/timer.h>
#include <fs/proc.h>
#include <fs/vfs.h>
#include <lib/log.h>
#include <lib/random.h>
#include <lib/trace.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *host_ip_argument = "10.0.0.1/24,10.0.0.2";
uint64_t host_seed = 1;
unsigned trace_kinds;

// ---- the log: kept, and shown when a test fails ----

static char lines[64 * KiB];
static size_t used;

void log_line(const char *format, ...)
{
    va_list arguments;

    if (sizeof(lines) - used < 512)
        used = 0;
    used += snprintf(lines + used, 64, "# [%12.6f] ", clock_monotonic() / 1e9);
    va_start(arguments, format);
    used += vsnprintf(lines + used, 256, format, arguments);
    va_end(arguments);
    used = MIN(used, sizeof(lines) - 256);
    lines[used++] = '\n';
    lines[used] = '\0';
}

void host_print_log(FILE *to)
{
    fputs(lines, to);
}

noreturn void panic(const char *format, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    host_fail("panic: %s", text);
}

noreturn void missing(const char *name)
{
    host_fail("%s is not there on the host", name);
}

// ---- randomness: xorshift64*, Vigna 2016 ----

static uint64_t next_random(void)
{
    host_seed ^= host_seed >> 12;
    host_seed ^= host_seed << 25;
    host_seed ^= host_seed >> 27;
    return host_seed * 0x2545f4914f6cdd1d;
}

uint32_t random_u32(void)
{
    return next_random() >> 32;
}

uint32_t random_below(uint32_t limit)
{
    return (uint64_t)random_u32() * limit >> 32;
}

void random_bytes(void *buf, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)buf)[i] = next_random() >> 56;
}

void random_add(const void *data, size_t n, unsigned bits)
{
    (void)data, (void)n, (void)bits;
}

// ---- boot arguments ----

bool bootarg_value(const char *name, char *buf, size_t n)
{
    if (strcmp(name, "ip") != 0 || strlen(host_ip_argument) >= n)
        return false;
    strcpy(buf, host_ip_argument);
    return true;
}

bool bootarg_flag(const char *name)
{
    (void)name;
    return false;
}

// ---- no file system ----

int file_open(long at, const char *path, unsigned flags, uint32_t mode,
              struct file **file)
{
    (void)at, (void)path, (void)flags, (void)mode, (void)file;
    return -ENOENT;
}
