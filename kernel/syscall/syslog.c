// SPDX-License-Identifier: MIT
//
// syslog(2), which dmesg(1) calls: reading the kernel log.

#include <abi/errno.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

enum syslog_action {
    SYSLOG_CLOSE,
    SYSLOG_OPEN,
    SYSLOG_READ_ALL = 3,
    SYSLOG_READ_CLEAR,
    SYSLOG_CLEAR,
    SYSLOG_CONSOLE_OFF,
    SYSLOG_CONSOLE_ON,
    SYSLOG_CONSOLE_LEVEL,
    SYSLOG_SIZE_BUFFER = 10,
};
#define LOG_SIZE (64 * KiB)

static uint64_t log_cleared;  // (a) position up to which `dmesg -c` has read

// The last n bytes of the log that have not been cleared.
static long read_log(uaddr to, size_t n, bool clear)
{
    uint64_t end = log_end();
    uint64_t start = MAX(READ_ONCE(log_cleared), end - MIN(end, n));
    char *copy = kmalloc(LOG_SIZE);
    if (!copy)
        return -ENOMEM;
    size_t got = log_read(&start, copy, MIN(end - start, LOG_SIZE));
    int error = copy_to_user(to, copy, got);
    kfree(copy);
    if (!error && clear)
        WRITE_ONCE(log_cleared, end);
    return error ? error : (long)got;
}

// A log level is not kept, so the console has two: everything, or quiet.
static long set_console_level(long level)
{
    if (level < 1 || level > 8)
        return -EINVAL;
    log_set_quiet(level <= 4);
    return 0;
}

// syslog(2), also known as klogctl. To wait for new lines is not implemented.
long sys_syslog(long action, uaddr to, long n)
{
    bool reads = (int)action == SYSLOG_READ_ALL;
    if (!reads && (int)action != SYSLOG_SIZE_BUFFER &&
        current_process()->euid != 0)
        return -EPERM;
    switch ((int)action) {
    case SYSLOG_CLOSE:
    case SYSLOG_OPEN:
        return 0;
    case SYSLOG_READ_ALL:
    case SYSLOG_READ_CLEAR:
        if (!to || (int)n < 0)
            return -EINVAL;
        return read_log(to, (int)n, !reads);
    case SYSLOG_CLEAR:
        WRITE_ONCE(log_cleared, log_end());
        return 0;
    case SYSLOG_CONSOLE_OFF:
    case SYSLOG_CONSOLE_ON:
        log_set_quiet((int)action == SYSLOG_CONSOLE_OFF);
        return 0;
    case SYSLOG_CONSOLE_LEVEL:
        return set_console_level((int)n);
    case SYSLOG_SIZE_BUFFER:
        return LOG_SIZE;
    default:
        return -EINVAL;
    }
}
