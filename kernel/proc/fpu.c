// SPDX-License-Identifier: MIT
//
// Lazy floating point. sstatus.FS in the task's trap frame tells the state: off
// (registers are someone else's), clean (equal to task->fpu) or dirty.

#include <lib/csr.h>
#include <proc/fpu.h>
#include <proc/task.h>

static void set_fs(struct trap_frame *frame, uint64_t fs)
{
    frame->status = (frame->status & ~SSTATUS_FS) | fs;
}

void fpu_sync(struct task *task)
{
    if ((task->frame->status & SSTATUS_FS) != SSTATUS_FS_DIRTY)
        return;
    interrupts_push();
    CSR_SET(sstatus, SSTATUS_FS_CLEAN);
    fpu_save(&task->fpu);
    CSR_CLEAR(sstatus, SSTATUS_FS);
    set_fs(task->frame, SSTATUS_FS_CLEAN);
    interrupts_pop();
}

void fpu_switch_out(struct task *task)
{
    if (!task->fpu_used || !task->frame)
        return;
    fpu_sync(task);
    set_fs(task->frame, 0);
}

void fpu_reload(struct task *task)
{
    task->fpu_used = true;
    set_fs(task->frame, 0);
}

void fpu_reset(struct task *task)
{
    task->fpu_used = false;
    task->fpu = (struct fpu_state){0};
    set_fs(task->frame, 0);
}

bool fpu_enable(struct trap_frame *frame)
{
    struct task *task = current;

    if (frame->status & SSTATUS_FS)
        return false;  // it was on: the instruction is really illegal
    task->fpu_used = true;
    CSR_SET(sstatus, SSTATUS_FS_CLEAN);
    fpu_restore(&task->fpu);
    CSR_CLEAR(sstatus, SSTATUS_FS);
    set_fs(frame, SSTATUS_FS_CLEAN);
    return true;
}
