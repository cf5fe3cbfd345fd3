// SPDX-License-Identifier: MIT
//
// Files about the system as a whole: uptime, stat, loadavg, cpuinfo,
// interrupts, mounts, filesystems, cmdline and some of sys/, in the formats of
// proc(5).

#include <abi/fcntl.h>
#include <dev/fdt.h>
#include <dev/irq.h>
#include <dev/timer.h>
#include <fs/proc.h>
#include <fs/vfs.h>
#include <lib/random.h>
#include <mm/kmalloc.h>
#include <proc/task.h>
#include <stdio.h>
#include <string.h>

// ---- time and load ----

static void show_seconds(struct text *text, nsec_t time)
{
    text_printf(text, "%lu.%02lu", time / NSEC_PER_SEC,
                time % NSEC_PER_SEC / (NSEC_PER_SEC / 100));
}

static void show_uptime(struct text *text)
{
    nsec_t idle = 0;

    for (unsigned i = 0; i < hart_count; i++)
        idle += sched_idle_time(i);
    show_seconds(text, clock_monotonic());
    text_printf(text, " ");
    show_seconds(text, idle);
    text_printf(text, "\n");
}
PROC_FILE(uptime) = {.path = "uptime", .show = show_uptime};

// The time on the harts is not divided by mode there: all that is not idle
// counts as the user's.
static void show_cpu(struct text *text, nsec_t busy, nsec_t idle)
{
    const nsec_t tick = NSEC_PER_SEC / 100;

    text_printf(text, " %lu 0 0 %lu 0 0 0 0 0 0\n", busy / tick, idle / tick);
}

static uint64_t interrupts_served(void)
{
    uint64_t sum = 0;

    for (const struct interrupt *irq = irq_first(); irq; irq = irq->next)
        for (size_t i = 0; i < ARRAY_SIZE(irq->counts); i++)
            sum += READ_ONCE(irq->counts[i]);
    return sum;
}

static void show_stat(struct text *text)
{
    nsec_t now = clock_monotonic(), idle = 0;

    for (unsigned i = 0; i < hart_count; i++)
        idle += MIN(sched_idle_time(i), now);
    text_printf(text, "cpu ");
    show_cpu(text, now * hart_count - idle, idle);
    for (unsigned i = 0; i < hart_count; i++) {
        idle = MIN(sched_idle_time(i), now);
        text_printf(text, "cpu%u", i);
        show_cpu(text, now - idle, idle);
    }
    text_printf(text,
                "intr %lu\nctxt %lu\nbtime %lu\nprocesses %d\n"
                "procs_running %u\nprocs_blocked 0\n",
                interrupts_served(), sched_switches(),
                clock_realtime_offset() / NSEC_PER_SEC, task_last_tid(),
                sched_runnable());
}
PROC_FILE(stat) = {.path = "stat", .show = show_stat};

// ---- the machine ----

static void show_cpuinfo(struct text *text)
{
    int node = fdt_find_path("/cpus/cpu@0");
    const char *isa = node < 0 ? NULL : fdt_text(node, "riscv,isa");

    for (unsigned i = 0; i < hart_count; i++)
        text_printf(text,
                    "processor\t: %u\nhart\t\t: %lu\nisa\t\t: %s\n"
                    "mmu\t\t: sv39\n\n",
                    i, harts[i].hartid, isa ? isa : "rv64");
}
PROC_FILE(cpuinfo) = {.path = "cpuinfo", .show = show_cpuinfo};

static void show_interrupts(struct text *text)
{
    unsigned harts_shown =
        MIN(hart_count, (unsigned)ARRAY_SIZE(((struct interrupt *)0)->counts));

    text_printf(text, "    ");
    for (unsigned i = 0; i < harts_shown; i++)
        text_printf(text, "       CPU%u", i);
    text_printf(text, "\n");
    for (const struct interrupt *irq = irq_first(); irq; irq = irq->next) {
        text_printf(text, "%3d:", irq->source);
        for (unsigned i = 0; i < harts_shown; i++)
            text_printf(text, " %10lu", READ_ONCE(irq->counts[i]));
        text_printf(text, "  PLIC %s\n", irq->name);
    }
}
PROC_FILE(interrupts) = {.path = "interrupts", .show = show_interrupts};

static void show_cmdline(struct text *text)
{
    text_printf(text, "%s\n", fdt_bootargs());
}
PROC_FILE(cmdline) = {.path = "cmdline", .show = show_cmdline};

// ---- file systems ----

static void show_filesystems(struct text *text)
{
    const struct file_system *type;

    linkset_for_each(type, file_systems)
        text_printf(text, "%s\t%s\n", type->on_disk ? "" : "nodev", type->name);
}
PROC_FILE(filesystems) = {.path = "filesystems", .show = show_filesystems};

// ---- sys/ ----

// Facts that programs ask for and nothing can change.
#define FACT(id, where, value)               \
    static void show_##id(struct text *text) \
    {                                        \
        text_printf(text, "%s\n", value);    \
    }                                        \
    PROC_FILE(id) = {.path = where, .show = show_##id}

FACT(pid_max, "sys/kernel/pid_max", "4194304");
FACT(ngroups_max, "sys/kernel/ngroups_max", "65536");
FACT(nr_open, "sys/fs/nr_open", "1048576");
FACT(pipe_max_size, "sys/fs/pipe-max-size", "1048576");
// Memory is handed out page by page as it is touched, however much is promised.
FACT(overcommit, "sys/vm/overcommit_memory", "1");

static void show_entropy(struct text *text)
{
    text_printf(text, "%d\n", random_ready() ? 256 : 0);
}
PROC_FILE(entropy) = {.path = "sys/kernel/random/entropy_avail",
                      .show = show_entropy};
FACT(poolsize, "sys/kernel/random/poolsize", "256");

// A random UUID, RFC 4122 version 4.
static void show_uuid_of(struct text *text, const uint8_t u[16])
{
    text_printf(text,
                "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
                "%02x%02x%02x%02x%02x%02x\n",
                u[0], u[1], u[2], u[3], u[4], u[5], (u[6] & 0x0f) | 0x40, u[7],
                (u[8] & 0x3f) | 0x80, u[9], u[10], u[11], u[12], u[13], u[14],
                u[15]);
}

static void show_uuid(struct text *text)
{
    uint8_t bytes[16];

    random_bytes(bytes, sizeof(bytes));
    show_uuid_of(text, bytes);
}
PROC_FILE(uuid) = {.path = "sys/kernel/random/uuid", .show = show_uuid};

static void show_boot_id(struct text *text)
{
    static uint8_t bytes[16];
    static struct spinlock lock = SPINLOCK_INIT(RANK_SPIN);
    static bool chosen;  // (lock)

    WITH_LOCK(&lock) {
        if (!chosen)
            random_bytes(bytes, sizeof(bytes));
        chosen = true;
    }
    show_uuid_of(text, bytes);
}
PROC_FILE(boot_id) = {.path = "sys/kernel/random/boot_id",
                      .show = show_boot_id};
