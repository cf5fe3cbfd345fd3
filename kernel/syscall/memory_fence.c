// SPDX-License-Identifier: MIT
//
// System calls that reach other harts: membarrier(2), riscv_flush_icache(2).

#include <abi/errno.h>
#include <abi/mman.h>
#include <mm/mm.h>
#include <proc/task.h>
#include <syscall/syscalls.h>

long sys_riscv_flush_icache(uaddr start, uaddr end, unsigned long flags)
{
    (void)start, (void)end;  // as Linux: all of it
    if (flags & ~1ul)        // SYS_RISCV_FLUSH_ICACHE_LOCAL: this thread,
        return -EINVAL;      // which may be moved, so all harts all the same
    mm_flush_icache(current->mm);
    return 0;
}

// A remote fence interrupts the harts that run this process, or all; what they
// do before and after it is ordered.
long sys_membarrier(long command, unsigned long flags, long cpu)
{
    const long supported = MEMBARRIER_CMD_GLOBAL |
                           MEMBARRIER_CMD_PRIVATE_EXPEDITED |
                           MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |
                           MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE |
                           MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE;
    (void)cpu;
    if (flags)
        return -EINVAL;
    switch ((int)command) {
    case MEMBARRIER_CMD_QUERY:
        return supported;
    case MEMBARRIER_CMD_GLOBAL:
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
    case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
        mm_fence(current->mm, command == MEMBARRIER_CMD_GLOBAL);
        return 0;
    case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
    case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
        return 0;  // every process is ready for it
    default:
        return -EINVAL;
    }
}
