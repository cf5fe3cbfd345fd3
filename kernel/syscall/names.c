// SPDX-License-Identifier: MIT
//
// The names of the system: uname(2), sethostname(2), and their files in /proc.

#include <abi/errno.h>
#include <fs/proc.h>
#include <lib/lock.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <string.h>
#include <syscall/syscalls.h>

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
    if (current_process()->euid != 0)
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
