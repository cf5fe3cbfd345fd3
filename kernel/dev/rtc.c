// SPDX-License-Identifier: MIT
//
// The wall clock at start-up, from the goldfish RTC of QEMU's virt machine
// ("google,goldfish-rtc"): nanoseconds since 1970 in two registers. Reading the
// low one latches the high one. Alarms are not used.

#include <dev/fdt.h>
#include <dev/mmio.h>
#include <dev/timer.h>
#include <lib/linkset.h>
#include <lib/log.h>
#include <riscv/memory_layout.h>

#define TIME_LOW  0x00
#define TIME_HIGH 0x04

static int rtc_init(void)
{
    int node = fdt_find_compatible(-1, "google,goldfish-rtc");
    paddr start;
    uint64_t size;
    if (node < 0 || !fdt_reg(node, 0, &start, &size)) {
        log_line("rtc: none; the wall clock starts at 1970");
        return 0;
    }
    uint64_t base = (uint64_t)phys_to_virt(start);
    nsec_t low = mmio_read32(base + TIME_LOW);
    clock_set_realtime((nsec_t)mmio_read32(base + TIME_HIGH) << 32 | low);
    return 0;
}

INITCALL(INIT_CORE, rtc_init);
