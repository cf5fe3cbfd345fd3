// SPDX-License-Identifier: MIT
// A TCG plugin for `make insn-count`: how many instructions the guest executes
// from the first one of the kernel on, all harts together.
//
// What it needs of QEMU's plugin interface (docs/devel/tcg-plugins) is declared
// here, since Debian packages no header for it. These functions are the same
// in QEMU 7.2 and 10.0; only the version number that a plugin states differs
// (tools/qemu --plugin-api), and each QEMU takes some range of it.
//
// A translation block counts as a whole when it starts, so one that a trap cuts
// short counts a few instructions too many.

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#define MAX_HARTS 64

// OpenSBI enters the kernel here on QEMU's virt machine.
#define KERNEL_START 0x80200000

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
typedef void (*tb_translated)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*tb_executed)(unsigned hart, void *data);
typedef void (*at_exit)(qemu_plugin_id_t id, void *data);
enum qemu_plugin_cb_flags {
    QEMU_PLUGIN_CB_NO_REGS
};

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           tb_translated callback);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
                                          tb_executed callback,
                                          enum qemu_plugin_cb_flags flags,
                                          void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, at_exit callback,
                                    void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);

__attribute__((visibility("default"))) int qemu_plugin_version = PLUGIN_API;

// A line of its own for each hart, which is a thread of QEMU's.
static struct {
    _Alignas(64) uint64_t instructions;
} harts[MAX_HARTS];

static volatile bool in_kernel;

static void count_block(unsigned hart, void *instructions)
{
    if (in_kernel) {
        harts[hart % MAX_HARTS].instructions += (uintptr_t)instructions;
    }
}

static void enter_kernel(unsigned hart, void *instructions)
{
    in_kernel = true;
    count_block(hart, instructions);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    bool first = qemu_plugin_tb_vaddr(tb) == KERNEL_START;

    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, first ? enter_kernel : count_block,
                                         QEMU_PLUGIN_CB_NO_REGS,
                                         (void *)qemu_plugin_tb_n_insns(tb));
}

// tools/insn-count reads this line.
static void report(qemu_plugin_id_t id, void *data)
{
    uint64_t total = 0;

    (void)id;
    (void)data;
    for (int hart = 0; hart < MAX_HARTS; hart++) {
        total += harts[hart].instructions;
    }
    fprintf(stderr, "instructions %" PRIu64 "\n", total);
}

__attribute__((visibility("default"))) int qemu_plugin_install(
    qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    (void)info;
    (void)argc;
    (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, report, NULL);
    return 0;
}
