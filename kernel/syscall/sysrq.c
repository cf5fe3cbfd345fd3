// SPDX-License-Identifier: MIT
//
// /proc/sysrq-trigger: one letter makes the kernel do what a program cannot ask
// for otherwise. c: panic, for tests of what a panic leaves behind; b: restart
// and o: power off, both at once.

#include <abi/errno.h>
#include <dev/power.h>
#include <fs/proc.h>
#include <lib/log.h>
#include <proc/task.h>

static int trigger(const char *letters)
{
    if (current_process()->euid != 0)
        return -EPERM;
    switch (letters[0]) {
    case 'c':
        panic("asked for by %s/%d", current->name, current->tid);
    case 'b':
        power_reboot();
    case 'o':
        power_off(0);
    default:
        return -EINVAL;
    }
}
PROC_FILE(sysrq_trigger) = {.path = "sysrq-trigger", .store = trigger};
