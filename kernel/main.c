// SPDX-License-Identifier: MIT
//
// From the first C function to process 1. riscv/entry.S enters kernel_main on
// the boot hart and hart_main on each other one; both end in the scheduler's
// idle loop, and the rest of the start-up is done by a kernel thread.

#include <dev/bootargs.h>
#include <dev/fdt.h>
#include <dev/power.h>
#include <dev/timer.h>
#include <fs/vfs.h>
#include <lib/csr.h>
#include <lib/hart.h>
#include <lib/linkset.h>
#include <lib/log.h>
#include <mm/mm.h>
#include <proc/task.h>
#include <riscv/memory_layout.h>
#include <riscv/sbi.h>
#include <riscv/trap.h>
#include <string.h>
#include <syscall/exec.h>

struct hart harts[MAX_HARTS];
unsigned hart_count = 1;

extern char boot_stack_slot[], boot_stack_top[], _start_secondary[];

static void run_initcalls(enum initcall_stage from, enum initcall_stage to)
{
    for (unsigned stage = from; stage <= to; stage++) {
        const struct initcall *call;
        linkset_for_each(call, initcalls) {
            if (call->stage != stage)
                continue;
            int error = call->function();
            if (error)
                log_line("%s: error %d", call->name, -error);
        }
    }
}

// ---- the other harts ----

// Where a secondary hart arrives, on its idle task's stack.
noreturn void hart_main(void)
{
    trap_init_hart();
    this_hart()->online = true;
    sched_idle();
}

static void start_hart(uint64_t hartid)
{
    struct hart *hart = &harts[hart_count];
    void *stack = kstack_alloc();

    if (!stack) {
        log_line("hart %lu: no memory for its stack", hartid);
        return;
    }
    *hart = (struct hart){.id = hart_count, .hartid = hartid};
    sched_prepare_hart(hart, stack);
    __atomic_store_n(&hart_count, hart_count + 1, __ATOMIC_RELEASE);
    long error =
        sbi_hart_start(hartid, virt_to_phys(_start_secondary), (uint64_t)hart);
    if (error) {
        log_line("hart %lu: the firmware says %ld", hartid, error);
        hart_count--;
        kstack_free(stack);
    }
}

static void start_harts(void)
{
    uint64_t hartid;

    for (int i = 0; fdt_hart(i, &hartid) && hart_count < MAX_HARTS; i++)
        if (hartid != harts[0].hartid)
            start_hart(hartid);
}

// ---- the rest of the start-up, which may sleep ----

static void boot(void *unused)
{
    paddr initrd;
    uint64_t size;

    (void)unused;
    run_initcalls(INIT_DEVICES, INIT_FS);
    if (fdt_initrd(&initrd, &size)) {
        int error = initrd_unpack(initrd, size);
        if (error)
            log_line("initrd: error %d", -error);
    }
    run_initcalls(INIT_NET, INIT_LATE);
    int error = process_start_init(init_run, NULL);
    if (error)
        panic("no memory for process 1");
}

// ---- the boot hart ----

static void stop_other_harts(void)
{
    uint64_t others = 0;

    for (unsigned i = 0; i < hart_count; i++)
        if (&harts[i] != this_hart())
            others |= 1ull << i;
    if (others)
        sbi_send_ipi(others);
}

static void describe_current_task(void)
{
    log_line("task %s/%d, process %d", current->name, current->tid,
             current->process ? current->process->pid : 0);
}

static void exit_with_failure(void)
{
    power_off(1);
}

static void init_panic(void)
{
    char value[8];

    panic_exits =
        bootarg_value("panic", value, sizeof(value)) && !strcmp(value, "exit");
    panic_stop_harts = stop_other_harts;
    panic_describe_task = describe_current_task;
    panic_stop = exit_with_failure;
}

noreturn void kernel_main(uint64_t hartid, paddr fdt)
{
    harts[0].hartid = hartid;
    harts[0].overflow_sp = (uint64_t)boot_stack_slot + KSTACK_SIZE;
    harts[0].online = true;
    log_set_console(sbi_console_write);
    trap_init_hart();
    fdt_init(fdt);
    log_set_quiet(bootarg_flag("quiet"));
    init_panic();
    timer_init_clock();
    log_set_clock(clock_monotonic);
    log_line("Wharf on hart %lu, device tree at %#lx", hartid, fdt);

    page_init();
    mm_init_kernel_table();
    CSR_WRITE(satp, kernel_satp);
    asm volatile("sfence.vma" ::: "memory");
    task_init();
    sched_prepare_hart(this_hart(), boot_stack_top);
    proc_init();
    run_initcalls(INIT_CORE, INIT_CORE);
    start_harts();
    log_line("%u harts, %zu MiB of memory", hart_count,
             pages_total() * PAGE_SIZE / MiB);
    if (!kthread_create("boot", boot, NULL))
        panic("no memory to start");
    sched_idle();
}
