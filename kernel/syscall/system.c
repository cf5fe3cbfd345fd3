// SPDX-License-Identifier: MIT
//
// The system as a whole: its name, its state, its log, its end.

#include <abi/errno.h>
#include <dev/power.h>
#include <fs/proc.h>
#include <lib/log.h>
#include <mm/kmalloc.h>
#include <mm/page.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <string.h>
#include <syscall/syscalls.h>

static bool privileged(void)
{
    return current_process()->euid == 0;
}

// ---- names ----

#define NAME_SIZE 65  // of each string in struct utsname

struct abi_utsname {
    char sysname[NAME_SIZE], nodename[NAME_SIZE], release[NAME_SIZE];
    char version[NAME_SIZE], machine[NAME_SIZE], domainname[NAME_SIZE];
};

// Programs look for "Linux" and a version to know the ABI by; what kernel it
// really is stands in the rest.
static struct spinlock names_lock = SPINLOCK_INIT(RANK_SPIN);
static struct abi_utsname names = {
    .sysname = "Linux",
    .nodename = "wharf",  // (names_lock)
    .release = "6.12.0-wharf",
    .version = "#1 SMP PREEMPT Wharf",
    .machine = "riscv64",
    .domainname = "(none)",  // (names_lock)
};

long sys_uname(uaddr to)
{
    struct abi_utsname copy;
    WITH_LOCK(&names_lock)
        copy = names;
    return copy_to_user(to, &copy, sizeof(copy));
}

static long set_name(char name[NAME_SIZE], uaddr from, long length)
{
    char copy[NAME_SIZE] = "";
    if (!privileged())
        return -EPERM;
    if ((int)length < 0 || (int)length >= NAME_SIZE)
        return -EINVAL;
    if (copy_from_user(copy, from, (int)length))
        return -EFAULT;
    WITH_LOCK(&names_lock)
        memcpy(name, copy, NAME_SIZE);
    return 0;
}

long sys_sethostname(uaddr from, long length)
{
    return set_name(names.nodename, from, length);
}

long sys_setdomainname(uaddr from, long length)
{
    return set_name(names.domainname, from, length);
}

// The same under /proc.
static void show_version(struct text *text)
{
    text_printf(text, "%s version %s (wharf) (gcc " __VERSION__ ") %s\n",
                names.sysname, names.release, names.version);
}
PROC_FILE(version) = {.path = "version", .show = show_version};

static void show_ostype(struct text *text)
{
    text_printf(text, "%s\n", names.sysname);
}
PROC_FILE(ostype) = {.path = "sys/kernel/ostype", .show = show_ostype};

static void show_osrelease(struct text *text)
{
    text_printf(text, "%s\n", names.release);
}
PROC_FILE(osrelease) = {.path = "sys/kernel/osrelease", .show = show_osrelease};

static void show_name(struct text *text, const char name[NAME_SIZE])
{
    char copy[NAME_SIZE];
    WITH_LOCK(&names_lock)
        memcpy(copy, name, NAME_SIZE);
    text_printf(text, "%s\n", copy);
}

static int store_name(char name[NAME_SIZE], const char *value)
{
    if (strlen(value) >= NAME_SIZE)
        return -EINVAL;
    WITH_LOCK(&names_lock)
        strcpy(name, value);
    return 0;
}

static void show_hostname(struct text *text)
{
    show_name(text, names.nodename);
}

static int store_hostname(const char *value)
{
    return store_name(names.nodename, value);
}
PROC_FILE(hostname) = {.path = "sys/kernel/hostname",
                       .show = show_hostname,
                       .store = store_hostname};

static void show_domainname(struct text *text)
{
    show_name(text, names.domainname);
}

static int store_domainname(const char *value)
{
    return store_name(names.domainname, value);
}
PROC_FILE(domainname) = {.path = "sys/kernel/domainname",
                         .show = show_domainname,
                         .store = store_domainname};

// ---- state ----

struct abi_sysinfo {
    int64_t uptime;
    uint64_t loads[3];
    uint64_t totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    uint16_t procs, pad;
    uint64_t totalhigh, freehigh;
    uint32_t mem_unit;
};
_Static_assert(sizeof(struct abi_sysinfo) == 112, "struct sysinfo");

long sys_sysinfo(uaddr to)
{
    struct abi_sysinfo info = {
        .uptime = clock_monotonic() / NSEC_PER_SEC,
        .totalram = pages_total() * PAGE_SIZE,
        .freeram = pages_free() * PAGE_SIZE,
        .procs = task_count(),
        .mem_unit = 1,
    };
    return copy_to_user(to, &info, sizeof(info));
}

// ---- the log ----

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
    if (!reads && (int)action != SYSLOG_SIZE_BUFFER && !privileged())
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

// ---- the end ----

enum reboot_command {
    REBOOT_RESTART = 0x01234567,
    REBOOT_POWER_OFF = 0x4321fedc,
    REBOOT_RESTART2 = 0xa1b2c3d4,
    REBOOT_HALT = 0xcdef0123,
};

static bool magic_ok(uint32_t first, uint32_t second)
{
    return first == 0xfee1dead && (second == 672274793 || second == 85072278 ||
                                   second == 369367448 || second == 537993216);
}

// reboot(2). A virtual machine that is only halted is of use to nobody, so that
// turns it off too.
long sys_reboot(unsigned long magic, unsigned long magic2,
                unsigned long command, uaddr argument)
{
    (void)argument;
    if (!privileged())
        return -EPERM;
    if (!magic_ok(magic, magic2))
        return -EINVAL;
    switch ((uint32_t)command) {
    case REBOOT_RESTART:
    case REBOOT_RESTART2:
        log_line("restarting");
        power_reboot();
    case REBOOT_POWER_OFF:
    case REBOOT_HALT:
        log_line("power off");
        power_off(0);
    default:
        return -EINVAL;
    }
}
