// SPDX-License-Identifier: MIT
//
// Power-off and reboot. QEMU's "sifive,test0" device takes a word: its low half
// says what to do, and with "fail" the high half becomes QEMU's exit status.
// Where it is missing, SBI SRST, which on QEMU 7.2 exits with 0 whatever the
// reason.

#include <dev/power.h>

#include <dev/fdt.h>
#include <dev/mmio.h>
#include <dev/uart.h>
#include <lib/csr.h>
#include <riscv/memory_layout.h>
#include <riscv/sbi.h>

static void nothing(void)
{
}

void (*power_prepare)(void) = nothing;

#define TEST_FAIL  0x3333
#define TEST_PASS  0x5555
#define TEST_RESET 0x7777

// The device tree is asked only now, so that it works in an early panic too.
static void test_device(uint32_t word)
{
    int node = fdt_find_compatible(-1, "sifive,test0");
    paddr start;
    uint64_t size;
    if (node >= 0 && fdt_reg(node, 0, &start, &size))
        mmio_write32((uint64_t)phys_to_virt(start), word);
}

static noreturn void stay_here(void)
{
    interrupts_off();
    for (;;)
        asm volatile("wfi");
}

void power_off(unsigned status)
{
    uart_flush();
    test_device(status ? status << 16 | TEST_FAIL : TEST_PASS);
    sbi_system_reset(false, status != 0);
    stay_here();
}

void power_reboot(void)
{
    uart_flush();
    test_device(TEST_RESET);
    sbi_system_reset(true, false);
    stay_here();
}
