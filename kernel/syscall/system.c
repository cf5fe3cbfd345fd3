// SPDX-License-Identifier: MIT
//
// The machine as a whole: sysinfo(2) and reboot(2).

#include <abi/errno.h>
#include <dev/power.h>
#include <lib/log.h>
#include <mm/page.h>
#include <mm/uaccess.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

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
    if (current_process()->euid != 0)
        return -EPERM;
    if (!magic_ok(magic, magic2))
        return -EINVAL;
    switch ((uint32_t)command) {
    case REBOOT_RESTART:
    case REBOOT_RESTART2:
        log_line("restarting");
        power_prepare();
        power_reboot();
    case REBOOT_POWER_OFF:
    case REBOOT_HALT:
        log_line("power off");
        power_prepare();
        power_off(0);
    default:
        return -EINVAL;
    }
}
